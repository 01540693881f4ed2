//! A build that fails, one that never ends, and commands that cannot be.

use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::problem::ProblemCode;
use serde_json::json;

use super::still_serves;
use crate::archive::{Tree, hello};

#[tokio::test]
async fn a_build_that_fails_keeps_its_output_and_status() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let tree = Tree::new().file("Makefile", "all:\n\t@echo before\n\t@echo trouble >&2; exit 7\n");
    let application = user.upload("broken", tree.tar()).await;
    let build = user.start_build(application.id).await;
    let (output, build) = user.follow_build(build.id).await;
    assert_eq!((build.state, build.exit_status), (BuildState::Failed, Some(2)), "{build:#?}");
    assert!(output.starts_with("before\ntrouble\n") && output.contains("Error 7"), "{output}");
    let body = json!({ "host": user.host, "command": "exit 9" });
    let build = user.start_build_of(application.id, body).await;
    assert_eq!(user.follow_build(build.id).await.1.exit_status, Some(9));
    let body = json!({ "host": user.host, "command": "no-such-compiler --version" });
    let build = user.start_build_of(application.id, body).await;
    let (output, build) = user.follow_build(build.id).await;
    assert_eq!(build.exit_status, Some(127), "{output}");
    assert!(output.contains("no-such-compiler"), "{output}");
    still_serves(&user, 1, 0).await;
}

#[tokio::test]
async fn a_build_that_never_ends_can_be_cancelled() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let tree = Tree::new()
        .file("Makefile", "all:\n\t@echo $$PPID > pid; echo started\n\t@while :; do sleep 0.1; done\n");
    let application = user.upload("endless", tree.tar()).await;
    let build = user.start_build(application.id).await;
    let pid = app.sim.home("ada").join("pbsweb/endless/pid");
    until("the build runs", || std::fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))).await;
    let make = std::fs::read_to_string(&pid).unwrap();
    let asked = user.post_empty(&format!("/builds/{}/cancel", build.id)).await.expect(202).json::<Build>();
    assert_eq!(asked.id, build.id);
    let (output, build) = user.follow_build(build.id).await;
    assert_eq!(build.state, BuildState::Cancelled, "{build:#?}");
    assert!(output.starts_with("started\n"), "{output}");
    until("make is gone from the host", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", make.trim()));
        !stat.is_ok_and(|stat| !stat.contains(") Z "))
    })
    .await;
    user.post_empty(&format!("/builds/{}/cancel", build.id)).await.problem(ProblemCode::StateForbids);
    // And again, with another target.
    let body = json!({ "host": user.host, "command": "echo fine" });
    let build = user.start_build_of(application.id, body).await;
    assert_eq!(
        user.follow_build(build.id).await,
        ("fine\n".to_owned(), user.read(&format!("/builds/{}", build.id)).await)
    );
}

#[tokio::test]
async fn a_build_over_the_sites_limits_is_ended() {
    let app = TestApp::with(|setup| {
        // The second build has to end by itself within it.
        setup.config.build.max_duration = std::time::Duration::from_secs(8);
        setup.config.build.max_output_bytes = 1024;
    })
    .await;
    let user = app.ready_user("ada").await;
    let tree = Tree::new()
        .file("Makefile", "all:\n\t@while :; do sleep 0.1; done\ntalk:\n\t@yes | head -c 100000\n");
    let application = user.upload("endless", tree.tar()).await;
    let build = user.start_build(application.id).await;
    let (_, build) = user.follow_build(build.id).await;
    assert_ne!(build.state, BuildState::Succeeded, "{build:#?}");
    assert!(build.detail.is_some(), "it says that the limit ended it: {build:#?}");
    let body = json!({ "host": user.host, "target": "talk" });
    let build = user.start_build_of(application.id, body).await;
    let (output, build) = user.follow_build(build.id).await;
    assert_eq!(build.state, BuildState::Succeeded, "{build:#?}");
    assert!(output.len() == 1024 && output.starts_with("y\ny\n"), "{} bytes", output.len());
}

#[tokio::test]
async fn builds_that_cannot_be() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", hello().tar()).await;
    let path = format!("/applications/{}/builds", application.id);
    let host = user.host;
    for command in ["two\nlines", "nul\0", &"x".repeat(5000)] {
        let answer = user.post(&path, &json!({ "host": host, "command": command })).await;
        answer.field(ProblemCode::Invalid, "/command");
    }
    let elsewhere = HostId::from_uuid(uuid::Uuid::new_v4());
    user.post(&path, &json!({ "host": elsewhere })).await.problem(ProblemCode::NotFound);
    user.post(&path, &json!({})).await.problem(ProblemCode::MalformedRequest);
    let nowhere = format!("/applications/{}/builds", uuid::Uuid::new_v4());
    user.post(&nowhere, &json!({ "host": host })).await.problem(ProblemCode::NotFound);
    let builds: pbsweb_shared::page::Page<Build> = user.read(&path).await;
    assert!(builds.items.is_empty());
}
