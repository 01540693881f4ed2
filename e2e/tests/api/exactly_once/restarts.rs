//! The server ends in mid-submission and comes back on the same database.

use pbsweb_e2e::{TestApp, User, until};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_sim::Fault;

use super::{assert_unknown, end_lease, n_accepted};

#[derive(Clone, Copy)]
enum End {
    Crash,
    Stop,
}

async fn restart(app: &mut TestApp, user: &User, end: End) -> User {
    match end {
        End::Crash => app.crash_server(),
        End::Stop => app.stop_server().await,
    }
    app.start_server().await;
    app.again(user)
}

/// The scheduler has the job, and its answer never reached the server.
async fn settles_what_was_accepted(end: End) {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let request = user.job("echo once");
    let job: Job = user.try_submit("the-key", 0, &request).await.expect(201).json();
    assert_unknown(&job);
    until("the scheduler has the job", || app.sim.jobs().len() == 1).await;

    let user = restart(&mut app, &user, end).await;
    // The user's program was cut off too and repeats its request.
    let again: Job = user.try_submit("the-key", 0, &request).await.expect(201).json();
    assert_eq!(again.id, job.id);
    app.sim.faults().clear();
    end_lease(&app, job.id).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Completed, Some(0)), "{ended:#?}");
    assert_eq!((n_accepted(&app.sim, job.id), app.sim.jobs().len()), (1, 1));
}

#[tokio::test]
async fn a_crash_after_the_scheduler_took_the_job() {
    settles_what_was_accepted(End::Crash).await;
}

#[tokio::test]
async fn a_stop_after_the_scheduler_took_the_job() {
    settles_what_was_accepted(End::Stop).await;
}

/// `qsub` runs and nobody knows what will come of it: that is said, and nothing is tried again.
#[tokio::test]
async fn a_crash_while_qsub_hangs() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm(Fault::ServerHangs);
    let job: Job = user.try_submit("the-key", 0, &user.job("echo once")).await.expect(201).json();
    until("qsub asks the scheduler", || app.sim.command_count("qsub") == 1).await;
    let user = restart(&mut app, &user, End::Crash).await;
    end_lease(&app, job.id).await;
    assert_unknown(&user.find_job(job.id).await);
    app.sim.faults().clear();
    end_lease(&app, job.id).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!(ended.state, JobState::Completed, "{ended:#?}");
    assert_eq!((n_accepted(&app.sim, job.id), app.sim.command_count("qsub")), (1, 1));
}

/// Jobs and builds that ran on while no server looked are known when one looks again.
#[tokio::test]
async fn what_ended_meanwhile_is_found() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let tree = crate::archive::Tree::new().file(
        "Makefile",
        "all:\n\t@echo one\n\t@while [ ! -e go-on ]; do sleep 0.05; done\n\t@echo two; exit 4\n",
    );
    let application = user.upload("slow", tree.tar()).await;
    let build = user.start_build(application.id).await;
    let job = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 7")).await;
    user.wait_state(job.id, JobState::Running).await;
    let home = app.sim.home("ada");
    until("the build runs", || home.join("pbsweb/slow/Makefile").exists()).await;

    app.crash_server();
    std::fs::write(home.join("go-on"), "").unwrap();
    std::fs::write(home.join("pbsweb/slow/go-on"), "").unwrap();
    until("the job has ended", || app.sim.is_idle()).await;
    app.start_server().await;
    let user = app.again(&user);

    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(7)), "{ended:#?}");
    let (output, build) = user.follow_build(build.id).await;
    assert!(output.starts_with("one\ntwo\n"), "{output:?}");
    assert_eq!(build.state, pbsweb_shared::api::builds::BuildState::Failed);
    assert_eq!(user.read::<Page<Job>>("/jobs").await.items.len(), 1);
}
