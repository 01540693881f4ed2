//! Creating an account: name and password first, then the key and the hosts, step by step.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::accounts::{AccountCreate, AccountCreated, AccountPolicy, ServerInfo};
use pbsweb_shared::api::sessions::SignIn;
use pbsweb_shared::names::UserName;

use crate::components::{HostAccounts, KeyInstall};
use crate::state::CurrentUser;
use crate::ui::{
    Action, ButtonKind, Form, LinkButton, Load, LocalResource, NotAllowed, PageHeader, Panel, TextField,
    action_error, field_error, first_error,
};
use crate::{client, paths};

/// What the form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AccountForm<'a> {
    user_name: &'a str,
    password: &'a str,
    repeated: &'a str,
}

impl AccountForm<'_> {
    fn user_name_error(&self) -> Option<String> {
        self.user_name.parse::<UserName>().err().map(|error| format!("The name {error}."))
    }

    fn password_error(&self, min_length: u32) -> Option<String> {
        let is_short = u32::try_from(self.password.chars().count()).is_ok_and(|n_chars| n_chars < min_length);
        is_short.then(|| format!("The password needs {min_length} characters or more."))
    }

    fn repeated_error(&self) -> Option<String> {
        (self.password != self.repeated).then(|| "The two passwords differ.".to_owned())
    }
}

/// The page.
#[component]
pub(crate) fn CreateAccount() -> impl IntoView {
    let info = LocalResource::new(client::accounts::get_info);
    let created = RwSignal::new(None::<AccountCreated>);
    let title = Signal::derive(move || {
        if created.read().is_some() { "Connect your hosts" } else { "Create an account" }.to_owned()
    });
    view! {
        <div class="narrow-page" data-width="wide">
            <PageHeader title=title />
            {move || match created.get() {
                Some(created) => view! { <NextSteps created=created /> }.into_any(),
                None => {
                    view! {
                        <Load resource=info what="the server's rules" let:info>
                            <NewAccount info=info created=created />
                        </Load>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn NewAccount(info: ServerInfo, created: RwSignal<Option<AccountCreated>>) -> impl IntoView {
    let user = CurrentUser::of_page();
    if info.account_policy == AccountPolicy::Closed {
        return view! {
            <NotAllowed text="On this server only administrators create accounts. Ask one for yours." />
        }
        .into_any();
    }
    let min_length = info.min_password_length;
    let user_name = RwSignal::new(String::new());
    let display_name = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let repeated = RwSignal::new(String::new());
    // Nobody is told off while still typing: errors appear with the first try.
    let is_tried = RwSignal::new(false);
    let create = Action::new_local(move |account: &AccountCreate| {
        let account = account.clone();
        async move {
            let answer = client::accounts::create_account(&account).await?;
            let credentials = SignIn { user_name: account.user_name, password: account.password };
            // The account exists now, whether or not the sign-in works: the steps are shown either way.
            if let Ok(signed_in) = client::sessions::create_session(&credentials).await {
                user.set_signed_in(signed_in.user);
            }
            created.set(Some(answer));
            Ok(())
        }
    });
    let error = action_error(create);
    let check = move |check: fn(&AccountForm<'_>, u32) -> Option<String>| {
        Signal::derive(move || {
            let (user_name, password, repeated) = (user_name.read(), password.read(), repeated.read());
            let form = AccountForm { user_name: user_name.trim(), password: &password, repeated: &repeated };
            if is_tried.get() { check(&form, min_length) } else { None }
        })
    };
    let name_error = check(|form, _| form.user_name_error());
    let password_error = check(|form, min_length| form.password_error(min_length));
    let repeated_error = check(|form, _| form.repeated_error());
    let submit = move |()| {
        is_tried.set(true);
        let is_good = [name_error, password_error, repeated_error].iter().all(|error| error.get().is_none());
        if is_good {
            create.dispatch(AccountCreate {
                user_name: user_name.get().trim().to_owned(),
                display_name: display_name.get().trim().to_owned(),
                email: email.get().trim().to_owned(),
                password: password.get(),
            });
        }
        is_good
    };
    view! {
        <Form
            action="Create account"
            class="panel"
            busy=create.pending()
            error=error
            on_submit=submit
            beside=|| view! { <A href=paths::SIGN_IN>"I have an account"</A> }
        >
            <TextField
                label="Login name"
                name="user_name"
                value=user_name
                required=true
                is_code=true
                autocomplete="username"
                help="Lower-case letters, digits, '.', '_' or '-'. It need not be your name on the hosts."
                error=first_error(name_error, field_error(error, "/user_name"))
            />
            <TextField
                label="Name shown to others"
                name="display_name"
                value=display_name
                autocomplete="name"
                help="Your login name when empty."
                error=field_error(error, "/display_name")
            />
            <TextField
                label="Mail address"
                name="email"
                value=email
                input_type="email"
                autocomplete="email"
                help="New job scripts start with it. May stay empty."
                error=field_error(error, "/email")
            />
            <TextField
                label="Password"
                name="password"
                value=password
                required=true
                input_type="password"
                autocomplete="new-password"
                help=format!("{min_length} characters or more.")
                error=first_error(password_error, field_error(error, "/password"))
            />
            <TextField
                label="Password again"
                name="password_again"
                value=repeated
                required=true
                input_type="password"
                autocomplete="new-password"
                error=repeated_error
            />
        </Form>
    }
    .into_any()
}

/// What is left to do before the first job.
#[component]
fn NextSteps(created: AccountCreated) -> impl IntoView {
    let user = CurrentUser::of_page();
    let is_signed_in = Memo::new(move |_| user.is_signed_in());
    view! {
        <p>
            "The account " <strong>{created.user.user_name.to_string()}</strong>
            " is made. Two steps are left before your first job."
        </p>
        <Panel title="1. Install your key on each host">
            <KeyInstall key=created.ssh_key />
        </Panel>
        <Panel
            title="2. Say who you are there, and check"
            lead="Your login name on each host you want to use. The check connects as you and says what it found."
        >
            {move || {
                if is_signed_in.get() {
                    view! { <HostAccounts /> }.into_any()
                } else {
                    view! { <p>"Sign in first, then open Hosts. " <A href=paths::sign_in(paths::HOSTS)>"Sign in"</A></p> }
                        .into_any()
                }
            }}
        </Panel>
        <div class="form-actions">
            <LinkButton href=paths::HOME kind=ButtonKind::Primary>"Go to the start page"</LinkButton>
            <span class="muted">"All of this can be done later, too: under Hosts and Settings."</span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_checked_before_it_is_sent() {
        let good = AccountForm { user_name: "ada", password: "correct horse", repeated: "correct horse" };
        assert_eq!(
            (good.user_name_error(), good.password_error(10), good.repeated_error()),
            (None, None, None)
        );
        let bad = AccountForm { user_name: "Ada L", password: "kürz", repeated: "kurz" };
        assert!(bad.user_name_error().unwrap().starts_with("The name needs"));
        assert_eq!(bad.password_error(10).as_deref(), Some("The password needs 10 characters or more."));
        assert_eq!(bad.password_error(4), None);
        assert!(bad.repeated_error().is_some());
    }
}
