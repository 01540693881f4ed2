//! What must be true when the dust has settled: the scheduler has every accepted submission exactly once, every state is right,
//! and nothing is left over.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};
use pbsweb_shared::api::jobs::{Job, JobEvent};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_sim::Accepted;

use crate::campaign::Campaign;
use crate::clients::{Wish, submit};

/// So many jobs are asked about at once.
const AT_ONCE: usize = 16;

/// Waits until every job has ended, and every submission is settled.
pub(crate) async fn wait_until_settled(campaign: &Campaign, limit: Duration) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let open =
            campaign.stand.database.count("SELECT count(*) AS n FROM jobs WHERE ended_at IS NULL").await?;
        if open == 0 {
            return Ok(());
        }
        if begun.elapsed() > limit {
            campaign.find(format!("{open} jobs have not ended {} s after the last fault", limit.as_secs()));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Compares all jobs here and there.
pub(crate) async fn judge_jobs(campaign: &Campaign) -> anyhow::Result<Tally> {
    let mut there: BTreeMap<String, Vec<Accepted>> = BTreeMap::new();
    for node in &campaign.stand.nodes {
        for job in node.accepted()? {
            let tag = job.variable("PBSWEB_JOB").unwrap_or_default().to_owned();
            there.entry(tag).or_default().push(job);
        }
    }
    let known: HashSet<String> = campaign.jobs().iter().map(|(_, job)| job.to_string()).collect();
    for (tag, jobs) in &there {
        if !known.contains(tag) {
            campaign.find(format!("the scheduler has {} for no submission: tag {tag:?}", ids_of(jobs)));
        }
    }
    let n_rows = campaign.stand.database.count("SELECT count(*) AS n FROM jobs").await?;
    if usize::try_from(n_rows)? != known.len() {
        campaign.find(format!("{} submissions were accepted, and {n_rows} jobs are stored", known.len()));
    }
    let judged = stream::iter(campaign.jobs())
        .map(|(wish, id)| {
            let accepted = there.get(&id.to_string()).map_or(&[][..], Vec::as_slice);
            judge_job(campaign, wish, id, accepted)
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let mut tally = Tally::default();
    for state in judged {
        *tally.0.entry(state?.as_str()).or_default() += 1;
    }
    Ok(tally)
}

/// How many jobs came to which end.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, usize>);

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(state, count)| format!("{count} {state}")).collect();
        f.write_str(&words.join(", "))
    }
}

fn ids_of(jobs: &[Accepted]) -> String {
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    if ids.is_empty() { "no job".to_owned() } else { ids.join(" and ") }
}

async fn judge_job(
    campaign: &Campaign,
    wish: Wish,
    id: JobId,
    accepted: &[Accepted],
) -> anyhow::Result<JobState> {
    let user = campaign.stand.users.get(wish.user).context("no such user")?;
    let client = user.at.first().context("no server")?;
    let job: Job = client.get(&format!("/jobs/{id}")).await?;
    let events: Page<JobEvent> = client.get(&format!("/jobs/{id}/events")).await?;
    let states: Vec<JobState> = events.items.iter().map(|event| event.state).collect();
    let mut wrong = Vec::new();
    match (accepted, job.state) {
        ([only], _) if job.pbs_id.as_ref().is_none_or(|known| known.as_str() != only.id) => {
            wrong.push(format!("the scheduler has {}, and it is not known here", only.id));
        }
        ([_], JobState::Completed) if wish.exit == 0 && job.exit_status == Some(0) => {}
        ([_], JobState::Failed) if wish.exit != 0 && job.exit_status == Some(wish.exit) => {}
        ([], JobState::Rejected) => {
            let words = job.reason.as_deref().unwrap_or_default();
            if !words.contains("resource limits") {
                wrong.push(format!("nobody refused it, but: {words}"));
            }
        }
        ([_], _) => wrong.push(format!("it ended with {} there", wish.exit)),
        (several, _) => wrong.push(format!("the scheduler has {}", ids_of(several))),
    }
    // An end is an end: what was said once is not taken back.
    for pair in states.windows(2) {
        if let [before, after] = pair
            && before.has_ended()
            && before != after
        {
            wrong.push(format!("it was {before}, and then {after}"));
        }
    }
    if states.first() != Some(&JobState::Submitting) {
        wrong.push("its record does not begin with its submission".to_owned());
    }
    for what in wrong {
        let record: Vec<String> = events.items.iter().map(in_words).collect();
        campaign.find(format!(
            "job {id} of submission {}: {what}; here it is {} ({:?}, exit status {:?}, {})\n    {}",
            wish.index,
            job.state,
            job.pbs_id.as_ref().map(ToString::to_string),
            job.exit_status,
            job.reason.as_deref().unwrap_or("no reason"),
            record.join("\n    ")
        ));
    }
    Ok(job.state)
}

