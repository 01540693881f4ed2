//! How jobs ended that are no longer listed: the scheduler's record of finished jobs, then the file that the job's own
//! epilogue left, then the accounting. What none tells is lost, and looked for again. Arrays are looked at while they run, too: a
//! listing shows them only in sum.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, QueryResult};
use pbsweb_shared::api::jobs::{StateCount, Subjob};
use pbsweb_shared::ids::{HostId, JobId, UserId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::names::{LoginName, PbsJobId};
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};

use super::diff::facts::{ASK_AGAIN, settle, wait_before};
use super::diff::resolve::resolve;
use super::diff::subjobs::{ArrayEvidence, follow_array, look};
use super::diff::{KnownRuns, is_record_of};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{FinishedReply, JobRecord};
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker, quick};
use crate::store::StoreError;
use crate::store::events::hold_events;
use crate::store::jobs::{ArrayLook, JobFacts, OpenJob, change_job};
use crate::store::replicas::Hold;
use crate::store::subjobs::{find_subjobs, put_subjobs};
use crate::store::submissions::find_submission;
use crate::store::watches::{lock_watch, note_calls};
use crate::transport::{RunLimits, TransportError};

/// Records of finished jobs, some kilobytes each.
const MOST_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Jobs asked about in one exchange.
const AT_ONCE: usize = 200;

/// Accounts of one host that are asked at the same time.
const ACCOUNTS_AT_ONCE: usize = 4;

type Account = (UserId, LoginName);

/// The looks that are under way at one host, beside its listings: a hundred accounts, or one that hangs, keep nobody from
/// seeing what is listed. Dropped, they end.
pub(super) struct LookUps {
    running: JoinSet<()>,
    /// Whose jobs are looked at. What else is missing of theirs, the next listing brings again.
    accounts: HashMap<task::Id, Account>,
    places: Arc<Semaphore>,
}

impl Default for LookUps {
    fn default() -> Self {
        Self {
            running: JoinSet::new(),
            accounts: HashMap::new(),
            places: Arc::new(Semaphore::new(ACCOUNTS_AT_ONCE)),
        }
    }
}

impl LookUps {
    /// Counts the looks that ended as over. To be said before what is known of the jobs is read: a look that ends after that
    /// wrote what the reader has not seen, and its jobs must not be looked at again because of it.
    pub(super) fn forget_ended(&mut self) {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.accounts.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
    }

    /// Looks at jobs that a listing no longer shows, or shows only in sum, each by the account that submitted it: another may
    /// not be allowed to see it.
    pub(super) fn begin(&mut self, app: &Arc<App>, hold: Hold, jobs: Vec<OpenJob>) {
        let mut by_account: HashMap<Account, Vec<OpenJob>> = HashMap::new();
        for job in jobs {
            by_account.entry((job.owner, job.login.clone())).or_default().push(job);
        }
        by_account.retain(|account, _| !self.accounts.values().any(|busy| busy == account));
        for (account, jobs) in by_account {
            let (app, places, whose) = (Arc::clone(app), Arc::clone(&self.places), account.clone());
            let look = async move {
                // It is never closed.
                let _place = places.acquire_owned().await;
                if let Err(error) = look_up(&app, hold, &whose, &jobs).await {
                    tracing::warn!(
                        host.id = %hold.host,
                        error = &error as &dyn std::error::Error,
                        "how jobs ended could not be kept; the next listing asks again"
                    );
                }
            };
            self.accounts.insert(self.running.spawn(look).id(), account);
        }
    }
}

/// Jobs that a host is asked about, and since when. What a later listing says of one is newer than the answer.
struct Asked {
    jobs: Vec<(JobId, PbsJobId)>,
    at: DateTime<Utc>,
}

