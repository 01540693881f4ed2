//! What is to be done next for a set, from what is stored, and from nothing else.

use std::collections::HashMap;

use pbsweb_shared::api::job_sets::JobSetState;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;

use crate::store::job_sets::{Member, SetRecord};

/// What is to be done next for a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The turn of this one has come.
    Send(usize),
    /// Something has to become known first.
    Wait,
    /// One was refused: none shall run.
    TakeBack(String),
    /// All are accepted: take the holds off these.
    Release(Vec<JobId>),
    /// Delete these.
    Delete(Vec<JobId>),
    /// Nothing is left to do.
    Settle(JobSetState),
}

/// Decides from what is stored, and from nothing else.
pub(super) fn next_step(state: JobSetState, members: &[Member]) -> Step {
    let jobs = |wanted: &dyn Fn(&Member) -> bool| -> Vec<JobId> {
        members.iter().filter(|member| wanted(member)).map(|member| member.job).collect()
    };
    let is_undecided = |member: &Member| member.facts.state == JobState::Submitting;
    match state {
        JobSetState::Submitting => {
            if let Some(gone) = members.iter().find(|member| member.facts.state.has_ended()) {
                let words = gone.facts.reason.as_deref().unwrap_or("it is gone");
                return Step::TakeBack(format!("job {} is {}: {words}", gone.label, gone.facts.state));
            }
            match members.iter().position(is_undecided) {
                Some(n) if members.get(n).is_some_and(|member| member.is_sent) => Step::Wait,
                Some(n) => Step::Send(n),
                None => Step::Release(jobs(&|member| member.is_held_by_set)),
            }
        }
        JobSetState::Releasing => {
            let held = jobs(&|member| member.is_held_by_set && !member.facts.state.has_ended());
            if held.is_empty() { Step::Settle(JobSetState::Accepted) } else { Step::Release(held) }
        }
        JobSetState::TakingBack => {
            let is_open = |member: &Member| !member.facts.state.has_ended();
            // Those that wait go before those they wait for: of the others, some would run when these are gone (`afterany`). For the
            // same reason none goes while it is not known whether one that may wait for it was accepted.
            let mut there = jobs(&|member| is_open(member) && !member.facts.is_delete_requested);
            there.reverse();
            if members.iter().any(is_undecided) || (there.is_empty() && members.iter().any(is_open)) {
                Step::Wait
            } else if there.is_empty() {
                Step::Settle(JobSetState::TakenBack)
            } else {
                Step::Delete(there)
            }
        }
        JobSetState::Accepted | JobSetState::TakenBack => Step::Settle(state),
    }
}

/// `-W depend=afterok:1.vm:2.vm,afterany:3.vm`, with the ids as the scheduler gave them.
pub(super) fn dependency_arguments(set: &SetRecord, member: &Member) -> Vec<String> {
    let ids: HashMap<&str, String> = set
        .members
        .iter()
        .filter_map(|one| Some((one.label.as_str(), one.facts.pbs_id.as_ref()?.to_string())))
        .collect();
    let terms: Vec<String> = member
        .depends
        .iter()
        .filter_map(|dependency| Some(format!("{}:{}", dependency.kind, ids.get(dependency.on.as_str())?)))
        .collect();
    if terms.is_empty() { Vec::new() } else { vec!["-W".to_owned(), format!("depend={}", terms.join(","))] }
}
