//! Sets of jobs that depend on each other: all of them, or none, whatever dies in between.

use pbsweb::store::job_sets::NextStep;
use pbsweb_e2e::{TestApp, User, eventually, until};
use pbsweb_shared::api::job_sets::{JobSet, JobSetState};
use pbsweb_shared::api::jobs::{Job, JobScriptText};
use pbsweb_shared::ids::JobSetId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use super::{end_lease, n_accepted};

fn entry(user: &User, label: &str, depends: &[(&str, &str)]) -> Value {
    let depends: Vec<Value> = depends.iter().map(|(on, kind)| json!({ "on": on, "type": kind })).collect();
    json!({ "label": label, "submit": user.job(&format!("echo {label} >> order; exit 0")), "depends": depends })
}

/// `b` and `c` wait for `a`, and `d` for both.
fn diamond(user: &User) -> Value {
    let a = entry(user, "a", &[]);
    let b = entry(user, "b", &[("a", "afterok")]);
    let c = entry(user, "c", &[("a", "afterany")]);
    let d = entry(user, "d", &[("b", "afterok"), ("c", "afterok")]);
    json!({ "jobs": [a, b, c, d] })
}

async fn try_submit(user: &User, key: &str, wait: u32, body: &Value) -> pbsweb_e2e::Answer {
    let request = user.request(Method::POST, &format!("/job-sets?wait={wait}"));
    user.send(request.header("Idempotency-Key", key).json(body)).await
}

async fn settled(user: &User, id: JobSetId) -> JobSet {
    eventually("the set is settled", || async {
        let set: JobSet = user.read(&format!("/job-sets/{id}")).await;
        set.state.is_settled().then_some(set)
    })
    .await
}

async fn end_set_lease(app: &TestApp, set: JobSetId) {
    let store = app.inside().store.clone();
    store
        .query(move |connection| {
            let now = NextStep::anybodys(chrono::Utc::now());
            pbsweb::store::job_sets::note_try(connection, set, "", 0, now)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn all_are_accepted_before_one_runs() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let set: JobSet = try_submit(&user, "set", 60, &diamond(&user)).await.expect(201).json();
    assert_eq!((set.state, set.jobs.len(), &set.reason), (JobSetState::Accepted, 4, &None), "{set:#?}");
    let id = |n: usize| set.jobs[n].job.pbs_id.as_ref().unwrap().to_string();
    let mut arguments = Vec::new();
    for member in &set.jobs {
        assert_eq!(
            member.job.set.as_ref().map(|place| (place.id, &place.label)),
            Some((set.id, &member.label))
        );
        let script: JobScriptText = user.read(&format!("/jobs/{}/script", member.job.id)).await;
        arguments.push(script.qsub_arguments.join(" "));
    }
    assert!(arguments[0].ends_with(" -h"), "{arguments:#?}");
    assert!(arguments[1].ends_with(&format!("-W depend=afterok:{}", id(0))), "{arguments:#?}");
    assert!(arguments[2].ends_with(&format!("-W depend=afterany:{}", id(0))), "{arguments:#?}");
    assert!(
        arguments[3].ends_with(&format!("-W depend=afterok:{},afterok:{}", id(1), id(2))),
        "{arguments:#?}"
    );
    for member in &set.jobs {
        let ended = user.wait_ended(member.job.id).await;
        assert_eq!(ended.state, JobState::Completed, "{ended:#?}");
        assert_eq!(n_accepted(&app.sim, ended.id), 1);
    }
    let order = std::fs::read_to_string(app.sim.home("ada").join("order")).unwrap();
    assert!(order.starts_with("a\n") && order.ends_with("d\n"), "{order}");
    // The same wish again, and another under its key.
    let again: JobSet = try_submit(&user, "set", 0, &diamond(&user)).await.expect(201).json();
    assert_eq!(again.id, set.id);
    let other = json!({ "jobs": [entry(&user, "x", &[])] });
    try_submit(&user, "set", 0, &other).await.problem(ProblemCode::IdempotencyKeyReused);
    assert_eq!(app.sim.jobs().len(), 4);
}

#[tokio::test]
async fn when_one_is_refused_none_is_left_and_none_has_run() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    // The scheduler takes three jobs of a user and no more.
    app.sim.change_queues(|queues| queues.iter_mut().for_each(|queue| queue.max_queued = Some(3)));
    let set: JobSet = try_submit(&user, "set", 60, &diamond(&user)).await.expect(201).json();
    let set = settled(&user, set.id).await;
    assert_eq!(set.state, JobSetState::TakenBack, "{set:#?}");
    assert!(set.reason.as_ref().is_some_and(|reason| reason.contains("job d is rejected")), "{set:#?}");
    let states: Vec<JobState> = set.jobs.iter().map(|member| member.job.state).collect();
    assert_eq!(
        states,
        [JobState::Deleted, JobState::Deleted, JobState::Deleted, JobState::Rejected],
        "{set:#?}"
    );
    assert!(app.sim.known_jobs().is_empty());
    assert!(set.jobs.iter().all(|member| member.job.started_at.is_none()));
    assert!(!app.sim.home("ada").join("order").exists(), "nothing ran");
}

#[tokio::test]
async fn those_that_were_never_sent_say_so() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let words = "Job violates queue and/or server resource limits";
    app.sim.faults().arm_times(Fault::SubmitRefused { text: words.to_owned(), status: 188 }, 1);
    let set: JobSet = try_submit(&user, "set", 60, &diamond(&user)).await.expect(201).json();
    assert_eq!(set.state, JobSetState::TakenBack, "{set:#?}");
    assert!(set.jobs.iter().all(|member| member.job.state == JobState::Rejected), "{set:#?}");
    let last = set.jobs[3].job.reason.as_ref().unwrap();
    assert!(last.contains("never submitted") && last.contains(words), "{last}");
    assert_eq!((app.sim.jobs().len(), app.sim.command_count("qsub")), (0, 1));
}

