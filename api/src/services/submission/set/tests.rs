use chrono::DateTime;
use pbsweb_shared::api::job_sets::{DependencyType, JobSetDependency, JobSetState};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use uuid::Uuid;

use super::step::{Step, dependency_arguments, next_step};
use crate::store::job_sets::{Member, SetRecord};
use crate::store::jobs::JobFacts;

fn member(n: u128, state: JobState, is_sent: bool, is_delete_requested: bool) -> Member {
    let has_id = !matches!(state, JobState::Submitting | JobState::Rejected);
    let facts = JobFacts {
        state,
        source: StateSource::Listing,
        pbs_id: has_id.then(|| format!("{n}.vm").parse().unwrap()),
        is_delete_requested,
        ..JobFacts::submitting(DateTime::UNIX_EPOCH)
    };
    let job = JobId::from_uuid(Uuid::from_u128(n));
    Member { job, label: format!("job-{n}"), depends: Vec::new(), is_sent, is_held_by_set: n == 1, facts }
}

/// Every state that two jobs of a set can be in, with every mark, in every state of the set.
#[test]
fn no_step_loses_a_job_or_lets_one_run_too_early() {
    let mut n_cases = 0;
    let some = || {
        let marks = [(false, false), (true, false), (false, true), (true, true)];
        JobState::ALL
            .iter()
            .flat_map(move |state| marks.map(|(is_sent, is_deleted)| (*state, is_sent, is_deleted)))
    };
    for set in JobSetState::ALL.iter().copied() {
        for first in some() {
            for second in some() {
                let members = [member(1, first.0, first.1, first.2), member(2, second.0, second.1, second.2)];
                let step = next_step(set, &members);
                let case = format!("{set} {first:?} {second:?} -> {step:?}");
                n_cases += 1;
                let has_id = |member: &Member| member.facts.pbs_id.is_some();
                match &step {
                    Step::Send(n) => {
                        assert!(set == JobSetState::Submitting, "{case}");
                        assert!(!members[*n].is_sent && !has_id(&members[*n]), "{case}");
                        assert!(members[..*n].iter().all(has_id), "{case}: those before it are accepted");
                    }
                    Step::Release(_) => assert!(
                        set == JobSetState::Releasing
                            || (set == JobSetState::Submitting && members.iter().all(has_id)),
                        "{case}"
                    ),
                    Step::Delete(jobs) => {
                        assert!(set == JobSetState::TakingBack && !jobs.is_empty(), "{case}");
                        assert!(members.iter().all(|one| one.facts.state != JobState::Submitting), "{case}");
                        assert!(jobs.is_sorted_by(|one, next| one > next), "{case}: the last goes first");
                        let is_one = |member: &&Member| jobs.contains(&member.job);
                        assert!(
                            members
                                .iter()
                                .filter(is_one)
                                .all(|one| has_id(one) && !one.facts.state.has_ended()),
                            "{case}"
                        );
                    }
                    Step::TakeBack(_) => {
                        assert!(set == JobSetState::Submitting, "{case}");
                        assert!(members.iter().any(|one| one.facts.state.has_ended()), "{case}");
                    }
                    Step::Settle(JobSetState::TakenBack) => {
                        assert!(
                            members.iter().all(|one| one.facts.state.has_ended()) || set.is_settled(),
                            "{case}"
                        );
                    }
                    Step::Settle(state) => {
                        assert!(*state == set || set == JobSetState::Releasing, "{case}");
                    }
                    Step::Wait => assert!(!set.is_settled(), "{case}"),
                }
            }
        }
    }
    assert_eq!(n_cases, JobSetState::ALL.len() * (JobState::ALL.len() * 4).pow(2));
}

#[test]
fn dependencies_name_the_schedulers_own_ids() {
    let on = |label: &str, kind| JobSetDependency { on: label.to_owned(), kind };
    let mut last = member(3, JobState::Submitting, false, false);
    last.depends = vec![on("job-1", DependencyType::Afterok), on("job-2", DependencyType::Afterany)];
    let members =
        vec![member(1, JobState::Held, true, false), member(2, JobState::Queued, true, false), last];
    let owner = pbsweb_shared::ids::UserId::from_uuid(Uuid::nil());
    let host = pbsweb_shared::ids::HostId::from_uuid(Uuid::nil());
    let set = SetRecord { owner, host, state: JobSetState::Submitting, n_tries: 0, members };
    assert_eq!(dependency_arguments(&set, &set.members[2]), ["-W", "depend=afterok:1.vm,afterany:2.vm"]);
    assert!(dependency_arguments(&set, &set.members[0]).is_empty());
}
