//! Arrays: each of their jobs has a state of its own, also on a scheduler that forgets them at once.

use pbsweb_e2e::{TestApp, User};
use pbsweb_shared::api::jobs::{Job, JobSubmit, Subjob};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;

use super::by_hand;

fn array(user: &User, range: &str, commands: &str) -> JobSubmit {
    let mut request = user.job(commands);
    request.script.array = range.to_owned();
    request
}

async fn subjobs(user: &User, job: JobId, query: &str) -> Page<Subjob> {
    user.read(&format!("/jobs/{job}/subjobs{query}")).await
}

fn count(job: &Job, state: JobState) -> u32 {
    let counts = job.subjobs.iter().flat_map(|summary| &summary.counts);
    counts.filter(|one| one.state == state).map(|one| one.count).sum()
}

/// Job 2 fails, job 3 is told when it may end.
const COMMANDS: &str =
    "case $PBS_ARRAY_INDEX in 2) exit 7 ;; 3) while [ ! -e go-on ]; do sleep 0.05; done ;; esac; exit 0";

async fn each_of_them_is_known(is_kept: bool) {
    let app = TestApp::with(|setup| setup.sim.history = is_kept).await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&array(&user, "1-3", COMMANDS)).await;
    assert!(job.pbs_id.as_ref().unwrap().as_str().contains("[]."), "{job:#?}");
    let half = user
        .wait_for("two have ended", job.id, |job| {
            count(job, JobState::Completed) == 1 && count(job, JobState::Failed) == 1
        })
        .await;
    assert_eq!((half.state, count(&half, JobState::Running)), (JobState::Running, 1), "{half:#?}");
    assert_eq!(half.subjobs.as_ref().unwrap().total, 3);
    let failed = subjobs(&user, job.id, "?state=failed").await.items;
    assert_eq!((failed[0].index, failed[0].exit_status), (2, Some(7)), "{failed:#?}");

    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.end_cause), (JobState::Failed, Some(EndCause::Subjobs)), "{ended:#?}");
    let source = if is_kept { StateSource::Accounting } else { StateSource::Epilogue };
    assert_eq!(ended.source, source, "{ended:#?}");
    let all = subjobs(&user, job.id, "").await.items;
    let known: Vec<_> = all.iter().map(|one| (one.index, one.state, one.exit_status)).collect();
    assert_eq!(
        known,
        [
            (1, JobState::Completed, Some(0)),
            (2, JobState::Failed, Some(7)),
            (3, JobState::Completed, Some(0))
        ]
    );
    assert!(all.iter().all(|one| one.started_at.is_some() && one.ended_at.is_some()), "{all:#?}");
    assert_eq!((count(&ended, JobState::Completed), count(&ended, JobState::Failed)), (2, 1));
}

#[tokio::test]
async fn where_jobs_are_forgotten() {
    each_of_them_is_known(false).await;
}

#[tokio::test]
async fn where_jobs_are_kept() {
    each_of_them_is_known(true).await;
}

#[tokio::test]
async fn an_array_that_is_deleted_takes_its_jobs_with_it() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&array(&user, "0-8:2", "sleep 600")).await;
    user.wait_for("its jobs run", job.id, |job| count(job, JobState::Running) == 5).await;
    let _ = user.post_empty(&format!("/jobs/{}/delete", job.id)).await.expect(202);
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.end_cause), (JobState::Deleted, Some(EndCause::Deleted)), "{ended:#?}");
    let all = subjobs(&user, job.id, "").await.items;
    assert_eq!(all.iter().map(|one| one.index).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
    assert!(all.iter().all(|one| one.state.has_ended() && one.state != JobState::Completed), "{all:#?}");
}

#[tokio::test]
async fn a_large_array_is_paged_and_not_looked_at_all_the_time() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&array(&user, "1-5000", "true")).await;
    let known = user.wait_for("it was looked at", job.id, |job| job.subjobs.is_some()).await;
    assert_eq!((known.subjobs.as_ref().unwrap().total, count(&known, JobState::Queued)), (5000, 5000));
    let mut indices = Vec::new();
    let mut query = "?limit=200".to_owned();
    loop {
        let page = subjobs(&user, job.id, &query).await;
        indices.extend(page.items.iter().map(|one| one.index));
        let Some(token) = page.next_page_token else { break };
        query = format!("?limit=200&page_token={token}");
    }
    assert_eq!(indices, (1..=5000).collect::<Vec<_>>());
    let foreign = format!("/jobs/{}/subjobs?state=failed&{}", job.id, &query[1..]);
    user.get(&foreign).await.problem(ProblemCode::Invalid);
    // One of its jobs is taken away: the sum in the listing changes, and the next look is due 50 s after the last.
    let looked_at = known.subjobs.unwrap().as_of;
    let id = job.pbs_id.as_ref().unwrap().as_str().replace("[]", "[7]");
    by_hand(&app, "ada", "qdel", &[&id]);
    for _ in 0..3 {
        let seen = user.find_job(job.id).await.as_of;
        user.wait_for("it is listed again", job.id, |job| job.as_of > seen).await;
    }
    assert_eq!(user.find_job(job.id).await.subjobs.unwrap().as_of, looked_at);
}
