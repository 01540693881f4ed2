//! The set of dependent jobs that the job was submitted with: how the set is, and the other jobs.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::job_sets::{JobSetDependency, JobSetMember, JobSetState};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::{JobId, JobSetId};

use crate::client;
use crate::components::JobStateBadge;
use crate::paths;
use crate::ui::{Columns, Load, LocalResource, Panel, Table, depend_on};

/// The panel; nothing for a job that was submitted alone. It is read again when the job changes.
#[component]
pub(super) fn Set(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let id = Memo::new(move |_| job.read().set.as_ref().map(|place| place.id));
    move || id.get().map(|id| view! { <SetPanel id=id job=job /> })
}

const fn state_words(state: JobSetState) -> &'static str {
    match state {
        JobSetState::Submitting => "Its jobs are being submitted; none can start before all are accepted.",
        JobSetState::Releasing => "All its jobs are accepted and are being let go.",
        JobSetState::Accepted => "All its jobs were accepted.",
        JobSetState::TakingBack => {
            "One was refused; those that were accepted are being deleted. None has run."
        }
        JobSetState::TakenBack => "One was refused, and the set was taken back. None of its jobs has run.",
    }
}

/// `afterok a, afterany b`
fn depends_words(depends: &[JobSetDependency]) -> String {
    let terms: Vec<String> =
        depends.iter().map(|dependency| format!("{} {}", dependency.kind, dependency.on)).collect();
    if terms.is_empty() { "nothing".to_owned() } else { terms.join(", ") }
}

#[component]
fn SetPanel(id: JobSetId, job: Signal<Job>) -> impl IntoView {
    let own = job.with_untracked(|job| job.id);
    let seen = Memo::new(move |_| (job.read().state, job.read().as_of));
    let set = LocalResource::new(move || {
        depend_on(seen);
        async move { client::job_sets::get_job_set(id).await }
    });
    view! {
        <Panel title="Set of jobs">
            <Load resource=set what="the set of jobs" let:set>
                <p>{state_words(set.state)}</p>
                {set.reason.map(|reason| view! { <p class="job-reason">{reason}</p> })}
                <Table caption="Jobs of the set, in the order of their submission" stacks=true>
                    <Columns names=["Label", "State", "Job id", "Waits for"] />
                    <tbody>
                        {set.jobs.into_iter().map(|member| view! { <Member member=member own=own /> }).collect_view()}
                    </tbody>
                </Table>
            </Load>
        </Panel>
    }
}

#[component]
fn Member(member: JobSetMember, own: JobId) -> impl IntoView {
    let id = member.job.pbs_id.as_ref().map(ToString::to_string);
    let name = if member.job.id == own {
        view! { <strong>{member.label}" (this job)"</strong> }.into_any()
    } else {
        view! { <A href=paths::job(member.job.id)>{member.label}</A> }.into_any()
    };
    view! {
        <tr>
            <th scope="row" data-label="Label">{name}</th>
            <td data-label="State"><JobStateBadge state=member.job.state /></td>
            <td data-label="Job id">{id.map(|id| view! { <code>{id}</code> })}</td>
            <td data-label="Waits for">{depends_words(&member.depends)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::api::job_sets::DependencyType;

    use super::*;

    #[test]
    fn dependencies_in_words() {
        let on = |on: &str, kind| JobSetDependency { on: on.to_owned(), kind };
        let depends = [on("a", DependencyType::Afterok), on("b", DependencyType::Afterany)];
        assert_eq!(depends_words(&depends), "afterok a, afterany b");
        assert_eq!(depends_words(&[]), "nothing");
    }
}
