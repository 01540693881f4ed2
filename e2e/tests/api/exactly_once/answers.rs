//! Repeated requests, and what `qsub` may answer.

use futures_util::future::join_all;
use pbsweb_e2e::TestApp;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::Fault;

use super::{end_lease, n_accepted, only_folders_of};

#[tokio::test]
async fn the_same_key_many_times_at_once_is_one_job() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let request = user.job("true");
    let answers = join_all((0..8).map(|_| user.try_submit("the-same-key", 60, &request))).await;
    let jobs: Vec<Job> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
    assert!(jobs.iter().all(|job| job.id == jobs[0].id), "{jobs:#?}");
    user.wait_ended(jobs[0].id).await;
    assert_eq!(app.sim.jobs().len(), 1);
    assert_eq!(app.sim.command_count("qsub"), 1);
    let again: Job = user.try_submit("the-same-key", 0, &request).await.expect(201).json();
    assert_eq!((again.id, again.state), (jobs[0].id, JobState::Completed), "a repeat shows how it stands");
    assert_eq!(user.read::<Page<Job>>("/jobs").await.items.len(), 1);
    only_folders_of(&app.sim, "ada", &[jobs[0].id]).await;
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first: Job = user.try_submit("key", 60, &user.job("echo one")).await.expect(201).json();
    user.try_submit("key", 60, &user.job("echo two")).await.problem(ProblemCode::IdempotencyKeyReused);
    user.wait_ended(first.id).await;
    assert_eq!(app.sim.jobs().len(), 1);
    // Another user's keys are another user's.
    let other = app.ready_user("bob").await;
    let theirs: Job = other.try_submit("key", 60, &other.job("echo two")).await.expect(201).json();
    assert_ne!(theirs.id, first.id);
    assert_eq!(n_accepted(&app.sim, theirs.id), 1);
}

#[tokio::test]
async fn a_key_is_needed_and_has_to_be_plain() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let request = user.job("true");
    user.post("/jobs", &request).await.field(ProblemCode::Invalid, "/headers/Idempotency-Key");
    for key in ["", "two words", &"k".repeat(201)] {
        user.try_submit(key, 0, &request).await.field(ProblemCode::Invalid, "/headers/Idempotency-Key");
    }
    assert!(user.read::<Page<Job>>("/jobs").await.items.is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_in_the_schedulers_own_words() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let words = "Job violates queue and/or server resource limits";
    app.sim.faults().arm_times(Fault::SubmitRefused { text: words.to_owned(), status: 188 }, 1);
    let request = user.job("true");
    let job: Job = user.try_submit("refused", 60, &request).await.expect(201).json();
    assert_eq!((job.state, job.source), (JobState::Rejected, StateSource::Submission), "{job:#?}");
    let reason = job.reason.clone().unwrap();
    assert!(reason.contains(words) && reason.contains("188"), "{reason}");
    assert!(job.ended_at.is_some());
    // The repeat gets the same answer; it is no second try.
    let again: Job = user.try_submit("refused", 60, &request).await.expect(201).json();
    assert_eq!(again, job);
    assert_eq!((app.sim.command_count("qsub"), app.sim.jobs().len()), (1, 0));
    user.get(&format!("/jobs/{}/output/stdout", job.id)).await.problem(ProblemCode::NotFound);
    user.post_empty(&format!("/jobs/{}/delete", job.id)).await.problem(ProblemCode::StateForbids);
}

#[tokio::test]
async fn a_qsub_that_says_nothing_is_found_by_its_tag() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm_times(Fault::SubmitSilent, 1);
    let job = user.submit(&user.job("sleep 1; exit 0")).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!(ended.state, JobState::Completed, "{ended:#?}");
    assert_eq!(n_accepted(&app.sim, job.id), 1);
}

#[tokio::test]
async fn a_scheduler_that_is_down_may_be_asked_again_later() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm(Fault::ServerDown);
    let job = user.submit(&user.job("true")).await;
    super::assert_unknown(&job);
    assert!(job.reason.is_some(), "it says why: {job:#?}");
    let looking = job.looking.clone().expect("it says that it is looked for");
    assert!(looking.tries >= 1 && looking.next_try_at.is_some(), "{looking:#?}");
    assert!(looking.last_try.contains("cannot connect to server"), "{looking:#?}");
    app.sim.faults().clear();
    end_lease(&app, job.id).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!(ended.state, JobState::Completed, "{ended:#?}");
    assert_eq!(n_accepted(&app.sim, job.id), 1);
}
