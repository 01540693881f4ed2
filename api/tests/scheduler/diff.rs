//! What a snapshot changes, and how a missing job is resolved.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb::poller::diff::facts::{found, settle};
use pbsweb::poller::diff::resolve::{resolve, resolve_forgotten, resolve_record};
use pbsweb::poller::diff::subjobs::{ArrayEvidence, end_of_array, follow_array, look};
use pbsweb::poller::diff::{KnownJob, KnownRuns, Observed, Resolution, Transition, diff};
use pbsweb::poller::snapshot::{HostSnapshot, SchedulerStatus};
use pbsweb::scheduler::openpbs::{OpenPbs, read_jobs};
use pbsweb::scheduler::records::{EpilogueFacts, FinishedReply, ListingReply, RunNote, Unavailable};
use pbsweb::scheduler::{Command, JobEnd, JobRecord, Listing, Scheduler};
use pbsweb::store::jobs::JobFacts;
use pbsweb_shared::api::jobs::Subjob;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::names::PbsJobId;
use proptest::prelude::*;
use uuid::Uuid;

use crate::programs::{Account, shells};
use crate::recording::{marker, recording};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
}

fn id(number: u128) -> JobId {
    JobId::from_uuid(Uuid::from_u128(number))
}

fn known(number: u128, pbs_id: Option<&str>, state: JobState) -> KnownJob {
    KnownJob {
        job: id(number),
        pbs_id: pbs_id.map(|id| id.parse().unwrap()),
        login: "alice".parse().unwrap(),
        state,
        as_of: at(0),
        observed: Observed::default(),
    }
}

/// A record of alice's with the tag of that number.
fn listed(pbs_id: &str, letter: &str, tag: Option<u128>) -> JobRecord {
    let tag =
        tag.map(|number| format!("    Variable_List = A=1,PBSWEB_JOB={}\n", id(number))).unwrap_or_default();
    let text = format!(
        "Job Id: {pbs_id}\n    Job_Owner = alice@vm\n    job_state = {letter}\n    substate = 92\n{tag}"
    );
    read_jobs(text.as_bytes()).jobs.remove(0)
}

fn snapshot(jobs: Vec<JobRecord>) -> HostSnapshot {
    HostSnapshot::new(at(10), ListingReply::Listed(Box::new(Listing { jobs, ..Listing::default() })))
}

fn down() -> HostSnapshot {
    HostSnapshot::new(
        at(10),
        ListingReply::Unavailable(Unavailable { status: Some(255), words: "refused".into() }),
    )
}

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

fn epilogue(status: i32) -> EpilogueFacts {
    let run = RunNote { began_at: Some(at(0)), ended_at: Some(at(5)), exit_status: Some(status) };
    EpilogueFacts { run, ..EpilogueFacts::default() }
}

/// Nothing is known of its runs.
const NO_RUNS: KnownRuns = KnownRuns { run_count: 0, waiting_at: None, is_delete_requested: false };

