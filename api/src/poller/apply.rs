//! From transitions to rows: what a snapshot changes about our jobs is written under lock, with its record and event.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::Connection as _;
use diesel::result::Error;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::names::PbsJobId;

use super::diff::facts::found;
use super::diff::{KnownJob, Observed, Transition, diff, is_record_of};
use super::snapshot::HostSnapshot;
use crate::app::App;
use crate::scheduler::records::JobRecord;
use crate::store::StoreError;
use crate::store::events::hold_events;
use crate::store::jobs::{JobFacts, OpenJob, change_job, open_jobs, touch_jobs};
use crate::store::replicas::Hold;
use crate::store::watches::lock_watch;

/// Writes down what a snapshot says of a host's jobs, and tells which are to be looked up since it does not list them, or only
/// in sum. `None` when another server watches the host by now: then nothing is written.
pub(super) async fn apply(
    app: &Arc<App>,
    hold: Hold,
    snapshot: Arc<HostSnapshot>,
) -> Result<Option<Vec<OpenJob>>, StoreError> {
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
                match connection.transaction(|connection| write(connection, transition, taken_at)) {
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
    if !is_ours {
        return Ok(None);
    }
    let missing: HashSet<JobId> = missing.into_iter().collect();
    let listed = listed_records(&snapshot);
    let now = app.replica.now();
    let (missing, present): (Vec<OpenJob>, Vec<OpenJob>) =
        open.into_iter().partition(|job| missing.contains(&job.id));
    let missing = missing.into_iter().filter(|job| job.facts.next_look_at.is_none_or(|at| at <= now));
    let arrays = present.into_iter().filter(|job| {
        let record = job.facts.pbs_id.as_ref().and_then(|id| listed.get(id));
        record.is_some_and(|record| is_due_array(&job.facts, record, now))
    });
    Ok(Some(missing.chain(arrays).collect()))
}

/// An array whose jobs have moved since they were looked at. A look costs the scheduler as much as listing them all: so many jobs
/// are looked at in a second at most, over time.
fn is_due_array(facts: &JobFacts, record: &JobRecord, now: DateTime<Utc>) -> bool {
    const JOBS_PER_SECOND: i64 = 100;
    record.is_array
        && facts.subjobs.as_ref().is_none_or(|look| {
            let rest = TimeDelta::milliseconds(i64::from(look.total()) * 1000 / JOBS_PER_SECOND);
            look.listed != record.array_state_count && look.as_of + rest <= now
        })
}

fn listed_records(snapshot: &HostSnapshot) -> HashMap<&PbsJobId, &JobRecord> {
    let listed = snapshot.jobs.iter().filter(|record| record.end.is_none());
    listed.map(|record| (&record.pbs_id, record)).collect()
}

/// Those that the snapshot shows: they were found so at its moment.
fn listed_jobs(open: &[OpenJob], snapshot: &HostSnapshot) -> Vec<JobId> {
    let listed = listed_records(snapshot);
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
            run_count: Some(facts.run_count),
            used_memory_bytes: None,
        },
    }
}

fn write(
    connection: &mut diesel::PgConnection,
    transition: Transition,
    taken_at: DateTime<Utc>,
) -> diesel::QueryResult<()> {
    match transition {
        Transition::StateChanged { job, from, to, observed } => {
            change_job(connection, job, taken_at, |facts| {
                if facts.state == from && facts.as_of <= taken_at {
                    found(facts, to, &observed, taken_at);
                }
            })
        }
        Transition::Observed { job, observed } => change_job(connection, job, taken_at, |facts| {
            if facts.state.is_listed() && facts.as_of <= taken_at {
                let state = facts.state;
                found(facts, state, &observed, taken_at);
            }
        }),
        Transition::Adopt { job, pbs_id, state, observed } => {
            change_job(connection, job, taken_at, |facts| {
                if facts.state == JobState::Submitting {
                    facts.pbs_id = Some(pbs_id);
                    found(facts, state, &observed, taken_at);
                }
            })
        }
        Transition::Missing { .. } | Transition::Contradiction { .. } => return Ok(()),
    }
    .map(drop)
}
