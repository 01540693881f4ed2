//! The revisions of the job's script: what each says differently from this job's, its label, and taking it up again.

use leptos::prelude::*;
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::api::scripts::{Revision, RevisionUpdate, Script};
use pbsweb_shared::ids::{RevisionId, ScriptId};
use pbsweb_shared::page::Page;

use crate::client::{self, Answer};
use crate::components::{ChangedLines, Sharing};
use crate::state::Notices;
use crate::ui::{
    Action, Button, Columns, EmptyState, Load, LocalResource, Panel, ProblemBox, Table, TextDialog, Time,
    action_error,
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
    let loaded = LocalResource::new(move || async move {
        // Both: what may be done with the revisions depends on whose script it is.
        let found = client::scripts::get_script(script).await?;
        Answer::<(Script, Page<Revision>)>::Ok((found, client::scripts::list_revisions(script).await?))
    });
    let compared = RwSignal::new(None::<(i32, i32)>);
    let is_labelling = RwSignal::new(false);
    let to_label = RwSignal::new(0);
    let label = RwSignal::new(String::new());
    let save = Action::new_local(move |label: &String| {
        let update = RevisionUpdate { label: label.clone() };
        let number = to_label.get_untracked();
        async move {
            let _: Revision = client::scripts::update_revision(script, number, &update).await?;
            is_labelling.set(false);
            loaded.refetch();
            Ok(())
        }
    });
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
            <Load resource=loaded what="the revisions" let:found>
                {
                    let (found, page) = found;
                    let refusal = found.access.refusal(Access::Edit).map(|words| client::as_sentence(&words));
                    let groups: Vec<&str> = found.shared_with.iter().map(|group| group.name.as_str()).collect();
                    let shared = match (&found.owner, groups.is_empty()) {
                        (Some(owner), _) => format!("{owner}’s script, shared with {}.", groups.join(", ")),
                        (None, false) => format!("Your script, shared with {}.", groups.join(", ")),
                        (None, true) => "Your script; you see it alone.".to_owned(),
                    };
                    let is_own = found.owner.is_none();
                    let of_job = page.items.iter().find(|revision| revision.id == own).map(|revision| revision.number);
                    let latest = page.items.first().map(|revision| revision.number);
                    let rows = page
                        .items
                        .into_iter()
                        .map(|revision| {
                            let number = revision.number;
                            let name = format!("revision {number}");
                            let given = revision.label.unwrap_or_default();
                            let shown = given.clone();
                            let (no_label, no_restore) = (refusal.clone(), refusal.clone());
                            view! {
                                <tr>
                                    <th scope="row" data-label="Revision">
                                        {number} {(Some(number) == of_job).then_some(" (this job's)")}
                                    </th>
                                    <td data-label="Label">{shown}</td>
                                    <td data-label="Made"><Time at=revision.created_at /></td>
                                    <td data-label="By">{revision.by.to_string()}</td>
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
                                                disabled_because=MaybeProp::derive(move || no_label.clone())
                                                on_press=move |()| {
                                                    to_label.set(number);
                                                    label.set(given.clone());
                                                    is_labelling.set(true);
                                                }
                                            >
                                                "Label"
                                            </Button>
                                            {(Some(number) != latest)
                                                .then(|| view! {
                                                    <Button
                                                        label=format!("Restore {name}")
                                                        disabled_because=MaybeProp::derive(move || no_restore.clone())
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
                        <div class="revisions-shared">
                            <p>{shared}</p>
                            {is_own.then(|| view! { <Sharing thing=script on_change=move |()| loaded.refetch() /> })}
                        </div>
                        <Table caption="Revisions of the script, the latest first" stacks=true>
                            <Columns names=["Revision", "Label", "Made", "By", "From", ""] />
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                }
            </Load>
            <div aria-live="polite">
                {move || compared.get().map(|(from, to)| view! { <Difference script=script from=from to=to /> })}
            </div>
        </Panel>
        <TextDialog
            open=is_labelling
            title="Label a revision"
            label="Label"
            pointer="/label"
            help="Such as: the one from the paper. Searches find it. Empty: none."
            value=label
            save=save
        />
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
