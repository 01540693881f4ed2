//! Several servers on one database: one asks each host, all answer alike, and whoever dies or hangs is taken over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pbsweb::store::watches::{Turn, find_watch, lock_watch, take_turn};
use pbsweb_e2e::live::{ServerProcess, ServerSettings};
use pbsweb_e2e::{Client, Replica, TestApp, User, eventually, until};
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostJobs, HostQueues, HostStatus};
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_sim::Fault;

use crate::exactly_once::only_folders_of;

/// Within this a dead server is taken over; a busy machine gets as much again.
const TAKEN_OVER: Duration = Duration::from_secs(20);

/// Longer than a server is believed alive without a heartbeat.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(8);

/// A command of the scheduler that each listing runs once.
fn n_listings(app: &TestApp) -> u64 {
    // `qstat -f`, `-Qf` and `-Bf`.
    app.sim.command_count("qstat") / 3
}

async fn listed_at(user: &User) -> Option<chrono::DateTime<chrono::Utc>> {
    user.read::<Host>(&format!("/hosts/{}", user.host)).await.health.snapshot_at
}

/// Waits for a listing that was asked for after this call.
async fn next_listing(user: &User) {
    let before = listed_at(user).await;
    eventually("the host is listed again", || async { (listed_at(user).await > before).then_some(()) }).await;
}

/// The second server, and the user signed in there.
async fn second(app: &TestApp, user: &User) -> (Replica, User) {
    let replica = app.start_replica().await;
    let there = user.moved_to(&replica.client);
    (replica, there)
}

#[tokio::test]
async fn every_server_shows_what_one_of_them_asked() {
    // Only who is poked asks.
    let app = TestApp::with(|setup| setup.config.poll.interval = Duration::from_secs(3600)).await;
    let user = app.ready_user("ada").await;
    let (replica, there) = second(&app, &user).await;
    let mut request = user.job("true");
    request.script.hold = true;
    let job = user.submit_well(&request).await;
    there.wait_state(job.id, JobState::Held).await;
    let n_before = n_listings(&app);
    let pages = |user: User| async move {
        let path = format!("/hosts/{}", user.host);
        let host: Host = user.read(&path).await;
        let queues: HostQueues = user.read(&format!("{path}/queues")).await;
        let jobs: HostJobs = user.read(&format!("{path}/jobs")).await;
        (host, queues, jobs)
    };
    // Unless a listing comes in between.
    let here = eventually("both show the same", || async {
        let (here, same) = (pages(user.clone()).await, pages(there.clone()).await);
        (here == same).then_some(here)
    })
    .await;
    assert_eq!(here.0.health.status, HostStatus::Up);
    assert!(here.2.jobs.iter().any(|listed| listed.job == Some(job.id) && listed.is_own), "{:#?}", here.2);
    assert!(!here.1.queues.is_empty() && here.1.rules.queues.iter().any(|queue| queue.is_default));
    // Looking asked nobody, and neither did the second server.
    assert!(n_listings(&app) <= n_before + 1, "{} after {n_before}", n_listings(&app));

    // A deletion at the server that does not watch the host is seen by the one that does, though its next listing is an
    // hour away.
    let _ = there.post_empty(&format!("/jobs/{}/delete", job.id)).await.expect(202);
    let ended = user.wait_ended(job.id).await;
    assert_eq!(ended.state, JobState::Deleted, "{ended:#?}");
    replica.stop().await;
}

#[tokio::test]
async fn the_watch_of_a_dead_server_is_taken_over_with_its_limit() {
    const MOST: u32 = 6;
    let mut app = TestApp::with(|setup| setup.config.poll.max_listings_per_minute = MOST).await;
    let user = app.ready_user("ada").await;
    let (replica, there) = second(&app, &user).await;
    until("the limit is reached", || n_listings(&app) >= u64::from(MOST)).await;

    app.crash_server();
    let begun = Instant::now();
    until("the other server holds the host", || !replica.inside().pollers.held().is_empty()).await;
    assert!(begun.elapsed() < TAKEN_OVER, "{:?}", begun.elapsed());
    let host = user.host;
    let health = there.read::<Host>(&format!("/hosts/{host}")).await.health;
    assert!(health.listings_last_minute <= MOST, "{health:?}");
    assert!(n_listings(&app) <= u64::from(MOST), "{}", n_listings(&app));
    // Nor may whoever holds it now.
    let hold = replica.inside().pollers.held()[0];
    let turn =
        replica.inside().store.query(move |connection| take_turn(connection, hold, MOST)).await.unwrap();
    assert!(matches!(turn, Turn::After(_)), "{turn:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_taken_over_and_writes_nothing_when_it_wakes_up() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 3")).await;
    let (replica, there) = second(&app, &user).await;
    there.wait_state(job.id, JobState::Running).await;
    let former = app.inside().pollers.held().into_iter().next().unwrap();

    let begun = Instant::now();
    let frozen = app.freeze_server();
    until("the other holds it", || !replica.inside().pollers.held().is_empty()).await;
    assert!(begun.elapsed() < TAKEN_OVER, "{:?}", begun.elapsed());
    next_listing(&there).await;
    next_listing(&there).await;
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let ended = there.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(3)), "{ended:#?}");

    // Under its former right it may neither ask the host nor write.
    let (locked, turn) = app
        .inside()
        .store
        .query(move |connection| Ok((lock_watch(connection, former)?, take_turn(connection, former, 100)?)))
        .await
        .unwrap();
    assert_eq!((locked, turn), (false, Turn::TakenOver));
    drop(frozen);
    until("it knows", || app.inside().pollers.held().is_empty()).await;
    next_listing(&user).await;
    assert_eq!(user.find_job(job.id).await.state, JobState::Failed);
}

