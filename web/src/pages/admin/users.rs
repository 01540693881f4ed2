//! Administration of users: add, change, disable.

use leptos::prelude::*;
use pbsweb_shared::api::users::{User, UserCreate, UserUpdate};
use pbsweb_shared::names::UserName;

use crate::client::{self, PageQuery};
use crate::state::{CurrentUser, Notices};
use crate::ui::{
    Action, Badge, Button, ButtonKind, Checkbox, Dialog, EmptyState, Form, Icon, Load, LocalResource,
    PageHeader, Shape, Table, TextField, Time, Tone, action_error, field_error, first_error,
};

/// How many users are read; a server has as many as a group of scientists.
const MOST_USERS: u32 = 200;

/// The page.
#[component]
pub(crate) fn Users() -> impl IntoView {
    let users = LocalResource::new(|| async {
        client::users::list_users(&PageQuery { limit: Some(MOST_USERS), page_token: None }).await
    });
    let is_open = RwSignal::new(false);
    let edited = RwSignal::new(None::<User>);
    let open = move |user: Option<User>| {
        edited.set(user);
        is_open.set(true);
    };
    view! {
        <PageHeader title="Users" lead="Who may sign in. Disabling a user ends all of that user's sessions at once.">
            <Button kind=ButtonKind::Primary on_press=move |()| open(None)>
                <Icon shape=Shape::Plus />
                "Add a user"
            </Button>
        </PageHeader>
        <Load resource=users what="users" let:page>
            {
                let is_cut = page.next_page_token.is_some();
                if page.items.is_empty() {
                    view! { <EmptyState title="No users" /> }.into_any()
                } else {
                    let rows = page
                        .items
                        .into_iter()
                        .map(|user| view! { <UserRow user=user on_change=move |user| open(Some(user)) on_done=move |()| users.refetch() /> })
                        .collect_view();
                    view! {
                        <Table caption="Users" stacks=true>
                            <thead>
                                <tr>
                                    <th scope="col">"Name"</th>
                                    <th scope="col">"Mail"</th>
                                    <th scope="col">"State"</th>
                                    <th scope="col">"Last seen"</th>
                                    <th scope="col" data-align="end">"Jobs"</th>
                                    <td></td>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </Table>
                        {is_cut.then(|| view! { <p class="muted">{format!("Only the first {MOST_USERS} users are shown.")}</p> })}
                    }
                        .into_any()
                }
            }
        </Load>
        <Dialog
            open=is_open
            title=Signal::derive(move || match edited.get() {
                Some(user) => format!("Change {}", user.user_name),
                None => "Add a user".to_owned(),
            })
        >
            <UserForm
                user=edited.get_untracked()
                on_done=move |()| {
                    is_open.set(false);
                    users.refetch();
                }
            />
        </Dialog>
    }
}

#[component]
fn UserRow(
    user: User,
    #[prop(into)] on_change: Callback<User>,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView {
    let notices = Notices::of_page();
    let current = CurrentUser::of_page();
    let id = user.id;
    let is_self = Memo::new(move |_| current.me().is_some_and(|me| me.id == id));
    let is_enabled = user.is_enabled;
    let name = user.user_name.to_string();
    let toggle = Action::new_local({
        let name = name.clone();
        move |(): &()| {
            let name = name.clone();
            async move {
                let change = UserUpdate { is_enabled: Some(!is_enabled), ..UserUpdate::default() };
                match client::users::update_user(id, &change).await {
                    Ok(_) if is_enabled => {
                        notices.done(format!("{name} is disabled and signed out everywhere."))
                    }
                    Ok(_) => notices.done(format!("{name} may sign in again.")),
                    Err(error) => notices.failed(error.message()),
                }
                on_done.run(());
            }
        }
    });
    let because = Signal::derive(move || {
        (is_enabled && is_self.get()).then(|| "You cannot disable yourself.".to_owned())
    });
    let verb = if is_enabled { "Disable" } else { "Enable" };
    let last_seen = match user.last_seen_at {
        Some(at) => view! { <Time at=at /> }.into_any(),
        None => view! { <span class="muted">"never"</span> }.into_any(),
    };
    let state = if is_enabled {
        view! { <Badge tone=Tone::Good shape=Shape::Check text="Enabled" /> }
    } else {
        view! { <Badge tone=Tone::Neutral shape=Shape::Bar text="Disabled" /> }
    };
    let role =
        user.is_admin.then(|| view! { <Badge tone=Tone::Active shape=Shape::Key text="Administrator" /> });
    let edited = StoredValue::new(user.clone());
    view! {
        <tr>
            <th scope="row" data-label="Name">
                <span>
                    {user.display_name} " " <code class="muted">{name.clone()}</code>
                </span>
            </th>
            <td data-label="Mail">{user.email}</td>
            <td data-label="State"><span class="row">{state}{role}</span></td>
            <td data-label="Last seen">{last_seen}</td>
            <td data-label="Jobs" data-align="end">{user.n_jobs}</td>
            <td>
                <div class="table-actions">
                    <Button label=format!("Change {name}") on_press=move |()| on_change.run(edited.get_value())>"Change"</Button>
                    <Button
                        kind=if is_enabled { ButtonKind::Danger } else { ButtonKind::Secondary }
                        label=format!("{verb} {name}")
                        busy=toggle.pending()
                        disabled_because=because
                        on_press=move |()| {
                            toggle.dispatch(());
                        }
                    >
                        {verb}
                    </Button>
                </div>
            </td>
        </tr>
    }
}

