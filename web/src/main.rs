//! PBSWeb's page: a client of the JSON API, drawn by Leptos in the browser.
//!
//! `pages` fetch and compose, `components` know the domain, `ui` knows nothing of it, only `client` fetches and only
//! `state` is shared. There is no rule of the system in here that is not in `pbsweb_shared`.

#![expect(
    unreachable_pub,
    reason = "the component macro writes public items, also for components that are not"
)]

mod app;
#[allow(
    dead_code,
    reason = "the client mirrors the whole API, whether or not a page needs an operation today"
)]
mod client;
mod components;
mod pages;
mod parts;
mod paths;
mod state;
mod ui;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