fn ended(resolution: Resolution) -> (JobState, EndCause, Option<i32>, StateSource) {
    match resolution {
        Resolution::Ended { end, source, .. } => (end.state, end.cause, end.exit_status, source),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_job_is_resolved_by_the_scheduler_then_by_itself_then_by_the_accounting_then_it_is_lost() {
    let jobs = read_jobs(&recording("qstat-x-f").stdout).jobs;
    let record = |name: &str| jobs.iter().find(|job| job.name == name).unwrap();
    let by_record = |name: &str| ended(resolve_record(record(name)));
    let recorded = StateSource::Accounting;
    assert_eq!(by_record("f_exit3"), (JobState::Failed, EndCause::Exit, Some(3), recorded));
    assert_eq!(by_record("after_ok"), (JobState::Deleted, EndCause::Dependency, None, recorded));
    assert!(matches!(resolve_record(record("held_job")), Resolution::Present { state: JobState::Held, .. }));
    // Handed on to another server, or a state of the future: it has not ended, and is not lost.
    for letter in ["M", "?"] {
        assert!(matches!(resolve_record(&listed("1.vm", letter, None)), Resolution::Unknown(_)), "{letter}");
    }
    let by_note = |facts: &EpilogueFacts| resolve_forgotten(NO_RUNS, Some(facts), None);
    for (status, state, cause) in [
        (0, JobState::Completed, EndCause::Exit),
        (1, JobState::Failed, EndCause::Exit),
        (137, JobState::Failed, EndCause::Signal),
        (143, JobState::Failed, EndCause::Signal),
    ] {
        assert_eq!(ended(by_note(&epilogue(status))), (state, cause, Some(status), StateSource::Epilogue));
    }
    assert_eq!(resolve_forgotten(NO_RUNS, None, None), Resolution::Lost);
    let mut running = epilogue(0);
    (running.run.ended_at, running.run.exit_status) = (None, None);
    assert_eq!(by_note(&running), Resolution::Lost);
    // Killed at once: the script noted nothing, and PBS wrote why.
    for (line, cause) in [
        ("=>> PBS: job killed: walltime 61 exceeded limit 60", EndCause::Walltime),
        ("=>> PBS: job killed: mem 2097152kb exceeded limit 1048576kb", EndCause::Memory),
        ("=>> PBS: job killed: ncpus 3.1 exceeded limit 1 (sum)", EndCause::Limit),
    ] {
        running.killed = Some(line.to_owned());
        assert_eq!(
            ended(by_note(&running)),
            (JobState::Expired, cause, None, StateSource::Epilogue),
            "{line}"
        );
    }
    // The note says the exit status, the accounting who sent the signal.
    let accounted = JobEnd {
        state: JobState::Deleted,
        cause: EndCause::Deleted,
        exit_status: Some(271),
        signal: Some(15),
        reason: None,
        started_at: None,
        ended_at: None,
    };
    let with_both = |status| ended(resolve_forgotten(NO_RUNS, Some(&epilogue(status)), Some(&accounted)));
    assert_eq!(with_both(143), (JobState::Deleted, EndCause::Deleted, Some(271), recorded));
    assert_eq!(with_both(3), (JobState::Failed, EndCause::Exit, Some(3), StateSource::Epilogue));
    assert_eq!(
        ended(resolve_forgotten(NO_RUNS, None, Some(&accounted))),
        (JobState::Deleted, EndCause::Deleted, Some(271), recorded)
    );
}

#[test]
fn the_note_of_a_former_run_is_no_end() {
    // It ran from 0 to 5, was put back, and was seen waiting at 60; then it was gone.
    let waiting = |run_count, seconds| KnownRuns { run_count, waiting_at: Some(at(seconds)), ..NO_RUNS };
    let resolved = |runs| resolve_forgotten(runs, Some(&epilogue(143)), None);
    assert_eq!(resolved(waiting(1, 60)), Resolution::Lost);
    // Seen waiting before that run began: the note is of the run that followed.
    for runs in [waiting(1, -60), waiting(0, 60), NO_RUNS, KnownRuns { run_count: 2, ..NO_RUNS }] {
        assert_eq!(ended(resolved(runs)).0, JobState::Failed, "{runs:?}");
    }
}

#[test]
fn the_look_up_of_finished_jobs_asks_the_scheduler_and_the_jobs_folders() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake_recorded(
            "qstat",
            &[("-x -t -f 71.vm 9.vm", "qstat-x-f-undelivered"), ("-x -t -f 99999.vm", "qstat-x-unknown")],
        );
        let jobs: [(JobId, PbsJobId); 2] =
            [(id(1), "71.vm".parse().unwrap()), (id(2), "9.vm".parse().unwrap())];
        let ask = |jobs: &[(JobId, PbsJobId)]| {
            let command = OpenPbs.finished(&account.site(), &marker(), jobs, None).unwrap();
            OpenPbs.read_finished(&marker(), jobs, &account.run(&command))
        };
        let reply = ask(&jobs);
        assert_eq!(
            (reply.records.len(), reply.unknown.len(), reply.unavailable.is_some()),
            (1, 0, true),
            "{shell:?}"
        );

        let gone = [(id(3), "99999.vm".parse().unwrap())];
        assert_eq!(ask(&gone).unknown.len(), 1, "{shell:?}");
        assert_eq!(ask(&gone).epilogues, [], "{shell:?}");
        let folder = account.job_folder(id(3));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("begun"), "started 1800000000\n").unwrap();
        std::fs::write(folder.join("epilogue"), "exit_status 3\nstarted 1800000000\nended 1800000060\n")
            .unwrap();
        let reply = ask(&gone);
        assert_eq!(
            (reply.epilogues[0].1.run.exit_status, reply.epilogues[0].1.run.ended_at),
            (Some(3), Some(at(60))),
            "{shell:?}"
        );
        assert!(reply.host_clock.is_some() && reply.accounted.is_empty(), "{shell:?}");
        // Run again: what the first run left is not the end.
        std::fs::write(folder.join("begun"), "started 1800000100\n").unwrap();
        assert_eq!(ask(&gone).epilogues[0].1.run.exit_status, None, "{shell:?}");

        // Killed without a chance to note its end: PBS wrote why.
        std::fs::remove_file(folder.join("epilogue")).unwrap();
        let killed = "=>> PBS: job killed: mem 9kb exceeded limit 8kb";
        std::fs::write(folder.join("stderr"), format!("hello\n{killed}\n")).unwrap();
        assert_eq!(ask(&gone).epilogues[0].1.killed.as_deref(), Some(killed), "{shell:?}");

        // An array: its end is that of all its subjobs.
        let array = [(id(4), "7[].vm".parse().unwrap())];
        let folder = account.job_folder(id(4));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("script"), "#!/bin/bash\n#PBS -N a\n#PBS -J 1-3%2\n").unwrap();
        account.fake("qstat", "echo 'qstat: Unknown Job Id 7[].vm' >&2; exit 153");
        let looked = |reply: &FinishedReply| {
            let notes = reply.epilogues.first().map(|(_, notes)| notes);
            look(BTreeMap::new(), evidence(&[], notes, false), at(100))
        };
        let resolved = || {
            let reply = ask(&array);
            resolve(id(4), &array[0].1, NO_RUNS, &looked(&reply), &reply)
        };
        assert_eq!(resolved(), Resolution::Lost, "{shell:?}");
        for (index, status) in [(1, 0), (2, 7)] {
            let text = format!("exit_status {status}\nstarted 1800000000\nended 180000006{index}\n");
            std::fs::write(folder.join(format!("epilogue.{index}")), text).unwrap();
        }
        assert_eq!(resolved(), Resolution::Lost, "{shell:?}: one subjob left no end");
        std::fs::write(folder.join("epilogue.3"), "exit_status 0\nstarted 1800000000\nended 1800000070\n")
            .unwrap();
        let Resolution::Ended { end, source: StateSource::Epilogue, .. } = resolved() else {
            panic!("{shell:?}")
        };
        assert_eq!(
            (end.state, end.exit_status, end.ended_at),
            (JobState::Failed, None, Some(at(70))),
            "{shell:?}"
        );
        assert_eq!(end.reason.as_deref(), Some("1 of 3 jobs of the array failed"));

        // History off.
        account.fake("qstat", "case $1 in -x) echo 'qstat: PBS is not configured to maintain job history ' >&2 ;; *) echo 'qstat: Unknown Job Id 99999.vm' >&2; exit 153 ;; esac");
        assert_eq!(ask(&gone).unknown.len(), 1, "{shell:?}");
        // Server down: nothing is known.
        account.fake_recorded("qstat", &[("*", "down-qstat")]);
        let reply = ask(&gone);
        assert_eq!((reply.unknown.len(), reply.unavailable.unwrap().status), (0, Some(255)), "{shell:?}");
        assert!(OpenPbs.finished(&account.site(), &marker(), &[], None).is_err());
    }
}