#[tokio::test]
async fn a_stop_hands_over_at_once() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (replica, there) = second(&app, &user).await;
    next_listing(&there).await;
    assert!(replica.inside().pollers.held().is_empty());
    app.stop_server().await;
    let begun = Instant::now();
    until("the other holds it", || !replica.inside().pollers.held().is_empty()).await;
    // Sooner than a dead one would be missed.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    next_listing(&there).await;
}

#[tokio::test]
async fn a_stream_goes_on_at_another_server() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    let has_ended = |job: &Job| {
        let id = job.id;
        move |event: &Event| matches!(event, Event::Job(job) if job.id == id && job.state.has_ended())
    };
    // Each server tells what was done at the other.
    let (mut at_first, mut at_second) = (user.events().await, there.events().await);
    let first = there.submit_well(&there.job("true")).await;
    let from_first = at_first.read_until(has_ended(&first)).await;
    let from_second = at_second.read_until(has_ended(&first)).await;
    // The second was opened a moment later.
    let n_before = from_first.iter().take_while(|event| event.id < from_second[0].id).count();
    assert_eq!(from_first[n_before..], from_second[..]);

    drop(at_first);
    let second = user.submit_well(&user.job("exit 1")).await;
    there.wait_ended(second.id).await;
    app.crash_server();
    let mut resumed = there.events_after(from_first.last().unwrap().id).await;
    let after = resumed.read_until(has_ended(&second)).await;
    assert_eq!(after, at_second.read_until(has_ended(&second)).await);
    let numbers: Vec<i64> = from_first.iter().chain(&after).map(|event| event.id).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let third = there.submit_well(&there.job("true")).await;
    resumed.read_until(has_ended(&third)).await;
}

#[tokio::test]
async fn one_key_at_two_servers_is_one_job() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    let request = user.job("true");
    let tries = (0..8).map(|n| if n % 2 == 0 { &user } else { &there });
    let answers = join_all(tries.map(|user| user.try_submit("the-same-key", 60, &request))).await;
    let jobs: Vec<Job> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
    assert!(jobs.iter().all(|job| job.id == jobs[0].id && job.pbs_id.is_some()), "{jobs:#?}");
    user.wait_ended(jobs[0].id).await;
    assert_eq!((app.sim.jobs().len(), app.sim.command_count("qsub")), (1, 1));
    assert_eq!(there.read::<Page<Job>>("/jobs").await.items.len(), 1);
    only_folders_of(&app.sim, "ada", &[jobs[0].id]).await;
}

#[tokio::test]
async fn a_dead_servers_submission_is_settled_by_another() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let job: Job = user
        .try_submit("the-key", 0, &user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 4"))
        .await
        .expect(201)
        .json();
    until("the scheduler has the job", || app.sim.jobs().len() == 1).await;
    app.crash_server();
    let begun = Instant::now();
    let settled = there.wait_for("settled", job.id, |job| job.state != JobState::Submitting).await;
    assert!(begun.elapsed() < TAKEN_OVER, "{:?}", begun.elapsed());
    assert!(settled.pbs_id.is_some(), "{settled:#?}");
    app.sim.faults().clear();
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let ended = there.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(4)), "{ended:#?}");
    assert_eq!((app.sim.jobs().len(), app.sim.command_count("qsub")), (1, 1));
}

/// The same with a process of its own, which is killed: nothing of it gets the chance to tidy up.
#[tokio::test]
async fn a_killed_servers_submission_is_settled_by_another() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let folder = app.path("process");
    std::fs::create_dir(&folder).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let key = app.path("pbsweb/master.key");
    let settings = ServerSettings {
        data_folder: folder.join("data"),
        folder,
        listen: "127.0.0.1:0".parse().unwrap(),
        more: format!(
            "master_key_file = {}\n[database]\nurl = {}\nmax_connections = 6\n",
            quoted(key.to_str().unwrap()),
            quoted(app.database_url())
        ),
    };
    let process = ServerProcess::start(&settings).await.unwrap();
    let there =
        user.moved_to(&Client::new(process.url.clone(), &std::fs::read(process.certificate()).unwrap()));
    // No listing finds the job for the other before.
    app.sim.faults().arm(Fault::NewJobsHidden { ms: 600_000 });
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let request = user.job("while [ ! -e ~/go-on ]; do sleep 0.05; done; exit 4");
    let job: Job = there.try_submit("the-key", 0, &request).await.expect(201).json();
    until("the scheduler has the job", || app.sim.jobs().len() == 1).await;
    process.kill().await.unwrap();
    app.sim.faults().clear();
    let begun = Instant::now();
    let again: Job = user.try_submit("the-key", 60, &request).await.expect(201).json();
    assert_eq!(again.id, job.id);
    let settled = user.wait_for("settled", job.id, |job| job.state != JobState::Submitting).await;
    assert!(begun.elapsed() < TAKEN_OVER, "{:?}", begun.elapsed());
    assert!(settled.pbs_id.is_some(), "{settled:#?}");
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(4)), "{ended:#?}");
    assert_eq!((app.sim.jobs().len(), app.sim.command_count("qsub")), (1, 1));
}

