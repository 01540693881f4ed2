//! Many jobs at once: a selection, a filter, partial success, undo, ten thousand.

use diesel::RunQueryDsl as _;
use futures_util::future::join_all;
use pbsweb_e2e::TestApp;
use pbsweb_shared::api::job_actions::{
    ActionOutcome, JobActionItem, JobActionPreview, JobActionRun, OutcomeCount,
};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use serde_json::json;

use super::{act_on_many, ask_with_key, finished, items};

fn outcomes(run: &JobActionRun) -> Vec<(ActionOutcome, u32)> {
    run.outcomes.iter().map(|OutcomeCount { outcome, n_jobs }| (*outcome, *n_jobs)).collect()
}

#[tokio::test]
async fn a_filter_is_previewed_then_acted_on_and_taken_back() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let jobs: Vec<Job> = join_all((0..7).map(|_| async { user.submit_well(&user.job("true")).await })).await;
    for job in &jobs {
        user.wait_for("its queue is known", job.id, |job| job.queue.is_some()).await;
    }
    let gone = jobs[0].id;
    super::act(&user, gone, "delete", json!({})).await;
    user.wait_ended(gone).await;
    for (filter, n_jobs) in [
        (json!({ "queue": "workq", "script": jobs[0].script, "since": "2020-01-01T00:00:00Z" }), 7),
        (json!({ "revision": jobs[0].revision, "until": "2100-01-01T00:00:00Z" }), 7),
        (json!({ "queue": "elsewhere" }), 0),
        (json!({ "exit_status": 3 }), 0),
        (json!({ "until": "2020-01-01T00:00:00Z" }), 0),
        (json!({ "since": "2100-01-01T00:00:00Z" }), 0),
    ] {
        let wish = json!({ "action": { "type": "hold" }, "filter": filter });
        let preview: JobActionPreview = user.post("/job-actions/preview", &wish).await.expect(200).json();
        assert_eq!(preview.n_jobs, n_jobs, "{filter}");
    }
    let mut wish = json!({ "action": { "type": "hold" }, "filter": { "host": user.host } });
    let preview: JobActionPreview = user.post("/job-actions/preview", &wish).await.expect(200).json();
    assert_eq!((preview.n_jobs, preview.n_possible, preview.groups.len()), (7, 6, 2), "{preview:#?}");
    let possible = preview.groups.iter().find(|group| group.is_possible).unwrap();
    assert_eq!(possible.words, "it does not start until the hold is taken away");
    let not = preview.items.iter().find(|item| item.job == gone).unwrap();
    assert_eq!((not.is_possible, not.words.as_str()), (false, "the job has ended"));
    assert_eq!(app.sim.command_count("qhold"), 0, "a preview does nothing");

    // What was submitted after the preview is not touched.
    let later = user.submit_well(&user.job("true")).await;
    wish["filter"]["submitted_until"] = json!(preview.as_of);
    let held = act_on_many(&user, &wish).await;
    assert_eq!(outcomes(&held), [(ActionOutcome::Done, 6), (ActionOutcome::Skipped, 1)]);
    assert_eq!(app.sim.command_count("qhold"), 1, "one command for all");
    for job in &jobs[1..] {
        user.wait_state(job.id, JobState::Held).await;
    }
    assert_eq!(user.find_job(later.id).await.state, JobState::Queued);
    let skipped: Page<JobActionItem> =
        user.read(&format!("/job-actions/{}/items?outcome=skipped", held.id)).await;
    assert_eq!(skipped.items.iter().map(|item| item.job).collect::<Vec<_>>(), [gone]);

    let undone: JobActionRun =
        user.post_empty(&format!("/job-actions/{}/undo", held.id)).await.expect(202).json();
    let undone = finished(&user, undone.id).await;
    assert_eq!((undone.undoes, outcomes(&undone)), (Some(held.id), vec![(ActionOutcome::Done, 6)]));
    for job in &jobs[1..] {
        user.wait_state(job.id, JobState::Queued).await;
    }
    let deleted =
        act_on_many(&user, &json!({ "action": { "type": "delete" }, "filter": { "state": "active" } })).await;
    assert_eq!(outcomes(&deleted), [(ActionOutcome::Done, 7)]);
    assert!(deleted.undo.is_none());
    user.post_empty(&format!("/job-actions/{}/undo", deleted.id)).await.problem(ProblemCode::StateForbids);
    for job in jobs.iter().chain([&later]) {
        assert_eq!(user.wait_ended(job.id).await.state, JobState::Deleted);
    }
}

