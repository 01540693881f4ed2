//! Jobs really run: where, with what, how long, and how they end.

use pbsweb_sim::{Job, Queue};

use crate::host::TestHost;

fn with_history() -> TestHost {
    TestHost::with(|config| config.history = true)
}

#[tokio::test]
async fn a_job_runs_in_its_home_with_its_variables_and_delivers_its_output() {
    let test = TestHost::new();
    test.write("sub/note", "");
    let id = test.run(
        "cd sub && qsub -N first -v PBSWEB_JOB=abc -l select=1:ncpus=2 <<'E'\n#!/bin/bash\npwd; umask\n\
         echo $PBSWEB_JOB $PBS_JOBID $PBS_JOBNAME $PBS_QUEUE $PBS_O_WORKDIR $NCPUS $(wc -l < $PBS_NODEFILE)\n\
         echo to-errors >&2\nE",
    );
    test.wait_for_state(&id, None).await;
    let home = test.host.home("alice").display().to_string();
    assert_eq!(test.read("sub/first.o1"), format!("{home}\n0077\nabc 1.vm first workq {home}/sub 2 1\n"));
    assert_eq!(test.read("sub/first.e1"), "to-errors\n");
    assert_eq!(mode(&test, "sub/first.o1"), 0o600);
    let jobs = test.host.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].variable("PBSWEB_JOB"), Some("abc"));
    assert_eq!(test.host.command_count("qsub"), 1);
}

fn mode(test: &TestHost, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(test.host.home("alice").join(name)).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn finished_jobs_are_forgotten_at_once_unless_history_is_on() {
    let test = TestHost::new();
    let id = test.submit("", "exit 3");
    test.wait_for_state(&id, None).await;
    let output = test.run_as("alice", &format!("qstat -x {id}"));
    assert_eq!(output.status.code(), Some(153));
    test.host.set_history(true);
    let id = test.submit("", "exit 3");
    test.wait_for_state(&id, Some('F')).await;
    assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some("3"));
}

#[tokio::test]
async fn exit_statuses_and_substates_are_those_of_the_recordings() {
    let test = with_history();
    for (script, status, substate) in [
        ("exit 0", "0", "92"),
        ("exit 3", "3", "93"),
        ("exit 255", "255", "93"),
        ("exit 300", "44", "93"),
        ("#!/bin/bash\nkill -9 $$", "137", "93"),
        ("#!/bin/bash\nkill -SEGV $$", "139", "93"),
        ("#!/no/such/shell\ntrue", "127", "93"),
    ] {
        let id = test.submit("", script);
        test.wait_for_state(&id, Some('F')).await;
        assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some(status), "{script}");
        assert_eq!(test.attribute(&id, "substate").as_deref(), Some(substate), "{script}");
    }
}

#[tokio::test]
async fn a_job_over_its_walltime_is_killed() {
    let test = with_history();
    let id = test.submit("-N wall -l walltime=1", "sleep 1000 & sleep 1000");
    test.wait_for_state(&id, Some('F')).await;
    assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some("-29"));
    let comment = test.attribute(&id, "comment").unwrap();
    assert!(comment.ends_with("and exceeded resource walltime"), "{comment}");
    let errors = test.read("wall.e1");
    assert!(errors.contains("=>> PBS: job killed: walltime 1 exceeded limit 1"), "{errors}");
}

#[tokio::test]
async fn a_deleted_job_gets_sigterm_and_then_sigkill() {
    let test = with_history();
    let polite = test.submit("-N polite", "#!/bin/bash\necho ready\nsleep 1000");
    let stubborn = test.submit(
        "-N stubborn -k oed -j oe",
        "#!/bin/bash\ntrap '' TERM\necho ready\nwhile true; do sleep 1; done",
    );
    test.wait("the stubborn job to be ready", |t| {
        std::fs::read_to_string(t.host.home("alice").join("stubborn.o2"))
            .is_ok_and(|text| text.contains("ready"))
    })
    .await;
    test.wait("the first to have a session", |t| t.attribute(&polite, "session_id").is_some()).await;
    test.run(&format!("qdel {polite} {stubborn}"));
    for id in [&polite, &stubborn] {
        test.wait_for_state(id, Some('F')).await;
        let status = test.attribute(id, "Exit_status").unwrap();
        assert!(["271", "143"].contains(&status.as_str()), "{status}");
        assert_eq!(test.attribute(id, "substate").as_deref(), Some("91"));
        assert!(test.attribute(id, "comment").unwrap().ends_with("and terminated by alice@vm"));
    }
}

#[tokio::test]
async fn a_job_deleted_before_it_ran_has_no_exit_status() {
    let test = with_history();
    let id = test.submit("-h", "true");
    test.run(&format!("qdel {id}"));
    test.wait_for_state(&id, Some('F')).await;
    assert_eq!(test.attribute(&id, "Exit_status"), None);
    assert_eq!(test.attribute(&id, "substate").as_deref(), Some("91"));
    assert_eq!(test.run_as("alice", &format!("qdel -x {id}")).status.code(), Some(0));
    test.wait_for_state(&id, None).await;
}

