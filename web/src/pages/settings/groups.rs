//! One's groups: who is in them, with which role, and what that means.

use leptos::prelude::*;
use pbsweb_shared::api::groups::{Group, GroupMember, GroupPut, MemberPut, Role};
use pbsweb_shared::ids::GroupId;
use pbsweb_shared::page::Page;

use crate::client::{self, Answer};
use crate::state::{CurrentUser, Notices};
use crate::ui::{
    Action, Badge, Button, ButtonKind, Checkbox, Choice, Columns, ConfirmDialog, Dialog, EmptyState, Form,
    Load, LocalResource, Panel, SelectField, Shape, Table, TextDialog, TextField, Tone, action_error,
    field_error,
};

/// What a role allows, in a word or two.
fn role_label(role: Role) -> &'static str {
    match role {
        Role::Read => "Read: see and copy",
        Role::Submit => "Submit: read, and run as it is",
        Role::Edit => "Edit: submit, and change",
    }
}

fn role_choices() -> Vec<Choice> {
    Role::ALL.iter().map(|role| Choice::new(role.as_str(), role_label(*role))).collect()
}

type Groups = LocalResource<Answer<Page<Group>>>;

/// The tab.
#[component]
pub(super) fn GroupsTab() -> impl IntoView {
    let groups: Groups = LocalResource::new(client::groups::list_groups);
    let notices = Notices::of_page();
    let name = RwSignal::new(String::new());
    let is_making = RwSignal::new(false);
    let create = Action::new_local(move |name: &String| {
        let wish = GroupPut { name: name.clone() };
        async move {
            let _ = client::groups::create_group(&wish).await?;
            groups.refetch();
            is_making.set(false);
            notices.done(format!("The group {} was made. Add its members now.", wish.name.trim()));
            Ok(())
        }
    });
    view! {
        <Panel
            title="Groups"
            lead="People who share scripts and applications. What is shared stays its owner’s; a member’s role says what else the member may do with it."
            actions=move || {
                view! {
                    <Button
                        kind=ButtonKind::Primary
                        on_press=move |()| {
                            name.set(String::new());
                            is_making.set(true);
                        }
                    >
                        "Make a group"
                    </Button>
                }
            }
        >
            <Load resource=groups what="your groups" let:page>
                {if page.items.is_empty() {
                    view! {
                        <EmptyState title="You are in no group">
                            <p>"Make one, or have somebody add you to theirs by your user name."</p>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    page.items.into_iter().map(|group| view! { <GroupPart group=group groups=groups /> }).collect_view().into_any()
                }}
            </Load>
        </Panel>
        <TextDialog
            open=is_making
            title="Make a group"
            label="Name"
            pointer="/name"
            help="You will be its manager, and say who is in it."
            value=name
            save=create
        />
    }
}

/// What a group loses.
#[derive(Clone)]
enum Loss {
    Member(String),
    All,
}

/// Why only some can do something.
const FOR_MANAGERS: &str = "Only a manager of the group can do that.";

#[component]
fn GroupPart(group: Group, groups: Groups) -> impl IntoView {
    let user = CurrentUser::of_page();
    let me = untrack(move || user.me()).map(|me| me.user_name.to_string()).unwrap_or_default();
    let id = group.id;
    let is_manager = group.is_manager;
    let because = MaybeProp::derive(move || (!is_manager).then(|| FOR_MANAGERS.to_owned()));
    let name = StoredValue::new(group.name.clone());
    let asked = RwSignal::new(None::<(String, Loss)>);
    let is_asking = RwSignal::new(false);
    let lose = Action::new_local(move |loss: &Loss| {
        let done = match loss {
            Loss::Member(member) => client::groups::delete_member(id, member),
            Loss::All => client::groups::delete_group(id),
        };
        async move {
            let _ = done.await?;
            is_asking.set(false);
            groups.refetch();
            Ok(())
        }
    });
    let ask = move |question: &str, loss: Loss| {
        asked.set(Some((question.to_owned(), loss)));
        is_asking.set(true);
    };
    let new_name = RwSignal::new(String::new());
    let is_renaming = RwSignal::new(false);
    let rename = Action::new_local(move |name: &String| {
        let wish = GroupPut { name: name.clone() };
        async move {
            let _ = client::groups::update_group(id, &wish).await?;
            is_renaming.set(false);
            groups.refetch();
            Ok(())
        }
    });
    let edited = RwSignal::new(None::<GroupMember>);
    let is_editing = RwSignal::new(false);
    let edit = move |member: Option<GroupMember>| {
        edited.set(member);
        is_editing.set(true);
    };
    let row = |member: GroupMember| {
        let who = member.user_name.to_string();
        let is_me = who == me;
        let (word, question) = if is_me {
            (
                "Leave",
                "You will no longer see what others share with the group, nor they what you share."
                    .to_owned(),
            )
        } else {
            (
                "Remove",
                format!(
                    "{who} will no longer see what others share with the group, nor they what {who} shares."
                ),
            )
        };
        let no_removal = if is_me { MaybeProp::default() } else { because };
        let removed = who.clone();
        let (label, removal) = (format!("Change {who}"), format!("{word}: {who}"));
        let badge =
            member.is_manager.then(|| view! { <Badge tone=Tone::Active shape=Shape::Key text="Manager" /> });
        let shown = member.clone();
        view! {
            <tr>
                <th scope="row" data-label="User">
                    <span>{who} {is_me.then_some(" (you)")}</span>
                </th>
                <td data-label="Name">{shown.display_name}</td>
                <td data-label="Role">
                    <span class="row">{role_label(shown.role)} {badge}</span>
                </td>
                <td>
                    <div class="table-actions">
                        <Button label=label disabled_because=because on_press=move |()| edit(Some(member.clone()))>
                            "Change"
                        </Button>
                        <Button
                            kind=ButtonKind::Danger
                            label=removal
                            disabled_because=no_removal
                            on_press=move |()| ask(&question, Loss::Member(removed.clone()))
                        >
                            {word}
                        </Button>
                    </div>
                </td>
            </tr>
        }
    };
    let rows = group.members.into_iter().map(row).collect_view();
    let count = |n: i64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let shared = match (group.n_scripts, group.n_applications) {
        (0, 0) => "Nothing is shared with it yet.".to_owned(),
        (scripts, applications) => {
            format!("Shared with it: {}, {}.", count(scripts, "script"), count(applications, "application"))
        }
    };
    view! {
        <section class="group" aria-label=name.get_value()>
            <header class="panel-header">
                <h3>{group.name}</h3>
                <div class="panel-actions">
                    <Button
                        label=format!("Add somebody to {}", name.get_value())
                        disabled_because=because
                        on_press=move |()| edit(None)
                    >
                        "Add somebody"
                    </Button>
                    <Button
                        label=format!("Rename {}", name.get_value())
                        disabled_because=because
                        on_press=move |()| {
                            new_name.set(name.get_value());
                            is_renaming.set(true);
                        }
                    >
                        "Rename"
                    </Button>
                    <Button
                        kind=ButtonKind::Danger
                        label=format!("Delete {}", name.get_value())
                        disabled_because=because
                        on_press=move |()| {
                            ask("What is shared with it stays its owners’, and is seen by them alone.", Loss::All);
                        }
                    >
                        "Delete"
                    </Button>
                </div>
            </header>
            <p class="group-shared muted">{shared}</p>
            <Table caption=format!("Members of {}", name.get_value()) stacks=true>
                <Columns names=["User", "Name", "Role", ""] />
                <tbody>{rows}</tbody>
            </Table>
        </section>
        <Dialog
            open=is_editing
            title=Signal::derive(move || match edited.get() {
                Some(member) => format!("Change {} in {}", member.user_name, name.get_value()),
                None => format!("Add somebody to {}", name.get_value()),
            })
        >
            <MemberForm
                group=id
                member=edited.get_untracked()
                on_done=move |()| {
                    is_editing.set(false);
                    groups.refetch();
                }
            />
        </Dialog>
        <TextDialog
            open=is_renaming
            title="Rename the group"
            label="Name"
            pointer="/name"
            help="Everybody in it sees the new name."
            value=new_name
            save=rename
        />
        <ConfirmDialog
            open=is_asking
            title=Signal::derive(move || match asked.get() {
                Some((_, Loss::Member(who))) => format!("Take {who} out of {}?", name.get_value()),
                Some((_, Loss::All)) | None => format!("Delete {}?", name.get_value()),
            })
            text=Signal::derive(move || asked.get().map(|(question, _)| question).unwrap_or_default())
            action=Signal::derive(move || match asked.get() {
                Some((_, Loss::Member(_))) => "Take out".to_owned(),
                Some((_, Loss::All)) | None => "Delete".to_owned(),
            })
            busy=lose.pending()
            error=action_error(lose)
            on_confirm=move |()| {
                if let Some((_, loss)) = asked.get_untracked() {
                    lose.dispatch(loss);
                }
            }
        />
    }
}

/// Somebody new in a group, or another role.
#[component]
fn MemberForm(
    group: GroupId,
    member: Option<GroupMember>,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView {
    let is_new = member.is_none();
    let user_name =
        RwSignal::new(member.as_ref().map(|member| member.user_name.to_string()).unwrap_or_default());
    let role = member.as_ref().map_or(Role::Submit, |member| member.role);
    let role = RwSignal::new(role.as_str().to_owned());
    let is_manager = RwSignal::new(member.is_some_and(|member| member.is_manager));
    let save = Action::new_local(move |put: &MemberPut| {
        let done = client::groups::put_member(group, user_name.read_untracked().trim(), *put);
        async move {
            let _ = done.await?;
            on_done.run(());
            Ok(())
        }
    });
    let error = action_error(save);
    let submit = move |()| {
        let role = role.read_untracked().parse();
        role.is_ok_and(|role| {
            save.dispatch(MemberPut { role, is_manager: is_manager.get_untracked() });
            true
        })
    };
    let because = MaybeProp::derive(move || {
        user_name.read().trim().is_empty().then(|| "Type the user name.".to_owned())
    });
    view! {
        <Form
            action=if is_new { "Add to the group" } else { "Save" }
            busy=save.pending()
            error=error
            disabled_because=because
            on_submit=submit
        >
            {is_new
                .then(|| {
                    view! {
                        <TextField
                            label="User name"
                            name="member"
                            value=user_name
                            is_code=true
                            required=true
                            help="The name they sign in with"
                            error=field_error(error, "")
                        />
                    }
                })}
            <SelectField
                label="Role"
                name="role"
                value=role
                choices=Signal::derive(role_choices)
                help="What else they may do with what others share"
            />
            <Checkbox
                label="Manager"
                name="is_manager"
                value=is_manager
                help="May rename and delete the group, and say who is in it"
            />
        </Form>
    }
}
