//! What a snapshot changes, and how a missing job is resolved.

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb::poller::diff::resolve::resolve;
use pbsweb::poller::diff::{KnownJob, Observed, Resolution, Transition, diff, resolve_missing};
use pbsweb::poller::snapshot::{HostSnapshot, SchedulerStatus};
use pbsweb::scheduler::openpbs::{OpenPbs, read_jobs};
use pbsweb::scheduler::records::{EpilogueFacts, ListingReply, Unavailable};
use pbsweb::scheduler::{JobRecord, Listing, Scheduler};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
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
    assert_eq!(observed.output_path.as_deref(), Some("/home/alice/jobs/run_simple.o1"));
    assert_eq!(observed.used_walltime_seconds, Some(600));
}

fn epilogue(status: i32) -> EpilogueFacts {
    EpilogueFacts {
        began_at: Some(at(0)),
        ended_at: Some(at(5)),
        exit_status: Some(status),
        ..EpilogueFacts::default()
    }
}

#[test]
fn a_missing_job_is_resolved_by_the_scheduler_then_by_itself_then_it_is_lost() {
    let ended = |resolution: Resolution| match resolution {
        Resolution::Ended { end, source, .. } => (end.state, end.exit_status, source),
        other => panic!("{other:?}"),
    };
    let jobs = read_jobs(&recording("qstat-x-f").stdout).jobs;
    let record = |name: &str| jobs.iter().find(|job| job.name == name);
    assert_eq!(
        ended(resolve_missing(record("f_exit3"), false, Some(&epilogue(0)))),
        (JobState::Failed, Some(3), StateSource::Accounting)
    );
    assert_eq!(
        ended(resolve_missing(record("after_ok"), false, None)),
        (JobState::Deleted, None, StateSource::Accounting)
    );
    assert!(matches!(
        resolve_missing(record("held_job"), false, Some(&epilogue(0))),
        Resolution::Present { state: JobState::Held, .. }
    ));
    for (status, state) in [(0, JobState::Completed), (1, JobState::Failed), (143, JobState::Failed)] {
        let found = ended(resolve_missing(None, true, Some(&epilogue(status))));
        assert_eq!(found, (state, Some(status), StateSource::Epilogue));
    }
    assert_eq!(resolve_missing(None, true, None), Resolution::Lost);
    let running = EpilogueFacts { ended_at: None, exit_status: None, ..epilogue(0) };
    assert_eq!(resolve_missing(None, true, Some(&running)), Resolution::Lost);
    assert_eq!(resolve_missing(None, false, Some(&epilogue(0))), Resolution::Unknown);
}

#[test]
fn the_look_up_of_finished_jobs_asks_the_scheduler_and_the_jobs_folders() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake_recorded(
            "qstat",
            &[("-x -f 71.vm 9.vm", "qstat-x-f-undelivered"), ("-x -f 99999.vm", "qstat-x-unknown")],
        );
        let jobs: [(JobId, PbsJobId); 2] =
            [(id(1), "71.vm".parse().unwrap()), (id(2), "9.vm".parse().unwrap())];
        let ask = |jobs: &[(JobId, PbsJobId)]| {
            let command = OpenPbs.finished(&account.site(), &marker(), jobs).unwrap();
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
            (reply.epilogues[0].1.exit_status, reply.epilogues[0].1.ended_at),
            (Some(3), Some(at(60))),
            "{shell:?}"
        );
        // Run again: what the first run left is not the end.
        std::fs::write(folder.join("begun"), "started 1800000100\n").unwrap();
        assert_eq!(ask(&gone).epilogues[0].1.exit_status, None, "{shell:?}");

        // An array: its end is that of all its subjobs.
        let array = [(id(4), "7[].vm".parse().unwrap())];
        let folder = account.job_folder(id(4));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("script"), "#!/bin/bash\n#PBS -N a\n#PBS -J 1-3%2\n").unwrap();
        account.fake("qstat", "echo 'qstat: Unknown Job Id 7[].vm' >&2; exit 153");
        let resolved = || {
            let reply = ask(&array);
            resolve(id(4), &array[0].1, &reply)
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
        assert!(OpenPbs.finished(&account.site(), &marker(), &[]).is_err());
    }
}

fn any_state() -> impl Strategy<Value = JobState> {
    prop::sample::select(JobState::ALL.to_vec())
}

proptest! {
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
