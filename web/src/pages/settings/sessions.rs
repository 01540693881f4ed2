//! Where one is signed in, and ending that.

use leptos::prelude::*;
use pbsweb_shared::api::sessions::{Session, SessionKind};

use crate::client;
use crate::components::program_name;
use crate::state::Notices;
use crate::ui::{
    Action, Badge, Button, ButtonKind, Columns, ConfirmDialog, Load, LocalResource, Panel, Shape, Table,
    Time, Tone, action_error,
};

/// The tab.
#[component]
pub(super) fn SessionsTab() -> impl IntoView {
    let notices = Notices::of_page();
    let sessions = LocalResource::new(client::sessions::list_sessions);
    let to_end = RwSignal::new(None::<Session>);
    let is_asking = RwSignal::new(false);
    let end = Action::new_local(move |session: &Session| {
        let id = session.id;
        async move {
            client::sessions::delete_session(id).await?;
            sessions.refetch();
            is_asking.set(false);
            notices.done("The session has ended.");
            Ok(())
        }
    });
    view! {
        <Panel title="Where you are signed in" lead="End those that you do not know, and change your password then.">
            <Load resource=sessions what="sessions" let:page>
                {
                    let rows = page
                        .items
                        .into_iter()
                        .filter(|session| session.kind != SessionKind::Token)
                        .map(|session| view! { <SessionRow session=session to_end=to_end is_asking=is_asking /> })
                        .collect_view();
                    view! {
                        <Table caption="Your sessions" stacks=true>
                            <Columns names=["Program", "Address", "Signed in", "Last used", "Ends", ""] />
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                }
            </Load>
        </Panel>
        <ConfirmDialog
            open=is_asking
            title="End the session?"
            text=Signal::derive(move || {
                let program = to_end.get().map(|session| program_name(&session.user_agent)).unwrap_or_default();
                format!("Whoever uses {program} is signed out at once.")
            })
            action="End session"
            busy=end.pending()
            error=action_error(end)
            on_confirm=move |()| {
                if let Some(session) = to_end.get_untracked() {
                    end.dispatch(session);
                }
            }
        />
    }
}

#[component]
fn SessionRow(
    session: Session,
    to_end: RwSignal<Option<Session>>,
    is_asking: RwSignal<bool>,
) -> impl IntoView {
    let program = match session.kind {
        SessionKind::Command => "command on the server".to_owned(),
        SessionKind::SignIn | SessionKind::Token => program_name(&session.user_agent),
    };
    let label = format!("End the session of {program}");
    let stored = StoredValue::new(session.clone());
    view! {
        <tr>
            <th scope="row" data-label="Program" title=session.user_agent>{program}</th>
            <td data-label="Address"><code>{session.address}</code></td>
            <td data-label="Signed in"><Time at=session.created_at /></td>
            <td data-label="Last used"><Time at=session.last_used_at /></td>
            <td data-label="Ends"><Time at=session.expires_at /></td>
            <td>
                <div class="table-actions">
                    {if session.is_current {
                        view! { <Badge tone=Tone::Active shape=Shape::Dot text="This one" /> }.into_any()
                    } else {
                        view! {
                            <Button
                                kind=ButtonKind::Danger
                                label=label
                                on_press=move |()| {
                                    to_end.set(Some(stored.get_value()));
                                    is_asking.set(true);
                                }
                            >
                                "End"
                            </Button>
                        }
                            .into_any()
                    }}
                </div>
            </td>
        </tr>
    }
}
