//! Jobs, their changes and their events.
//!
//! [`change_job`] is the one way a job's state moves: the row is locked, what is known now is shown to the caller, and what
//! the caller makes of it is written together with the record and the event for open pages.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use pbsweb_shared::api::job_sets::JobSetPlace;
use pbsweb_shared::api::jobs::{Job, JobEvent, JobsQuery, Looking, StateCount, SubjobsSummary};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, JobSetId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::batch::Batch;
use super::events::{NewEvent, hold_events, insert_event};
use super::page::{PageRequest, Place};
use super::schema::{applications, hosts, job_events, job_set_members, jobs, script_revisions};
use super::scripts::contains_pattern;
use super::{read, read_json, to_json};

/// In these words because the partial indexes are: with bound parameters the planner could not use them.
const IS_OPEN: &str = "jobs.state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired')";

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct JobRow {
    id: Uuid,
    owner_id: Uuid,
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

#[derive(Queryable, Selectable, AsChangeset, Insertable, Clone, PartialEq, Eq)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
pub(super) struct FactsRow {
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

/// A job's row with what it names, and its place in a set.
type NamedRow = (JobRow, String, Option<String>, Option<(Uuid, String)>);

fn job(row: NamedRow) -> QueryResult<Job> {
    let facts = JobFacts::try_from(row.0.facts.clone())?;
    Ok(job_with(row, facts))
}

/// The job with these facts instead of the row's.
fn job_with((row, host_name, application_name, set): NamedRow, facts: JobFacts) -> Job {
    Job {
        id: JobId::from_uuid(row.id),
        name: row.name,
        host: HostId::from_uuid(row.host_id),
        host_name,
        application: row.application_id.map(ApplicationId::from_uuid),
        application_name,
        script: ScriptId::from_uuid(row.script_id),
        revision: RevisionId::from_uuid(row.revision_id),
        session: SessionId::from_uuid(row.session_id),
        set: set.map(|(id, label)| JobSetPlace { id: JobSetId::from_uuid(id), label }),
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
        end_cause: facts.end_cause,
        looking: facts.looking.map(|search| Looking {
            since: search.since,
            tries: facts.n_looks.try_into().unwrap_or(0),
            last_try_at: search.last_try_at,
            last_try: search.last_try,
            next_try_at: facts.next_look_at,
        }),
        subjobs: facts.subjobs.map(|look| SubjobsSummary {
            total: look.total(),
            counts: look.counts,
            as_of: look.as_of,
        }),
        run_count: facts.run_count.try_into().unwrap_or(0),
        is_delete_requested: facts.is_delete_requested,
    }
}

/// A user's job, if it exists.
///
/// # Errors
/// The database's.
pub fn find_job(connection: &mut PgConnection, owner: UserId, id: JobId) -> QueryResult<Option<Job>> {
    jobs::table
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .left_join(applications::table.on(jobs::application_id.eq(applications::id.nullable())))
        .left_join(job_set_members::table.on(job_set_members::job_id.eq(jobs::id)))
        .filter(jobs::id.eq(id.as_uuid()).and(jobs::owner_id.eq(owner.as_uuid())))
        .select((
            JobRow::as_select(),
            hosts::name,
            applications::name.nullable(),
            (job_set_members::set_id, job_set_members::label).nullable(),
        ))
        .first::<NamedRow>(connection)
        .optional()?
        .map(job)
        .transpose()
}

/// The last of a user's jobs before this one that completed: of the same script, else of the same application.
///
/// # Errors
/// The database's.
pub fn find_worked(connection: &mut PgConnection, owner: UserId, failed: &Job) -> QueryResult<Option<Job>> {
    let last = |connection: &mut PgConnection, is_same_script: bool| {
        let mut query = jobs::table
            .filter(jobs::owner_id.eq(owner.as_uuid()))
            .filter(jobs::state.eq(JobState::Completed.as_str()))
            .filter(jobs::submitted_at.lt(failed.submitted_at))
            .order(jobs::submitted_at.desc())
            .select(jobs::id)
            .into_boxed();
        query = match failed.application.filter(|_| !is_same_script) {
            Some(application) => query.filter(jobs::application_id.eq(application.as_uuid())),
            None => query.filter(jobs::script_id.eq(failed.script.as_uuid())),
        };
        query.first::<Uuid>(connection).optional()
    };
    let mut found = last(connection, true)?;
    if found.is_none() && failed.application.is_some() {
        found = last(connection, false)?;
    }
    match found {
        Some(id) => find_job(connection, owner, JobId::from_uuid(id)),
        None => Ok(None),
    }
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
        .left_join(job_set_members::table.on(job_set_members::job_id.eq(jobs::id)))
        .filter(jobs::id.eq_any(ids).and(jobs::owner_id.eq(owner.as_uuid())))
        .select((
            JobRow::as_select(),
            hosts::name,
            applications::name.nullable(),
            (job_set_members::set_id, job_set_members::label).nullable(),
        ))
        .load::<NamedRow>(connection)?
        .into_iter()
        .map(job)
        .collect()
}

/// What is known of a job.
///
/// # Errors
/// The database's; also that there is no such job.
pub fn job_facts(connection: &mut PgConnection, id: JobId) -> QueryResult<JobFacts> {
    let row: FactsRow = jobs::table.find(id.as_uuid()).select(FactsRow::as_select()).first(connection)?;
    row.try_into()
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
        .left_join(job_set_members::table.on(job_set_members::job_id.eq(jobs::id)))
        .inner_join(script_revisions::table.on(script_revisions::id.eq(jobs::revision_id)))
        .filter(jobs::owner_id.eq(owner.as_uuid()))
        .order((jobs::submitted_at.desc(), jobs::id.desc()))
        .limit(request.rows_to_select())
        .select((
            JobRow::as_select(),
            hosts::name,
            applications::name.nullable(),
            (job_set_members::set_id, job_set_members::label).nullable(),
        ))
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
    let items = query.load::<NamedRow>(connection)?.into_iter().map(job).collect::<QueryResult<Vec<_>>>()?;
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

/// Those of some jobs that are not stored here.
///
/// # Errors
/// The database's.
pub fn unknown_jobs(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<Vec<JobId>> {
    let asked: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let known: Vec<Uuid> = jobs::table.filter(jobs::id.eq_any(&asked)).select(jobs::id).load(connection)?;
    let known: std::collections::HashSet<Uuid> = known.into_iter().collect();
    Ok(ids.iter().copied().filter(|id| !known.contains(&id.as_uuid())).collect())
}

/// Whether a host has such jobs.
///
/// # Errors
/// The database's.
pub fn has_open_jobs(connection: &mut PgConnection, host: HostId) -> QueryResult<bool> {
    let open = jobs::table.filter(jobs::host_id.eq(host.as_uuid())).filter(sql::<Bool>(IS_OPEN));
    diesel::select(diesel::dsl::exists(open)).get_result(connection)
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

/// Moves a job on. `change` is shown what is known, under lock, and alters it; nothing is written when it alters nothing, nor when
/// it claims what its source cannot know. A new state, reason, run or exit status becomes a record and an event. Returns the job
/// as it is afterwards.
///
/// # Errors
/// The database's.
pub fn change_job(
    connection: &mut PgConnection,
    id: JobId,
    now: DateTime<Utc>,
    change: impl FnOnce(&mut JobFacts),
) -> QueryResult<Job> {
    // Before the row: a listing's transaction changes many jobs, and an answer's one of them.
    hold_events(connection)?;
    // Subqueries for the names, because a join would lock their rows too.
    let host_name = hosts::table.filter(hosts::id.eq(jobs::host_id)).select(hosts::name).single_value();
    let application_name = applications::table
        .filter(applications::id.nullable().eq(jobs::application_id))
        .select(applications::name)
        .single_value();
    let set = || job_set_members::table.filter(job_set_members::job_id.eq(jobs::id));
    let (row, host_name, application_name, set, label): (
        JobRow,
        String,
        Option<String>,
        Option<Uuid>,
        Option<String>,
    ) = jobs::table
        .find(id.as_uuid())
        .select((
            JobRow::as_select(),
            host_name.assume_not_null(),
            application_name,
            set().select(job_set_members::set_id).single_value(),
            set().select(job_set_members::label).single_value(),
        ))
        .for_update()
        .first(connection)?;
    let row: NamedRow = (row, host_name, application_name, set.zip(label));
    let before = JobFacts::try_from(row.0.facts.clone())?;
    let mut facts = before.clone();
    change(&mut facts);
    let owner = UserId::from_uuid(row.0.owner_id);
    if facts == before {
        return Ok(job_with(row, before));
    }
    if !before.state.may_become(facts.state, facts.source) {
        tracing::error!(job.id = %id, from = %before.state, to = %facts.state, source = %facts.source, "a change that its source cannot know was refused");
        return Ok(job_with(row, before));
    }
    let job = job_with(row, facts.clone());
    let mut batch = Batch::default();
    batch.add(diesel::update(jobs::table.find(id.as_uuid())).set(FactsRow::try_from(&facts)?));
    if let Some(told) = news(&before, &facts) {
        batch.add(diesel::insert_into(job_events::table).values(NewJobEvent::new(id, &told, now)));
    }
    let seen_only = JobFacts {
        as_of: before.as_of,
        next_look_at: before.next_look_at,
        n_looks: before.n_looks,
        attended_by: before.attended_by,
        ..facts
    };
    if seen_only != before {
        batch.add(NewEvent::new(Some(owner), &Event::Job(Box::new(job.clone())), now)?);
    }
    batch.execute(connection)?;
    Ok(job)
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
    let owner = UserId::from_uuid(owner);
    match find_job(connection, owner, id)? {
        Some(job) => insert_event(connection, Some(owner), &Event::Job(Box::new(job)), now),
        None => Ok(()),
    }
}

/// What a change adds to the job's record, if anything.
fn news(before: &JobFacts, facts: &JobFacts) -> Option<JobFacts> {
    let is_run_again = facts.run_count > before.run_count && before.run_count > 0;
    let is_put_back = before.started_at.is_some() && facts.started_at.is_none();
    let is_requested =
        facts.is_delete_requested && !before.is_delete_requested && facts.state == before.state;
    if is_put_back {
        // The record keeps the run that is over; of the job itself it is gone.
        return Some(JobFacts {
            reason: Some("the scheduler ended this run and put the job back into its queue".to_owned()),
            run_count: before.run_count.max(1),
            started_at: before.started_at,
            ended_at: Some(facts.as_of),
            ..facts.clone()
        });
    }
    if is_requested {
        let reason = Some("the scheduler was asked to delete it".to_owned());
        return Some(JobFacts { reason, ..facts.clone() });
    }
    let is_news = facts.state != before.state
        || facts.reason != before.reason
        || facts.exit_status != before.exit_status
        || facts.is_delete_requested != before.is_delete_requested;
    (is_news || is_run_again).then(|| facts.clone())
}

/// An entry of a job's record.
#[derive(Insertable)]
#[diesel(table_name = job_events)]
pub(super) struct NewJobEvent {
    job_id: Uuid,
    at: DateTime<Utc>,
    state: String,
    source: String,
    reason: Option<String>,
    exit_status: Option<i32>,
    run: Option<i32>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl NewJobEvent {
    pub(super) fn new(id: JobId, facts: &JobFacts, now: DateTime<Utc>) -> Self {
        Self {
            job_id: id.as_uuid(),
            at: now,
            state: facts.state.to_string(),
            source: facts.source.to_string(),
            reason: facts.reason.clone(),
            exit_status: facts.exit_status,
            run: Some(facts.run_count).filter(|run| *run > 0),
            started_at: facts.started_at,
            ended_at: facts.ended_at,
        }
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
    type Run = (Option<i32>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    type Row = (i64, DateTime<Utc>, String, String, Option<String>, Option<i32>, Run);
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
            (job_events::run, job_events::started_at, job_events::ended_at),
        ))
        .load::<Row>(connection)?
        .into_iter()
        .map(|(id, at, state, source, reason, exit_status, (run, started_at, ended_at))| {
            Ok(JobEvent {
                id,
                at,
                state: read(&state)?,
                source: read(&source)?,
                reason,
                exit_status,
                run: run.and_then(|run| run.try_into().ok()),
                started_at,
                ended_at,
            })
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
