//! Jobs that are killed by what they use or by what they run on, and jobs that are run again.

use pbsweb_e2e::{TestApp, User, until};
use pbsweb_shared::api::jobs::{Job, JobEvent, JobSubmit};
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::page::Page;

use super::by_hand;

/// Runs until somebody says that it may end.
fn long(user: &User) -> JobSubmit {
    user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 0")
}

async fn running(app: &TestApp, user: &User, request: &JobSubmit) -> Job {
    let job = user.submit_well(request).await;
    let job = user.wait_state(job.id, JobState::Running).await;
    let begun = app.sim.home(&user.name).join(format!("pbsweb/.jobs/{}/begun", job.id));
    until("its script has begun", || begun.exists() || request.script.without_epilogue).await;
    job
}

async fn events(user: &User, job: &Job) -> Vec<JobEvent> {
    user.read::<Page<JobEvent>>(&format!("/jobs/{}/events", job.id)).await.items
}

#[tokio::test]
async fn a_job_over_its_memory_is_told_apart_where_jobs_are_forgotten_and_where_they_are_kept() {
    for (is_kept, exit_status, source) in
        [(false, None, StateSource::Epilogue), (true, Some(-27), StateSource::Accounting)]
    {
        let app = TestApp::with(|setup| setup.sim.history = is_kept).await;
        let user = app.ready_user("ada").await;
        let job = running(&app, &user, &long(&user)).await;
        app.sim.exceed_memory(job.pbs_id.as_ref().unwrap().as_str());
        let ended = user.wait_ended(job.id).await;
        assert_eq!(
            (ended.state, ended.end_cause, ended.exit_status, ended.source),
            (JobState::Expired, Some(EndCause::Memory), exit_status, source),
            "{ended:#?}"
        );
    }
}

#[tokio::test]
async fn a_job_that_may_not_be_run_again_dies_with_its_node() {
    let app = TestApp::with(|setup| setup.sim.history = true).await;
    let user = app.ready_user("ada").await;
    let mut request = long(&user);
    request.script.rerunnable = "n".to_owned();
    let job = running(&app, &user, &request).await;
    let node = job.exec_host.clone().unwrap();
    app.sim.fail_node(node.split('/').next().unwrap());
    let ended = user.wait_ended(job.id).await;
    assert_eq!(
        (ended.state, ended.end_cause, ended.exit_status),
        (JobState::Failed, Some(EndCause::Node), Some(-20)),
        "{ended:#?}"
    );
}

#[tokio::test]
async fn a_job_whose_node_fails_is_run_again_and_keeps_its_former_run() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = running(&app, &user, &long(&user)).await;
    let started_at = job.started_at.unwrap();
    app.sim.set_scheduling(false);
    let node = job.exec_host.clone().unwrap();
    app.sim.fail_node(node.split('/').next().unwrap());
    let waiting = user.wait_state(job.id, JobState::Queued).await;
    assert_eq!((waiting.started_at, waiting.exec_host, waiting.run_count), (None, None, 1));
    let put_back = events(&user, &job).await.pop().unwrap();
    assert_eq!(
        (put_back.state, put_back.run, put_back.started_at),
        (JobState::Queued, Some(1), Some(started_at)),
        "{put_back:#?}"
    );
    assert!(put_back.ended_at.is_some() && put_back.reason.unwrap().contains("put the job back"));

    app.sim.set_scheduling(true);
    user.wait_state(job.id, JobState::Running).await;
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let ended = user.wait_ended(job.id).await;
    assert_eq!(
        (ended.state, ended.run_count, ended.exit_status),
        (JobState::Completed, 2, Some(0)),
        "{ended:#?}"
    );
    let last = events(&user, &job).await.pop().unwrap();
    assert_eq!((last.run, last.exit_status), (Some(2), Some(0)), "{last:#?}");
}

/// It was ended by SIGTERM to be run again, and noted that; then somebody took it away before it ran again.
#[tokio::test]
async fn the_note_of_a_former_run_ends_no_job() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = running(&app, &user, &long(&user)).await;
    let id = job.pbs_id.clone().unwrap();
    // Notes that a run began are compared with when the job was seen waiting, give or take what clocks differ.
    let begun = app.sim.home("ada").join(format!("pbsweb/.jobs/{}/begun", job.id));
    let note = std::fs::read_to_string(&begun).unwrap();
    app.sim.set_scheduling(false);
    by_hand(&app, "root", "qrerun", &[id.as_str()]);
    let epilogue = begun.with_file_name("epilogue");
    until("it noted its end", || epilogue.exists()).await;
    let began: i64 = note.lines().find_map(|line| line.strip_prefix("started ")?.parse().ok()).unwrap();
    std::fs::write(&begun, format!("started {}\n", began - 60)).unwrap();
    user.wait_state(job.id, JobState::Queued).await;
    by_hand(&app, "ada", "qdel", &[id.as_str()]);
    let lost = user.wait_state(job.id, JobState::Lost).await;
    assert_eq!((lost.exit_status, lost.end_cause), (None, None), "{lost:#?}");
    assert!(lost.looking.is_some());
}

#[tokio::test]
async fn a_signal_that_nobody_sent_through_the_scheduler() {
    let app = TestApp::with(|setup| setup.sim.history = true).await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("kill -9 $$")).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!(
        (ended.state, ended.end_cause, ended.signal),
        (JobState::Failed, Some(EndCause::Signal), Some(9)),
        "{ended:#?}"
    );
}

/// Routing queues hand jobs on, and people move them: the job is the same, under its whole id.
#[tokio::test]
async fn a_job_that_changes_its_queue_is_not_lost() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let mut request = user.job("true");
    request.script.queue = "routeq".to_owned();
    let job = user.submit_well(&request).await;
    let routed =
        user.wait_for("it is routed", job.id, |job| job.queue.as_deref() == Some("sequential")).await;
    assert_eq!((routed.state, &routed.pbs_id), (JobState::Queued, &job.pbs_id), "{routed:#?}");
    by_hand(&app, "ada", "qmove", &["workq", job.pbs_id.as_ref().unwrap().as_str()]);
    let moved = user.wait_for("it is moved", job.id, |job| job.queue.as_deref() == Some("workq")).await;
    assert_eq!((moved.state, &moved.pbs_id), (JobState::Queued, &job.pbs_id), "{moved:#?}");
    app.sim.set_scheduling(true);
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed);
    let states = user.states_of(job.id).await;
    assert!(!states.contains(&JobState::Lost), "{states:?}");
}
