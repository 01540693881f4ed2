//! The database is restarted, full, or restored from a backup: clear answers meanwhile, and nothing lost or doubled after.

use std::path::Path;
use std::process::Command;

use pbsweb::postgres::{Durability, PrivatePostgres, client_program};
use pbsweb_e2e::{TestApp, User, eventually, until};
use pbsweb_shared::api::job_sets::JobSet;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::host::HostJobs;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_sim::Fault;

use super::{assert_unknown, n_accepted};

/// A PostgreSQL of the test's own, which may be treated badly.
struct Database {
    folder: tempfile::TempDir,
    postgres: PrivatePostgres,
}

impl Database {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pbsweb-").tempdir_in("/tmp").unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let postgres =
            PrivatePostgres::start_with(&folder.path().join("postgres"), Durability::Full).unwrap();
        Self { folder, postgres }
    }

    /// Ends it as a crash would: every session is cut, nothing is written.
    async fn crash(&mut self) {
        let pid_file = self.folder.path().join("postgres/data/postmaster.pid");
        let text = std::fs::read_to_string(pid_file).unwrap();
        let pid = text.lines().next().unwrap().trim().to_owned();
        assert!(Command::new("kill").args(["-QUIT", &pid]).status().unwrap().success());
        until("PostgreSQL has ended", || self.postgres.has_ended()).await;
    }

    fn restart(&mut self) {
        tokio::task::block_in_place(|| self.postgres.restart()).unwrap();
    }
}

