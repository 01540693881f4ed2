//! One's name, mail address and password.

use leptos::prelude::*;
use pbsweb_shared::api::me::{Me, MeUpdate, PasswordChange};

use crate::client;
use crate::state::{CurrentUser, Notices};
use crate::ui::{Action, Fact, Facts, Form, Panel, TextField, Time, action_error, field_error, first_error};

/// The tab.
#[component]
pub(super) fn AccountTab() -> impl IntoView {
    let user = CurrentUser::of_page();
    user.me().map(|me| {
        view! {
            <AccountForm me=me />
            <PasswordForm />
        }
    })
}

#[component]
fn AccountForm(me: Me) -> impl IntoView {
    let user = CurrentUser::of_page();
    let notices = Notices::of_page();
    let display_name = RwSignal::new(me.display_name);
    let email = RwSignal::new(me.email);
    let save = Action::new_local(move |change: &MeUpdate| {
        let change = change.clone();
        async move {
            user.set_signed_in(client::me::update_me(&change).await?);
            notices.done("Saved.");
            Ok(())
        }
    });
    let error = action_error(save);
    let submit = move |()| {
        save.dispatch(MeUpdate {
            display_name: Some(display_name.get().trim().to_owned()),
            email: Some(email.get().trim().to_owned()),
            password: None,
        });
        true
    };
    view! {
        <Panel title="Account">
            <Facts>
                <Fact name="Login name"><code>{me.user_name.to_string()}</code></Fact>
                <Fact name="Role">{if me.is_admin { "Administrator" } else { "User" }}</Fact>
                <Fact name="Made"><Time at=me.created_at /></Fact>
            </Facts>
            <Form action="Save" busy=save.pending() error=error on_submit=submit>
                <div class="field-grid">
                    <TextField
                        label="Name shown to others"
                        name="display_name"
                        value=display_name
                        autocomplete="name"
                        error=field_error(error, "/display_name")
                    />
                    <TextField
                        label="Mail address"
                        name="email"
                        value=email
                        input_type="email"
                        autocomplete="email"
                        error=field_error(error, "/email")
                    />
                </div>
            </Form>
        </Panel>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let notices = Notices::of_page();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let repeated = RwSignal::new(String::new());
    let is_tried = RwSignal::new(false);
    let change = Action::new_local(move |password: &PasswordChange| {
        let change = MeUpdate { password: Some(password.clone()), ..MeUpdate::default() };
        async move {
            client::me::update_me(&change).await?;
            for field in [current, new, repeated] {
                field.set(String::new());
            }
            is_tried.set(false);
            notices.done("The password is changed. All your other sessions have ended.");
            Ok(())
        }
    });
    let error = action_error(change);
    let missing = move |value: RwSignal<String>, message: &'static str| {
        Signal::derive(move || (is_tried.get() && value.read().is_empty()).then(|| message.to_owned()))
    };
    let repeated_error = Signal::derive(move || {
        (is_tried.get() && *new.read() != *repeated.read()).then(|| "The two passwords differ.".to_owned())
    });
    let submit = move |()| {
        is_tried.set(true);
        let password = PasswordChange { current: current.get(), new: new.get() };
        let is_complete =
            !password.current.is_empty() && !password.new.is_empty() && password.new == repeated.get();
        if is_complete {
            change.dispatch(password);
        }
        is_complete
    };
    view! {
        <Panel title="Password" lead="Changing it ends all your other sessions; API tokens included.">
            <Form action="Change password" busy=change.pending() error=error on_submit=submit>
                <div class="field-grid">
                    <TextField
                        label="Present password"
                        name="current_password"
                        value=current
                        input_type="password"
                        autocomplete="current-password"
                        error=first_error(
                            missing(current, "Type your present password."),
                            field_error(error, "/password/current"),
                        )
                    />
                    <TextField
                        label="New password"
                        name="new_password"
                        value=new
                        input_type="password"
                        autocomplete="new-password"
                        error=first_error(missing(new, "Type a new password."), field_error(error, "/password/new"))
                    />
                    <TextField
                        label="New password again"
                        name="new_password_again"
                        value=repeated
                        input_type="password"
                        autocomplete="new-password"
                        error=repeated_error
                    />
                </div>
            </Form>
        </Panel>
    }
}