/// The accounting is read where the account may, and only lines of this job since it was submitted.
#[test]
fn the_accounting_is_read_where_the_account_may() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qstat", "echo 'qstat: Unknown Job Id 7.vm' >&2; exit 153");
        let folder = account.job_folder(id(7));
        let days = account.home().join("pbs/server_priv/accounting");
        for path in [&folder, &days] {
            std::fs::create_dir_all(path).unwrap();
        }
        std::fs::write(folder.join("script"), "true\n").unwrap();
        let long_ago = |seconds| std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        let date = |path: &std::path::Path, seconds| {
            std::fs::File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(long_ago(seconds))
                .unwrap();
        };
        date(&folder.join("script"), 3600);
        let line = |id: &str, status: i32| {
            format!(
                "11/22/2026 20:45:19;E;{id};user=alice start=100 end=160 Exit_status={status} run_count=1\n"
            )
        };
        std::fs::write(days.join("20261122"), line("77.vm", 0) + &line("7.vm", -27)).unwrap();
        let jobs = [(id(7), "7.vm".parse().unwrap())];
        let mut command = OpenPbs.finished(&account.site(), &marker(), &jobs, None).unwrap();
        let ask = |command: &Command| OpenPbs.read_finished(&marker(), &jobs, &account.run(command));
        assert_eq!(ask(&command).accounted, [], "{shell:?}: there is none at the usual place");
        // The home's name holds a line break, which no line of pbs.conf can: a name without one leads there.
        let plain = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(account.home().join("pbs"), plain.path().join("pbs")).unwrap();
        let conf = plain.path().join("pbs.conf");
        std::fs::write(&conf, format!("PBS_EXEC=/opt/pbs\nPBS_HOME={}/pbs\n", plain.path().display()))
            .unwrap();
        command.bindings.push(("PBS_CONF_FILE".to_owned(), conf.to_str().unwrap().to_owned()));
        let [(whose, end)] = ask(&command).accounted.try_into().unwrap();
        assert_eq!((whose, end.cause, end.exit_status), (id(7), EndCause::Memory, Some(-27)), "{shell:?}");
        // Days of before the submission are not of this job, whose number may have been another's.
        date(&days.join("20261122"), 86_400);
        assert_eq!(ask(&command).accounted, [], "{shell:?}");
    }
}

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

