//! Of a failed job: what changed since it last worked.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::jobs::{Job, SinceItWorked};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::script::FieldChange;

use crate::client;
use crate::components::ChangedLines;
use crate::paths;
use crate::ui::{Columns, Load, LocalResource, Panel, Table};

/// The panel; nothing unless the job failed.
#[component]
pub(super) fn Since(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let failed = Memo::new(move |_| {
        let job = job.read();
        (job.state == JobState::Failed).then_some(job.id)
    });
    move || failed.get().map(|id| view! { <SincePanel id=id /> })
}

#[component]
fn SincePanel(id: JobId) -> impl IntoView {
    let loaded = LocalResource::new(move || client::jobs::get_since_it_worked(id));
    view! {
        <Panel title="Since it last worked">
            <Load resource=loaded what="what changed" let:since>
                {changes(since)}
            </Load>
        </Panel>
    }
}

fn changes(since: SinceItWorked) -> AnyView {
    let Some(worked) = since.worked else {
        return view! { <p>"No earlier job of this script or application has worked."</p> }.into_any();
    };
    let fields: Vec<FieldChange> = since.around.into_iter().chain(since.script.fields).collect();
    let lines = since.script.lines;
    let is_same = fields.is_empty() && lines.is_empty();
    view! {
        <p>
            "Compared with " <A href=paths::job(worked.id)>{worked.name.clone()}</A>
            {if is_same { ", nothing is different." } else { ":" }}
        </p>
        {(!fields.is_empty()).then(|| view! { <Fields fields=fields /> })}
        {(!lines.is_empty()).then(|| view! { <ChangedLines lines=lines /> })}
    }
    .into_any()
}

#[component]
fn Fields(fields: Vec<FieldChange>) -> impl IntoView {
    let value = |value: Option<String>| value.unwrap_or_else(|| "not given".to_owned());
    view! {
        <Table caption="Values that are different" stacks=true>
            <Columns names=["What", "When it worked", "Now"] />
            <tbody>
                {fields
                    .into_iter()
                    .map(|change| view! {
                        <tr>
                            <th scope="row" data-label="What">{change.label}</th>
                            <td data-label="When it worked">{value(change.before)}</td>
                            <td data-label="Now">{value(change.after)}</td>
                        </tr>
                    })
                    .collect_view()}
            </tbody>
        </Table>
    }
}