/// Looks at jobs of one account.
async fn look_up(
    app: &Arc<App>,
    hold: Hold,
    (owner, login): &Account,
    jobs: &[OpenJob],
) -> Result<(), StoreError> {
    let host = hold.host;
    for jobs in jobs.chunks(AT_ONCE) {
        let ids = jobs.iter().filter_map(|job| Some((job.id, job.facts.pbs_id.clone()?))).collect();
        let asked = Asked { jobs: ids, at: app.replica.now() };
        match ask(app, *owner, host, login, &asked.jobs).await {
            Ok(reply) => keep(app, hold, asked, disown(reply, jobs)).await?,
            Err(ReachError::Store(error)) => return Err(error),
            Err(ReachError::Transport { source, .. }) if is_shut_out(&source) => {
                let words = format!(
                    "the scheduler no longer lists it, and how it ended cannot be asked: {}; let the key in there \
                     again, and it is",
                    chain(&source)
                );
                note_failure(app, hold, asked, words, true).await?;
            }
            Err(error) => {
                let cause = chain(&error);
                tracing::info!(host.id = %host, cause, "jobs could not be looked up; the next listing asks again");
                let words = format!("the host could not be asked: {cause}");
                note_failure(app, hold, asked, words, false).await?;
            }
        }
    }
    Ok(())
}

async fn ask(
    app: &App,
    owner: UserId,
    host: HostId,
    login: &LoginName,
    jobs: &[(JobId, PbsJobId)],
) -> Result<FinishedReply, ReachError> {
    let mut reach = Reach::find(app, owner, host, Trust::Named).await?;
    if reach.account.login != *login {
        // The login name was changed since: all of these jobs went to the former account, and their folders are there.
        let first = jobs.first().map(|(job, _)| *job);
        let submission = match first {
            Some(job) => app.store.read(move |connection| find_submission(connection, job)).await?,
            None => None,
        };
        let folder = submission.map(|submission| submission.frozen.job_folder).unwrap_or_default();
        reach = reach.as_submitted(login, &folder);
    }
    let mut reply = ask_server(app, &reach, jobs, None).await?;
    for (server, jobs) in reply.moved(jobs) {
        let there = ask_server(app, &reach, &jobs, Some(&server)).await?;
        reply.follow(&server, there);
    }
    Ok(reply)
}

/// Asks the host's own scheduler, or another server that jobs were moved to.
async fn ask_server(
    app: &App,
    reach: &Reach,
    jobs: &[(JobId, PbsJobId)],
    server: Option<&str>,
) -> Result<FinishedReply, ReachError> {
    let marker = fresh_marker();
    let command = reach.scheduler().finished(&reach.site(), &marker, jobs, server)?;
    let limits = RunLimits { max_output_bytes: MOST_OUTPUT_BYTES, ..quick(app) };
    let output = reach.run(app, command, limits).await?;
    Ok(reach.scheduler().read_finished(&marker, jobs, &output.stdout))
}

/// The host does not let PBSWeb in as the account that submitted a job: to ask again soon is of no use.
const fn is_shut_out(error: &TransportError) -> bool {
    matches!(error, TransportError::KeyNotAccepted { .. } | TransportError::SecondFactorWanted { .. })
}

/// Nobody could be asked: that was tried, too. Whoever is shut out learns it as the job's reason.
async fn note_failure(
    app: &App,
    hold: Hold,
    asked: Asked,
    words: String,
    is_shut_out: bool,
) -> Result<(), StoreError> {
    let now = app.replica.now();
    app.store
        .query(move |connection| {
            if !lock_watch(connection, hold)? {
                return Ok(());
            }
            for (job, pbs_id) in &asked.jobs {
                change_job(connection, *job, now, |facts| {
                    if facts.state.has_ended()
                        || facts.pbs_id.as_ref() != Some(pbs_id)
                        || facts.as_of > asked.at
                    {
                        return;
                    }
                    if is_shut_out {
                        facts.reason = Some(words.clone());
                        facts.n_looks = facts.n_looks.saturating_add(1);
                        facts.still_looking(&words, now, wait_before(facts.n_looks.max(2)));
                    } else {
                        facts.still_looking(&words, now, ASK_AGAIN);
                    }
                })?;
            }
            Ok(())
        })
        .await?;
    app.hub.poke();
    Ok(())
}