/// Runs SQL as an administrator of the database would.
pub(super) fn psql(url: &str, sql: &str) {
    let output =
        Command::new(client_program("psql")).args(["-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn dump(url: &str, file: &Path) {
    let mut dump = Command::new(client_program("pg_dump"));
    let output = dump.args(["--format=custom", "--dbname", url, "--file"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn restore(url: &str, file: &Path) {
    let mut restore = Command::new(client_program("pg_restore"));
    let output = restore.args(["--exit-on-error", "--dbname", url]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn readiness(app: &TestApp) -> (u16, String) {
    let answer = app.client.get("//readyz").await;
    (answer.status, answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgresql_is_survived() {
    let mut database = Database::start();
    let url = database.postgres.url();
    let app = TestApp::with(|setup| setup.config.database.url = Some(url)).await;
    let user = app.ready_user("ada").await;
    let running = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done; exit 3")).await;
    user.wait_state(running.id, JobState::Running).await;
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let asked: Job = user.try_submit("asked", 0, &user.job("exit 4")).await.expect(201).json();
    until("the scheduler has it", || app.sim.jobs().len() == 2).await;

    database.crash().await;
    let problem = user.get("/jobs").await;
    problem.problem(ProblemCode::Busy);
    assert!(!problem.header("retry-after").is_empty());
    eventually("it is not ready", || async { (readiness(&app).await.0 == 503).then_some(()) }).await;
    // The scheduler's answer comes while nobody can keep it, and a job ends while nobody looks.
    app.sim.faults().clear();
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    until("both have ended", || app.sim.is_idle()).await;

    database.restart();
    eventually("it is ready", || async { (readiness(&app).await.0 == 200).then_some(()) }).await;
    // A connection of before may still be tried.
    eventually("it is read", || async { (user.get("/jobs").await.status == 200).then_some(()) }).await;
    let ended = user.wait_ended(running.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(3)), "{ended:#?}");
    let ended = user.wait_ended(asked.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(4)), "{ended:#?}");
    assert_eq!((app.sim.jobs().len(), app.sim.command_count("qsub")), (2, 2));
    let again: Job = user.try_submit("asked", 0, &user.job("exit 4")).await.expect(201).json();
    assert_eq!(again.id, asked.id);
    // A crash empties the table of listings; the next one fills it.
    let next = user.submit_well(&user.job("sleep 600")).await;
    eventually("the queue is shown again", || async {
        let jobs: HostJobs = user.read(&format!("/hosts/{}/jobs", user.host)).await;
        jobs.jobs.iter().any(|listed| listed.job == Some(next.id)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_is_said_and_takes_nothing_half() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let url = app.database_url().to_owned();
    psql(
        &url,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'; \
         END $$; \
         CREATE TRIGGER full_disk BEFORE INSERT ON jobs EXECUTE FUNCTION full_disk(); \
         CREATE TRIGGER full_disk BEFORE UPDATE ON replicas EXECUTE FUNCTION full_disk()",
    );
    let request = user.job("true");
    let refused = user.try_submit("the-key", 10, &request).await;
    refused.problem(ProblemCode::DatabaseFull);
    assert!(!refused.header("retry-after").is_empty());
    let full = eventually("it is not ready", || async {
        let (status, why) = readiness(&app).await;
        (status == 503).then_some(why)
    })
    .await;
    assert_eq!(full, "the database is full\n");
    assert!(user.read::<Page<Job>>("/jobs").await.items.is_empty(), "reading goes on");
    assert_eq!(app.sim.command_count("qsub"), 0, "nothing left for the host");

    psql(&url, "DROP TRIGGER full_disk ON jobs; DROP TRIGGER full_disk ON replicas");
    eventually("it is ready", || async { (readiness(&app).await.0 == 200).then_some(()) }).await;
    // The failed try does not stand in the way of the second.
    let job: Job = user.try_submit("the-key", 60, &request).await.expect(201).json();
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed);
    assert_eq!(n_accepted(&app.sim, job.id), 1);
}

/// Every connection to the database is in use, for longer than a request waits for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_free_connection_is_said_and_takes_nothing_half() {
    let app = TestApp::with(|setup| setup.config.database.max_connections = 3).await;
    let user = app.ready_user("ada").await;
    let request = user.job("true");
    let in_use: Vec<_> = (0..3)
        .map(|_| {
            let (release, released) = std::sync::mpsc::channel::<()>();
            let store = app.inside().store.clone();
            let held = tokio::spawn(async move {
                store
                    .read(move |_| {
                        // Until the other end is dropped.
                        let _ = released.recv();
                        Ok(())
                    })
                    .await
            });
            (release, held)
        })
        .collect();
    let state = || app.inside().store.pool_state();
    until("all are in use", || (state().connections, state().idle_connections) == (3, 0)).await;
    let refused = user.try_submit("the-key", 10, &request).await;
    refused.problem(ProblemCode::Busy);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(app.sim.command_count("qsub"), 0, "nothing left for the host");

    for (release, held) in in_use {
        drop(release);
        held.await.unwrap().unwrap();
    }
    let job: Job = user.try_submit("the-key", 60, &request).await.expect(201).json();
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed);
    assert_eq!((n_accepted(&app.sim, job.id), app.sim.jobs().len()), (1, 1));
}

/// What the story below reads and writes.
const TABLES: [&str; 20] = [
    "activity",
    "application_hosts",
    "applications",
    "build_output",
    "builds",
    "deployment",
    "events",
    "host_accounts",
    "host_listings",
    "host_watches",
    "hosts",
    "idempotency_keys",
    "job_events",
    "job_submissions",
    "jobs",
    "queues",
    "replicas",
    "script_revisions",
    "scripts",
    "sessions",
];

/// The release after this one may add columns and tables while servers of this one still run.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_while_the_next_release_expands_the_tables() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let before = user.submit_well(&user.job("true")).await;
    user.wait_ended(before.id).await;
    let running = user.submit_well(&user.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    // Each by itself, as a migration that minds its locks does.
    for table in TABLES {
        let columns = "ADD COLUMN of_the_next_release text, ADD COLUMN another integer NOT NULL DEFAULT 7";
        psql(app.database_url(), &format!("ALTER TABLE {table} {columns}"));
    }
    psql(app.database_url(), "CREATE TABLE of_the_next_release (id uuid PRIMARY KEY)");
    psql(app.database_url(), "CREATE INDEX of_the_next_release_idx ON jobs (another)");
    let after = user.submit_well(&user.job("exit 2")).await;
    assert_eq!(user.wait_ended(after.id).await.exit_status, Some(2));
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(user.wait_ended(running.id).await.state, JobState::Completed);
    let application = user.upload("hello", crate::archive::hello().tar()).await;
    let build = user.start_build(application.id).await;
    user.follow_build(build.id).await;
    // A server of this release may even start again.
    let replica = app.start_replica().await;
    let there = user.moved_to(&replica.client);
    assert_eq!(there.read::<Page<Job>>("/jobs").await.items.len(), 3);
    let _ = there.get(&format!("/hosts/{}/jobs", there.host)).await.expect(200);
}

async fn state_of(user: &User, job: &Job) -> (JobState, Option<i32>) {
    let job = user.wait_ended(job.id).await;
    (job.state, job.exit_status)
}

/// The server starts again on yesterday's database; the host's faults are over.
async fn go_back_to(backup: &Path, database: &Database, app: &mut TestApp, user: &User) -> User {
    app.stop_server().await;
    let restored = database.postgres.create_database("restored", None).unwrap();
    restore(&restored, backup);
    app.set_database(&restored);
    app.start_server().await;
    app.sim.faults().clear();
    app.again(user)
}

/// Yesterday's database knows nothing of today's jobs. The host does.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_submitted_after_the_backup_are_adopted_and_not_submitted_again() {
    let database = Database::start();
    let url = database.postgres.url();
    let mut app = TestApp::with(|setup| setup.config.database.url = Some(url.clone())).await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", crate::archive::hello().tar()).await;
    let yesterday = user.submit_well(&user.job("exit 1")).await;
    user.wait_ended(yesterday.id).await;
    let backup = app.path("backup");
    dump(&url, &backup);

    // Today: one that runs on, one that has ended, one that was refused, one that nobody knows anything of yet.
    let mut request = user.job("while [ ! -e ~/go-on ]; do sleep 0.05; done; exit 5");
    request.application = Some(application.id);
    request.script_name = Some("Today's \"run\"".to_owned());
    let running: Job = user.try_submit("running", 60, &request).await.expect(201).json();
    user.wait_state(running.id, JobState::Running).await;
    let ended: Job = user.try_submit("ended", 60, &user.job("exit 6")).await.expect(201).json();
    user.wait_ended(ended.id).await;
    app.sim.faults().arm_times(Fault::SubmitRefused { text: "too much".to_owned(), status: 188 }, 1);
    let refused: Job = user.try_submit("refused", 60, &user.job("exit 7")).await.expect(201).json();
    assert_eq!(refused.state, JobState::Rejected);
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let unknown: Job = user.try_submit("unknown", 0, &user.job("exit 8")).await.expect(201).json();
    assert_unknown(&unknown);
    until("the scheduler has it", || app.sim.jobs().len() == 4).await;
    let n_qsub = app.sim.command_count("qsub");
    // And one that a server had made ready when it died, before it was stored: nobody was told of it.
    let folders = app.sim.home("ada").join("pbsweb/.jobs");
    let never = folders.join(uuid::Uuid::from_u128(ended.id.as_uuid().as_u128() + 1).to_string());
    std::fs::create_dir_all(never.join("try-1/run")).unwrap();
    std::fs::copy(folders.join(ended.id.to_string()).join("script"), never.join("script")).unwrap();

    let user = go_back_to(&backup, &database, &mut app, &user).await;

    // Whoever repeats a request, as early as can be, gets the job that it made.
    let again: Job = user.try_submit("running", 60, &request).await.expect(201).json();
    assert_eq!(again.id, running.id);
    user.try_submit("ended", 0, &user.job("exit 9")).await.problem(ProblemCode::IdempotencyKeyReused);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    for (job, state, status) in [
        (&yesterday, JobState::Failed, Some(1)),
        (&running, JobState::Failed, Some(5)),
        (&ended, JobState::Failed, Some(6)),
        (&refused, JobState::Rejected, None),
        (&unknown, JobState::Failed, Some(8)),
    ] {
        assert_eq!(state_of(&user, job).await, (state, status), "{job:#?}");
    }
    let known = user.find_job(running.id).await;
    assert_eq!(known.pbs_id, running.pbs_id);
    assert_eq!((&known.name, known.application), (&running.name, Some(application.id)));
    // The host noted it in whole seconds, between the request and its answer.
    let second = chrono::TimeDelta::seconds(1);
    let asked = running.submitted_at - second..=running.as_of + second;
    assert!(asked.contains(&known.submitted_at), "{asked:?} {known:#?}");
    let script: pbsweb_shared::api::jobs::JobScriptText =
        user.read(&format!("/jobs/{}/script", running.id)).await;
    assert_eq!(
        (&script.draft.name, &script.draft.commands),
        (&request.script.name, &request.script.commands)
    );
    assert_eq!((app.sim.command_count("qsub"), app.sim.jobs().len()), (n_qsub, 4), "something ran again");
    assert_eq!(user.read::<Page<Job>>("/jobs").await.items.len(), 5);

    // A new one is new, and a start does not search again.
    let fresh: Job = user.try_submit("fresh", 60, &user.job("exit 0")).await.expect(201).json();
    assert_eq!(state_of(&user, &fresh).await, (JobState::Completed, Some(0)));
    assert_eq!(app.sim.command_count("qsub"), n_qsub + 1);
}

/// Only what is on the host is left of it: its first job, which waits for nothing, is still held, and has not run.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_half_submitted_after_the_backup_is_found_as_far_as_it_came() {
    let database = Database::start();
    let url = database.postgres.url();
    let mut app = TestApp::with(|setup| setup.config.database.url = Some(url.clone())).await;
    let user = app.ready_user("ada").await;
    let backup = app.path("backup");
    dump(&url, &backup);

    let after = serde_json::json!([{ "on": "a", "type": "afterok" }]);
    let body = serde_json::json!({ "jobs": [
        { "label": "a", "submit": user.job("exit 0") },
        { "label": "b", "submit": user.job("exit 0"), "depends": after },
    ] });
    let ask = |user: &User, wait: u32| {
        let request = user.request(reqwest::Method::POST, &format!("/job-sets?wait={wait}"));
        let request = request.header("Idempotency-Key", "set").json(&body);
        let user = user.clone();
        async move { user.send(request).await }
    };
    // The scheduler takes the first and is silent about it: the second's turn does not come.
    app.sim.faults().arm_times(Fault::SubmitHangs, 1);
    let before: JobSet = ask(&user, 0).await.expect(201).json();
    until("the scheduler has the first", || app.sim.jobs().len() == 1).await;

    let user = go_back_to(&backup, &database, &mut app, &user).await;

    let set: JobSet = eventually("the set is found", || async {
        let answer = user.get(&format!("/job-sets/{}", before.id)).await;
        (answer.status == 200).then(|| answer.json::<JobSet>())
    })
    .await;
    assert_eq!((set.id, set.jobs.len()), (before.id, 1), "{set:#?}");
    assert!(set.reason.as_ref().is_some_and(|reason| reason.contains("still held")), "{set:#?}");
    let first = user.wait_state(set.jobs[0].job.id, JobState::Held).await;
    assert_eq!((first.id, first.started_at), (before.jobs[0].job.id, None));
    // The request's repeat gets the set and submits nothing; the user releases the job, or asks anew under another key.
    let again: JobSet = ask(&user, 0).await.expect(201).json();
    assert_eq!((again.id, app.sim.jobs().len()), (set.id, 1));
    let _ = user.post(&format!("/jobs/{}/release", first.id), &serde_json::json!({})).await.expect(202);
    assert_eq!(state_of(&user, &first).await, (JobState::Completed, Some(0)));
    assert_eq!(app.sim.command_count("qsub"), 1);
}
