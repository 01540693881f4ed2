//! An unknown host, a key that is not installed. A changed host key: `exactly_once::host_away`.

use pbsweb_e2e::TestApp;
use pbsweb_shared::api::hosts::Verdict;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::problem::ProblemCode;
use serde_json::json;

use super::still_serves;
use crate::archive::hello;

#[tokio::test]
async fn a_host_that_does_not_exist() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let nowhere = user.at(HostId::from_uuid(uuid::Uuid::new_v4()));
    nowhere.try_submit("key", 0, &nowhere.job("true")).await.problem(ProblemCode::NotFound);
    nowhere.try_upload("hello", hello().tar()).await.problem(ProblemCode::NotFound);
    for path in ["", "/queues", "/jobs"] {
        user.get(&format!("/hosts/{}{path}", nowhere.host)).await.problem(ProblemCode::NotFound);
        user.get(&format!("/hosts/cluster{path}")).await.problem(ProblemCode::NotFound);
    }
    let account = json!({ "login": "ada" });
    user.put(&format!("/hosts/{}/account", nowhere.host), &account).await.problem(ProblemCode::NotFound);
    user.post_empty(&format!("/hosts/{}/check", nowhere.host)).await.problem(ProblemCode::NotFound);
    still_serves(&user, 0, 0).await;
}

#[tokio::test]
async fn a_key_that_is_not_installed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    // No login name at all.
    user.try_submit("one", 0, &user.job("true")).await.problem(ProblemCode::NoHostAccount);
    user.try_upload("hello", hello().tar()).await.problem(ProblemCode::NoHostAccount);
    user.post_empty(&format!("/hosts/{}/check", user.host)).await.problem(ProblemCode::NoHostAccount);
    // A login name, and no key there.
    app.sim.add_account("ada", None, "/bin/bash").unwrap();
    user.put_account(user.host, "ada").await;
    let report = user.check(user.host).await;
    let failed: Vec<_> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    assert!(!report.is_ok && failed.len() == 1 && failed[0].topic == "login", "{report:#?}");
    assert!(failed[0].advice.contains("authorized_keys"), "{report:#?}");
    user.try_submit("two", 0, &user.job("true")).await.problem(ProblemCode::NoHostAccount);
    still_serves(&user, 0, 0).await;
    assert!(app.sim.jobs().is_empty());

    // Installed, then taken away again: it works, then it does not, and says why.
    app.make_ready(&user, "/bin/bash").await;
    let application = user.upload("hello", hello().tar()).await;
    let job = user.submit_well(&user.job("true")).await;
    user.wait_ended(job.id).await;
    app.sim.set_authorized_keys("ada", &[]).unwrap();
    let report = user.check(user.host).await;
    // The open connection may live on; a fresh one is refused.
    if !report.is_ok {
        user.try_upload("again", hello().tar()).await.problem(ProblemCode::NoHostAccount);
    }
    let _ = user.get(&format!("/applications/{}", application.id)).await.expect(200);
    still_serves(&user, 1, 1).await;
}

#[tokio::test]
async fn login_names_that_cannot_be() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    for login in ["", "two words", "-oProxyCommand=x", "root;id", "a\0b", "a/b", &"x".repeat(300)] {
        let answer = user.put(&format!("/hosts/{}/account", user.host), &json!({ "login": login })).await;
        answer.field(ProblemCode::Invalid, "/login");
    }
}