/// A number may be another job's by now. Such a record says nothing of ours, but that the scheduler has it no more.
fn disown(mut reply: FinishedReply, jobs: &[OpenJob]) -> FinishedReply {
    for job in jobs {
        let Some(pbs_id) = &job.facts.pbs_id else { continue };
        let n_records = reply.records.len();
        reply.records.retain(|record| record.pbs_id != *pbs_id || is_record_of(record, job.id, &job.login));
        if reply.records.len() < n_records {
            reply.unknown.push(pbs_id.clone());
        }
    }
    reply
}

async fn keep(app: &App, hold: Hold, asked: Asked, reply: FinishedReply) -> Result<(), StoreError> {
    let now = app.replica.now();
    app.store
        .query(move |connection| {
            // What was asked before another server took over may be older than what that one knows.
            if !lock_watch(connection, hold)? {
                return Ok(());
            }
            note_calls(connection, hold.host, reply.n_calls)?;
            for (job, pbs_id) in &asked.jobs {
                // Before the jobs of an array, whose row is held while they are written.
                hold_events(connection)?;
                keep_one(connection, *job, pbs_id, &reply, (asked.at, now))?;
            }
            Ok(())
        })
        .await?;
    app.hub.poke();
    Ok(())
}

fn keep_one(
    connection: &mut PgConnection,
    job: JobId,
    pbs_id: &PbsJobId,
    reply: &FinishedReply,
    (asked_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<()> {
    let is_array = pbs_id.as_str().contains("[]");
    let before = if is_array { find_subjobs(connection, job)? } else { BTreeMap::new() };
    let records: Vec<&JobRecord> = reply
        .subjobs
        .iter()
        .filter(|record| record.pbs_id.subjob().is_some_and(|(array, _)| array == *pbs_id))
        .collect();
    let array_record = reply.records.iter().find(|record| record.pbs_id == *pbs_id);
    let mut after = BTreeMap::new();
    change_job(connection, job, now, |facts| {
        if facts.state.has_ended() || facts.pbs_id.as_ref() != Some(pbs_id) {
            after.clone_from(&before);
            return;
        }
        let is_answered = array_record.is_some() || reply.unknown.contains(pbs_id);
        after = if is_array && is_answered {
            let notes = reply.epilogues.iter().find(|(whose, _)| *whose == job).map(|(_, notes)| notes);
            let is_held = array_record.is_some_and(|record| record.state == Some(JobState::Held));
            let is_delete_requested = facts.is_delete_requested;
            look(
                before.clone(),
                ArrayEvidence { records: &records, notes, is_held, is_delete_requested },
                now,
            )
        } else {
            before.clone()
        };
        if facts.as_of <= asked_at {
            settle(facts, resolve(job, pbs_id, known_runs(facts, reply, now), &after, reply), now);
        }
        follow_array(&mut after, facts.state, facts.end_cause, now);
        if is_array && is_answered && !after.is_empty() {
            facts.subjobs = Some(ArrayLook {
                counts: count(after.values()),
                as_of: now,
                listed: array_record.and_then(|record| record.array_state_count.clone()),
            });
        }
    })?;
    put_subjobs(connection, job, after.values().filter(|subjob| before.get(&subjob.index) != Some(*subjob)))
}

/// How many are in which state.
fn count<'a>(subjobs: impl Iterator<Item = &'a Subjob>) -> Vec<StateCount> {
    let mut counts: BTreeMap<JobState, u32> = BTreeMap::new();
    for subjob in subjobs {
        *counts.entry(subjob.state).or_default() += 1;
    }
    counts.into_iter().map(|(state, count)| StateCount { state, count }).collect()
}

fn known_runs(facts: &JobFacts, reply: &FinishedReply, now: DateTime<Utc>) -> KnownRuns {
    let is_waiting = matches!(facts.state, JobState::Queued | JobState::Held | JobState::Waiting);
    let ahead = reply.host_clock.map_or(TimeDelta::zero(), |clock| clock - now);
    KnownRuns {
        run_count: facts.run_count.try_into().unwrap_or(0),
        waiting_at: Some(facts.as_of + ahead).filter(|_| is_waiting),
        is_delete_requested: facts.is_delete_requested,
    }
}
