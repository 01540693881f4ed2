//! The revisions of the job's script: what each says differently from this job's, its label, and taking it up again.

use leptos::prelude::*;
use leptos::web_sys::SubmitEvent;
use pbsweb_shared::api::scripts::{Revision, RevisionUpdate};
use pbsweb_shared::ids::{RevisionId, ScriptId};

use crate::client;
use crate::components::ChangedLines;
use crate::state::Notices;
use crate::ui::{
    Action, Button, ButtonKind, Dialog, EmptyState, Load, LocalResource, Panel, ProblemBox, Table, TextField,
    Time, action_error, field_error,
};

/// The panel.
#[component]
pub(super) fn Revisions(
    /// The script.
    script: ScriptId,
    /// The revision that the job is of.
    own: RevisionId,
) -> impl IntoView {
    let notices = Notices::of_page();
    let loaded = LocalResource::new(move || client::scripts::list_revisions(script));
    let compared = RwSignal::new(None::<(i32, i32)>);
    let is_labelling = RwSignal::new(false);
    let to_label = RwSignal::new(None::<Revision>);
    let restore = Action::new_local(move |number: &i32| {
        let number = *number;
        async move {
            let restored = client::scripts::restore_revision(script, number).await?;
            loaded.refetch();
            notices.done(format!("Revision {number} is the latest again, as revision {}.", restored.number));
            Ok(())
        }
    });
    view! {
        <Panel title="Revisions" lead="Every state of this script that was submitted or saved. None is ever changed.">
            {move || action_error(restore).get().map(|error| view! { <ProblemBox error=error /> })}
            <Load resource=loaded what="the revisions" let:page>
                {
                    let of_job = page.items.iter().find(|revision| revision.id == own).map(|revision| revision.number);
                    let latest = page.items.first().map(|revision| revision.number);
                    let rows = page
                        .items
                        .into_iter()
                        .map(|revision| {
                            let number = revision.number;
                            let name = format!("revision {number}");
                            let label = revision.label.clone().unwrap_or_default();
                            view! {
                                <tr>
                                    <th scope="row" data-label="Revision">
                                        {number} {(Some(number) == of_job).then_some(" (this job's)")}
                                    </th>
                                    <td data-label="Label">{label}</td>
                                    <td data-label="Made"><Time at=revision.created_at /></td>
                                    <td data-label="From">{revision.parent.map(|parent| parent.to_string())}</td>
                                    <td>
                                        <div class="table-actions">
                                            {of_job
                                                .filter(|own| *own != number)
                                                .map(|own| view! {
                                                    <Button
                                                        label=format!("Compare {name} with this job's")
                                                        on_press=move |()| compared.set(Some((own, number)))
                                                    >
                                                        "Compare"
                                                    </Button>
                                                })}
                                            <Button
                                                label=format!("Label {name}")
                                                on_press=move |()| {
                                                    to_label.set(Some(revision.clone()));
                                                    is_labelling.set(true);
                                                }
                                            >
                                                "Label"
                                            </Button>
                                            {(Some(number) != latest)
                                                .then(|| view! {
                                                    <Button
                                                        label=format!("Restore {name}")
                                                        busy=restore.pending()
                                                        on_press=move |()| restore.dispatch(number)
                                                    >
                                                        "Restore"
                                                    </Button>
                                                })}
                                        </div>
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view();
                    view! {
                        <Table caption="Revisions of the script, the latest first" stacks=true>
                            <thead>
                                <tr>
                                    <th scope="col">"Revision"</th>
                                    <th scope="col">"Label"</th>
                                    <th scope="col">"Made"</th>
                                    <th scope="col">"From"</th>
                                    <td></td>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                }
            </Load>
            <div aria-live="polite">
                {move || compared.get().map(|(from, to)| view! { <Difference script=script from=from to=to /> })}
            </div>
        </Panel>
        <Dialog open=is_labelling title="Label a revision">
            {move || {
                to_label
                    .get()
                    .map(|revision| view! {
                        <LabelForm
                            script=script
                            revision=revision
                            on_done=move |()| {
                                is_labelling.set(false);
                                loaded.refetch();
                            }
                        />
                    })
            }}
        </Dialog>
    }
}

#[component]
fn Difference(script: ScriptId, from: i32, to: i32) -> impl IntoView {
    let loaded = LocalResource::new(move || client::scripts::compare_revisions(script, from, to));
    view! {
        <h3>{format!("From revision {from} to revision {to}")}</h3>
        <Load resource=loaded what="the difference" let:found>
            {if found.lines.is_empty() {
                view! { <EmptyState title="They say the same" /> }.into_any()
            } else {
                view! { <ChangedLines lines=found.lines /> }.into_any()
            }}
        </Load>
    }
}

#[component]
fn LabelForm(script: ScriptId, revision: Revision, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let number = revision.number;
    let label = RwSignal::new(revision.label.unwrap_or_default());
    let save = Action::new_local(move |label: &String| {
        let update = RevisionUpdate { label: label.clone() };
        async move {
            let _: Revision = client::scripts::update_revision(script, number, &update).await?;
            on_done.run(());
            Ok(())
        }
    });
    let error = action_error(save);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.dispatch(label.get_untracked());
    };
    view! {
        <form class="form" on:submit=submit novalidate=true>
            <TextField
                label="Label"
                name="label"
                value=label
                help="Such as: the one from the paper. Searches find it. Empty: none."
                error=field_error(error, "/label")
            />
            {move || error.get().map(|error| view! { <ProblemBox error=error has_fields=true /> })}
            <div class="form-actions">
                <Button kind=ButtonKind::Primary kind_of_action="submit" busy=save.pending()>"Save"</Button>
            </div>
        </form>
    }
}
