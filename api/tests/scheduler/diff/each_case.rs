//! What becomes of the facts of a job, in every case that there is.

use pbsweb::poller::diff::facts::{found, settle};
use pbsweb::poller::diff::resolve::resolve_forgotten;
use pbsweb::poller::diff::{Observed, Resolution, Transition, diff};
use pbsweb::store::jobs::JobFacts;
use pbsweb_shared::job::{EndCause, JobState};

use super::{LETTERS, NO_RUNS, at, epilogue, facts, known, listed, snapshot, some_resolutions};

/// Every state that a job can be in, every letter that it can be listed with and none, asked before and after what is known.
#[test]
fn every_state_meets_every_letter_in_every_order_of_time() {
    for state in JobState::ALL.iter().copied() {
        for letter in LETTERS.iter().copied().map(Some).chain([None]) {
            for (taken_at, is_late) in [(at(-1), true), (at(0), false), (at(10), false)] {
                let has_id = state != JobState::Submitting;
                let known = known(1, has_id.then_some("1.vm"), state);
                let listed = letter.map(|letter| listed("1.vm", letter, Some(1)));
                let mut snapshot = snapshot(listed.clone().into_iter().collect());
                snapshot.taken_at = taken_at;
                let case = format!("{state} listed as {letter:?} at {taken_at}");
                let found_transitions = diff(std::slice::from_ref(&known), &snapshot, at(11));
                assert!(found_transitions.len() <= 1, "{case}");
                let Some(transition) = found_transitions.into_iter().next() else {
                    // Nothing is said when nothing is new: the state is the same, or ended, or later knowledge stands.
                    let listed_state = listed.and_then(|record| record.state);
                    assert!(
                        is_late
                            || state.has_ended()
                            || !has_id
                            || listed_state.is_none_or(|seen| seen == state),
                        "{case}"
                    );
                    continue;
                };
                assert!(!is_late && !state.has_ended(), "{case}");
                match transition {
                    Transition::StateChanged { from, to, observed, .. } => {
                        assert_eq!(from, state, "{case}");
                        let mut facts = facts(state);
                        let before = facts.clone();
                        found(&mut facts, to, &observed, taken_at);
                        assert!(state.may_become(facts.state, facts.source), "{case}");
                        assert!(facts.as_of >= before.as_of && facts.state.is_listed(), "{case}");
                        assert_eq!(
                            (facts.exit_status, facts.ended_at, facts.end_cause),
                            (None, None, None),
                            "{case}"
                        );
                        // Put back into its queue: the former run is no longer the job's.
                        let is_waiting = matches!(to, JobState::Queued | JobState::Held | JobState::Waiting);
                        assert!(!is_waiting || facts.started_at.is_none(), "{case}");
                        assert!(!before.state.is_active() || facts.run_count >= 1, "{case}");
                    }
                    Transition::Adopt { state: to, .. } => {
                        assert!(state == JobState::Submitting && to.is_listed(), "{case}");
                    }
                    Transition::Missing { .. } => {
                        assert!(has_id && matches!(letter, None | Some("F" | "X")), "{case}");
                    }
                    Transition::Observed { .. } => assert!(has_id, "{case}"),
                    Transition::Contradiction { .. } => panic!("{case}"),
                }
            }
        }
    }
}

/// Every state of a job that can be looked up, every way in which a look-up can come out.
#[test]
fn every_look_up_leads_to_what_it_proves_and_no_further() {
    let resolutions = some_resolutions();
    assert!(resolutions.len() > 40);
    for state in JobState::ALL.iter().copied().filter(|state| state.is_listed() || *state == JobState::Lost) {
        for is_delete_requested in [false, true] {
            for n_looks in [0, 1, 7] {
                for resolution in &resolutions {
                    let before = JobFacts { is_delete_requested, n_looks, ..facts(state) };
                    let mut facts = before.clone();
                    settle(&mut facts, resolution.clone(), at(20));
                    let case = format!("{state} {is_delete_requested} {n_looks} {resolution:?} -> {facts:?}");
                    assert!(state.may_become(facts.state, facts.source), "{case}");
                    assert_eq!(facts.state.has_ended(), facts.ended_at.is_some(), "{case}");
                    assert_eq!(facts.state.has_ended(), facts.end_cause.is_some(), "{case}");
                    // No success without an exit status, and no search when it is over.
                    assert!(facts.state != JobState::Completed || facts.exit_status == Some(0), "{case}");
                    assert!(!facts.state.has_ended() || facts.looking.is_none(), "{case}");
                    match resolution {
                        Resolution::Unknown(_) => assert_eq!(facts.state, state, "{case}"),
                        Resolution::Lost if is_delete_requested => {
                            assert_eq!(facts.state, JobState::Deleted, "{case}")
                        }
                        Resolution::Lost => {
                            let expected = if n_looks == 0 { state } else { JobState::Lost };
                            assert_eq!(facts.state, expected, "{case}");
                            let looking = facts.looking.as_ref().unwrap();
                            assert!(looking.since == at(20) && facts.next_look_at > Some(at(20)), "{case}");
                        }
                        Resolution::Present { state, .. } => {
                            assert_eq!((facts.state, &facts.looking), (*state, &None), "{case}");
                        }
                        Resolution::Ended { end, .. } => {
                            assert!(
                                facts.state.has_ended() && facts.exit_status == end.exit_status,
                                "{case}"
                            );
                            assert!(end.state == facts.state || end.signal == Some(15), "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_sender_of_a_signal_is_told_by_what_else_is_known() {
    let by_sigterm = |ran: i64, is_delete_requested: bool| {
        let mut note = epilogue(143);
        note.run.ended_at = Some(at(ran));
        let mut facts = JobFacts { is_delete_requested, ..facts(JobState::Running) };
        settle(&mut facts, resolve_forgotten(NO_RUNS, Some(&note), None), at(1000));
        (facts.state, facts.end_cause)
    };
    assert_eq!(by_sigterm(10, false), (JobState::Failed, Some(EndCause::Signal)));
    assert_eq!(by_sigterm(61, false), (JobState::Expired, Some(EndCause::Walltime)));
    assert_eq!(by_sigterm(10, true), (JobState::Deleted, Some(EndCause::Deleted)));
}

#[test]
fn a_search_remembers_when_it_began_and_what_was_tried_last() {
    let mut facts = facts(JobState::Running);
    settle(&mut facts, Resolution::Lost, at(20));
    settle(&mut facts, Resolution::Unknown("the scheduler did not answer: refused".to_owned()), at(30));
    let looking = facts.looking.clone().unwrap();
    assert_eq!((looking.since, looking.last_try_at, facts.n_looks), (at(20), at(30), 1));
    assert!(looking.last_try.contains("refused"), "{looking:?}");
    found(&mut facts, JobState::Running, &Observed::default(), at(40));
    assert_eq!((facts.looking, facts.next_look_at, facts.n_looks), (None, None, 0));
}
