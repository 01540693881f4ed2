//! Faults, one by one: what the other side sees, and that the job is there exactly when it should be.

use std::time::{Duration, Instant};

use pbsweb_sim::{CutPoint, Fault};

use crate::host::TestHost;
use crate::ssh::{Outcome, connect, exec, sign_in, with_key};

/// A small program on standard input that submits and keeps the answer, as a careful client does.
fn program(test: &TestHost) -> String {
    format!(
        "{{\nprintf 'true\\n' > script\n{}/qsub -h -v PBSWEB_JOB=one script > answer.new; mv answer.new answer; \
         cat answer\nexit\n}}\n",
        test.host.bin_dir().display()
    )
}

async fn submit_with(test: &TestHost, at: CutPoint, matching: Option<&str>) -> Outcome {
    let key = with_key(test, "carol", "/bin/bash");
    let handle = sign_in(test, "carol", &key).await;
    test.host.faults().arm_times(Fault::Cut { at, matching: matching.map(str::to_owned) }, 1);
    let outcome = exec(&handle, "exec /bin/sh", program(test).as_bytes()).await;
    assert!(test.host.faults().armed().is_empty());
    test.wait("the connection to be gone", |_| handle.is_closed()).await;
    outcome
}

fn nothing() -> Outcome {
    Outcome { stdout: String::new(), stderr: String::new(), status: None, signal: None }
}

#[tokio::test]
async fn a_cut_before_the_command_leaves_nothing() {
    let test = TestHost::new();
    assert_eq!(submit_with(&test, CutPoint::BeforeExec, Some("qsub")).await, nothing());
    assert!(test.host.jobs().is_empty());
    assert!(!test.host.home("carol").join("script").exists());
}

#[tokio::test]
async fn a_cut_that_waits_for_its_text_lets_others_pass() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let fault = Fault::Cut { at: CutPoint::BeforeExec, matching: Some("qsub".to_owned()) };
    test.host.faults().arm_times(fault.clone(), 1);
    assert_eq!(exec(&handle, "cat", b"something else").await.stdout, "something else");
    assert_eq!(test.host.faults().armed(), [fault]);
}

#[tokio::test]
async fn a_cut_during_or_after_qsub_leaves_the_job_and_the_answer_on_the_host() {
    for at in
        [CutPoint::AfterExecStart, CutPoint::BeforeSubmit, CutPoint::AfterSubmit, CutPoint::BeforeAnswer]
    {
        let test = TestHost::new();
        let matching = (at == CutPoint::AfterExecStart).then_some("exit\n}");
        assert_eq!(submit_with(&test, at, matching).await, nothing(), "{at:?}");
        let answer = test.host.home("carol").join("answer");
        test.wait("the answer on the host", |_| answer.exists()).await;
        assert_eq!(std::fs::read_to_string(&answer).unwrap(), "1.vm\n", "{at:?}");
        let jobs = test.host.jobs();
        assert_eq!(jobs.len(), 1, "{at:?}");
        assert_eq!(jobs[0].variable("PBSWEB_JOB"), Some("one"));
    }
}

#[tokio::test]
async fn refused_silent_and_late_submissions() {
    let test = TestHost::new();
    let faults = test.host.faults();
    faults.arm_times(Fault::SubmitRefused { text: "Job violates limits".to_owned(), status: 188 }, 1);
    let refused = test.run_as("alice", "echo true | qsub");
    assert_eq!(refused.status.code(), Some(188));
    assert_eq!(String::from_utf8_lossy(&refused.stderr), "qsub: Job violates limits\n");
    assert!(test.host.jobs().is_empty());

    faults.arm_times(Fault::SubmitSilent, 1);
    let silent = test.run_as("alice", "echo true | qsub -h");
    assert_eq!((silent.status.code(), silent.stdout.len(), silent.stderr.len()), (Some(0), 0, 0));
    assert_eq!(test.host.jobs().len(), 1);

    faults.arm_times(Fault::Delay { command: Some("qsub".to_owned()), ms: 300 }, 1);
    let start = Instant::now();
    test.submit("-h", "true");
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_submission_that_hangs_is_accepted_and_answered_when_the_fault_ends() {
    let test = TestHost::new();
    test.host.faults().arm(Fault::SubmitHangs);
    let mut child =
        test.command("alice", "echo true | qsub -h").stdout(std::process::Stdio::piped()).spawn().unwrap();
    test.wait("the job to be accepted", |t| t.host.jobs().len() == 1).await;
    assert!(child.try_wait().unwrap().is_none());
    test.host.faults().clear();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"1.vm\n");
}

#[tokio::test]
async fn a_listing_can_hang_and_can_miss_jobs() {
    let test = TestHost::new();
    let first = test.submit("-h", "true");
    test.submit("-h", "true");
    test.host.faults().arm(Fault::ListingHangs);
    let hung = test.run_as("alice", "timeout 0.3 qstat");
    assert_eq!((hung.status.code(), hung.stdout.len()), (Some(124), 0));
    test.host.faults().clear();
    test.host.faults().arm(Fault::JobHidden { id: "1".to_owned() });
    let listing = test.run("qstat");
    assert!(!listing.contains("1.vm") && listing.contains("2.vm"), "{listing}");
    assert_eq!(test.run_as("alice", &format!("qstat {first}")).status.code(), Some(153));
    test.host.faults().clear();
    test.host.faults().arm(Fault::NewJobsHidden { ms: 3_600_000 });
    assert_eq!(test.run("qstat"), "");
    test.host.faults().clear();
    assert!(test.run("qstat").contains("1.vm"));
}

#[tokio::test]
async fn the_control_command_and_the_file_switch_faults() {
    let test = TestHost::new();
    let program = env!("CARGO_BIN_EXE_pbs-sim");
    let folder = test.host.dir().display().to_string();
    test.run(&format!("{program} fault --dir {folder} server-down"));
    let down = test.run_as("alice", "qstat");
    assert_eq!(down.status.code(), Some(255));
    assert_eq!(
        String::from_utf8_lossy(&down.stderr),
        "Connection refused\nqstat: cannot connect to server vm (errno=15010)\n"
    );
    test.run(&format!("{program} fault --dir {folder} clear"));
    assert_eq!(test.run("qstat"), "");
    test.run(&format!("{program} fault --dir {folder} --times 2 cut at=after-submit"));
    assert_eq!(test.host.faults().armed(), [Fault::Cut { at: CutPoint::AfterSubmit, matching: None }]);
    assert_eq!(
        test.run_as("alice", &format!("{program} fault --dir {folder} nonsense")).status.code(),
        Some(1)
    );
    std::fs::write(test.host.dir().join("site/faults.json"), "[{\"fault\": \"server-down\"}]").unwrap();
    assert_eq!(test.run_as("alice", "qstat").status.code(), Some(255));
}

#[tokio::test]
async fn connections_can_be_refused_and_ignored() {
    let test = TestHost::new();
    test.host.faults().arm_times(Fault::ConnectionsRefused, 1);
    assert!(connect(&test).await.is_err());
    test.host.faults().arm_times(Fault::ConnectionsIgnored, 1);
    let ignored = tokio::time::timeout(Duration::from_millis(300), connect(&test)).await;
    assert!(ignored.is_err(), "an ignored connection got an answer");
    assert!(connect(&test).await.is_ok());
}

#[tokio::test]
async fn commands_of_a_host_that_is_gone_cannot_connect() {
    let test = TestHost::new();
    let bin = test.host.bin_dir();
    let TestHost { host, folder } = test;
    host.stop();
    let output = std::process::Command::new(bin.join("qstat")).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    drop(folder);
}
