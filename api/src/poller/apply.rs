//! From transitions to rows: what a snapshot changes about our jobs is written under lock, with its record and event.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::Connection as _;
use diesel::result::Error;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::diff::{KnownJob, Observed, Transition, diff, is_record_of};
use super::look_up;
use super::snapshot::HostSnapshot;
use crate::app::App;
use crate::scheduler::records::JobRecord;
use crate::store::StoreError;
use crate::store::events::hold_events;
use crate::store::jobs::{JobFacts, OpenJob, change_job, open_jobs, touch_jobs};
use crate::store::replicas::Hold;
use crate::store::watches::lock_watch;

/// Writes down what a snapshot says of a host's jobs, and has those looked up that it no longer lists. `false` when another
/// server watches the host by now: then nothing is written.
pub(super) async fn apply(
    app: &Arc<App>,
    hold: Hold,
    snapshot: Arc<HostSnapshot>,
) -> Result<bool, StoreError> {
    let host = hold.host;
    let open = app.store.query(move |connection| open_jobs(connection, host)).await?;
    let known: Vec<KnownJob> = open.iter().map(known_job).collect();
    let transitions = diff(&known, &snapshot, app.replica.now());
    let mut missing = Vec::new();
    let mut changes = Vec::new();
    for transition in transitions {
        match transition {
            Transition::Missing { job, .. } => missing.push(job),
            Transition::Contradiction { job, pbs_id, words } => {
                tracing::warn!(job.id = %job, job.pbs_id = %pbs_id, words, "a listing contradicts what is known of a job");
                // Its number is another job's now, so that it is not listed itself.
                if open.iter().any(|known| known.id == job && known.facts.pbs_id.as_ref() == Some(&pbs_id)) {
                    missing.push(job);
                }
            }
            Transition::StateChanged { .. } | Transition::Observed { .. } | Transition::Adopt { .. } => {
                changes.push(transition);
            }
        }
    }
    let touched: Vec<JobId> = listed_jobs(&open, &snapshot);
    let taken_at = snapshot.taken_at;
    let is_ours = app
        .store
        .query(move |connection| {
            if !lock_watch(connection, hold)? {
                return Ok(false);
            }
            hold_events(connection)?;
            for transition in changes {
                // Each by itself: what the database refuses about one job must not hide the others.
                match connection.transaction(|connection| write(connection, transition, &snapshot)) {
                    Err(error @ Error::DatabaseError(..)) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "what a listing says of a job cannot be kept"
                        );
                    }
                    written => written?,
                }
            }
            touch_jobs(connection, &touched, taken_at)?;
            Ok(true)
        })
        .await?;
    app.hub.poke();
    if is_ours && !missing.is_empty() {
        let missing: HashSet<JobId> = missing.into_iter().collect();
        let now = app.replica.now();
        let due = open
            .into_iter()
            .filter(|job| missing.contains(&job.id))
            .filter(|job| job.facts.next_look_at.is_none_or(|at| at <= now));
        look_up::settle_missing(app, hold, due.collect()).await?;
    }
    Ok(is_ours)
}

/// Those that the snapshot shows: they were found so at its moment.
fn listed_jobs(open: &[OpenJob], snapshot: &HostSnapshot) -> Vec<JobId> {
    let listed: HashMap<&PbsJobId, &JobRecord> = snapshot
        .jobs
        .iter()
        .filter(|record| record.end.is_none())
        .map(|record| (&record.pbs_id, record))
        .collect();
    open.iter()
        .filter(|job| job.facts.state.is_listed())
        .filter(|job| {
            let record = job.facts.pbs_id.as_ref().and_then(|id| listed.get(id));
            record.is_some_and(|record| is_record_of(record, job.id, &job.login))
        })
        .map(|job| job.id)
        .collect()
}

fn known_job(job: &OpenJob) -> KnownJob {
    let facts = &job.facts;
    KnownJob {
        job: job.id,
        pbs_id: facts.pbs_id.clone(),
        login: job.login.clone(),
        state: facts.state,
        as_of: facts.as_of,
        observed: Observed {
            queue: facts.queue.clone(),
            comment: facts.reason.clone(),
            exec_host: facts.exec_host.clone(),
            started_at: facts.started_at,
            used_walltime_seconds: facts
                .used_walltime_seconds
                .and_then(|seconds| u64::try_from(seconds).ok()),
            ..Observed::default()
        },
    }
}

fn write(
    connection: &mut diesel::PgConnection,
    transition: Transition,
    snapshot: &HostSnapshot,
) -> diesel::QueryResult<()> {
    let taken_at = snapshot.taken_at;
    match transition {
        Transition::StateChanged { job, from, to, observed } => {
            change_job(connection, job, taken_at, |facts| {
                if facts.state == from && facts.as_of <= taken_at {
                    found(facts, to, &observed, snapshot);
                }
            })
        }
        Transition::Observed { job, observed } => change_job(connection, job, taken_at, |facts| {
            if facts.state.is_listed() && facts.as_of <= taken_at {
                let state = facts.state;
                found(facts, state, &observed, snapshot);
            }
        }),
        Transition::Adopt { job, pbs_id, state, observed } => {
            change_job(connection, job, taken_at, |facts| {
                if facts.state == JobState::Submitting {
                    facts.pbs_id = Some(pbs_id);
                    found(facts, state, &observed, snapshot);
                }
            })
        }
        Transition::Missing { .. } | Transition::Contradiction { .. } => return Ok(()),
    }
    .map(drop)
}

/// A listing shows a job in a state.
pub(super) fn found(facts: &mut JobFacts, state: JobState, observed: &Observed, snapshot: &HostSnapshot) {
    facts.state = state;
    facts.source = StateSource::Listing;
    facts.as_of = snapshot.taken_at;
    facts.next_look_at = None;
    facts.n_looks = 0;
    observe(facts, observed);
    let record =
        facts.pbs_id.as_ref().and_then(|id| snapshot.jobs.iter().find(|record| record.pbs_id == *id));
    if let Some(record) = record {
        facts.used_memory_bytes = record.used("mem").and_then(memory_bytes).or(facts.used_memory_bytes);
    }
}

/// Keeps what else is known of a job; what is not said stays.
pub(super) fn observe(facts: &mut JobFacts, observed: &Observed) {
    facts.reason = observed.comment.clone();
    facts.queue = observed.queue.clone().or_else(|| facts.queue.take());
    facts.exec_host = observed.exec_host.clone().or_else(|| facts.exec_host.take());
    facts.started_at = observed.started_at.or(facts.started_at);
    let used = observed.used_walltime_seconds.and_then(|seconds| i64::try_from(seconds).ok());
    facts.used_walltime_seconds = used.or(facts.used_walltime_seconds);
}

/// `resources_used.mem`, such as `1024kb`.
pub(super) fn memory_bytes(text: &str) -> Option<i64> {
    let size: pbsweb_shared::script::values::MemorySize = text.parse().ok()?;
    i64::try_from(size.bytes()).ok()
}
