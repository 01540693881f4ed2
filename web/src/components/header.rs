//! The header: where one is, where one can go, who one is.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_navigate};

use super::LiveMark;
use crate::state::{CurrentUser, Notices, Theme, ThemeChoice};
use crate::ui::{Action, Button, ButtonKind, Icon, Shape, Show, effect};
use crate::{client, paths};

/// The main places, in the order of the work.
const PLACES: [(&str, &str); 7] = [
    (paths::HOME, "Home"),
    (paths::APPLICATIONS, "Applications"),
    (paths::COMPOSE, "New job"),
    (paths::JOBS, "Jobs"),
    (paths::QUEUES, "Queues"),
    (paths::NODES, "Nodes"),
    (paths::HOSTS, "Hosts"),
];

/// The header of every page.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let user = CurrentUser::of_page();
    let is_signed_in = Memo::new(move |_| user.is_signed_in());
    let is_admin = Memo::new(move |_| user.is_admin());
    let is_open = RwSignal::new(false);
    let pathname = use_location().pathname;
    effect(move || {
        // On a phone the menu covers the page; it has done its work once one is elsewhere.
        pathname.get();
        is_open.set(false);
    });
    view! {
        <header class="header">
            <div class="header-bar">
                <A href=paths::HOME attr:class="header-brand">
                    <span class="header-mark" aria-hidden="true">
                        <Icon shape=Shape::Submit />
                    </span>
                    "PBSWeb"
                </A>
                <Show when=move || is_signed_in.get()>
                    <LiveMark />
                    <button
                        class="header-menu-button button"
                        data-kind="quiet"
                        type="button"
                        aria-expanded=move || if is_open.get() { "true" } else { "false" }
                        aria-controls="navigation"
                        on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
                    >
                        <Icon shape=Shape::Menu />
                        "Menu"
                    </button>
                    <nav
                        id="navigation"
                        class="header-nav"
                        aria-label="Main"
                        data-open=move || is_open.get().then_some("true")
                    >
                        <ul class="header-places">
                            {PLACES
                                .into_iter()
                                .map(|(href, label)| {
                                    view! {
                                        <li>
                                            <A href=href exact={href == paths::HOME} attr:class="header-link">
                                                {label}
                                            </A>
                                        </li>
                                    }
                                })
                                .collect_view()}
                            <Show when=move || is_admin.get()>
                                <li>
                                    <A href="/admin" attr:class="header-link">"Administration"</A>
                                </li>
                            </Show>
                        </ul>
                        <UserMenu />
                    </nav>
                </Show>
                <Show when=move || !is_signed_in.get()>
                    <div class="header-user">
                        <ThemeButton />
                    </div>
                </Show>
            </div>
        </header>
    }
}

/// Who is signed in, the settings, the way out.
#[component]
fn UserMenu() -> impl IntoView {
    let user = CurrentUser::of_page();
    let notices = Notices::of_page();
    let navigate = use_navigate();
    let sign_out = Action::new_local(move |(): &()| {
        let navigate = navigate.clone();
        async move {
            match client::sessions::delete_current_session().await {
                Ok(_) => {
                    navigate(paths::SIGN_IN, Default::default());
                    user.set_signed_out();
                }
                Err(error) => notices.failed(format!("You are still signed in. {error}")),
            }
        }
    });
    let name = move || user.me().map(|me| me.display_name);
    view! {
        <div class="header-user">
            <ThemeButton />
            <A href=paths::SETTINGS attr:class="header-link" attr:title="Your settings">
                <span class="visually-hidden">"Settings of "</span>
                {name}
            </A>
            <Button
                kind=ButtonKind::Quiet
                busy=sign_out.pending()
                on_press=move |()| {
                    sign_out.dispatch(());
                }
            >
                "Sign out"
            </Button>
        </div>
    }
}

/// Goes round: as the system, light, dark.
#[component]
fn ThemeButton() -> impl IntoView {
    let theme = Theme::of_page();
    let shape = Signal::derive(move || match theme.choice() {
        ThemeChoice::Auto => Shape::Theme,
        ThemeChoice::Light => Shape::Sun,
        ThemeChoice::Dark => Shape::Moon,
    });
    let label =
        Signal::derive(move || format!("Colours: {}. Change", theme.choice().label().to_ascii_lowercase()));
    view! {
        <Button kind=ButtonKind::Quiet label=label on_press=move |()| theme.set(theme.choice().next())>
            <Icon shape=shape />
        </Button>
    }
}
