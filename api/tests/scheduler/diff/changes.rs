//! What a listing says of what is known of a job: a table.

use pbsweb::poller::diff::{KnownJob, Observed, Transition, diff};
use pbsweb::poller::snapshot::HostSnapshot;
use pbsweb::scheduler::openpbs::read_jobs;
use pbsweb_shared::job::JobState;

use super::{at, down, known, listed, snapshot};
use crate::recording::recording;

/// A transition in short.
fn short(transition: &Transition) -> String {
    match transition {
        Transition::StateChanged { from, to, .. } => format!("{from} -> {to}"),
        Transition::Observed { .. } => "observed".to_owned(),
        Transition::Missing { pbs_id, .. } => format!("missing {pbs_id}"),
        Transition::Adopt { pbs_id, state, .. } => format!("adopt {pbs_id} {state}"),
        Transition::Contradiction { pbs_id, .. } => format!("contradiction {pbs_id}"),
    }
}

fn check(known: &KnownJob, snapshot: &HostSnapshot, expected: &[&str]) {
    let found: Vec<String> = diff(std::slice::from_ref(known), snapshot, at(11)).iter().map(short).collect();
    assert_eq!(found, expected, "{known:?} {snapshot:?}");
}

#[test]
fn a_table_of_changes() {
    use JobState::{
        Completed, Exiting, Held, Lost, Queued, Rejected, Running, Submitting, Suspended, Waiting,
    };
    let queued = known(1, Some("1.vm"), Queued);
    for (letter, expected) in [
        ("Q", vec![]),
        ("T", vec![]),
        ("H", vec!["queued -> held"]),
        ("W", vec!["queued -> waiting"]),
        ("R", vec!["queued -> running"]),
        ("B", vec!["queued -> running"]),
        ("S", vec!["queued -> suspended"]),
        ("U", vec!["queued -> suspended"]),
        ("E", vec!["queued -> exiting"]),
        // Another server's business, and a letter of the future.
        ("M", vec![]),
        ("Z", vec![]),
        // An end is taken from a look-up of this one job, not from a listing that others' values run through.
        ("F", vec!["missing 1.vm"]),
        ("X", vec!["missing 1.vm"]),
    ] {
        check(&queued, &snapshot(vec![listed("1.vm", letter, Some(1))]), &expected);
    }
    // Not listed.
    for state in [Queued, Held, Waiting, Running, Suspended, Exiting, Lost] {
        check(&known(1, Some("1.vm"), state), &snapshot(vec![]), &["missing 1.vm"]);
        check(&known(1, Some("1.vm"), state), &down(), &[]);
    }
    check(&known(1, Some("1.vm"), Lost), &snapshot(vec![listed("1.vm", "R", None)]), &["lost -> running"]);
    // Submitting.
    let submitting = known(1, None, Submitting);
    check(&submitting, &snapshot(vec![]), &[]);
    check(&submitting, &down(), &[]);
    check(&submitting, &snapshot(vec![listed("5.vm", "Q", Some(1))]), &["adopt 5.vm queued"]);
    check(&submitting, &snapshot(vec![listed("5.vm", "Q", Some(2))]), &[]);
    let two = vec![listed("5.vm", "Q", Some(1)), listed("6.vm", "Q", Some(1))];
    check(&submitting, &snapshot(two), &["contradiction 5.vm"]);
    let mut foreign = listed("5.vm", "Q", Some(1));
    foreign.owner = "mallory".to_owned();
    check(&submitting, &snapshot(vec![foreign.clone()]), &[]);
    // Ended is ended.
    for state in [Completed, JobState::Failed, JobState::Deleted, JobState::Expired] {
        check(&known(1, Some("1.vm"), state), &snapshot(vec![listed("1.vm", "R", Some(1))]), &[]);
        check(&known(1, Some("1.vm"), state), &snapshot(vec![]), &[]);
    }
    check(&known(1, None, Rejected), &snapshot(vec![listed("5.vm", "R", Some(1))]), &["contradiction 5.vm"]);
    // Another's job under our id.
    foreign.pbs_id = "1.vm".parse().unwrap();
    check(&queued, &snapshot(vec![foreign]), &["contradiction 1.vm"]);
    check(&queued, &snapshot(vec![listed("1.vm", "R", Some(2))]), &["contradiction 1.vm"]);
    // There, but unreadable.
    let mut unreadable = snapshot(vec![]);
    unreadable.unreadable.push("1.vm".parse().unwrap());
    check(&queued, &unreadable, &[]);
    // Asked before the job was accepted.
    let mut early = snapshot(vec![]);
    early.taken_at = at(-1);
    check(&queued, &early, &[]);
    // Something else changed.
    let mut record = listed("1.vm", "Q", Some(1));
    record.comment = Some("Not Running: Insufficient amount of resource: ncpus".to_owned());
    check(&queued, &snapshot(vec![record.clone()]), &["observed"]);
    let known_too = KnownJob { observed: Observed::of(&record), ..queued };
    check(&known_too, &snapshot(vec![record]), &[]);
}

#[test]
fn recorded_paths_are_stored_without_their_host() {
    let jobs = read_jobs(&recording("qstat-f").stdout).jobs;
    let observed = Observed::of(&jobs[0]);
    assert_eq!(observed.used_walltime_seconds, Some(600));
}