fn in_words(event: &JobEvent) -> String {
    serde_json::to_string(event).unwrap_or_else(|error| error.to_string())
}

/// Every submission is repeated once more, at the other server: the same job.
pub(crate) async fn repeat_all(campaign: &Campaign) -> anyhow::Result<()> {
    let mut answers = stream::iter(campaign.jobs())
        .map(|(wish, job)| async move { (wish, job, submit(campaign, wish, wish.index).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((wish, job, again)) = answers.next().await {
        let again = again?;
        if again != job {
            campaign.find(format!("submission {}: its repeat made {again} besides {job}", wish.index));
        }
    }
    Ok(())
}

/// Nothing temporary is left in the accounts, and no folder of a job that nobody knows.
pub(crate) fn judge_files(campaign: &Campaign) -> anyhow::Result<()> {
    let known: HashSet<String> = campaign.jobs().iter().map(|(_, job)| job.to_string()).collect();
    for node in &campaign.stand.nodes {
        for home in node.homes(campaign.stand.users.len()) {
            let folder = home.join("pbsweb/.jobs");
            if !folder.is_dir() {
                continue;
            }
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !known.contains(&name) {
                    campaign.find(format!("{} belongs to no job", entry.path().display()));
                }
                judge_folder(campaign, &entry.path(), 2)?;
            }
        }
    }
    Ok(())
}

fn judge_folder(campaign: &Campaign, folder: &Path, depth: usize) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("answer.") || name.starts_with("script.") {
            campaign.find(format!("{} is left over", path.display()));
        }
        if depth > 0 && path.is_dir() {
            judge_folder(campaign, &path, depth - 1)?;
        }
    }
    Ok(())
}

/// No process is left that has to do with this campaign, except those of PostgreSQL.
pub(crate) async fn judge_processes(campaign: &Campaign) -> anyhow::Result<()> {
    let folder = campaign.stand.folder.path().display().to_string();
    let begun = Instant::now();
    loop {
        let left = processes_of(&folder);
        if left.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(10) {
            for process in left {
                campaign.find(format!("a process is left: {process}"));
            }
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Those that have the folder in their environment or command line; we are none of them, nor is our PostgreSQL.
fn processes_of(folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let read = |file: &str| {
            let bytes = std::fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let (command, environment) = (read("cmdline"), read("environ"));
        let is_database = command.contains("postgres");
        if !is_database && (command.contains(folder) || environment.contains(folder)) {
            found.push(format!("{name}: {}", command.trim()));
        }
    }
    found
}

/// With every server stopped, nobody holds a lock or a lease in the database, or is connected to it.
pub(crate) async fn judge_database(campaign: &Campaign) -> anyhow::Result<()> {
    let database = &campaign.stand.database;
    for (what, statement) in [
        ("advisory locks are held", "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'"),
        (
            "sessions are left",
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
        ),
        (
            "prepared transactions are left",
            "SELECT count(*) AS n FROM pg_prepared_xacts WHERE database = current_database()",
        ),
        (
            "jobs that have ended are still to be looked for",
            "SELECT count(*) AS n FROM jobs WHERE ended_at IS NOT NULL AND next_look_at IS NOT NULL",
        ),
    ] {
        let begun = Instant::now();
        loop {
            let count = database.count(statement).await?;
            if count == 0 {
                break;
            }
            if begun.elapsed() > Duration::from_secs(5) {
                campaign.find(format!("{count} {what}"));
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}
