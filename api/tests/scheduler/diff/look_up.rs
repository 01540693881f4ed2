//! How a job that is no longer listed ended: by the scheduler's history, its own notes and the accounting.

use std::collections::BTreeMap;

use pbsweb::poller::diff::resolve::{resolve, resolve_forgotten, resolve_record};
use pbsweb::poller::diff::subjobs::look;
use pbsweb::poller::diff::{KnownRuns, Resolution};
use pbsweb::scheduler::openpbs::{OpenPbs, read_jobs};
use pbsweb::scheduler::records::{EpilogueFacts, FinishedReply};
use pbsweb::scheduler::{Command, JobEnd, Scheduler};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::arrays::evidence;
use super::{NO_RUNS, at, epilogue, id, listed};
use crate::programs::{Account, shells};
use crate::recording::{marker, recording};

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
        queue: Some("long".to_owned()),
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