/// However slow the scheduler is, nobody else looks for what a living server is at.
#[tokio::test]
async fn a_living_servers_submission_is_its_own() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    // No listing finds the job meanwhile.
    app.sim.faults().arm(Fault::NewJobsHidden { ms: 600_000 });
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let job: Job = user.try_submit("the-key", 0, &user.job("true")).await.expect(201).json();
    until("qsub runs", || app.sim.command_count("qsub") == 1).await;
    let begun = Instant::now();
    until("a lease would have run out", || begun.elapsed() > LONGER_THAN_A_LEASE).await;
    assert_eq!(app.sim.command_count("qselect"), 0, "somebody looked for it");
    assert_eq!(there.find_job(job.id).await.state, JobState::Submitting);
    app.sim.faults().clear();
    there.wait_for("queued", job.id, |job| job.pbs_id.is_some()).await;
    assert_eq!((app.sim.command_count("qselect"), app.sim.command_count("qsub")), (0, 1));
}

#[tokio::test]
async fn a_dead_servers_build_is_followed_by_another() {
    let mut app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    let tree = crate::archive::Tree::new().file(
        "Makefile",
        "all:\n\t@echo one\n\t@while [ ! -e go-on ]; do sleep 0.05; done\n\t@echo two; exit 4\n",
    );
    let application = user.upload("slow", tree.tar()).await;
    let build = user.start_build(application.id).await;
    let id = build.id;
    eventually("the first line is kept", || async {
        let build: Build = there.read(&format!("/builds/{id}")).await;
        (build.n_output_bytes > 0).then_some(())
    })
    .await;
    app.crash_server();
    std::fs::write(app.sim.home("ada").join("pbsweb/slow/go-on"), "").unwrap();
    let (output, build) = there.follow_build(id).await;
    assert!(output.starts_with("one\ntwo\n"), "{output:?}");
    assert_eq!((build.state, build.exit_status.is_some()), (BuildState::Failed, true), "{build:#?}");
}

/// What a session or a key may do is asked of the database each time: no server goes on with what another has ended.
#[tokio::test]
async fn a_sign_out_and_a_new_key_count_everywhere_at_once() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (_replica, there) = second(&app, &user).await;
    there.check_well(there.host).await;
    let _ = user.post_empty("/me/ssh-key/rotate").await;
    // The host knows the old key only.
    let report = there.check(there.host).await;
    assert!(!report.is_ok, "{report:#?}");
    let _ = user.delete("/sessions/current").await.expect(204);
    assert_eq!(there.get("/me").await.status, 401);
}

/// Sessions are looked up for many requests by one query: none is answered by a query that began before it.
#[tokio::test]
async fn a_sign_out_counts_at_once_among_many_requests() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let bob = app.ready_user("bob").await;
    let (_replica, there) = second(&app, &user).await;
    let bob = bob.moved_to(&there);
    let is_over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..8)
        .map(|_| {
            let (there, bob, is_over) = (there.clone(), bob.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let (ada, bob) = tokio::join!(there.get("/me"), bob.get("/me"));
                    assert!(matches!(ada.status, 200 | 401), "{}", ada.status);
                    assert_eq!(bob.status, 200, "{}", bob.text());
                }
            })
        })
        .collect();
    assert_eq!(there.get("/me").await.status, 200);
    let _ = user.delete("/sessions/current").await.expect(204);
    let after = join_all((0..40).map(|_| there.get("/me"))).await;
    is_over.store(true, Ordering::Relaxed);
    for task in busy {
        task.await.unwrap();
    }
    assert!(after.iter().all(|answer| answer.status == 401));
}

#[tokio::test]
async fn a_host_added_at_one_server_is_used_at_the_other() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let (replica, there) = second(&app, &user).await;
    let admin = app.admin.moved_to(&replica.client);
    let added = admin.add_host(&pbsweb_e2e::app::host_create("again", &app.sim)).await;
    let there = there.at(added.id);
    there.put_account(added.id, "ada").await;
    there.check_well(added.id).await;
    next_listing(&user.at(added.id)).await;
    // It is noted after the listing.
    eventually("the host is up", || async {
        let watch = app.inside().store.query(move |connection| find_watch(connection, added.id)).await;
        watch.unwrap().filter(|watch| watch.status == HostStatus::Up)
    })
    .await;
}
