//! Answers that are lost, servers that die, hosts that are away, jobs that ended a moment ago.

use diesel::RunQueryDsl as _;
use pbsweb_e2e::{TestApp, User, until};
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem, JobActionRun};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::ActionId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::steering::Meaning;
use pbsweb_sim::{CutPoint, Fault};
use serde_json::json;

use super::{act_on_many, ask, ask_with_key, finished, items};

const WAIT: &str = "while [ ! -e go-on ]; do sleep 0.05; done";

async fn running_job(app: &TestApp) -> (User, Job) {
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job(WAIT)).await;
    super::wait_running(app, &user, &job).await;
    (user, job)
}

/// Changes an action's rows, as time or a crash would.
async fn alter_rows(app: &TestApp, action: ActionId, sql: &'static str) {
    let store = app.inside().store.clone();
    let n = store
        .query(move |connection| {
            let id = action.as_uuid();
            diesel::sql_query(sql).bind::<diesel::sql_types::Uuid, _>(id).execute(connection)
        })
        .await
        .unwrap();
    assert_eq!(n, 1, "{sql}");
}

/// Lets the reconciler take an action on now instead of when its lease has run out.
async fn end_lease(app: &TestApp, action: ActionId) {
    alter_rows(app, action, "UPDATE job_actions SET next_look_at = now() WHERE id = $1").await;
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_asked_for_again() {
    for at in [CutPoint::BeforeSubmit, CutPoint::AfterSubmit] {
        let app = TestApp::start().await;
        let (user, job) = running_job(&app).await;
        app.sim.faults().arm_times(Fault::Cut { at, matching: None }, 1);
        let item: JobActionItem = ask(&user, job.id, "delete", json!({})).await.expect(202).json();
        assert!(app.sim.faults().armed().is_empty(), "the cut never happened");
        assert_ne!(item.outcome, ActionOutcome::Done, "nobody said that it was done: {item:#?}");
        finished(&user, item.action).await;
        assert_eq!(items(&user, item.action).await[0].outcome, ActionOutcome::Done, "{at:?}");
        assert_eq!(user.wait_ended(job.id).await.state, JobState::Deleted, "{at:?}");
    }
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_not_sent_twice() {
    for (at, n_lines) in [(CutPoint::BeforeSubmit, 1), (CutPoint::AfterSubmit, 1)] {
        let app = TestApp::start().await;
        let (user, job) = running_job(&app).await;
        app.sim.faults().arm_times(Fault::Cut { at, matching: None }, 1);
        let path = format!("/jobs/{}/message", job.id);
        let body = json!({ "text": "are you there" });
        let item: JobActionItem = ask_with_key(&user, "m", &path, &body).await.expect(202).json();
        assert_eq!(item.outcome, ActionOutcome::Unknown, "{at:?} {item:#?}");
        assert!(item.words.as_ref().unwrap().contains("not known"), "{item:#?}");
        let again: JobActionItem = ask_with_key(&user, "m", &path, &body).await.expect(202).json();
        assert_eq!((again.action, again.outcome), (item.action, ActionOutcome::Unknown));
        std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
        user.wait_ended(job.id).await;
        assert!(user.stdout_of(job.id).await.matches("are you there").count() <= n_lines);
        assert_eq!(app.sim.command_count("qmsg"), 1);
    }
}

#[tokio::test]
async fn what_a_dead_server_left_is_taken_on_by_the_next() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let jobs = [user.submit_well(&user.job("true")).await, user.submit_well(&user.job("true")).await];
    app.sim.faults().arm(Fault::Delay { command: Some("qhold".to_owned()), ms: 600_000 });
    let wish =
        json!({ "action": { "type": "hold" }, "jobs": jobs.iter().map(|job| job.id).collect::<Vec<_>>() });
    let run: JobActionRun = user.post("/job-actions", &wish).await.expect(202).json();
    until("it has left", || app.sim.command_count("qhold") == 1).await;
    app.crash_server();
    app.sim.faults().clear();
    app.start_server().await;
    let user = app.again(&user);
    end_lease(&app, run.id).await;
    let run = finished(&user, run.id).await;
    assert_eq!(run.count(ActionOutcome::Done), 2, "{run:#?}");
    for job in &jobs {
        user.wait_state(job.id, JobState::Held).await;
    }
}

#[tokio::test]
async fn a_signal_that_a_dead_server_sent_is_not_known() {
    let mut app = TestApp::start().await;
    let (user, job) = running_job(&app).await;
    app.sim.faults().arm(Fault::Delay { command: Some("qsig".to_owned()), ms: 600_000 });
    let wish = json!({ "action": { "type": "signal", "signal": "SIGUSR1" }, "jobs": [job.id] });
    let run: JobActionRun = user.post("/job-actions", &wish).await.expect(202).json();
    until("it has left", || app.sim.command_count("qsig") == 1).await;
    app.crash_server();
    app.sim.faults().clear();
    app.start_server().await;
    let user = app.again(&user);
    end_lease(&app, run.id).await;
    finished(&user, run.id).await;
    let item = items(&user, run.id).await.remove(0);
    assert_eq!(item.outcome, ActionOutcome::Unknown, "{item:#?}");
    assert_eq!(app.sim.command_count("qsig"), 1);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
}

#[tokio::test]
async fn what_nobody_was_at_for_long_is_not_done_any_more() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    let held = super::act(&user, job.id, "hold", json!({})).await;
    // As if the server had died between storing and sending, an hour ago.
    let unsent = "UPDATE job_action_items SET outcome = 'requested' WHERE action_id = $1";
    alter_rows(&app, held.action, unsent).await;
    let since =
        "UPDATE job_actions SET finished_at = NULL, next_look_at = now() - interval '1 hour' WHERE id = $1";
    alter_rows(&app, held.action, since).await;
    app.stop_server().await;
    app.start_server().await;
    let user = app.again(&user);
    finished(&user, held.action).await;
    let item = items(&user, held.action).await.remove(0);
    assert_eq!(item.outcome, ActionOutcome::NotSent, "{item:#?}");
    assert_eq!(app.sim.command_count("qhold"), 1);
}

