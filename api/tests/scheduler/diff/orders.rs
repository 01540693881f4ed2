//! Listings and look-ups in any order, with anything in them: none leads to a lie.

use chrono::TimeDelta;
use pbsweb::poller::diff::facts::{found, settle};
use pbsweb::poller::diff::{KnownJob, Transition, diff};
use pbsweb::poller::snapshot::SchedulerStatus;
use pbsweb::scheduler::Scheduler;
use pbsweb::scheduler::openpbs::{OpenPbs, read_jobs};
use pbsweb::scheduler::records::ListingReply;
use pbsweb_shared::job::JobState;
use proptest::prelude::*;

use super::{LETTERS, at, down, facts, known, listed, snapshot, some_resolutions};
use crate::recording::marker;

fn any_state() -> impl Strategy<Value = JobState> {
    prop::sample::select(JobState::ALL.to_vec())
}

proptest! {
    /// Listings and look-ups in any order, late ones among them: an end stays, what is known later is not overruled by what was
    /// asked earlier, and no success is without its exit status.
    #[test]
    fn no_order_of_events_leads_to_a_lie(
        steps in prop::collection::vec((0_usize..2, any::<prop::sample::Index>(), -5_i64..40, any::<bool>()), 1..25),
    ) {
        let resolutions = some_resolutions();
        let mut facts = facts(JobState::Queued);
        for (n, (what, which, lag, asks_for_deletion)) in steps.into_iter().enumerate() {
            let now = at(10 * (1 + n as i64));
            let before = facts.clone();
            facts.is_delete_requested |= asks_for_deletion && !facts.state.has_ended();
            if what == 0 {
                let taken_at = now - TimeDelta::seconds(lag.max(0));
                let letter = which.get(&LETTERS);
                let mut known = known(1, Some("1.vm"), facts.state);
                known.as_of = facts.as_of;
                let mut snapshot = snapshot(vec![listed("1.vm", letter, Some(1))]);
                snapshot.taken_at = taken_at;
                for transition in diff(&[known], &snapshot, now) {
                    if let Transition::StateChanged { to, observed, .. } = transition {
                        found(&mut facts, to, &observed, taken_at);
                        prop_assert!(taken_at >= before.as_of);
                    }
                }
            } else if !facts.state.has_ended() {
                settle(&mut facts, which.get(&resolutions).clone(), now);
            }
            prop_assert!(before.state.may_become(facts.state, facts.source), "{before:?} {facts:?}");
            if before.state.has_ended() {
                prop_assert_eq!(facts.state, before.state);
                prop_assert_eq!(facts.exit_status, before.exit_status);
            }
            prop_assert!(facts.as_of >= before.as_of);
            prop_assert!(facts.run_count >= before.run_count);
            prop_assert!(facts.state != JobState::Completed || facts.exit_status == Some(0));
            prop_assert_eq!(facts.state.has_ended(), facts.end_cause.is_some());
        }
    }

    /// Whatever is listed in whatever order: an ended job keeps its end, silence of the scheduler changes nothing, no job
    /// ends by a listing, and each job gets at most one transition.
    #[test]
    fn no_listing_leads_to_a_lie(
        states in prop::collection::vec((any_state(), any::<bool>(), -20_i64..20), 1..6),
        listing in prop::collection::vec((0_usize..8, prop::sample::select(vec!["Q", "R", "H", "W", "S", "E", "B", "F", "X", "M", "?"]), prop::option::of(0_u128..8)), 0..8),
        is_up in any::<bool>(),
    ) {
        let jobs: Vec<KnownJob> = states.iter().enumerate().map(|(n, (state, has_id, as_of))| KnownJob {
            as_of: at(*as_of),
            ..known(n as u128, has_id.then(|| format!("{n}.vm")).as_deref(), *state)
        }).collect();
        let records = listing.iter().map(|(n, letter, tag)| listed(&format!("{n}.vm"), letter, *tag)).collect();
        let snapshot = if is_up { snapshot(records) } else { down() };
        let found = diff(&jobs, &snapshot, at(11));
        prop_assert!(is_up || found.is_empty());
        prop_assert_eq!(matches!(snapshot.scheduler_status, SchedulerStatus::Up), is_up);
        for job in &jobs {
            let own: Vec<&Transition> = found.iter().filter(|transition| match transition {
                Transition::StateChanged { job: id, .. } | Transition::Observed { job: id, .. } | Transition::Missing { job: id, .. }
                | Transition::Adopt { job: id, .. } | Transition::Contradiction { job: id, .. } => *id == job.job,
            }).collect();
            prop_assert!(own.len() <= 1);
            for transition in own {
                match transition {
                    Transition::StateChanged { from, to, .. } => {
                        prop_assert!(!from.has_ended() && !to.has_ended() && from != to);
                        prop_assert!(to.is_listed() && job.as_of <= snapshot.taken_at);
                    }
                    Transition::Missing { .. } | Transition::Observed { .. } => prop_assert!(!job.state.has_ended() && job.pbs_id.is_some()),
                    Transition::Adopt { state, .. } => prop_assert!(job.pbs_id.is_none() && state.is_listed() && !job.state.has_ended()),
                    Transition::Contradiction { .. } => {}
                }
            }
        }
    }

    /// No bytes make the parsers panic, and a listing that says nothing whole says nothing.
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let found = read_jobs(&bytes);
        prop_assert!(found.jobs.is_empty() || bytes.windows(8).any(|window| window == b"Job Id: "));
        prop_assert!(matches!(OpenPbs.read_listing(&marker(), &bytes), ListingReply::Unavailable(_)));
        let _ = OpenPbs.read_probe(&marker(), &bytes);
    }
}
