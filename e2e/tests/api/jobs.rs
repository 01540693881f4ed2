//! Jobs with more to them: arrays, dependencies, joined output, a long history, many at once.

use futures_util::future::join_all;
use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::DependencyDraft;

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
