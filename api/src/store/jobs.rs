//! Jobs, their changes and their events.
//!
//! [`change_job`] is the one way a job's state moves: the row is locked, what is known now is shown to the caller, and what
//! the caller makes of it is written together with the record and the event for open pages.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use pbsweb_shared::api::jobs::{Job, JobEvent, JobsQuery};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::events::{hold_events, insert_event};
use super::page::{PageRequest, Place};
use super::read;
use super::schema::{applications, hosts, job_events, jobs, script_revisions};
use super::scripts::contains_pattern;

/// In these words because the partial indexes are: with bound parameters the planner could not use them.
const IS_OPEN: &str = "jobs.state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired')";

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct JobRow {
    id: Uuid,
    host_id: Uuid,
    application_id: Option<Uuid>,
    script_id: Uuid,
    revision_id: Uuid,
    session_id: Uuid,
    name: String,
    submitted_at: DateTime<Utc>,
    #[diesel(embed)]
    facts: FactsRow,
}

#[derive(Queryable, Selectable, AsChangeset, Clone, PartialEq, Eq)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
struct FactsRow {
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
        })
    }
}

impl From<&JobFacts> for FactsRow {
    fn from(facts: &JobFacts) -> Self {
        let facts = facts.clone();
        Self {
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
        }
    }
}

fn job((row, host_name, application_name): (JobRow, String, Option<String>)) -> QueryResult<Job> {
    let facts = JobFacts::try_from(row.facts)?;
    Ok(Job {
        id: JobId::from_uuid(row.id),
        name: row.name,
        host: HostId::from_uuid(row.host_id),
        host_name,
        application: row.application_id.map(ApplicationId::from_uuid),
        application_name,
        script: ScriptId::from_uuid(row.script_id),
        revision: RevisionId::from_uuid(row.revision_id),
        session: SessionId::from_uuid(row.session_id),
        pbs_id: facts.pbs_id,
        queue: facts.queue,
        state: facts.state,
        as_of: facts.as_of,
        source: facts.source,
        reason: facts.reason,
        exit_status: facts.exit_status,
        signal: facts.signal,
        submitted_at: row.submitted_at,
        started_at: facts.started_at,
        ended_at: facts.ended_at,
        exec_host: facts.exec_host,
        walltime_seconds: facts.walltime_seconds,
        used_walltime_seconds: facts.used_walltime_seconds,
        used_memory_bytes: facts.used_memory_bytes,
        is_delete_requested: facts.is_delete_requested,
    })
}

/// A user's job, if it exists.
///
/// # Errors
/// The database's.
pub fn find_job(connection: &mut PgConnection, owner: UserId, id: JobId) -> QueryResult<Option<Job>> {
    jobs::table
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .left_join(applications::table.on(jobs::application_id.eq(applications::id.nullable())))
        .filter(jobs::id.eq(id.as_uuid()).and(jobs::owner_id.eq(owner.as_uuid())))
        .select((JobRow::as_select(), hosts::name, applications::name.nullable()))
        .first(connection)
        .optional()?
        .map(job)
        .transpose()
}

/// Those of the named jobs that are a user's.
///
/// # Errors
/// The database's.
pub fn find_jobs(connection: &mut PgConnection, owner: UserId, ids: &[JobId]) -> QueryResult<Vec<Job>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    jobs::table
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .left_join(applications::table.on(jobs::application_id.eq(applications::id.nullable())))
        .filter(jobs::id.eq_any(ids).and(jobs::owner_id.eq(owner.as_uuid())))
        .select((JobRow::as_select(), hosts::name, applications::name.nullable()))
        .load(connection)?
        .into_iter()
        .map(job)
        .collect()
}

/// The states that a filter names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFilter(Vec<JobState>);

impl std::str::FromStr for StateFilter {
    type Err = pbsweb_shared::words::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut states = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "active" => states.extend(JobState::ALL.iter().filter(|state| !state.has_ended())),
                word => states.push(word.parse()?),
            }
        }
        Ok(Self(states))
    }
}