#[tokio::test]
async fn output_in_place_can_be_followed_and_k_oe_lands_in_the_home() {
    let test = TestHost::new();
    test.write("sub/note", "");
    let live = test.run("cd sub && echo 'echo begun; sleep 1000' | qsub -k oed -j oe -o live.txt");
    test.wait("the first line", |t| {
        std::fs::read_to_string(t.host.home("alice").join("sub/live.txt")).is_ok_and(|text| text == "begun\n")
    })
    .await;
    test.run(&format!("qdel {live}"));
    let kept = test.run("cd sub && echo 'echo kept' | qsub -N kept -k oe");
    test.wait_for_state(&kept, None).await;
    assert_eq!(test.read("kept.o2"), "kept\n");
    let folder = test.run("echo 'echo in folder' | qsub -j oe -o $HOME/sub");
    test.wait_for_state(&folder, None).await;
    assert_eq!(test.read("sub/3.vm.OU"), "in folder\n");
}

#[tokio::test]
async fn output_that_cannot_be_delivered_is_left_behind() {
    let test = with_history();
    let id = test.submit("-j oe -o /no/such/folder/x", "echo lost");
    test.wait_for_state(&id, Some('F')).await;
    assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some("0"));
    assert_eq!(test.attribute(&id, "Stageout_status").as_deref(), Some("0"));
    let left = test.host.dir().join("site/undelivered/1.vm.OU");
    assert_eq!(std::fs::read_to_string(left).unwrap(), "lost\n");
}

#[tokio::test]
async fn an_array_runs_each_index_and_ends_as_a_whole() {
    let test = with_history();
    let id =
        test.submit("-N sweep -J 1-7:3", "echo $PBS_ARRAY_INDEX $PBS_ARRAY_ID; [ $PBS_ARRAY_INDEX != 4 ]");
    assert_eq!(id, "1[].vm");
    test.wait_for_state(&id, Some('F')).await;
    for index in [1, 4, 7] {
        assert_eq!(test.read(&format!("sweep.o1.{index}")), format!("{index} 1[].vm\n"));
    }
    assert_eq!(test.attribute(&id, "substate").as_deref(), Some("93"));
    assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some("0"));
    assert_eq!(test.attribute("1[4]", "Exit_status").as_deref(), Some("1"));
    assert_eq!(test.attribute(&id, "array_indices_submitted").as_deref(), Some("1-7:3"));
}

#[tokio::test]
async fn an_array_can_be_deleted_whole_and_in_parts() {
    let test = with_history();
    let id = test.submit("-N sweep -J 1-9", "sleep 1000");
    test.wait("four subjobs to run", |t| {
        let runs = |job: &Job| {
            job.array.iter().flat_map(|a| a.subjobs.values()).filter(|r| r.session.is_some()).count()
        };
        t.host.known_jobs().iter().map(runs).sum::<usize>() == 4
    })
    .await;
    test.run("qdel '1[8-9]' '1[1]'");
    test.wait("the fifth to take the place of the first", |t| {
        t.host.known_jobs()[0].run_of(Some(5)).is_some_and(|run| run.session.is_some())
    })
    .await;
    test.run("qdel '1[]'");
    test.wait_for_state(&id, Some('F')).await;
    assert_eq!(test.attribute(&id, "substate").as_deref(), Some("91"));
    assert_eq!(test.attribute(&id, "Exit_status").as_deref(), Some("1"));
}

#[tokio::test]
async fn dependencies_start_release_and_remove_jobs() {
    let test = with_history();
    let good = test.submit("-h", "exit 0");
    let bad = test.submit("-h", "exit 1");
    let after_good = test.submit(&format!("-W depend=afterok:{good}"), "true");
    let after_bad = test.submit(&format!("-W depend=afterok:{bad}"), "true");
    let not_ok = test.submit(&format!("-W depend=afternotok:{bad}"), "true");
    let chained = test.submit(&format!("-W depend=afterany:{after_bad}"), "true");
    assert_eq!(test.attribute(&after_good, "substate").as_deref(), Some("22"));
    assert_eq!(test.attribute(&after_good, "Hold_Types").as_deref(), Some("s"));
    test.run(&format!("qrls {good} {bad}"));
    for id in [&good, &bad, &after_good, &after_bad, &not_ok, &chained] {
        test.wait_for_state(id, Some('F')).await;
    }
    assert_eq!(test.attribute(&after_good, "Exit_status").as_deref(), Some("0"));
    assert_eq!(test.attribute(&not_ok, "Exit_status").as_deref(), Some("0"));
    assert_eq!(test.attribute(&chained, "Exit_status").as_deref(), Some("0"));
    // Removed: it looks finished and has no exit status.
    assert_eq!(test.attribute(&after_bad, "Exit_status"), None);
    assert_eq!(test.attribute(&after_bad, "substate").as_deref(), Some("92"));
    let unknown = test.submit("-W depend=afterok:99999", "true");
    test.wait_for_state(&unknown, Some('F')).await;
}