fn evidence<'a>(
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
    let note = |status| RunNote { began_at: Some(at(11)), ended_at: Some(at(15)), exit_status: Some(status) };
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

/// What is stored of a job in this state.
fn facts(state: JobState) -> JobFacts {
    let started_at = state.is_active().then(|| at(-100));
    JobFacts {
        state,
        source: StateSource::Listing,
        as_of: at(0),
        reason: None,
        pbs_id: "1.vm".parse().ok(),
        queue: None,
        exit_status: None,
        signal: None,
        started_at,
        ended_at: None,
        exec_host: None,
        walltime_seconds: Some(60),
        used_walltime_seconds: None,
        used_memory_bytes: None,
        is_delete_requested: false,
        next_look_at: None,
        n_looks: 0,
        attended_by: None,
        end_cause: None,
        run_count: i32::from(started_at.is_some()),
        looking: None,
        subjobs: None,
    }
}

const LETTERS: [&str; 13] = ["Q", "T", "H", "W", "R", "B", "S", "U", "E", "M", "F", "X", "?"];

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

fn some_resolutions() -> Vec<Resolution> {
    let mut all = vec![Resolution::Lost, Resolution::Unknown("refused".to_owned())];
    for name in ["qstat-x-f", "release-23.06.06/qstat-x-f", "qstat-f", "qstat-x-f-depend-notok"] {
        all.extend(read_jobs(&recording(name).stdout).jobs.iter().map(resolve_record));
    }
    for status in [0, 1, 130, 137, 143] {
        all.push(resolve_forgotten(NO_RUNS, Some(&epilogue(status)), None));
    }
    all
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
