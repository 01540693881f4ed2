//! Builds go on without us: repeated requests, several readers, a cut connection.

use futures_util::future::join_all;
use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::{CutPoint, Fault};
use reqwest::Method;
use serde_json::json;

use crate::archive::{Tree, hello};

#[tokio::test]
async fn the_same_key_is_one_build() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", hello().tar()).await;
    let path = format!("/applications/{}/builds", application.id);
    let send = async |body: serde_json::Value| {
        let request = user.request(Method::POST, &path).header("Idempotency-Key", "build-1").json(&body);
        user.send(request).await
    };
    let body = json!({ "host": user.host });
    let answers = join_all((0..5).map(|_| send(body.clone()))).await;
    let builds: Vec<Build> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
    assert!(builds.iter().all(|build| build.id == builds[0].id));
    send(json!({ "host": user.host, "target": "clean" })).await.problem(ProblemCode::IdempotencyKeyReused);
    assert_eq!(user.read::<Page<Build>>(&path).await.items.len(), 1);
    assert_eq!(user.follow_build(builds[0].id).await.1.state, BuildState::Succeeded);
}

#[tokio::test]
async fn all_readers_get_the_same_bytes() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let makefile =
        "all:\n\t@i=0; while [ $$i -lt 5000 ]; do echo line $$i of the output; i=$$((i+1)); done\n";
    let application = user.upload("talk", Tree::new().file("Makefile", makefile).tar()).await;
    let build = user.start_build(application.id).await;
    let outputs = join_all((0..4).map(|_| user.follow_build(build.id))).await;
    let expected: String = (0..5000).map(|i| format!("line {i} of the output\n")).collect();
    for (output, build) in outputs {
        assert_eq!(output.len(), expected.len());
        assert!(output == expected);
        assert_eq!(build.state, BuildState::Succeeded);
    }
    let past_the_end = user.get(&format!("/builds/{}/output?offset=99999999", build.id)).await.expect(200);
    assert_eq!(past_the_end.text(), "");
}

#[tokio::test]
async fn a_cut_connection_loses_neither_the_build_nor_its_output() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let makefile = "all:\n\t@echo one\n\t@while [ ! -e go-on ]; do sleep 0.05; done\n\t@echo two\n";
    let application = user.upload("slow", Tree::new().file("Makefile", makefile).tar()).await;
    let build = user.start_build(application.id).await;
    let kept = async || user.read::<Build>(&format!("/builds/{}", build.id)).await;
    pbsweb_e2e::eventually("the first line is kept", || async {
        (kept().await.n_output_bytes == 4).then_some(())
    })
    .await;
    // The next exchange on the connection takes it down, and the follower's with it.
    app.sim.faults().arm_times(Fault::Cut { at: CutPoint::BeforeExec, matching: None }, 1);
    until("the connection was cut", || app.sim.faults().armed().is_empty()).await;
    std::fs::write(app.sim.home("ada").join("pbsweb/slow/go-on"), "").unwrap();
    let (output, build) = user.follow_build(build.id).await;
    assert_eq!(
        (output.as_str(), build.state, build.exit_status),
        ("one\ntwo\n", BuildState::Succeeded, Some(0))
    );
}
