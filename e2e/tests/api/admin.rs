//! Users and hosts are rows: changed by administrators while the server runs, and recorded.

use pbsweb_e2e::app::host_create;
use pbsweb_e2e::{TestApp, User, eventually};
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::api::users::User as Listed;
use pbsweb_shared::host::{HostJobs, HostQueues, HostStatus};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::{SimConfig, SimHost};
use serde_json::json;

#[tokio::test]
async fn users_are_made_changed_and_listed() {
    let app = TestApp::start().await;
    let body = json!({ "user_name": "bob", "display_name": "Bob", "password": "first horse battery", "is_admin": false });
    let bob: Listed = app.admin.post("/users", &body).await.expect(201).json();
    app.admin.post("/users", &body).await.field(ProblemCode::AlreadyExists, "/user_name");
    let session = User::sign_in(&app.client, "bob", "first horse battery", app.host.id).await;
    session.get("/users").await.problem(ProblemCode::Forbidden);

    let path = format!("/users/{}", bob.id);
    let changed = json!({ "is_admin": true, "password": "second horse battery" });
    let changed: Listed = app.admin.patch(&path, &changed).await.expect(200).json();
    assert!(changed.is_admin);
    session.get("/me").await.problem(ProblemCode::NotSignedIn);
    let session = User::sign_in(&app.client, "bob", "second horse battery", app.host.id).await;
    let users: Page<Listed> = session.read("/users").await;
    assert_eq!(users.items.iter().map(|user| user.user_name.as_str()).collect::<Vec<_>>(), ["admin", "bob"]);
    let first: Page<Listed> = session.read("/users?limit=1").await;
    let next: Page<Listed> =
        session.read(&format!("/users?limit=1&page_token={}", first.next_page_token.unwrap())).await;
    assert_eq!((next.items[0].id, next.next_page_token), (bob.id, None));
    app.admin
        .patch(&format!("/users/{}", uuid::Uuid::new_v4()), &json!({}))
        .await
        .problem(ProblemCode::NotFound);

    let activity: Page<Activity> = session.read("/activity?limit=200").await;
    for action in ["user.create", "user.update", "session.sign_in"] {
        assert!(activity.items.iter().any(|deed| deed.action == action), "{action}");
    }
    let text = serde_json::to_string(&activity).unwrap();
    assert!(!text.contains("horse"), "no password is in the record");
}

#[tokio::test]
async fn a_host_is_added_while_the_server_runs_and_offers_what_its_row_says() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let sim = SimHost::start(SimConfig::new(app.path("new"))).unwrap();
    sim.add_account("ada", Some(&user.key_line().await), "/bin/bash").unwrap();
    let mut row = host_create("new", &sim);
    row.offered_queues = vec!["sequential".to_owned()];
    row.bin_folder = String::new();
    row.host_keys = Vec::new();
    let host = app.admin.add_host(&row).await;
    let user = user.at(host.id);
    user.put_account(host.id, "ada").await;
    // Nobody has confirmed its key: nothing is sent to it.
    let report = user.check(host.id).await;
    assert!(
        !report.is_ok && report.findings.iter().any(|finding| finding.topic == "host_key"),
        "{report:#?}"
    );
    let scan = app.admin.post_empty(&format!("/hosts/{}/scan-key", host.id)).await.expect(200);
    let scan: pbsweb_shared::api::hosts::HostKeyScan = scan.json();
    assert_eq!(scan.offered.line.split(' ').nth(1), sim.host_key_line().split(' ').nth(1));
    let path = format!("/hosts/{}", host.id);
    let confirmed = json!({ "host_keys": [scan.offered.line] });
    let _ = app.admin.patch(&path, &confirmed).await.expect(200);
    // Its commands are on no PATH: the check says so, and an administrator says where they are.
    let report = user.check(host.id).await;
    assert!(
        !report.is_ok && report.findings.iter().any(|finding| finding.topic == "scheduler"),
        "{report:#?}"
    );
    sim.change_queues(|queues| queues.iter_mut().for_each(|queue| queue.max_queued = Some(50)));
    let bin = json!({ "bin_folder": sim.bin_dir() });
    let _ = app.admin.patch(&path, &bin).await.expect(200);
    user.check_well(host.id).await;
    let queues = eventually("the queues are known", || async {
        let queues: HostQueues = user.read(&format!("{path}/queues")).await;
        (!queues.queues.is_empty()).then_some(queues)
    })
    .await;
    let offered: Vec<_> =
        queues.queues.iter().filter(|queue| queue.is_offered).map(|queue| &queue.name).collect();
    assert_eq!(offered, ["sequential"]);
    assert!(queues.queues.iter().all(|queue| queue.limits == ["jobs of one user: at most 50 wait or run"]));
    let job = user.submit_well(&user.job("true")).await;
    user.wait_ended(job.id).await;
    // It has a history now.
    app.admin.delete(&path).await.problem(ProblemCode::StateForbids);
}

#[tokio::test]
async fn a_host_that_is_switched_off_gets_nothing_and_keeps_its_history() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    user.wait_state(job.id, pbsweb_shared::job::JobState::Running).await;
    let path = format!("/hosts/{}", user.host);
    let _ = app.admin.patch(&path, &json!({ "is_enabled": false })).await.expect(200);
    let host: Host = user.read(&path).await;
    assert_eq!(host.health.status, HostStatus::Disabled);
    user.try_submit("off", 0, &user.job("true")).await.problem(ProblemCode::StateForbids);
    user.try_upload("hello", crate::archive::hello().tar()).await.problem(ProblemCode::StateForbids);
    user.post_empty(&format!("/jobs/{}/delete", job.id)).await.problem(ProblemCode::StateForbids);
    assert_eq!(user.find_job(job.id).await.state, pbsweb_shared::job::JobState::Running);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let _ = app.admin.patch(&path, &json!({ "is_enabled": true })).await.expect(200);
    assert_eq!(user.wait_ended(job.id).await.exit_status, Some(0));
    let listed: HostJobs = user.read(&format!("{path}/jobs")).await;
    assert_ne!(listed.health.status, HostStatus::Disabled);
}

#[tokio::test]
async fn an_unused_host_can_be_removed() {
    let app = TestApp::start().await;
    let path = format!("/hosts/{}", app.host.id);
    let _ = app.admin.delete(&path).await.expect(204);
    app.admin.get(&path).await.problem(ProblemCode::NotFound);
    app.admin.delete(&path).await.problem(ProblemCode::NotFound);
}
