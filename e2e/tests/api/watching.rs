//! Watching at scale: a full server asked lightly, nodes, health over time, many watchers, output with many readers.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pbsweb_e2e::{EventStream, PATIENCE, TestApp, eventually, eventually_within, until};
use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostHistory, HostJobs, HostStatus};
use pbsweb_shared::job::JobState;
use pbsweb_shared::node::{HostNodes, NodeState};
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::Fault;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

#[tokio::test]
async fn a_full_server_is_asked_for_what_changed() {
    let app = TestApp::start().await;
    let begun = Instant::now();
    app.sim.add_held_jobs("eve", 1500);
    let ada = app.ready_user("ada").await;
    let listed = async || ada.read::<HostJobs>(&format!("/hosts/{}/jobs", ada.host)).await;
    eventually("all are listed", || async { (listed().await.jobs.len() == 1500).then_some(()) }).await;

    // From here on the table tells, and details are asked for the jobs that changed.
    let before = (app.sim.command_count("qstat"), app.sim.command_count("qstat -Q"));
    app.sim.add_held_jobs("eve", 1);
    let hers = ada.submit_well(&ada.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    let running = ada.wait_state(hers.id, JobState::Running).await;
    assert!(running.exec_host.is_some() && running.started_at.is_some(), "{running:?}");
    let now = eventually("both are listed", || async {
        let now = listed().await;
        (now.jobs.len() == 1502).then_some(now)
    })
    .await;
    let (new, own) = (&now.jobs[1500], &now.jobs[1501]);
    assert_eq!((new.owner.as_str(), new.state, new.name.as_str()), ("eve", Some(JobState::Held), "load0"));
    assert_eq!((own.job, own.is_own, own.state), (Some(hers.id), true, Some(JobState::Running)));
    let own_only: HostJobs = ada.read(&format!("/hosts/{}/jobs?own=true", ada.host)).await;
    // Of the same job, a moment later: the time it used goes on.
    let found: Vec<_> = own_only.jobs.iter().map(|job| (&job.pbs_id, job.job, job.is_own)).collect();
    assert_eq!(found, [(&own.pbs_id, own.job, own.is_own)]);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(ada.wait_ended(hers.id).await.exit_status, Some(0));
    eventually("it is gone", || async { (listed().await.jobs.len() == 1501).then_some(()) }).await;

    // Only a whole listing asks for the queues; there is one a minute after the first of a full server, however slow the
    // machine. All else were light ones: new and changed jobs came by them.
    let now = listed().await;
    assert!(now.health.calls_last_minute > 0 && now.health.latency_ms.is_some(), "{:?}", now.health);
    let n_whole = app.sim.command_count("qstat -Q") - before.1;
    let n_calls = app.sim.command_count("qstat") - before.0;
    assert!(n_whole <= begun.elapsed().as_secs() / 60, "{n_whole} whole listings in {:?}", begun.elapsed());
    assert!(n_calls > 3 * n_whole, "{n_calls} calls, {n_whole} whole listings");
}

#[tokio::test]
async fn a_thousand_streams_and_two_hundred_clients_cost_the_host_what_one_does() {
    let begun = Instant::now();
    let app = TestApp::with(|setup| {
        setup.config.poll.interval = Duration::from_secs(1);
        setup.config.poll.max_listings_per_minute = 12;
        setup.config.database.max_connections = 20;
    })
    .await;
    let ada = app.ready_user("ada").await;
    let _: HostJobs = ada.read(&format!("/hosts/{}/jobs", ada.host)).await;
    until("the host was listed", || app.sim.command_count("qstat") > 0).await;

    // Connections of their own, a hundred streams on each, as pages behind a proxy have them.
    let clients: Vec<_> = (0..10).map(|_| app.another_client().with_token(ada.token())).collect();
    let mut streams = Vec::new();
    for client in &clients {
        streams.extend(join_all((0..100).map(|_| EventStream::open(client, None))).await);
    }
    assert_eq!(streams.len(), 1000);
    let path = format!("/hosts/{}/jobs", ada.host);
    let mut health = Vec::new();
    for _ in 0..5 {
        let asked = join_all((0..200).map(|n| clients[n % clients.len()].read::<HostJobs>(&path))).await;
        health.extend(asked.into_iter().map(|listed| listed.health));
    }
    let job = ada.submit_well(&ada.job("true")).await;
    let told = join_all(streams.iter_mut().map(|stream| {
        stream.read_until(
            |event| matches!(event, Event::Job(told) if told.id == job.id && told.state.has_ended()),
        )
    }))
    .await;
    assert!(
        told.iter().all(|seen| seen.last().map(|event| event.id) == told[0].last().map(|event| event.id))
    );
    let most = health.iter().map(|health| health.listings_last_minute).max().unwrap();
    assert!(most <= 12, "{most} listings in a minute");
    // Three commands for each listing, two more for the accounts' check, and one to look an ended job up.
    let listings = 12 * (begun.elapsed().as_secs() / 60 + 1);
    assert!(app.sim.command_count("qstat") <= 3 * listings + 10, "{}", app.sim.command_count("qstat"));
}

#[tokio::test]
async fn nodes_are_shown_to_all_who_look_and_asked_for_once() {
    let app = TestApp::with(|setup| {
        setup.sim.nodes = (0..2000).map(|n| (format!("node{n:04}"), 8)).collect();
    })
    .await;
    let ada = app.ready_user("ada").await;
    let path = format!("/hosts/{}/nodes", ada.host);
    let shown = async || ada.read::<HostNodes>(&path).await;
    let first = eventually("the nodes were asked for", || async {
        let nodes = shown().await;
        (nodes.nodes.len() == 2000).then_some(nodes)
    })
    .await;
    assert!(first.nodes.iter().all(|node| node.state == NodeState::Free && node.cores.total == 8));
    assert!(first.as_of.is_some() && first.problem.is_none());
    // Three times a listing's interval, whoever looks.
    let (asked, begun) = (app.sim.command_count("pbsnodes"), Instant::now());
    for turn in join_all((0..50).map(|_| shown())).await {
        assert_eq!(turn.nodes.len(), 2000);
    }
    let n_asked = app.sim.command_count("pbsnodes") - asked;
    assert!(n_asked <= begun.elapsed().as_millis() as u64 / 750 + 1, "{n_asked} in {:?}", begun.elapsed());

    app.sim.set_node_offline("node0007", true);
    let job = ada.submit_well(&ada.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    let running = ada.wait_state(job.id, JobState::Running).await;
    let id = running.pbs_id.unwrap();
    let now = eventually("the node with the job", || async {
        let nodes = shown().await;
        let seen = nodes.nodes.iter().any(|node| node.jobs.contains(&id));
        (seen && nodes.nodes[7].state == NodeState::Offline).then_some(nodes)
    })
    .await;
    let busy = now.nodes.iter().find(|node| node.jobs.contains(&id)).unwrap();
    assert_eq!((busy.state, busy.cores.used), (NodeState::Partly, 1));
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    ada.wait_ended(job.id).await;

    // A scheduler that is down leaves what was known, and says why it is old.
    app.sim.faults().arm(Fault::ServerDown);
    let down = eventually("the question fails", || async {
        let nodes = shown().await;
        nodes.problem.is_some().then_some(nodes)
    })
    .await;
    assert_eq!(down.nodes.len(), 2000);
    app.sim.faults().clear();
    ada.get(&format!("/hosts/{}/nodes", uuid::Uuid::new_v4())).await.problem(ProblemCode::NotFound);
}

/// As much as the largest sites have, through a real listing.
#[tokio::test]
async fn forty_thousand_jobs_beside_two_thousand_nodes_are_served_in_parts() {
    const N_OTHERS: u32 = 40_000;
    let app = TestApp::with(|setup| {
        setup.sim.nodes = (0..2000).map(|n| (format!("node{n:04}"), 8)).collect();
    })
    .await;
    app.sim.add_held_jobs("eve", N_OTHERS as usize);
    let ada = app.ready_user("ada").await;
    let hers = ada.submit_well(&ada.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    let part = async |rest: &str| ada.read::<HostJobs>(&format!("/hosts/{}/jobs?{rest}", ada.host)).await;
    let first = eventually_within(4 * PATIENCE, "all are listed", || async {
        let first = part("order=own&limit=120").await;
        let own = first.jobs.first().is_some_and(|job| job.state == Some(JobState::Running));
        (own && first.n_listed == N_OTHERS + 1).then_some(first)
    })
    .await;
    assert_eq!((first.jobs.len(), first.n_own, first.n_matching), (120, 1, N_OTHERS + 1));
    assert_eq!((first.jobs[0].job, first.jobs[0].is_own), (Some(hers.id), true));
    // The jobs stay the same, so the parts fit together: each job once, in order.
    let mut numbers: Vec<u32> = Vec::new();
    loop {
        let part = part(&format!("order=id&limit=7000&offset={}", numbers.len())).await;
        if part.jobs.is_empty() {
            break;
        }
        numbers.extend(
            part.jobs
                .iter()
                .map(|job| job.pbs_id.as_str().split('.').next().unwrap().parse::<u32>().unwrap()),
        );
    }
    assert_eq!(numbers.len(), N_OTHERS as usize + 1);
    assert!(numbers.is_sorted_by(|a, b| a < b));
    let last = part("order=name&descending=true&limit=2&state=held").await;
    let names: Vec<&str> = last.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!((names, last.n_matching), (vec!["load9999", "load9998"], N_OTHERS));
    let found = part("text=LOAD3999%20eve&order=name&group=state&offset=10&limit=5").await;
    assert_eq!((found.n_matching, found.jobs.len(), found.jobs[0].name.as_str()), (11, 1, "load39999"));
    ada.get(&format!("/hosts/{}/jobs?order=age", ada.host)).await.problem(ProblemCode::MalformedRequest);

    let id = hers.pbs_id.unwrap();
    let nodes = eventually("the node with the job", || async {
        let nodes: HostNodes = ada.read(&format!("/hosts/{}/nodes", ada.host)).await;
        nodes.nodes.iter().any(|node| node.jobs.contains(&id)).then_some(nodes)
    })
    .await;
    assert_eq!(nodes.nodes.len(), 2000);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(ada.wait_ended(hers.id).await.exit_status, Some(0));
}

#[tokio::test]
async fn a_hosts_bad_hours_are_remembered() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let history = async || ada.read::<HostHistory>(&format!("/hosts/{}/health", ada.host)).await;
    let wait = async |status: HostStatus| {
        eventually("the host's status", || async {
            let now = history().await;
            (now.health.status == status && now.samples.first()?.status == status).then_some(now)
        })
        .await
    };
    let up = wait(HostStatus::Up).await;
    assert!(up.health.latency_ms.is_some() && up.samples[0].latency_ms.is_some(), "{up:?}");
    app.sim.faults().arm(Fault::ServerDown);
    let down = wait(HostStatus::SchedulerDown).await;
    assert!(down.samples[0].detail.as_ref().is_some_and(|words| words.contains("connect")), "{down:?}");
    app.sim.faults().clear();
    let again = wait(HostStatus::Up).await;
    let told: Vec<HostStatus> = again.samples.iter().map(|sample| sample.status).collect();
    assert!(told.starts_with(&[HostStatus::Up, HostStatus::SchedulerDown, HostStatus::Up]), "{told:?}");
    assert!(again.samples.is_sorted_by(|a, b| a.at >= b.at));
}

#[tokio::test]
async fn an_account_that_hangs_keeps_nobody_else_waiting() {
    let app = TestApp::with(|setup| setup.config.ssh.command_timeout = Duration::from_secs(300)).await;
    let (ada, eve) = (app.ready_user("ada").await, app.ready_user("eve").await);
    let script = "while [ ! -e go-on ]; do sleep 0.05; done";
    let hers = eve.submit_well(&eve.job(script)).await;
    eve.wait_state(hers.id, JobState::Running).await;
    // Whoever looks how it ended reads the script it was submitted with.
    let submitted = app.sim.home("eve").join(format!("pbsweb/.jobs/{}/script", hers.id));
    std::fs::remove_file(&submitted).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&submitted).status().unwrap().success());
    std::fs::write(app.sim.home("eve").join("go-on"), "").unwrap();
    // It opens only when somebody reads.
    let asked = || async { pipe::OpenOptions::new().open_sender(&submitted).ok() };
    let mut told = eventually("how it ended is asked", asked).await;

    let own = ada.submit_well(&ada.job(script)).await;
    ada.wait_state(own.id, JobState::Running).await;
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(ada.wait_ended(own.id).await.exit_status, Some(0));
    assert_eq!(eve.find_job(hers.id).await.state, JobState::Running);

    told.write_all(b"#!/bin/sh\n").await.unwrap();
    drop(told);
    assert_eq!(eve.wait_ended(hers.id).await.exit_status, Some(0));
}

#[tokio::test]
async fn every_command_that_watching_costs_the_scheduler_is_counted() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let health = async || ada.read::<HostHistory>(&format!("/hosts/{}/health", ada.host)).await.health;
    let count = || u32::try_from(app.sim.command_count("qstat")).unwrap();
    // The account's check was not to watch; what it ran is known once a listing was counted.
    eventually("a listing", || async { (health().await.calls_last_minute > 0).then_some(()) }).await;
    let unwatched = eventually("a moment between two listings", || async {
        let (before, counted, after) = (count(), health().await.calls_last_minute, count());
        (before == after && (before - counted) < 6).then_some(before - counted)
    })
    .await;
    // How a job ended is asked, too.
    let job = ada.submit_well(&ada.job("true")).await;
    assert_eq!(ada.wait_ended(job.id).await.exit_status, Some(0));
    eventually("the look-up is counted", || async {
        (count() == health().await.calls_last_minute + unwatched).then_some(())
    })
    .await;
}
