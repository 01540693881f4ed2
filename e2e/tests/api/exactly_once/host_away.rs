//! The host or its scheduler is away: a fact about the host, never about its jobs.

use pbsweb_e2e::app::host_create;
use pbsweb_e2e::{TestApp, User, eventually, until};
use pbsweb_shared::api::hosts::{Host, HostKeyScan, Verdict};
use pbsweb_shared::host::HostStatus;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::{Fault, SimConfig, SimHost};
use serde_json::json;

use super::{assert_unknown, end_lease, n_accepted};
use crate::archive::hello;

async fn wait_status(user: &User, host: HostId, status: HostStatus) -> Host {
    eventually(&format!("the host is {status}"), || async {
        let host: Host = user.read(&format!("/hosts/{host}")).await;
        (host.health.status == status).then_some(host)
    })
    .await
}

#[tokio::test]
async fn a_scheduler_that_is_down_changes_no_job() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 5")).await;
    user.wait_state(job.id, JobState::Running).await;
    app.sim.faults().arm(Fault::ServerDown);
    let down = wait_status(&user, user.host, HostStatus::SchedulerDown).await;
    assert!(down.health.detail.is_some() && down.health.snapshot_at.is_some(), "{down:#?}");
    // The job ends while nobody can be asked.
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    until("the job has ended", || app.sim.is_idle()).await;
    let served = app.sim.command_count("qstat");
    until("the host was asked again", || app.sim.command_count("qstat") > served + 1).await;
    let known = user.find_job(job.id).await;
    assert_eq!(known.state, JobState::Running, "{known:#?}");
    user.post_empty(&format!("/jobs/{}/delete", job.id)).await.problem(ProblemCode::HostUnreachable);

    app.sim.faults().clear();
    wait_status(&user, user.host, HostStatus::Up).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(5)), "{ended:#?}");
}

/// A simulated host of its own, which can be stopped and started again at the same place.
struct Node {
    config: SimConfig,
    sim: Option<SimHost>,
    host: HostId,
}

impl Node {
    async fn start(app: &TestApp, user: &User) -> (Self, User) {
        let mut config = SimConfig::new(app.path("node"));
        let sim = SimHost::start(config.clone()).unwrap();
        config.listen = sim.address();
        let host = app.admin.add_host(&host_create("node", &sim)).await;
        let user = user.at(host.id);
        sim.add_account("ada", Some(&user.key_line().await), "/bin/bash").unwrap();
        user.put_account(host.id, "ada").await;
        user.check_well(host.id).await;
        (Self { config, sim: Some(sim), host: host.id }, user)
    }

    fn stop(&mut self) {
        self.sim.take();
    }

    async fn start_again(&mut self) {
        // The port is free when the last connection's threads are gone.
        let config = self.config.clone();
        let sim = eventually("the node's port is free", || {
            let sim = SimHost::start(config.clone()).ok();
            std::future::ready(sim)
        })
        .await;
        let home = sim.dir().join("home/ada");
        sim.add_account_at("ada", None, "/bin/bash", &home).unwrap();
        self.sim = Some(sim);
    }
}

#[tokio::test]
async fn a_host_that_is_gone_gets_the_submission_when_it_is_back() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let (mut node, user) = Node::start(&app, &user).await;
    node.stop();
    let job = user.submit(&user.job("echo later")).await;
    assert_unknown(&job);
    assert!(job.reason.is_some(), "{job:#?}");
    wait_status(&user, node.host, HostStatus::Unreachable).await;
    let answer = user.try_upload("hello", hello().tar()).await;
    answer.problem(ProblemCode::HostUnreachable);
    assert!(!answer.header("retry-after").is_empty());
    let report = user.check(node.host).await;
    let failed: Vec<_> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    assert!(
        failed.len() == 1 && failed[0].topic == "connection" && !failed[0].advice.is_empty(),
        "{report:#?}"
    );

    node.start_again().await;
    user.check_well(node.host).await;
    end_lease(&app, job.id).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!(ended.state, JobState::Completed, "{ended:#?}");
    assert_eq!(n_accepted(node.sim.as_ref().unwrap(), job.id), 1);
}

#[tokio::test]
async fn a_changed_host_key_stops_all_traffic_until_it_is_confirmed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let (mut node, user) = Node::start(&app, &user).await;
    let job = user.submit_well(&user.job("sleep 1")).await;
    user.wait_ended(job.id).await;
    let old = user.read::<Host>(&format!("/hosts/{}", node.host)).await.host_keys[0].fingerprint.clone();

    node.stop();
    std::fs::remove_file(node.config.dir.join("host_key")).unwrap();
    node.start_again().await;
    let sim = node.sim.as_ref().unwrap();
    let bad = wait_status(&user, node.host, HostStatus::KeyMismatch).await;
    let scan = app.admin.post_empty(&format!("/hosts/{}/scan-key", node.host)).await.expect(200);
    let scan: HostKeyScan = scan.json();
    let new = scan.offered.fingerprint.clone();
    assert_ne!(new, old);
    assert!(!scan.is_confirmed && scan.confirmed[0].fingerprint == old);
    let names_both = |text: &str| assert!(text.contains(&old) && text.contains(&new), "{text}");
    names_both(bad.health.detail.as_deref().unwrap());
    let problem = user.try_upload("hello", hello().tar()).await.problem(ProblemCode::HostKeyChanged);
    names_both(problem.detail.as_deref().unwrap());
    let report = user.check(node.host).await;
    let failed = report.findings.iter().find(|finding| finding.verdict == Verdict::Failed).unwrap();
    assert_eq!(failed.topic, "host_key");
    names_both(&failed.message);
    assert_eq!(sim.command_count("qstat") + sim.command_count("qsub"), 0, "nothing was sent");
    // A job from before is what it was.
    assert_eq!(user.find_job(job.id).await.state, JobState::Completed);

    // Confirmed by an administrator, by nobody else.
    let keys = json!({ "host_keys": [scan.offered.line] });
    user.patch(&format!("/hosts/{}", node.host), &keys).await.problem(ProblemCode::Forbidden);
    let _ = app.admin.patch(&format!("/hosts/{}", node.host), &keys).await.expect(200);
    user.check_well(node.host).await;
    wait_status(&user, node.host, HostStatus::Up).await;
    let job = user.submit_well(&user.job("true")).await;
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed);
}

/// A login node that is out of memory: it takes connections and says nothing.
#[tokio::test]
async fn a_host_that_accepts_connections_and_never_answers_hurts_only_itself() {
    let mut app =
        TestApp::with(|setup| setup.config.ssh.connect_timeout = std::time::Duration::from_secs(5)).await;
    let user = app.ready_user("ada").await;
    // No connection is open from before.
    app.stop_server().await;
    app.sim.faults().arm(Fault::ConnectionsIgnored);
    app.start_server().await;
    let user = app.again(&user);
    let job = user.submit(&user.job("exit 2")).await;
    assert_unknown(&job);
    wait_status(&user, user.host, HostStatus::Unreachable).await;
    let answer = user.try_upload("hello", hello().tar()).await;
    answer.problem(ProblemCode::HostUnreachable);
    assert!(!answer.header("retry-after").is_empty());
    // What needs no host is answered at once.
    let begun = std::time::Instant::now();
    assert_unknown(&user.find_job(job.id).await);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());

    app.sim.faults().clear();
    user.check_well(user.host).await;
    end_lease(&app, job.id).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(2)), "{ended:#?}");
    assert_eq!(n_accepted(&app.sim, job.id), 1);
}
