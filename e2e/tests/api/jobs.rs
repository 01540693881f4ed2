//! Jobs with more to them: arrays, dependencies, joined output, a long history, many at once.

use diesel::RunQueryDsl as _;
use futures_util::future::join_all;
use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::jobs::{Job, SinceItWorked};
use pbsweb_shared::api::searches::SavedSearch;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::{DependencyDraft, ScriptDifference};
use serde_json::json;

use crate::archive::hello;

#[tokio::test]
async fn a_dependent_job_waits_for_the_other_and_runs_after_it() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first =
        user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; date +%s%N > first")).await;
    let mut request = user.job("date +%s%N > second");
    let jobs = first.pbs_id.clone().unwrap().to_string();
    request.script.dependencies = vec![DependencyDraft { kind: "afterok".to_owned(), jobs }];
    let second = user.submit_well(&request).await;
    user.wait_state(second.id, JobState::Held).await;
    let home = app.sim.home("ada");
    std::fs::write(home.join("go-on"), "").unwrap();
    assert_eq!(user.wait_ended(second.id).await.state, JobState::Completed);
    let read = |name: &str| std::fs::read_to_string(home.join(name)).unwrap().trim().parse::<u64>().unwrap();
    assert!(read("first") < read("second"));
}

#[tokio::test]
async fn a_job_whose_dependency_failed_did_not_succeed() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 1")).await;
    let mut request = user.job("echo never");
    let jobs = first.pbs_id.clone().unwrap().to_string();
    request.script.dependencies = vec![DependencyDraft { kind: "afterok".to_owned(), jobs }];
    let second = user.submit_well(&request).await;
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(user.wait_ended(first.id).await.exit_status, Some(1));
    let after =
        user.wait_for("gone", second.id, |job| job.state.has_ended() || job.state == JobState::Lost).await;
    assert_ne!(after.state, JobState::Completed, "{after:#?}");
    assert_eq!(after.started_at, None);
}

#[tokio::test]
async fn each_subjob_of_an_array_has_its_output() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("echo I am $PBS_ARRAY_INDEX");
    request.script.array = "1-3".to_owned();
    let job = user.submit_well(&request).await;
    until("all subjobs have run", || app.sim.is_idle() && app.sim.known_jobs().is_empty()).await;
    user.wait_for("over", job.id, |job| job.state.has_ended() || job.state == JobState::Lost).await;
    for index in 1..=3 {
        let output = user.get(&format!("/jobs/{}/output/stdout?index={index}", job.id)).await.expect(200);
        assert_eq!(output.text(), format!("I am {index}\n"));
    }
    user.get(&format!("/jobs/{}/output/stdout", job.id)).await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn joined_output_is_one_file() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("echo out; echo err >&2; echo out again");
    request.script.join = "oe".to_owned();
    let job = user.submit_well(&request).await;
    user.wait_ended(job.id).await;
    assert_eq!(user.stdout_of(job.id).await, "out\nerr\nout again\n");
    user.get(&format!("/jobs/{}/output/stderr", job.id)).await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn many_submissions_at_once_are_each_one_job_and_pages_hold_them_all() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let jobs = join_all((0..25).map(|_| async { user.submit_well(&user.job("true")).await })).await;
    assert_eq!(app.sim.jobs().len(), 25);
    let (mut seen, mut token) = (Vec::new(), None::<String>);
    loop {
        let after = token.map(|token| format!("&page_token={token}")).unwrap_or_default();
        let page: Page<Job> = user.read(&format!("/jobs?limit=7{after}")).await;
        assert!(page.items.len() <= 7);
        seen.extend(page.items.into_iter().map(|job| (job.submitted_at, job.id)));
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    let mut expected: Vec<_> = jobs.iter().map(|job| (job.submitted_at, job.id)).collect();
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    expected.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn output_that_is_not_there_is_explained() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let waiting = user.submit_well(&user.job("true")).await;
    let problem =
        user.get(&format!("/jobs/{}/output/stdout", waiting.id)).await.problem(ProblemCode::NotFound);
    assert!(problem.detail.unwrap().contains("not started"));
    app.sim.set_scheduling(true);
    let ended = user.wait_ended(waiting.id).await;
    let folder = app.sim.home("ada").join(format!("pbsweb/.jobs/{}", ended.id));
    std::fs::remove_file(folder.join("stdout")).unwrap();
    let problem = user.get(&format!("/jobs/{}/output/stdout", ended.id)).await.problem(ProblemCode::NotFound);
    assert!(problem.detail.unwrap().contains("moved or deleted"));
    user.get(&format!("/jobs/{}/output/stdin", ended.id)).await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn a_submission_asks_the_database_little() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let request = user.job("true");
    user.submit_well(&request).await;
    // Only the submission is to be counted: what runs beside it ends.
    app.inside().stopping.cancel();
    until("the background tasks end", || app.inside().n_tasks() == 0).await;
    // However long it took to get here, the script was used just now.
    let store = app.inside().store.clone();
    let used = "UPDATE scripts SET used_at = now() + interval '1 minute'";
    store.query(move |connection| diesel::sql_query(used).execute(connection)).await.unwrap();
    let mut least = u64::MAX;
    // What was under way when the tasks were ended may be counted with the first.
    for _ in 0..3 {
        let before = store.n_statements();
        user.submit_well(&request).await;
        least = least.min(store.n_statements() - before);
    }
    // One more once a minute, when it is noted that the session is in use.
    assert!(least <= 17, "{least} statements");
}

