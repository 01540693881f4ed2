//! The routes on one screen, and what is around every page: header, navigation, messages, the way in.

use leptos::prelude::*;
use leptos_router::components::{A, Outlet, ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::components::{Header, LiveBanner};
use crate::state::{self, CurrentUser, SessionState};
use crate::ui::{Announcer, EmptyState, NotAllowed, PageHeader, ProblemBox, Spinner};
use crate::{pages, parts, paths};

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    state::provide();
    view! {
        <Router>
            <a class="skip-link" href="#main" on:click=skip_to_content>"Skip to the content"</a>
            <Header />
            <LiveBanner />
            <main id="main" class="main" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=path!("/sign-in") view=pages::SignIn />
                    <Route path=path!("/create-account") view=pages::CreateAccount />
                    <ParentRoute path=path!("") view=SignedIn>
                        <Route path=path!("") view=pages::Home />
                        <Route path=path!("/applications") view=parts::Applications />
                        <Route path=path!("/applications/:application") view=parts::Application />
                        <Route path=path!("/compose") view=parts::Compose />
                        <Route path=path!("/jobs") view=parts::Jobs />
                        <Route path=path!("/jobs/:job") view=parts::Job />
                        <Route path=path!("/queues") view=parts::Queues />
                        <Route path=path!("/nodes") view=parts::Nodes />
                        <Route path=path!("/hosts") view=parts::Hosts />
                        <Route path=path!("/settings") view=parts::Settings />
                        <ParentRoute path=path!("/admin") view=ForAdmins>
                            <Route path=path!("") view=|| view! { <Redirect path=paths::ADMIN_USERS /> } />
                            <Route path=path!("/users") view=parts::AdminUsers />
                            <Route path=path!("/hosts") view=parts::AdminHosts />
                            <Route path=path!("/activity") view=parts::AdminActivity />
                        </ParentRoute>
                    </ParentRoute>
                </Routes>
            </main>
            <Announcer />
        </Router>
    }
}

/// Moves the focus, which the router's own handling of links within a page does not.
fn skip_to_content(event: web_sys::MouseEvent) {
    event.prevent_default();
    if let Some(main) =
        document().get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok())
    {
        // It fails only for an element that cannot take the focus.
        let _ = main.focus();
    }
}

/// Pages for those who are signed in; others sign in first and then come back to where they wanted to go.
#[component]
fn SignedIn() -> impl IntoView {
    let user = CurrentUser::of_page();
    let location = use_location();
    // Only the kind of state matters here: a page is not made anew because the user's name changed.
    let gate = Memo::new(move |_| match user.state() {
        SessionState::Unknown => Gate::Waiting,
        SessionState::Failed(error) => Gate::Failed(error),
        SessionState::SignedOut => Gate::Closed,
        SessionState::SignedIn(_) => Gate::Open,
    });
    move || match gate.get() {
        Gate::Waiting => view! { <Spinner what="Opening PBSWeb" /> }.into_any(),
        Gate::Failed(error) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| user.reload()) /> }.into_any()
        }
        Gate::Closed => {
            let wanted = format!(
                "{}{}",
                location.pathname.get_untracked(),
                query_of(&location.search.get_untracked())
            );
            view! { <Redirect path=paths::sign_in(&wanted) /> }.into_any()
        }
        Gate::Open => {
            parts::fetch_soon();
            view! { <Outlet /> }.into_any()
        }
    }
}

#[derive(Clone, PartialEq)]
enum Gate {
    Waiting,
    Failed(crate::client::ClientError),
    Closed,
    Open,
}

fn query_of(search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => String::new(),
        search => format!("?{search}"),
    }
}

/// Pages for administrators. The server decides; this only says so without asking.
#[component]
fn ForAdmins() -> impl IntoView {
    let user = CurrentUser::of_page();
    let is_admin = Memo::new(move |_| user.is_admin());
    move || {
        if is_admin.get() {
            view! {
                <nav class="tabs" aria-label="Administration">
                    <ul>
                        <li><A href=paths::ADMIN_USERS attr:class="tab">"Users"</A></li>
                        <li><A href=paths::ADMIN_HOSTS attr:class="tab">"Hosts"</A></li>
                        <li><A href=paths::ADMIN_ACTIVITY attr:class="tab">"Activity"</A></li>
                    </ul>
                </nav>
                <Outlet />
            }
            .into_any()
        } else {
            view! {
                <PageHeader title="Administration" />
                <NotAllowed text="This part is for administrators. Ask one if you need something changed." />
            }
            .into_any()
        }
    }
}

/// An address that leads nowhere.
#[component]
fn NotFound() -> impl IntoView {
    view! {
        <PageHeader title="No such page" />
        <EmptyState title="This address leads nowhere.">
            <p><A href=paths::HOME>"Go to the start page"</A></p>
        </EmptyState>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_kept_once() {
        assert_eq!(query_of("?a=b"), "?a=b");
        assert_eq!(query_of("a=b"), "?a=b");
        assert_eq!(query_of(""), "");
    }
}
