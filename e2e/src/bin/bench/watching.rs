//! Watching at scale: how quick a snapshot is read and compared, memory of open streams, and what the scheduler is asked by one
//! watcher and by a thousand; own jobs under load are in `own_jobs`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use diesel::{Connection as _, PgConnection};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use pbsweb::poller::diff::{KnownJob, Observed, diff};
use pbsweb::poller::listing::pack as pack_jobs;
use pbsweb::poller::snapshot::{HostSnapshot, shown_jobs};
use pbsweb::scheduler::openpbs::read_jobs;
use pbsweb::scheduler::records::{Listing, ListingReply};
use pbsweb::store::watches::set_listing;
use pbsweb_e2e::live::{Client, Http};
use pbsweb_shared::host::HostJobs;
use pbsweb_shared::ids::{HostId, JobId};
use pbsweb_shared::job::JobState;
use reqwest::Method;
use uuid::Uuid;

use crate::memory::resident_bytes;
use crate::own_jobs;
use crate::report::{Times, head, ratio, say};
use crate::stand::Stand;

const STREAMS: usize = 1000;

/// How long the scheduler's commands are counted.
const COUNTED: Duration = Duration::from_secs(60);

/// Prints the tables.
pub(crate) async fn measure(stand: &Stand) -> anyhow::Result<()> {
    let (database, host) = (stand.database()?, stand.simulated.id);
    for n_jobs in [5_000, 40_000] {
        let database = database.clone();
        tokio::task::spawn_blocking(move || snapshot(n_jobs, &database, host)).await??;
    }
    let n_own = own_jobs::add(stand);
    stand.sim.add_held_jobs("somebody", 5_000 - n_own);
    let path = format!("/hosts/{}/jobs", stand.simulated.id);
    let begun = Instant::now();
    loop {
        let listed: HostJobs = stand.user.get(&path).await?;
        if listed.jobs.len() >= 5_000 {
            break;
        }
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(120), "the simulated host is not listed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The clients share the processors with the server: on one thread they take least of them.
    tokio::task::block_in_place(|| {
        let clients = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        clients.block_on(own_jobs::measure(stand, &path))
    })?;
    streams(stand, &path).await
}

/// The text of `qstat -f`, and the same jobs as JSON, such as a server would list them.
fn listing(n_jobs: usize) -> (String, String) {
    let (mut text, mut json) = (String::new(), "{\"Jobs\":{".to_owned());
    for n in 0..n_jobs {
        let attributes = [
            ("Job_Name", format!("relax_{n}")),
            ("Job_Owner", format!("user{}@login1.cluster.example", n % 300)),
            ("resources_used.cput", "01:12:33".to_owned()),
            ("resources_used.mem", "1048576kb".to_owned()),
            ("resources_used.walltime", "00:18:12".to_owned()),
            ("job_state", "R".to_owned()),
            ("queue", "workq".to_owned()),
            ("server", "pbs-1".to_owned()),
            ("Checkpoint", "u".to_owned()),
            ("ctime", "Sun Nov 22 20:44:19 2026".to_owned()),
            ("Error_Path", format!("login1:/home/user/runs/{n}/stderr")),
            ("exec_host", format!("node{:04}/0*8", n % 2000)),
            ("exec_vnode", format!("(node{:04}:ncpus=8:mem=16777216kb)", n % 2000)),
            ("Hold_Types", "n".to_owned()),
            ("Join_Path", "n".to_owned()),
            ("Keep_Files", "oed".to_owned()),
            ("Mail_Points", "a".to_owned()),
            ("mtime", "Sun Nov 22 20:54:20 2026".to_owned()),
            ("Output_Path", format!("login1:/home/user/runs/{n}/stdout")),
            ("Priority", "0".to_owned()),
            ("qtime", "Sun Nov 22 20:44:19 2026".to_owned()),
            ("Rerunable", "True".to_owned()),
            ("Resource_List.mem", "16gb".to_owned()),
            ("Resource_List.ncpus", "8".to_owned()),
            ("Resource_List.nodect", "1".to_owned()),
            ("Resource_List.place", "pack".to_owned()),
            ("Resource_List.select", "1:ncpus=8:mem=16gb".to_owned()),
            ("Resource_List.walltime", "12:00:00".to_owned()),
            ("stime", "Sun Nov 22 20:44:20 2026".to_owned()),
            ("session_id", "13422".to_owned()),
            ("substate", "42".to_owned()),
            ("comment", "Job run at Sun Nov 22 at 20:44 on (node0001:ncpus=8:mem=16777216kb)".to_owned()),
            ("etime", "Sun Nov 22 20:44:19 2026".to_owned()),
            ("run_count", "1".to_owned()),
            ("project", "_pbs_project_default".to_owned()),
            ("Submit_Host", "login1".to_owned()),
        ];
        let variables = "PBS_O_HOME=/home/user,PBS_O_LANG=C.UTF-8,PBS_O_LOGNAME=user,\n\tPBS_O_PATH=/usr/local/bin:/usr/bin:/bin,\
                         PBS_O_MAIL=/var/mail/user,\n\tPBS_O_SHELL=/bin/bash,PBS_O_WORKDIR=/home/user,PBS_O_SYSTEM=Linux,\n\t\
                         PBS_O_QUEUE=workq,PBS_O_HOST=login1";
        // Writing to a String does not fail.
        let _ = writeln!(text, "Job Id: {n}.pbs-1");
        let _ = write!(json, "{}\"{n}.pbs-1\":{{", if n == 0 { "" } else { "," });
        for (name, value) in &attributes {
            let _ = writeln!(text, "    {name} = {value}");
            let _ = write!(json, "\"{name}\":\"{value}\",");
        }
        let _ = writeln!(text, "    Variable_List = {variables}\n");
        let _ = write!(json, "\"Variable_List\":\"{}\"}}", variables.replace("\n\t", ""));
    }
    json.push_str("}}");
    (text, json)
}

/// What `serde_json` makes of the same jobs when their values are not looked at.
type Raw<'a> = HashMap<&'a str, HashMap<&'a str, HashMap<&'a str, serde_json::Value>>>;

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn snapshot(n_jobs: usize, database: &str, host: HostId) -> anyhow::Result<()> {
    const TURNS: usize = 5;
    let (text, json) = listing(n_jobs);
    head(&format!("A snapshot of {n_jobs} jobs ({:.1} MB of text)", text.len() as f64 / 1e6));
    let (mut parse, mut compare, mut serde) = (Times::default(), Times::default(), Times::default());
    let (mut pack, mut store) = (Times::default(), Times::default());
    let mut connection = PgConnection::establish(database)?;
    let before = resident_bytes(Some(std::process::id()))?;
    let mut after = before;
    for _ in 0..TURNS {
        let begun = Instant::now();
        let found = read_jobs(text.as_bytes());
        parse.push(begun.elapsed());
        anyhow::ensure!(found.jobs.len() == n_jobs && found.problems.is_empty(), "the listing is not read");
        let now = Utc::now();
        // A tenth of them are ours, and each of those has changed.
        let known: Vec<KnownJob> = found
            .jobs
            .iter()
            .step_by(10)
            .filter_map(|record| {
                Some(KnownJob {
                    job: JobId::from_uuid(Uuid::new_v4()),
                    pbs_id: Some(record.pbs_id.clone()),
                    login: record.owner.parse().ok()?,
                    state: JobState::Queued,
                    as_of: now,
                    observed: Observed::default(),
                })
            })
            .collect();
        let listing = Listing { jobs: found.jobs, ..Listing::default() };
        let snapshot = HostSnapshot::new(now, ListingReply::Listed(Box::new(listing)));
        let begun = Instant::now();
        let transitions = diff(&known, &snapshot, now);
        compare.push(begun.elapsed());
        anyhow::ensure!(transitions.len() == known.len(), "{} of {}", transitions.len(), known.len());
        let shown = shown_jobs(&snapshot, &[]);
        let begun = Instant::now();
        let packed = pack_jobs(&shown)?;
        pack.push(begun.elapsed());
        let begun = Instant::now();
        // As a listing is kept; the host's own stays.
        connection.test_transaction(|connection| set_listing(connection, host, now, None, Some(&packed)));
        store.push(begun.elapsed());
        after = after.max(resident_bytes(Some(std::process::id()))?);
        drop(snapshot);
        let begun = Instant::now();
        let raw: Raw<'_> = serde_json::from_str(&json)?;
        serde.push(begun.elapsed());
        anyhow::ensure!(raw.get("Jobs").is_some_and(|jobs| jobs.len() == n_jobs), "serde_json reads less");
    }
    parse.tell("reading it into records");
    compare.tell("comparing it with the tenth of its jobs that are ours");
    pack.tell("packing it for the database");
    store.tell("keeping it there");
    serde.tell("serde_json reading the same jobs as values");
    ratio("reading, in times of what serde_json needs", parse.median_ms() / serde.median_ms(), "< 3");
    let megabytes = after.saturating_sub(before) as f64 / 1e6;
    ratio("memory while it is held, beside its text, in MB", megabytes, "bounded");
    Ok(())
}

/// Memory of open streams, and the scheduler's commands with one watcher and with many.
#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
async fn streams(stand: &Stand, path: &str) -> anyhow::Result<()> {
    let one = commands(stand, path, 1).await?;
    let before = resident_bytes(stand.server()?.pid())?;
    let mut open = Vec::new();
    for _ in 0..STREAMS / 50 {
        // Fifty streams for each connection, as behind a proxy; signing in again would measure passwords.
        let client: Client = stand.user.with_own_connections(Http::Two)?;
        let opened = try_join_all((0..50).map(|_| async {
            let response = client.send(client.request(Method::GET, "/events")).await?;
            let mut bytes = response.bytes_stream();
            bytes.next().await.context("a stream ended at once")??;
            anyhow::Ok(bytes)
        }));
        open.extend(opened.await?);
    }
    let after = resident_bytes(stand.server()?.pid())?;
    let many = commands(stand, path, 200).await?;
    say(&format!("\n{STREAMS} open event streams"));
    ratio("memory for each, in KB", after.saturating_sub(before) as f64 / 1e3 / STREAMS as f64, "< 50");
    ratio("scheduler commands a minute, one watcher", one, "");
    ratio("the same with a thousand streams and 200 polling clients", many, "the same");
    drop(open);
    Ok(())
}

/// Commands a minute while so many clients look at the host's queue.
#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
async fn commands(stand: &Stand, path: &str, n_clients: usize) -> anyhow::Result<f64> {
    let count =
        || ["qstat", "qselect", "pbsnodes"].iter().map(|name| stand.sim.command_count(name)).sum::<u64>();
    let path = format!("{path}?own=true");
    let begun = Instant::now();
    let before = count();
    while begun.elapsed() < COUNTED {
        try_join_all((0..n_clients).map(|_| stand.user.get::<HostJobs>(&path))).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok((count() - before) as f64 * 60.0 / begun.elapsed().as_secs_f64())
}