#[tokio::test]
async fn a_failed_job_tells_what_changed_since_it_worked() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", hello().tar()).await;
    let mut request = user.job("./hello\nexit 0");
    request.application = Some(application.id);
    let never = user.submit_well(&user.job("exit 9")).await;
    user.wait_ended(never.id).await;
    let nothing: SinceItWorked = user.read(&format!("/jobs/{}/since-it-worked", never.id)).await;
    assert_eq!((nothing.worked, nothing.script), (None, ScriptDifference::default()));

    let good = user.submit_well(&request).await;
    assert_eq!(user.wait_ended(good.id).await.state, JobState::Completed);
    request.script.commands = "./hello\nexit 3".to_owned();
    request.script.walltime = "00:07:00".to_owned();
    for name in [None, Some("another script of the application")] {
        request.script_name = name.map(str::to_owned);
        // A failure in between is nothing to compare with.
        for _ in 0..2 {
            let bad = user.submit_well(&request).await;
            assert_eq!(user.wait_ended(bad.id).await.state, JobState::Failed);
            let since: SinceItWorked = user.read(&format!("/jobs/{}/since-it-worked", bad.id)).await;
            assert_eq!(since.worked.map(|job| job.id), Some(good.id));
            assert!(since.around.is_empty(), "{:?}", since.around);
            let fields: Vec<_> = since.script.fields.iter().map(|change| change.field.as_str()).collect();
            assert_eq!(fields, ["walltime"]);
            let lines: Vec<_> =
                since.script.lines.iter().map(|line| (line.is_new, line.text.as_str())).collect();
            assert!(lines.contains(&(false, "exit 0")) && lines.contains(&(true, "exit 3")), "{lines:?}");
        }
    }

    // Other source, and another build of it.
    user.upload("hello", hello().file("hello-1.0/NEWS", "now faster").tar()).await;
    let build = user
        .start_build_of(application.id, serde_json::json!({ "host": user.host, "command": "make clean" }))
        .await;
    user.follow_build(build.id).await;
    let bad = user.submit_well(&request).await;
    user.wait_ended(bad.id).await;
    let since: SinceItWorked = user.read(&format!("/jobs/{}/since-it-worked", bad.id)).await;
    let fields: Vec<_> = since.around.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["content", "build"], "{:?}", since.around);
    assert_eq!(since.around[1].after.as_deref(), Some("make clean (succeeded)"));
}