#[tokio::test]
async fn hosts_that_are_away_are_said_to_be() {
    let app = TestApp::start().await;
    let (user, job) = running_job(&app).await;
    let wish = json!({ "action": { "type": "delete" }, "jobs": [job.id] });
    // The scheduler is down: the request never arrived there.
    app.sim.faults().arm(Fault::ServerDown);
    let run = act_on_many(&user, &wish).await;
    let item = items(&user, run.id).await.remove(0);
    assert_eq!((item.outcome, item.meaning), (ActionOutcome::Refused, Some(Meaning::ServerUnreachable)));
    assert!(item.words.as_ref().unwrap().starts_with("Connection refused"), "{item:#?}");
    app.sim.faults().clear();
    // The host is off: nothing leaves, and nothing follows when it is back.
    let path = format!("/hosts/{}", user.host);
    let _ = app.admin.patch(&path, &json!({ "is_enabled": false })).await.expect(200);
    let served = app.sim.command_count("qdel");
    let run = act_on_many(&user, &wish).await;
    let item = items(&user, run.id).await.remove(0);
    assert_eq!(item.outcome, ActionOutcome::NotSent);
    assert!(item.words.as_ref().unwrap().contains("switched off"), "{item:#?}");
    ask(&user, job.id, "delete", json!({})).await.problem(ProblemCode::StateForbids);
    let _ = app.admin.patch(&path, &json!({ "is_enabled": true })).await.expect(200);
    assert_eq!(app.sim.command_count("qdel"), served);
    super::act(&user, job.id, "delete", json!({})).await;
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Deleted);
}

#[tokio::test]
async fn a_job_that_ended_a_moment_ago_is_said_to_have() {
    let app = TestApp::with(|setup| setup.sim.history = true).await;
    let (user, job) = running_job(&app).await;
    // It ends, and nobody is told.
    app.sim.faults().arm(Fault::ListingHangs);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    until("it has ended", || app.sim.is_idle()).await;
    for (verb, body) in [
        ("delete", json!({})),
        ("hold", json!({})),
        ("signal", json!({ "signal": "SIGTERM" })),
        ("message", json!({ "text": "hello" })),
    ] {
        let problem = ask(&user, job.id, verb, body).await.problem(ProblemCode::StateForbids);
        assert!(problem.detail.as_ref().unwrap().contains("Job has finished"), "{verb} {problem:?}");
    }
    app.sim.faults().clear();
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed, "no deletion was accepted");
    let runs: Page<JobActionRun> = user.read("/job-actions").await;
    assert!(runs.items.iter().all(|run| run.count(ActionOutcome::Refused) == 1), "{runs:#?}");
}