/// What the form is for: a new user, or changes to one.
#[component]
fn UserForm(user: Option<User>, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let notices = Notices::of_page();
    let is_new = user.is_none();
    let id = user.as_ref().map(|user| user.id);
    let user_name = RwSignal::new(user.as_ref().map(|user| user.user_name.to_string()).unwrap_or_default());
    let display_name = RwSignal::new(user.as_ref().map(|user| user.display_name.clone()).unwrap_or_default());
    let email = RwSignal::new(user.as_ref().map(|user| user.email.clone()).unwrap_or_default());
    let is_admin = RwSignal::new(user.as_ref().is_some_and(|user| user.is_admin));
    let password = RwSignal::new(String::new());
    let is_tried = RwSignal::new(false);
    let save = Action::new_local(move |(): &()| async move {
        let (display_name, email) =
            (display_name.get_untracked().trim().to_owned(), email.get_untracked().trim().to_owned());
        let (is_admin, password) = (is_admin.get_untracked(), password.get_untracked());
        let user = match id {
            Some(id) => {
                let change = UserUpdate {
                    display_name: Some(display_name),
                    email: Some(email),
                    is_admin: Some(is_admin),
                    is_enabled: None,
                    password: (!password.is_empty()).then_some(password),
                };
                client::users::update_user(id, &change).await?
            }
            None => {
                let user_name = user_name.get_untracked().trim().to_owned();
                client::users::create_user(&UserCreate { user_name, display_name, email, password, is_admin })
                    .await?
            }
        };
        notices.done(format!("{} is saved.", user.user_name));
        on_done.run(());
        Ok(())
    });
    let error = action_error(save);
    let name_error = Signal::derive(move || {
        let problem =
            || user_name.read().trim().parse::<UserName>().err().map(|error| format!("The name {error}."));
        if is_new && is_tried.get() { problem() } else { None }
    });
    let password_error = Signal::derive(move || {
        (is_new && is_tried.get() && password.read().is_empty()).then(|| "Type a first password.".to_owned())
    });
    let submit = move |()| {
        is_tried.set(true);
        let is_good = name_error.get().is_none() && password_error.get().is_none();
        if is_good {
            save.dispatch(());
        }
        is_good
    };
    view! {
        <Form
            action=if is_new { "Add user" } else { "Save" }
            busy=save.pending()
            error=error
            on_submit=submit
        >
            {is_new
                .then(|| {
                    view! {
                        <TextField
                            label="Login name"
                            name="user_name"
                            value=user_name
                            required=true
                            is_code=true
                            error=first_error(name_error, field_error(error, "/user_name"))
                        />
                    }
                })}
            <TextField
                label="Name shown to others"
                name="display_name"
                value=display_name
                error=field_error(error, "/display_name")
            />
            <TextField label="Mail address" name="email" value=email input_type="email" error=field_error(error, "/email") />
            <TextField
                label=if is_new { "First password" } else { "New password" }
                name="password"
                value=password
                required=is_new
                input_type="password"
                autocomplete="new-password"
                help=if is_new {
                    "Tell it to the user, who can change it in the settings."
                } else {
                    "Leave empty to keep the present one. A new one ends all sessions of the user."
                }
                error=first_error(password_error, field_error(error, "/password"))
            />
            <Checkbox
                label="Administrator"
                name="is_admin"
                value=is_admin
                help="May add, change and disable users and hosts, and read all activity."
            />
        </Form>
    }
}