/// The first was accepted and its answer never arrived; the server dies, and another goes on.
#[tokio::test]
async fn a_crash_in_the_middle() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm(Fault::SubmitHangs);
    let set: JobSet = try_submit(&user, "set", 0, &diamond(&user)).await.expect(201).json();
    assert_eq!(set.state, JobSetState::Submitting);
    until("the scheduler has the first", || app.sim.jobs().len() == 1).await;
    app.crash_server();
    app.sim.faults().clear();
    app.start_server().await;
    let user = app.again(&user);
    let again: JobSet = try_submit(&user, "set", 0, &diamond(&user)).await.expect(201).json();
    assert_eq!(again.id, set.id);
    end_lease(&app, set.jobs[0].job.id).await;
    end_set_lease(&app, set.id).await;
    let set = settled(&user, set.id).await;
    assert_eq!(set.state, JobSetState::Accepted, "{set:#?}");
    for member in &set.jobs {
        assert_eq!(user.wait_ended(member.job.id).await.state, JobState::Completed);
        assert_eq!(n_accepted(&app.sim, member.job.id), 1);
    }
}

/// All are accepted, and nobody can be asked to take the holds off: that is tried until it is done.
#[tokio::test]
async fn a_scheduler_that_goes_away_before_the_release() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let body = json!({ "jobs": [entry(&user, "a", &[]), entry(&user, "b", &[("a", "afterok")])] });
    // The second's answer is slow; meanwhile the scheduler goes away.
    app.sim.faults().arm(Fault::Delay { command: Some("qrls".to_owned()), ms: 60_000 });
    let set: JobSet = try_submit(&user, "set", 0, &body).await.expect(201).json();
    until("both are accepted", || app.sim.jobs().len() == 2).await;
    eventually("it is being released", || async {
        let set: JobSet = user.read(&format!("/job-sets/{}", set.id)).await;
        (set.state == JobSetState::Releasing).then_some(())
    })
    .await;
    let first = user.find_job(set.jobs[0].job.id).await;
    assert!(first.started_at.is_none() && !first.state.has_ended(), "{first:#?}");
    app.sim.faults().clear();
    end_set_lease(&app, set.id).await;
    let set = settled(&user, set.id).await;
    assert_eq!(set.state, JobSetState::Accepted);
    for member in &set.jobs {
        assert_eq!(user.wait_ended(member.job.id).await.state, JobState::Completed);
    }
}

#[tokio::test]
async fn what_is_no_set_is_refused_whole() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut bad_walltime = entry(&user, "b", &[]);
    bad_walltime["submit"]["script"]["walltime"] = json!("two hours");
    let mut own_dependencies = entry(&user, "b", &[("a", "afterok")]);
    own_dependencies["submit"]["script"]["dependencies"] = json!([{ "kind": "afterok", "jobs": "1.sim" }]);
    let mut elsewhere = entry(&user, "b", &[]);
    elsewhere["submit"]["host"] = json!(uuid::Uuid::new_v4());
    let a = || entry(&user, "a", &[]);
    for (jobs, code, pointer) in [
        (json!([]), ProblemCode::Invalid, "/jobs"),
        (json!([a(), a()]), ProblemCode::Invalid, "/jobs/1/label"),
        (json!([entry(&user, "a b", &[])]), ProblemCode::Invalid, "/jobs/0/label"),
        (json!([a(), entry(&user, "b", &[("c", "afterok")])]), ProblemCode::Invalid, "/jobs/1/depends/0/on"),
        (json!([entry(&user, "a", &[("a", "afterok")])]), ProblemCode::Invalid, "/jobs/0/depends/0/on"),
        (json!([a(), elsewhere]), ProblemCode::Invalid, "/jobs/1/submit/host"),
        (json!([a(), own_dependencies]), ProblemCode::Invalid, "/jobs/1/submit/script/dependencies"),
        (json!([a(), bad_walltime]), ProblemCode::InvalidScript, "/jobs/1/submit/script/walltime"),
    ] {
        let body = json!({ "jobs": jobs });
        try_submit(&user, "bad", 0, &body).await.field(code, pointer);
    }
    let without_key = user.post("/job-sets", &diamond(&user)).await;
    without_key.field(ProblemCode::Invalid, "/headers/Idempotency-Key");
    assert!(user.read::<Page<Job>>("/jobs").await.items.is_empty());
    assert!(app.sim.jobs().is_empty());
    user.get(&format!("/job-sets/{}", uuid::Uuid::new_v4())).await.problem(ProblemCode::NotFound);
}