#[tokio::test]
async fn jobs_are_exported_with_the_filters_of_the_list() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let bob = app.ready_user("bob").await;
    let theirs = bob.submit_well(&bob.job("true")).await;
    bob.wait_ended(theirs.id).await;
    assert_eq!(user.get("/jobs/export/json").await.expect(200).json::<Vec<Job>>(), []);
    for commands in ["exit 0", "exit 4", "exit 0"] {
        let job = user.submit_well(&user.job(commands)).await;
        user.wait_ended(job.id).await;
    }
    for filter in ["", "?state=failed", "?text=exit%204", "?state=queued", "?limit=1"] {
        let all: Page<Job> = user.read(&format!("/jobs{}", filter.replace("?limit=1", ""))).await;
        let answer = user.get(&format!("/jobs/export/json{filter}")).await.expect(200);
        assert_eq!(answer.json::<Vec<Job>>(), all.items, "{filter}");
        let answer = user.get(&format!("/jobs/export/csv{filter}")).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"jobs.csv\"");
        let text = answer.text();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("id,name,host,"), "{text}");
        let ids: Vec<_> = lines.map(|line| line.split(',').next().unwrap().to_owned()).collect();
        assert_eq!(ids, all.items.iter().map(|job| job.id.to_string()).collect::<Vec<_>>(), "{filter}");
    }
    user.get("/jobs/export/csv?state=nowhere").await.field(ProblemCode::Invalid, "/state");
    user.get("/jobs/export/xml").await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn searches_are_saved_changed_and_forgotten() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let search = |name: &str, state: &str| json!({ "name": name, "filter": { "state": state, "limit": 7 } });
    let made = user.post("/me/searches", &search(" Lost ", "lost")).await.expect(201);
    let saved: SavedSearch = made.json();
    assert_eq!(made.header("Location"), format!("/api/v1/me/searches/{}", saved.id));
    assert_eq!(
        (saved.name.as_str(), saved.filter.state.as_deref(), saved.filter.limit),
        ("Lost", Some("lost"), None)
    );
    user.post("/me/searches", &search("Lost", "failed")).await.problem(ProblemCode::AlreadyExists);
    let _ = user.post("/me/searches", &search("Active", "active")).await.expect(201);
    let path = format!("/me/searches/{}", saved.id);
    let changed: SavedSearch = user.put(&path, &search("Zzz", "lost,failed")).await.expect(200).json();
    assert_eq!((changed.id, changed.name.as_str()), (saved.id, "Zzz"));
    user.put(&path, &search("Active", "lost")).await.problem(ProblemCode::AlreadyExists);
    let all: Page<SavedSearch> = user.read("/me/searches").await;
    assert_eq!(all.items.iter().map(|search| search.name.as_str()).collect::<Vec<_>>(), ["Active", "Zzz"]);
    for (body, pointer) in [
        (search("", "lost"), "/name"),
        (search("a\0", "lost"), "/name"),
        (search("x", "asleep"), "/filter/state"),
        (json!({ "name": "x", "filter": { "text": "a\0" } }), "/filter/text"),
    ] {
        user.post("/me/searches", &body).await.field(ProblemCode::Invalid, pointer);
    }
    user.post("/me/searches", &json!({ "name": "x", "filter": { "colour": "red" } }))
        .await
        .problem(ProblemCode::MalformedRequest);
    let bob = app.sign_up("bob").await;
    bob.delete(&path).await.problem(ProblemCode::NotFound);
    let _ = user.delete(&path).await.expect(204);
    user.delete(&path).await.problem(ProblemCode::NotFound);
    user.put(&path, &search("x", "lost")).await.problem(ProblemCode::NotFound);
    let record: Page<Activity> = user.read("/me/activity").await;
    let deeds: Vec<_> = record.items.iter().map(|deed| deed.action.as_str()).take(4).collect();
    assert_eq!(deeds, ["search.delete", "search.update", "search.create", "search.create"]);
}

#[tokio::test]
async fn jobs_are_found_by_each_filter_and_only_administrators_name_a_person() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let bob = app.sign_up("bob").await;
    let mut request = ada.job("echo needle; exit 3");
    request.script.name = "first".to_owned();
    let failed = ada.submit_well(&request).await;
    let other = ada.submit_well(&ada.job("echo hay")).await;
    let failed = ada.wait_ended(failed.id).await;
    let other = ada.wait_ended(other.id).await;
    let number = failed.pbs_id.as_ref().unwrap();
    let later = other.submitted_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    for query in [
        "exit_status=3".to_owned(),
        "text=NEEDLE".to_owned(),
        "text=first".to_owned(),
        format!("text={number}"),
        format!("script={}", failed.script),
        format!("until={later}"),
        format!("text=needle&exit_status=3&state=failed&host={}", failed.host),
    ] {
        let found: Page<Job> = ada.read(&format!("/jobs?{query}")).await;
        assert_eq!(found.items.iter().map(|job| job.id).collect::<Vec<_>>(), [failed.id], "{query}");
    }
    for query in [
        "exit_status=4",
        "text=needles",
        "queue=nowhere",
        "since=2999-01-01T00:00:00Z",
        "text=%00",
        "text=%25",
    ] {
        let found: Page<Job> = ada.read(&format!("/jobs?{query}")).await;
        assert!(found.items.is_empty(), "{query}");
    }
    for query in ["exit_status=x", "since=yesterday", "script=1", "person=ada"] {
        ada.get(&format!("/jobs?{query}")).await.problem(ProblemCode::MalformedRequest);
    }
    let adas = format!("/jobs?person={}", ada.me.id);
    let own: Page<Job> = ada.read(&adas).await;
    assert_eq!(own.items.len(), 2);
    bob.get(&adas).await.problem(ProblemCode::Forbidden);
    let seen: Page<Job> = app.admin.read(&format!("{adas}&exit_status=3")).await;
    assert_eq!(seen.items.iter().map(|job| job.id).collect::<Vec<_>>(), [failed.id]);
    let nobodys: Page<Job> = app.admin.read("/jobs").await;
    assert!(nobodys.items.is_empty(), "an administrator's own list is no other than everybody's");
}