#[tokio::test]
async fn each_job_of_a_selection_has_its_own_result() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    // It waits: only the scheduler will know that the third is gone.
    app.sim.set_history(true);
    let jobs: Vec<Job> = join_all((0..4).map(|_| async { user.submit_well(&user.job("true")).await })).await;
    app.sim.faults().arm(pbsweb_sim::Fault::ListingHangs);
    let id = jobs[2].pbs_id.clone().unwrap();
    let status = std::process::Command::new(app.sim.bin_dir().join("qdel"))
        .arg(id.as_str())
        .env("USER", "ada")
        .env("LOGNAME", "ada")
        .status()
        .unwrap();
    assert!(status.success());
    let wish =
        json!({ "action": { "type": "hold" }, "jobs": jobs.iter().map(|job| job.id).collect::<Vec<_>>() });
    let run = act_on_many(&user, &wish).await;
    app.sim.faults().clear();
    let found: Vec<_> = items(&user, run.id).await.into_iter().map(|item| (item.job, item.outcome)).collect();
    let expected: Vec<_> = jobs
        .iter()
        .enumerate()
        .map(|(i, job)| (job.id, if i == 2 { ActionOutcome::Refused } else { ActionOutcome::Done }))
        .collect();
    assert_eq!(found, expected, "in the order of the request");
    let refused = items(&user, run.id).await.remove(2);
    assert_eq!((refused.status, refused.words.as_deref()), (Some(35), Some("qhold: Job has finished")));
}

