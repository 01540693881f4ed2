//! Signing in, and going on to where one wanted to go.

use leptos::prelude::*;
use leptos_router::components::{A, Redirect};
use leptos_router::hooks::use_query_map;
use pbsweb_shared::api::accounts::AccountPolicy;
use pbsweb_shared::api::sessions::SignIn as Credentials;

use crate::state::CurrentUser;
use crate::ui::{Action, Form, LocalResource, PageHeader, ProblemBox, TextField, action_error};
use crate::{client, paths};

/// The sign-in form.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let user = CurrentUser::of_page();
    let query = use_query_map();
    let next = Memo::new(move |_| paths::next_or_home(query.read().get("next").as_deref()));
    let is_signed_in = Memo::new(move |_| user.is_signed_in());
    move || {
        if is_signed_in.get() {
            view! { <Redirect path=next.get_untracked() /> }.into_any()
        } else {
            view! { <SignInForm has_wish=Signal::derive(move || next.get() != paths::HOME) /> }.into_any()
        }
    }
}

#[component]
fn SignInForm(has_wish: Signal<bool>) -> impl IntoView {
    let user = CurrentUser::of_page();
    let info = LocalResource::new(client::accounts::get_info);
    let user_name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let missing = RwSignal::new(false);
    let sign_in = Action::new_local(move |credentials: &Credentials| {
        let credentials = credentials.clone();
        async move {
            let signed_in = client::sessions::create_session(&credentials).await?;
            user.set_signed_in(signed_in.user);
            Ok(())
        }
    });
    let error = action_error(sign_in);
    let submit = move |()| {
        let credentials =
            Credentials { user_name: user_name.get().trim().to_owned(), password: password.get() };
        let is_incomplete = credentials.user_name.is_empty() || credentials.password.is_empty();
        missing.set(is_incomplete);
        if !is_incomplete {
            sign_in.dispatch(credentials);
        }
        !is_incomplete
    };
    let required = move |value: RwSignal<String>, message: &'static str| {
        Signal::derive(move || (missing.get() && value.read().trim().is_empty()).then(|| message.to_owned()))
    };
    let lead = Signal::derive(move || {
        if has_wish.get() {
            return Some("You will go on to where you wanted to go.".to_owned());
        }
        match info.get() {
            Some(Ok(info)) if !info.site_name.is_empty() => Some(format!("to PBSWeb at {}", info.site_name)),
            Some(_) | None => None,
        }
    });
    view! {
        <div class="narrow-page">
            <PageHeader title="Sign in" lead=lead />
            <Form action="Sign in" class="panel" busy=sign_in.pending() error=error on_submit=submit>
                <TextField
                    label="Name"
                    name="user_name"
                    value=user_name
                    autocomplete="username"
                    error=required(user_name, "Type your login name.")
                    is_code=true
                />
                <TextField
                    label="Password"
                    name="password"
                    value=password
                    input_type="password"
                    autocomplete="current-password"
                    error=required(password, "Type your password.")
                />
            </Form>
            {move || match info.get() {
                Some(Ok(info)) if info.account_policy == AccountPolicy::Open => {
                    view! {
                        <p class="muted">
                            "No account yet? " <A href=paths::CREATE_ACCOUNT>"Create an account"</A>
                        </p>
                    }
                        .into_any()
                }
                Some(Ok(_)) => {
                    view! { <p class="muted">"No account yet? Ask an administrator of this server for one."</p> }
                        .into_any()
                }
                Some(Err(error)) => {
                    view! { <ProblemBox error=error retry=Callback::new(move |()| info.refetch()) /> }.into_any()
                }
                None => ().into_any(),
            }}
        </div>
    }
}
