//! What may change about a job, and its columns.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::jobs::StateCount;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::names::PbsJobId;
use uuid::Uuid;

use crate::store::schema::jobs;
use crate::store::{read, read_json, to_json};

#[derive(Queryable, Selectable, AsChangeset, Insertable, Clone, PartialEq, Eq)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
pub(in crate::store) struct FactsRow {
    state: String,
    source: String,
    as_of: DateTime<Utc>,
    reason: Option<String>,
    pbs_id: Option<String>,
    queue: Option<String>,
    exit_status: Option<i32>,
    signal: Option<i32>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    exec_host: Option<String>,
    walltime_seconds: Option<i64>,
    used_walltime_seconds: Option<i64>,
    used_memory_bytes: Option<i64>,
    is_delete_requested: bool,
    next_look_at: Option<DateTime<Utc>>,
    n_looks: i32,
    attended_by: Option<Uuid>,
    end_cause: Option<String>,
    run_count: i32,
    looking: Option<serde_json::Value>,
    subjobs: Option<serde_json::Value>,
}

/// All that may change about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFacts {
    /// Where it is.
    pub state: JobState,
    /// How that is known.
    pub source: StateSource,
    /// When it was last found so.
    pub as_of: DateTime<Utc>,
    /// In words.
    pub reason: Option<String>,
    /// The scheduler's id.
    pub pbs_id: Option<PbsJobId>,
    /// The queue it is in.
    pub queue: Option<String>,
    /// The script's exit status.
    pub exit_status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Where it runs or ran.
    pub exec_host: Option<String>,
    /// Walltime asked for, in seconds.
    pub walltime_seconds: Option<i64>,
    /// Walltime used, in seconds.
    pub used_walltime_seconds: Option<i64>,
    /// Memory used, in bytes.
    pub used_memory_bytes: Option<i64>,
    /// Its owner asked for its deletion, and the scheduler took the request.
    pub is_delete_requested: bool,
    /// When it is looked for again.
    pub next_look_at: Option<DateTime<Utc>>,
    /// How often it was looked for since it was last seen.
    pub n_looks: i32,
    /// The server that submits it or looks for it at this moment.
    pub attended_by: Option<Uuid>,
    /// What ended it.
    pub end_cause: Option<EndCause>,
    /// How often the scheduler started it.
    pub run_count: i32,
    /// The search for it, while its place or its end is not known.
    pub looking: Option<Search>,
    /// Its jobs in sum, if it is an array that was looked at.
    pub subjobs: Option<ArrayLook>,
}

/// A look at an array.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ArrayLook {
    /// How many of its jobs were in which state.
    pub counts: Vec<StateCount>,
    /// When.
    pub as_of: DateTime<Utc>,
    /// What the listing said of it in sum: while it says the same, there is nothing to look at.
    pub listed: Option<String>,
}

impl ArrayLook {
    /// How many jobs it has.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.counts.iter().map(|one| one.count).sum()
    }
}

/// A search for a job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Search {
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last tried.
    pub last_try_at: DateTime<Utc>,
    /// What was tried, and what came of it.
    pub last_try: String,
}

impl JobFacts {
    /// It was looked for and not found, and is to be looked for again.
    pub fn still_looking(&mut self, tried: &str, now: DateTime<Utc>, wait: TimeDelta) {
        let since = self.looking.as_ref().map_or(now, |search| search.since);
        // PostgreSQL takes no NUL, and a host may print anything.
        let last_try = tried.replace('\0', "\u{fffd}");
        self.looking = Some(Search { since, last_try_at: now, last_try });
        self.next_look_at = Some(now + wait);
    }

    /// The search is over.
    pub fn is_found(&mut self) {
        self.looking = None;
        self.next_look_at = None;
        self.n_looks = 0;
    }
}

impl JobFacts {
    /// A job that has just been stored.
    #[must_use]
    pub const fn submitting(now: DateTime<Utc>) -> Self {
        Self {
            state: JobState::Submitting,
            source: StateSource::Submission,
            as_of: now,
            reason: None,
            pbs_id: None,
            queue: None,
            exit_status: None,
            signal: None,
            started_at: None,
            ended_at: None,
            exec_host: None,
            walltime_seconds: None,
            used_walltime_seconds: None,
            used_memory_bytes: None,
            is_delete_requested: false,
            next_look_at: None,
            n_looks: 0,
            attended_by: None,
            end_cause: None,
            run_count: 0,
            looking: None,
            subjobs: None,
        }
    }
}

impl TryFrom<FactsRow> for JobFacts {
    type Error = diesel::result::Error;

    fn try_from(row: FactsRow) -> QueryResult<Self> {
        Ok(Self {
            state: read(&row.state)?,
            source: read(&row.source)?,
            as_of: row.as_of,
            reason: row.reason,
            pbs_id: row.pbs_id.as_deref().map(read).transpose()?,
            queue: row.queue,
            exit_status: row.exit_status,
            signal: row.signal,
            started_at: row.started_at,
            ended_at: row.ended_at,
            exec_host: row.exec_host,
            walltime_seconds: row.walltime_seconds,
            used_walltime_seconds: row.used_walltime_seconds,
            used_memory_bytes: row.used_memory_bytes,
            is_delete_requested: row.is_delete_requested,
            next_look_at: row.next_look_at,
            n_looks: row.n_looks,
            attended_by: row.attended_by,
            end_cause: row.end_cause.as_deref().map(read).transpose()?,
            run_count: row.run_count,
            looking: row.looking.map(read_json).transpose()?,
            subjobs: row.subjobs.map(read_json).transpose()?,
        })
    }
}

impl TryFrom<&JobFacts> for FactsRow {
    type Error = diesel::result::Error;

    fn try_from(facts: &JobFacts) -> QueryResult<Self> {
        let facts = facts.clone();
        Ok(Self {
            state: facts.state.to_string(),
            source: facts.source.to_string(),
            as_of: facts.as_of,
            reason: facts.reason,
            pbs_id: facts.pbs_id.map(String::from),
            queue: facts.queue,
            exit_status: facts.exit_status,
            signal: facts.signal,
            started_at: facts.started_at,
            ended_at: facts.ended_at,
            exec_host: facts.exec_host,
            walltime_seconds: facts.walltime_seconds,
            used_walltime_seconds: facts.used_walltime_seconds,
            used_memory_bytes: facts.used_memory_bytes,
            is_delete_requested: facts.is_delete_requested,
            next_look_at: facts.next_look_at,
            n_looks: facts.n_looks,
            attended_by: facts.attended_by,
            end_cause: facts.end_cause.map(|cause| cause.to_string()),
            run_count: facts.run_count,
            looking: facts.looking.as_ref().map(to_json).transpose()?,
            subjobs: facts.subjobs.as_ref().map(to_json).transpose()?,
        })
    }
}

/// What is known of a job.
///
/// # Errors
/// The database's; also that there is no such job.
pub fn job_facts(connection: &mut PgConnection, id: JobId) -> QueryResult<JobFacts> {
    let row: FactsRow = jobs::table.find(id.as_uuid()).select(FactsRow::as_select()).first(connection)?;
    row.try_into()
}