/// A user's jobs, newest first.
///
/// # Errors
/// The database's.
pub fn list_jobs(
    connection: &mut PgConnection,
    owner: UserId,
    filter: &JobsQuery,
    states: Option<&StateFilter>,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Job>> {
    let mut query = jobs::table
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .left_join(applications::table.on(jobs::application_id.eq(applications::id.nullable())))
        .inner_join(script_revisions::table.on(script_revisions::id.eq(jobs::revision_id)))
        .filter(jobs::owner_id.eq(owner.as_uuid()))
        .order((jobs::submitted_at.desc(), jobs::id.desc()))
        .limit(request.rows_to_select())
        .select((JobRow::as_select(), hosts::name, applications::name.nullable()))
        .into_boxed();
    if let Some(host) = filter.host {
        query = query.filter(jobs::host_id.eq(host.as_uuid()));
    }
    if let Some(application) = filter.application {
        query = query.filter(jobs::application_id.eq(application.as_uuid()));
    }
    if let Some(StateFilter(states)) = states {
        let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        query = query.filter(jobs::state.eq_any(words));
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        let pattern = contains_pattern(text);
        query = query.filter(
            jobs::name
                .ilike(pattern.clone())
                .or(jobs::pbs_id.assume_not_null().ilike(pattern.clone()))
                .or(script_revisions::text.ilike(pattern)),
        );
    }
    if let Some(after) = request.after {
        query = query.filter(
            jobs::submitted_at
                .lt(after.at())
                .or(jobs::submitted_at.eq(after.at()).and(jobs::id.lt(after.id))),
        );
    }
    let items = query.load(connection)?.into_iter().map(job).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |job| Place::new(job.submitted_at, job.id.as_uuid())))
}

/// A job that the scheduler is expected to list, or that is being looked for: what the poller compares.
#[derive(Debug, Clone)]
pub struct OpenJob {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub owner: UserId,
    /// The account it was sent to.
    pub login: LoginName,
    /// What is known of it.
    pub facts: JobFacts,
    /// When Submit was pressed.
    pub submitted_at: DateTime<Utc>,
}

/// A host's jobs that have not ended.
///
/// # Errors
/// The database's.
pub fn open_jobs(connection: &mut PgConnection, host: HostId) -> QueryResult<Vec<OpenJob>> {
    jobs::table
        .filter(jobs::host_id.eq(host.as_uuid()))
        .filter(sql::<Bool>(IS_OPEN))
        .select((jobs::id, jobs::owner_id, jobs::login, jobs::submitted_at, FactsRow::as_select()))
        .load::<(Uuid, Uuid, String, DateTime<Utc>, FactsRow)>(connection)?
        .into_iter()
        .map(|(id, owner, login, submitted_at, facts)| {
            Ok(OpenJob {
                id: JobId::from_uuid(id),
                owner: UserId::from_uuid(owner),
                login: read(&login)?,
                facts: facts.try_into()?,
                submitted_at,
            })
        })
        .collect()
}

/// Which of the scheduler's ids on a host are a user's open jobs here. An ended job's number may be another job's by now.
///
/// # Errors
/// The database's.
pub fn jobs_by_pbs_id(
    connection: &mut PgConnection,
    owner: UserId,
    host: HostId,
) -> QueryResult<Vec<(PbsJobId, JobId)>> {
    jobs::table
        .filter(jobs::owner_id.eq(owner.as_uuid()).and(jobs::host_id.eq(host.as_uuid())))
        .filter(sql::<Bool>(IS_OPEN).and(jobs::pbs_id.is_not_null()))
        .select((jobs::pbs_id.assume_not_null(), jobs::id))
        .load::<(String, Uuid)>(connection)?
        .into_iter()
        .map(|(pbs_id, id)| Ok((read(&pbs_id)?, JobId::from_uuid(id))))
        .collect()
}

