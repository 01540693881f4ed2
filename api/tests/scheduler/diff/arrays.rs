//! The jobs of an array.

use std::collections::BTreeMap;

use pbsweb::poller::diff::subjobs::{ArrayEvidence, end_of_array, follow_array, look};
use pbsweb::scheduler::JobRecord;
use pbsweb::scheduler::openpbs::read_jobs;
use pbsweb::scheduler::records::{EpilogueFacts, RunNote};
use pbsweb_shared::api::jobs::Subjob;
use pbsweb_shared::job::{EndCause, JobState};

use super::at;

/// A record of subjob `index` of `2[].vm` as `qstat -t -f` has it (qstat-ft-json), with a record of its own or with its array's.
fn subjob(index: u32, letter: &str, own: &str) -> JobRecord {
    let text = format!(
        "Job Id: 2[{index}].vm\n    Job_Owner = alice@vm\n    job_state = {letter}\n    Exit_status = 0\n{own}"
    );
    read_jobs(text.as_bytes()).jobs.remove(0)
}

fn own(index: u32, more: &str) -> String {
    format!("    array_id = 2[].vm\n    array_index = {index}\n    run_count = 1\n{more}")
}

type Looked = BTreeMap<u32, Subjob>;

pub(super) fn evidence<'a>(
    records: &'a [&'a JobRecord],
    notes: Option<&'a EpilogueFacts>,
    is_held: bool,
) -> ArrayEvidence<'a> {
    ArrayEvidence { records, notes, is_held, is_delete_requested: false }
}

fn states(subjobs: &Looked) -> Vec<(u32, JobState, Option<i32>)> {
    subjobs.values().map(|one| (one.index, one.state, one.exit_status)).collect()
}

#[test]
fn a_look_at_an_array_tells_each_of_its_jobs_apart() {
    use JobState::{Completed, Deleted, Failed, Held, Lost, Queued, Running};
    let records = [
        subjob(1, "X", &own(1, "    substate = 92\n")),
        subjob(2, "R", &own(2, "    substate = 42\n    stime = Sun Nov 22 20:44:19 2026\n")),
        // Not begun: status and times are those of its array.
        subjob(3, "Q", "    substate = 10\n    stime = Sun Nov 22 20:44:19 2026\n"),
    ];
    let refs: Vec<&JobRecord> = records.iter().collect();
    let first = look(Looked::new(), evidence(&refs, None, false), at(10));
    assert_eq!(states(&first), [(1, Completed, Some(0)), (2, Running, None), (3, Queued, None)]);
    assert_eq!((first[&3].started_at, first[&2].started_at.is_some()), (None, true));
    assert_eq!(end_of_array(&first, false), None);
    let held = look(Looked::new(), evidence(&refs, None, true), at(10));
    assert_eq!(held[&3].state, Held);
    // Nothing new: nothing is said to have been found later.
    assert_eq!(look(first.clone(), evidence(&refs, None, false), at(20)), first);

    // The scheduler has forgotten the array: what they noted counts, and what ended stays.
    let note = |status| RunNote {
        began_at: Some(at(11)),
        ended_at: Some(at(15)),
        exit_status: Some(status),
        queue: None,
    };
    let mut notes = EpilogueFacts { indices: vec![1, 2, 3], ..EpilogueFacts::default() };
    notes.subjobs.insert(2, note(7));
    let mut second = look(first.clone(), evidence(&[], Some(&notes), false), at(30));
    assert_eq!(states(&second), [(1, Completed, Some(0)), (2, Failed, Some(7)), (3, Queued, None)]);
    assert_eq!(end_of_array(&second, false), None, "of one nothing is known");
    follow_array(&mut second, Lost, None, at(30));
    assert_eq!(states(&second)[2], (3, Lost, None));
    notes.subjobs.insert(3, note(0));
    let third = look(second.clone(), evidence(&[], Some(&notes), false), at(40));
    let end = end_of_array(&third, false).unwrap();
    assert_eq!((end.state, end.cause, end.exit_status), (Failed, EndCause::Subjobs, None));
    assert_eq!(end.reason.as_deref(), Some("1 of 3 jobs of the array failed"));

    // Deleted as a whole: who had not ended is deleted with it, and nobody is said to have succeeded.
    let mut deleted = first.clone();
    follow_array(&mut deleted, Deleted, Some(EndCause::Deleted), at(30));
    assert_eq!(states(&deleted), [(1, Completed, Some(0)), (2, Deleted, None), (3, Deleted, None)]);

    // Ended by SIGTERM after its array's deletion was asked for; the others had ended before.
    let mut notes = EpilogueFacts { indices: vec![1, 2, 3], ..EpilogueFacts::default() };
    notes.subjobs.extend([(2, note(143)), (3, note(143))]);
    let wished =
        |is_delete_requested| ArrayEvidence { is_delete_requested, ..evidence(&[], Some(&notes), false) };
    let ended = look(first.clone(), wished(true), at(30));
    assert_eq!(states(&ended), [(1, Completed, Some(0)), (2, Deleted, Some(143)), (3, Deleted, Some(143))]);
    assert_eq!(end_of_array(&ended, true).unwrap().state, Deleted);
    assert_eq!(end_of_array(&look(first.clone(), wished(false), at(30)), false).unwrap().state, Failed);

    // In the history a subjob may have no record of its own any more (`2[1]` in qstat-xt-f-json): known ends stay, and of others
    // nothing is made up.
    let gone = [subjob(1, "F", "    substate = 91\n"), subjob(2, "F", "    substate = 91\n")];
    let refs: Vec<&JobRecord> = gone.iter().collect();
    let kept = look(first.clone(), evidence(&refs, None, false), at(50));
    assert_eq!(states(&kept), states(&first));
    // Run again by the scheduler: only a later run makes an ended one run.
    let again = [subjob(1, "R", &own(1, ""))];
    assert_eq!(look(first.clone(), evidence(&[&again[0]], None, false), at(60))[&1].state, Completed);
    let again = [subjob(1, "R", &own(1, "").replace("run_count = 1", "run_count = 2"))];
    assert_eq!(look(first, evidence(&[&again[0]], None, false), at(60))[&1].state, Running);
}