#[tokio::test]
async fn what_is_asked_wrongly_touches_nothing() {
    let app = TestApp::start().await;
    let (user, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    let post = |body: serde_json::Value| {
        let user = user.clone();
        async move { user.post("/job-actions", &body).await }
    };
    let hold = json!({ "type": "hold" });
    let theirs = json!({ "action": hold, "jobs": [job.id] });
    bob.post("/job-actions", &theirs).await.field(ProblemCode::Invalid, "/jobs/0");
    bob.post("/job-actions/preview", &theirs).await.field(ProblemCode::Invalid, "/jobs/0");
    let everything = json!({ "action": hold, "filter": {} });
    let run: JobActionRun = bob.post("/job-actions", &everything).await.expect(202).json();
    assert_eq!(run.n_jobs, 0, "nobody's jobs but one's own");
    post(json!({ "action": hold, "jobs": [job.id, job.id] })).await.field(ProblemCode::Invalid, "/jobs/1");
    post(json!({ "action": hold })).await.field(ProblemCode::Invalid, "/jobs");
    post(json!({ "action": hold, "jobs": [job.id], "filter": {} }))
        .await
        .field(ProblemCode::Invalid, "/filter");
    post(json!({ "action": hold, "filter": { "state": "gone" } }))
        .await
        .field(ProblemCode::Invalid, "/filter/state");
    let order = json!({ "type": "order", "with": job.id });
    post(json!({ "action": order, "jobs": [job.id] })).await.field(ProblemCode::Invalid, "/action/type");
    let signal = json!({ "type": "signal", "signal": "$(id)" });
    post(json!({ "action": signal, "jobs": [job.id] })).await.field(ProblemCode::Invalid, "/action/signal");
    post(json!({ "action": { "type": "hold", "knid": "user" }, "jobs": [job.id] }))
        .await
        .problem(ProblemCode::MalformedRequest);
    assert_eq!(app.sim.command_count("qhold"), 0);
    let run = act_on_many(&user, &json!({ "action": hold, "jobs": [job.id] })).await;
    // Another's action is not there.
    for path in [format!("/job-actions/{}", run.id), format!("/job-actions/{}/items", run.id)] {
        bob.get(&path).await.problem(ProblemCode::NotFound);
    }
    bob.post_empty(&format!("/job-actions/{}/undo", run.id)).await.problem(ProblemCode::NotFound);
    let list: Page<JobActionRun> = bob.read("/job-actions").await;
    assert!(list.items.iter().all(|one| one.id != run.id));
}

/// Ten thousand rows, of which the scheduler knows twenty-five: lost ones, which may be deleted if they are still there.
async fn ten_thousand(app: &TestApp, model: &Job) {
    let id = model.id.as_uuid();
    let store = app.inside().store.clone();
    store
        .query(move |connection| {
            diesel::sql_query(
                "INSERT INTO jobs (id, owner_id, session_id, host_id, script_id, revision_id, name, login, state, source, \
                 as_of, pbs_id, submitted_at, is_delete_requested, next_look_at, n_looks) \
                 SELECT gen_random_uuid(), owner_id, session_id, host_id, script_id, revision_id, name, login, 'lost', \
                 source, as_of, n || '.sim', submitted_at - n * interval '1 second', false, now() + interval '1 day', 0 \
                 FROM jobs, generate_series(100, 10074) n WHERE id = $1",
            )
            .bind::<diesel::sql_types::Uuid, _>(id)
            .execute(connection)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn ten_thousand_jobs_at_once() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let jobs: Vec<Job> = join_all((0..25).map(|_| async { user.submit_well(&user.job("true")).await })).await;
    ten_thousand(&app, &jobs[0]).await;
    let wish = json!({ "action": { "type": "delete" }, "filter": { "host": user.host } });
    let preview: JobActionPreview = user.post("/job-actions/preview", &wish).await.expect(200).json();
    assert_eq!((preview.n_jobs, preview.n_possible, preview.items.len()), (10_000, 10_000, 100));
    let begun = std::time::Instant::now();
    let first: JobActionRun = ask_with_key(&user, "all", "/job-actions", &wish).await.expect(202).json();
    println!("10,000 stored in {:?}", begun.elapsed());
    // A double click does it once.
    let again: JobActionRun = ask_with_key(&user, "all", "/job-actions", &wish).await.expect(202).json();
    assert_eq!(first.id, again.id);
    let run = finished(&user, first.id).await;
    println!("10,000 deleted in {:?}", begun.elapsed());
    assert_eq!(outcomes(&run), [(ActionOutcome::Done, 25), (ActionOutcome::Refused, 9975)]);
    assert_eq!(app.sim.command_count("qdel"), 100, "a hundred jobs for each command");
    let mut n_items = 0;
    let mut token = String::new();
    loop {
        let page: Page<JobActionItem> =
            user.read(&format!("/job-actions/{}/items?outcome=refused&limit=200{token}", run.id)).await;
        assert!(page.items.iter().all(|item| item.status == Some(153)
            && item.words.as_ref().is_some_and(|words| words.ends_with(item.pbs_ids[0].as_str()))));
        n_items += page.items.len();
        match page.next_page_token {
            Some(next) => token = format!("&page_token={next}"),
            None => break,
        }
    }
    assert_eq!(n_items, 9975);
    for job in &jobs {
        assert_eq!(user.wait_ended(job.id).await.state, JobState::Deleted);
    }
    // One more is too many.
    user.submit_well(&user.job("true")).await;
    user.post("/job-actions/preview", &wish).await.field(ProblemCode::Invalid, "/filter");
}