#[tokio::test]
async fn jobs_wait_for_processors_by_priority_and_start_when_they_are_free() {
    let test = TestHost::new();
    let first = test.submit("-l select=1:ncpus=4", "sleep 1000");
    test.wait("the first to run", |t| t.host.job_state(&first) == Some('R')).await;
    let low = test.submit("-l select=1:ncpus=4", "sleep 1000");
    let high = test.submit("-p 5 -l select=1:ncpus=4", "sleep 1000");
    let never = test.submit("-l select=1:ncpus=400", "true");
    test.wait("comments", |t| {
        let comment = |id| t.run(&format!("qstat -f -w {id} | grep comment || true"));
        comment(&low).contains("Not Running: Not enough free nodes available")
            && comment(&never)
                .contains("Can Never Run: Insufficient amount of resource: ncpus (R: 400 A: 4 T: 4)")
    })
    .await;
    test.wait("a session", |t| t.run(&format!("qstat -f {first}")).contains("session_id")).await;
    test.run(&format!("qdel {first}"));
    test.wait_for_state(&high, Some('R')).await;
    assert_eq!(test.host.job_state(&low), Some('Q'));
}

#[tokio::test]
async fn holds_waiting_times_and_alterations_take_effect() {
    let test = TestHost::new();
    test.host.set_scheduling(false);
    let id = test.submit("-N one -l walltime=00:10:00", "true");
    test.run(&format!("qhold {id}"));
    assert_eq!(test.host.job_state(&id), Some('H'));
    test.run(&format!("qrls {id}"));
    assert_eq!(test.host.job_state(&id), Some('Q'));
    test.run(&format!("qalter -N two -l walltime=90:00 -p 7 {id}"));
    let listing = test.run(&format!("qstat -f {id}"));
    for line in ["Job_Name = two", "Resource_List.walltime = 01:30:00", "Priority = 7", "/one.o1"] {
        assert!(listing.contains(line), "{line} not in {listing}");
    }
    assert_eq!(test.run("qselect -N two"), id);
    assert_eq!(test.run("qselect -u bob"), "");
    assert_eq!(test.run("qselect -s Q"), id);
    let late = test.submit("-a 203012312359", "true");
    assert_eq!(test.host.job_state(&late), Some('W'));
    test.run(&format!("qmove sequential {id} || true"));
    assert_eq!(test.run("qselect -q sequential"), id);
}

#[tokio::test]
async fn signals_reach_the_processes_of_a_job() {
    let test = with_history();
    let id = test.submit(
        "-N sig -k oed",
        "#!/bin/bash\ntrap 'echo caught; exit 7' USR1\necho ready\nwhile true; do sleep 0.05; done",
    );
    test.wait("the trap", |t| {
        std::fs::read_to_string(t.host.home("alice").join("sig.o1")).is_ok_and(|text| text == "ready\n")
    })
    .await;
    // The login shell of the job would die of it as well; signal 0 only asks.
    test.run(&format!("qsig -s 0 {id}"));
    test.run(&format!("qmsg -O 'a message' {id}"));
    assert_eq!(test.read("sig.o1"), "ready\na message\n");
    test.run(&format!("qsig -s SIGUSR1 {id}"));
    test.wait_for_state(&id, Some('F')).await;
}

#[tokio::test]
async fn queues_route_limit_and_give_defaults() {
    let test = TestHost::with(|config| {
        config.queues.push(Queue { max_queued: Some(1), ..Queue::new("small") });
    });
    test.host.set_scheduling(false);
    let one = test.submit("-q routeq -l ncpus=1", "true");
    assert!(test.run(&format!("qstat -f {one}")).contains("queue = sequential"));
    let two = test.submit("-q routeq -l select=2:ncpus=2", "true");
    assert!(test.run(&format!("qstat -f {two}")).contains("queue = parallel"));
    assert!(test.run(&format!("qstat -f {two}")).contains("Resource_List.walltime = 01:00:00"));
    test.submit("-q small", "true");
    let third = test.run_as("alice", "echo true | qsub -q small");
    assert_eq!(third.status.code(), Some(38));
}

#[tokio::test]
async fn what_a_job_leaves_running_ends_with_it() {
    let test = with_history();
    let id = test.submit("-N left -j oe", "sleep 1234567 & echo $!");
    test.wait_for_state(&id, Some('F')).await;
    let pid = test.read("left.o1").trim().to_owned();
    test.wait("the process to be gone", |_| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    })
    .await;
}