/// Moves a job on. `change` is shown what is known, under lock, and alters it; nothing is written when it alters nothing.
/// A new state, reason or exit status becomes a record and an event. Returns what is known afterwards.
///
/// # Errors
/// The database's.
pub fn change_job(
    connection: &mut PgConnection,
    id: JobId,
    now: DateTime<Utc>,
    change: impl FnOnce(&mut JobFacts),
) -> QueryResult<JobFacts> {
    // Before the row: a listing's transaction changes many jobs, and an answer's one of them.
    hold_events(connection)?;
    let (owner, row): (Uuid, FactsRow) = jobs::table
        .find(id.as_uuid())
        .select((jobs::owner_id, FactsRow::as_select()))
        .for_update()
        .first(connection)?;
    let before = JobFacts::try_from(row)?;
    let mut facts = before.clone();
    change(&mut facts);
    if facts == before {
        return Ok(facts);
    }
    diesel::update(jobs::table.find(id.as_uuid())).set(FactsRow::from(&facts)).execute(connection)?;
    let is_news = facts.state != before.state
        || facts.reason != before.reason
        || facts.exit_status != before.exit_status
        || facts.is_delete_requested != before.is_delete_requested;
    if is_news {
        let is_request =
            facts.is_delete_requested && !before.is_delete_requested && facts.state == before.state;
        let told = if is_request {
            JobFacts { reason: Some("the scheduler was asked to delete it".to_owned()), ..facts.clone() }
        } else {
            facts.clone()
        };
        insert_job_event(connection, id, &told, now)?;
    }
    let seen_only = JobFacts {
        as_of: before.as_of,
        next_look_at: before.next_look_at,
        n_looks: before.n_looks,
        ..facts.clone()
    };
    if seen_only != before {
        publish_job(connection, UserId::from_uuid(owner), id, now)?;
    }
    Ok(facts)
}

/// Keeps the name that the scheduler took for a job.
///
/// # Errors
/// The database's.
pub fn rename_job(
    connection: &mut PgConnection,
    id: JobId,
    name: &str,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    hold_events(connection)?;
    let owner: Uuid = diesel::update(jobs::table.find(id.as_uuid()))
        .set(jobs::name.eq(name))
        .returning(jobs::owner_id)
        .get_result(connection)?;
    publish_job(connection, UserId::from_uuid(owner), id, now)
}

/// Adds to a job's record.
///
/// # Errors
/// The database's.
pub fn insert_job_event(
    connection: &mut PgConnection,
    id: JobId,
    facts: &JobFacts,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(job_events::table)
        .values((
            job_events::job_id.eq(id.as_uuid()),
            job_events::at.eq(now),
            job_events::state.eq(facts.state.as_str()),
            job_events::source.eq(facts.source.as_str()),
            job_events::reason.eq(facts.reason.as_deref()),
            job_events::exit_status.eq(facts.exit_status),
        ))
        .execute(connection)
        .map(drop)
}

/// Tells the owner's open pages how a job is now.
///
/// # Errors
/// The database's.
pub fn publish_job(
    connection: &mut PgConnection,
    owner: UserId,
    id: JobId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    match find_job(connection, owner, id)? {
        Some(job) => insert_event(connection, Some(owner), &Event::Job(Box::new(job)), now),
        None => Ok(()),
    }
}

/// Jobs that a listing showed unchanged: they were found so once more.
///
/// # Errors
/// The database's.
pub fn touch_jobs(connection: &mut PgConnection, ids: &[JobId], as_of: DateTime<Utc>) -> QueryResult<usize> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    diesel::update(jobs::table.filter(jobs::id.eq_any(ids)).filter(jobs::as_of.lt(as_of)))
        .set(jobs::as_of.eq(as_of))
        .execute(connection)
}

/// A job's record, oldest first.
///
/// # Errors
/// The database's.
pub fn list_job_events(connection: &mut PgConnection, id: JobId) -> QueryResult<Vec<JobEvent>> {
    type Row = (i64, DateTime<Utc>, String, String, Option<String>, Option<i32>);
    job_events::table
        .filter(job_events::job_id.eq(id.as_uuid()))
        .order(job_events::id.asc())
        .select((
            job_events::id,
            job_events::at,
            job_events::state,
            job_events::source,
            job_events::reason,
            job_events::exit_status,
        ))
        .load::<Row>(connection)?
        .into_iter()
        .map(|(id, at, state, source, reason, exit_status)| {
            Ok(JobEvent { id, at, state: read(&state)?, source: read(&source)?, reason, exit_status })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_open_name_the_states_that_have_ended() {
        for state in JobState::ALL {
            assert_eq!(IS_OPEN.contains(&format!("'{state}'")), state.has_ended(), "{state}");
        }
    }
}
