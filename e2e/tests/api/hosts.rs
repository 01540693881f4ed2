//! What people see of hosts: the whole queue, one listing for all who watch, and checks in plain words.

use std::time::Duration;

use pbsweb::store::host_accounts::usable_accounts;
use pbsweb_e2e::{TestApp, eventually, until};
use pbsweb_shared::api::hosts::{Host, Verdict};
use pbsweb_shared::api::me::SshKey;
use pbsweb_shared::host::{HostJobs, HostStatus};
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::Fault;
use serde_json::json;

#[tokio::test]
async fn the_queue_shows_everybodys_jobs_and_marks_ones_own() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    app.sim.set_scheduling(false);
    let hers = ada.submit_well(&ada.job("true")).await;
    let his = bob.submit_well(&bob.job("true")).await;
    let listed = eventually("both are listed", || async {
        let listed: HostJobs = ada.read(&format!("/hosts/{}/jobs", ada.host)).await;
        (listed.jobs.len() == 2).then_some(listed)
    })
    .await;
    let seen: Vec<_> = listed.jobs.iter().map(|job| (Some(&job.pbs_id), job.is_own, job.job)).collect();
    assert_eq!(seen, [(hers.pbs_id.as_ref(), true, Some(hers.id)), (his.pbs_id.as_ref(), false, None)]);
    assert_eq!(listed.jobs[1].owner, "bob");
    // Nothing of what bob's job carries is in it.
    let text = serde_json::to_string(&listed).unwrap();
    assert!(!text.contains("PBSWEB_JOB"), "{text}");
}

#[tokio::test]
async fn however_many_watch_the_scheduler_is_asked_as_often_as_the_site_allows() {
    let app = TestApp::with(|setup| {
        setup.config.poll.max_listings_per_minute = 3;
        setup.config.poll.interval = Duration::from_millis(50);
    })
    .await;
    let users = [app.ready_user("ada").await, app.ready_user("bob").await, app.ready_user("eve").await];
    let health = async || users[0].read::<Host>(&format!("/hosts/{}", app.host.id)).await.health;
    until("the host was listed", || app.sim.command_count("qstat") > 0).await;
    for _ in 0..20 {
        for user in &users {
            let listed: HostJobs = user.read(&format!("/hosts/{}/jobs", user.host)).await;
            assert!(listed.health.listings_last_minute <= 3);
        }
        let job = users[1].submit_well(&users[1].job("true")).await;
        let _ = users[1].find_job(job.id).await;
    }
    assert_eq!(health().await.max_listings_per_minute, 3);
    assert!(health().await.listings_last_minute <= 3);
}

#[tokio::test]
async fn a_check_finds_a_scheduler_that_is_down() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.faults().arm(Fault::ServerDown);
    let report = user.check(user.host).await;
    let failed: Vec<_> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    assert!(failed.len() == 1 && failed[0].topic == "scheduler", "{report:#?}");
    app.sim.faults().clear();
    user.check_well(user.host).await;
}

#[tokio::test]
async fn a_rotated_key_has_to_be_installed_again() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let old: SshKey = user.read("/me/ssh-key").await;
    let new: SshKey = user.post_empty("/me/ssh-key/rotate").await.expect(200).json();
    assert_ne!(new.fingerprint, old.fingerprint);
    assert_eq!(user.key_line().await, new.authorized_keys_line);
    let report = user.check(user.host).await;
    assert!(!report.is_ok && report.findings.iter().any(|finding| finding.topic == "login"), "{report:#?}");
    user.try_submit("key", 0, &user.job("true")).await.problem(ProblemCode::NoHostAccount);
    app.sim.set_authorized_keys("ada", &[&new.authorized_keys_line]).unwrap();
    user.check_well(user.host).await;
    let job = user.submit_well(&user.job("true")).await;
    user.wait_ended(job.id).await;
}

#[tokio::test]
async fn an_account_that_is_taken_away_is_not_used() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let path = format!("/hosts/{}/account", user.host);
    let _ = user.delete(&path).await.expect(204);
    user.try_submit("key", 0, &user.job("true")).await.problem(ProblemCode::NoHostAccount);
    eventually("nobody can ask the host", || async {
        let host: Host = user.read(&format!("/hosts/{}", user.host)).await;
        (host.account.is_none() && host.health.status == HostStatus::Unknown).then_some(())
    })
    .await;
    app.sim.set_login_banner("ada", Some("a banner, in every session\n")).unwrap();
    user.put_account(user.host, "ada").await;
    user.check_well(user.host).await;
}

#[tokio::test]
async fn an_administrator_may_say_whose_account_lists_a_host() {
    let app = TestApp::start().await;
    let _ = app.ready_user("bob").await;
    let ada = app.ready_user("ada").await;
    let (id, path) = (app.host.id, format!("/hosts/{}", app.host.id));
    let lister = async || {
        let accounts = app.inside().store.query(move |connection| usable_accounts(connection, id)).await;
        accounts.unwrap().first().map(|account| account.login.to_string())
    };
    assert_eq!(lister().await.as_deref(), Some("ada"), "the one checked last");
    let host: Host = app.admin.patch(&path, &json!({ "listed_by": "bob" })).await.expect(200).json();
    assert_eq!(host.listed_by.map(|name| name.to_string()).as_deref(), Some("bob"));
    assert_eq!(lister().await.as_deref(), Some("bob"));
    for name in ["nobody-we-know", "../etc"] {
        let answer = app.admin.patch(&path, &json!({ "listed_by": name })).await;
        answer.field(ProblemCode::Invalid, "/listed_by");
    }
    ada.patch(&path, &json!({ "listed_by": "ada" })).await.problem(ProblemCode::Forbidden);
    assert_eq!(lister().await.as_deref(), Some("bob"));
    let _ = app.admin.patch(&path, &json!({ "listed_by": "" })).await.expect(200);
    assert_eq!(lister().await.as_deref(), Some("ada"));
}
