//! Steering jobs: every action, the scheduler's refusals, many jobs at once, and days on which answers are lost.

mod bad_days;
mod many;
mod one;

use pbsweb_e2e::{Answer, TestApp, User};
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem, JobActionRun};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_sim::SimHost;
use reqwest::Method;
use serde_json::Value;

/// An operator of the scheduler, for what owners may not do.
async fn with_operator() -> (TestApp, User) {
    let app = TestApp::with(|setup| setup.sim.operators = vec!["ada".to_owned()]).await;
    let user = app.ready_user("ada").await;
    (app, user)
}

async fn ask(user: &User, job: JobId, verb: &str, body: Value) -> Answer {
    user.post(&format!("/jobs/{job}/{verb}"), &body).await
}

/// Does something, and insists that the scheduler took it.
async fn act(user: &User, job: JobId, verb: &str, body: Value) -> JobActionItem {
    let item: JobActionItem = ask(user, job, verb, body).await.expect(202).json();
    assert_eq!(item.outcome, ActionOutcome::Done, "{item:#?}");
    item
}

async fn ask_with_key(user: &User, key: &str, path: &str, body: &Value) -> Answer {
    user.send(user.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

/// An action on many jobs, at its end.
async fn act_on_many(user: &User, body: &Value) -> JobActionRun {
    let run: JobActionRun = user.post("/job-actions", body).await.expect(202).json();
    finished(user, run.id).await
}

async fn finished(user: &User, action: ActionId) -> JobActionRun {
    // Some are for ten thousand jobs.
    pbsweb_e2e::eventually_within(4 * pbsweb_e2e::PATIENCE, "the action is finished", || async {
        let run: JobActionRun = user.read(&format!("/job-actions/{action}?wait=5")).await;
        run.finished_at.is_some().then_some(run)
    })
    .await
}

async fn items(user: &User, action: ActionId) -> Vec<JobActionItem> {
    let page: Page<JobActionItem> = user.read(&format!("/job-actions/{action}/items?limit=200")).await;
    page.items
}

/// Waits until a job's processes are there: before that the scheduler refuses signals (substate 41).
async fn wait_running(app: &TestApp, user: &User, job: &Job) {
    user.wait_state(job.id, JobState::Running).await;
    pbsweb_e2e::until("its processes are there", || at_scheduler(&app.sim, job).run.session.is_some()).await;
}

/// The job as the scheduler has it.
fn at_scheduler(sim: &SimHost, job: &Job) -> pbsweb_sim::Job {
    let number: u64 =
        job.pbs_id.as_ref().unwrap().as_str().split(['.', '[']).next().unwrap().parse().unwrap();
    sim.known_jobs().into_iter().find(|known| known.sequence == number).unwrap()
}
