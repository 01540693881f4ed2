//! Sets of jobs that are submitted all or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Interval, Nullable, Timestamptz};
use pbsweb_shared::api::job_sets::{JobSet, JobSetDependency, JobSetMember, JobSetState};
use pbsweb_shared::ids::{HostId, JobId, JobSetId, SessionId, UserId};
use uuid::Uuid;

use super::jobs::{JobFacts, find_job, job_facts};
use super::replicas::{ReplicaId, is_alive};
use super::schema::{job_set_members, job_sets, job_submissions};
use super::{read, read_json, to_json};

/// A set to be stored, in state `submitting`.
#[derive(Debug, Clone, Copy)]
pub struct NewSet {
    /// Its id.
    pub id: JobSetId,
    /// Whose.
    pub owner: UserId,
    /// In which session.
    pub session: SessionId,
    /// Where.
    pub host: HostId,
}

/// When a set is gone on with.
#[derive(Debug, Clone, Copy)]
pub struct NextStep {
    at: DateTime<Utc>,
    attended_by: Option<ReplicaId>,
}

impl NextStep {
    /// A server is at it: another goes on when that one dies, or when this time has come.
    #[must_use]
    pub const fn mine(me: ReplicaId, at: DateTime<Utc>) -> Self {
        Self { at, attended_by: Some(me) }
    }

    /// Whichever server comes first goes on at this time.
    #[must_use]
    pub const fn anybodys(at: DateTime<Utc>) -> Self {
        Self { at, attended_by: None }
    }
}

/// Stores a set without its jobs.
///
/// # Errors
/// The database's.
pub fn insert_set(
    connection: &mut PgConnection,
    new: NewSet,
    next: NextStep,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(job_sets::table)
        .values((
            job_sets::id.eq(new.id.as_uuid()),
            job_sets::owner_id.eq(new.owner.as_uuid()),
            job_sets::session_id.eq(new.session.as_uuid()),
            job_sets::host_id.eq(new.host.as_uuid()),
            job_sets::state.eq(JobSetState::Submitting.as_str()),
            job_sets::created_at.eq(now),
            job_sets::next_step_at.eq(Some(next.at)),
            job_sets::attended_by.eq(next.attended_by.map(ReplicaId::as_uuid)),
            job_sets::n_tries.eq(0),
        ))
        .execute(connection)
        .map(drop)
}

/// Stores a set again, unless it is there, of which a job was found on its host after the database was restored. Each of its jobs is
/// as its host says: nothing is left to do for the set.
///
/// # Errors
/// The database's.
pub fn adopt_set(connection: &mut PgConnection, new: NewSet, created_at: DateTime<Utc>) -> QueryResult<()> {
    let words = "its jobs were found on the host after the database was restored; should it not have been submitted \
                 whole, the jobs that wait for nothing are still held";
    diesel::insert_into(job_sets::table)
        .values((
            job_sets::id.eq(new.id.as_uuid()),
            job_sets::owner_id.eq(new.owner.as_uuid()),
            job_sets::session_id.eq(new.session.as_uuid()),
            job_sets::host_id.eq(new.host.as_uuid()),
            job_sets::state.eq(JobSetState::Accepted.as_str()),
            job_sets::reason.eq(words),
            job_sets::created_at.eq(created_at),
            job_sets::n_tries.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .map(drop)
}

/// A job of a set, as far as the set is concerned.
#[derive(Debug, Clone)]
pub struct Member {
    /// The job.
    pub job: JobId,
    /// Its name within the set.
    pub label: String,
    /// What it waits for.
    pub depends: Vec<JobSetDependency>,
    /// Its turn has come.
    pub is_sent: bool,
    /// It carries a hold of ours.
    pub is_held_by_set: bool,
    /// How the job is.
    pub facts: JobFacts,
}

/// Adds a job that is stored to a set.
///
/// # Errors
/// The database's.
pub fn insert_member(
    connection: &mut PgConnection,
    set: JobSetId,
    position: usize,
    job: JobId,
    label: &str,
    depends: &[JobSetDependency],
    is_held_by_set: bool,
) -> QueryResult<()> {
    diesel::insert_into(job_set_members::table)
        .values((
            job_set_members::job_id.eq(job.as_uuid()),
            job_set_members::set_id.eq(set.as_uuid()),
            job_set_members::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
            job_set_members::label.eq(label),
            job_set_members::depends.eq(to_json(&depends)?),
            job_set_members::is_sent.eq(false),
            job_set_members::is_held_by_set.eq(is_held_by_set),
        ))
        .execute(connection)
        .map(drop)
}

/// How a set stands.
#[derive(Debug, Clone)]
pub struct SetRecord {
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub host: HostId,
    /// Where it is.
    pub state: JobSetState,
    /// How often the present step was tried.
    pub n_tries: i32,
    /// Its jobs, in their order.
    pub members: Vec<Member>,
}

/// A set by its id, under lock: what is decided from it holds until the transaction ends.
///
/// # Errors
/// The database's.
pub fn lock_set(connection: &mut PgConnection, id: JobSetId) -> QueryResult<Option<SetRecord>> {
    let row: Option<(Uuid, Uuid, String, i32)> = job_sets::table
        .find(id.as_uuid())
        .select((job_sets::owner_id, job_sets::host_id, job_sets::state, job_sets::n_tries))
        .for_update()
        .first(connection)
        .optional()?;
    let Some((owner, host, state, n_tries)) = row else { return Ok(None) };
    let rows: Vec<(Uuid, String, serde_json::Value, bool, bool)> = job_set_members::table
        .filter(job_set_members::set_id.eq(id.as_uuid()))
        .order(job_set_members::position.asc())
        .select((
            job_set_members::job_id,
            job_set_members::label,
            job_set_members::depends,
            job_set_members::is_sent,
            job_set_members::is_held_by_set,
        ))
        .load(connection)?;
    let mut members = Vec::with_capacity(rows.len());
    for (job, label, depends, is_sent, is_held_by_set) in rows {
        let job = JobId::from_uuid(job);
        let facts = job_facts(connection, job)?;
        members.push(Member { job, label, depends: read_json(depends)?, is_sent, is_held_by_set, facts });
    }
    Ok(Some(SetRecord {
        owner: UserId::from_uuid(owner),
        host: HostId::from_uuid(host),
        state: read(&state)?,
        n_tries,
        members,
    }))
}

/// Moves a set on.
///
/// # Errors
/// The database's.
pub fn move_set(
    connection: &mut PgConnection,
    id: JobSetId,
    state: JobSetState,
    n_tries: i32,
    next: Option<NextStep>,
) -> QueryResult<()> {
    diesel::update(job_sets::table.find(id.as_uuid()))
        .set((
            job_sets::state.eq(state.as_str()),
            job_sets::n_tries.eq(n_tries),
            job_sets::next_step_at.eq(next.map(|next| next.at)),
            job_sets::attended_by.eq(next.and_then(|next| next.attended_by).map(ReplicaId::as_uuid)),
        ))
        .execute(connection)
        .map(drop)
}

/// Says why a set is taken back, or what it waits for.
///
/// # Errors
/// The database's.
pub fn explain_set(connection: &mut PgConnection, id: JobSetId, reason: Option<&str>) -> QueryResult<()> {
    // A host's words may stand there, and PostgreSQL takes no NUL.
    let reason = reason.map(|words| words.replace('\0', "\u{fffd}"));
    diesel::update(job_sets::table.find(id.as_uuid()))
        .set(job_sets::reason.eq(reason))
        .execute(connection)
        .map(drop)
}

/// A step was tried and could not be done; it is tried again. Why a set is taken back stays said.
///
/// # Errors
/// The database's.
pub fn note_try(
    connection: &mut PgConnection,
    id: JobSetId,
    words: &str,
    n_tries: i32,
    next: NextStep,
) -> QueryResult<()> {
    let releasing = job_sets::table
        .find(id.as_uuid())
        .filter(job_sets::state.eq(JobSetState::Releasing.as_str()))
        .select(job_sets::id)
        .first::<Uuid>(connection)
        .optional()?;
    if releasing.is_some() {
        explain_set(connection, id, Some(&format!("the holds could not be taken off yet: {words}")))?;
    }
    diesel::update(job_sets::table.find(id.as_uuid()))
        .set((
            job_sets::n_tries.eq(n_tries),
            job_sets::next_step_at.eq(Some(next.at)),
            job_sets::attended_by.eq(next.attended_by.map(ReplicaId::as_uuid)),
        ))
        .execute(connection)
        .map(drop)
}

/// A member's turn has come: with these, the arguments of its qsub are complete.
///
/// # Errors
/// The database's.
pub fn complete_member(connection: &mut PgConnection, job: JobId, arguments: &[String]) -> QueryResult<()> {
    let submission = || job_submissions::table.find(job.as_uuid());
    let mut all: Vec<String> = submission().select(job_submissions::arguments).first(connection)?;
    all.extend_from_slice(arguments);
    diesel::update(submission()).set(job_submissions::arguments.eq(all)).execute(connection)?;
    diesel::update(job_set_members::table.find(job.as_uuid()))
        .set(job_set_members::is_sent.eq(true))
        .execute(connection)
        .map(drop)
}

/// Sets whose next step is due, or whose server is not alive any more. From now on it is this server that attends to them.
///
/// # Errors
/// The database's.
pub fn take_due_sets(
    connection: &mut PgConnection,
    me: ReplicaId,
    lease: TimeDelta,
) -> QueryResult<Vec<JobSetId>> {
    let is_due = format!(
        "(next_step_at <= clock_timestamp() OR (attended_by IS NOT NULL AND NOT {}))",
        is_alive("attended_by")
    );
    let due: Vec<Uuid> = job_sets::table
        .filter(job_sets::next_step_at.is_not_null())
        .filter(sql::<Bool>(&is_due))
        .order(job_sets::next_step_at.asc())
        .limit(16)
        .select(job_sets::id)
        .for_update()
        .skip_locked()
        .load(connection)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let until = sql::<Nullable<Timestamptz>>("clock_timestamp() + ").bind::<Interval, _>(lease);
    diesel::update(job_sets::table.filter(job_sets::id.eq_any(&due)))
        .set((job_sets::attended_by.eq(Some(me.as_uuid())), job_sets::next_step_at.eq(until)))
        .execute(connection)?;
    Ok(due.into_iter().map(JobSetId::from_uuid).collect())
}

/// A user's set, if it exists.
///
/// # Errors
/// The database's.
pub fn find_set(connection: &mut PgConnection, owner: UserId, id: JobSetId) -> QueryResult<Option<JobSet>> {
    type Row = (Uuid, String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>);
    let row: Option<Row> = job_sets::table
        .filter(job_sets::id.eq(id.as_uuid()).and(job_sets::owner_id.eq(owner.as_uuid())))
        .select((
            job_sets::host_id,
            job_sets::state,
            job_sets::reason,
            job_sets::created_at,
            job_sets::next_step_at,
        ))
        .first(connection)
        .optional()?;
    let Some((host, state, reason, created_at, next_step_at)) = row else { return Ok(None) };
    let rows: Vec<(Uuid, String, serde_json::Value)> = job_set_members::table
        .filter(job_set_members::set_id.eq(id.as_uuid()))
        .order(job_set_members::position.asc())
        .select((job_set_members::job_id, job_set_members::label, job_set_members::depends))
        .load(connection)?;
    let mut jobs = Vec::with_capacity(rows.len());
    for (job, label, depends) in rows {
        if let Some(job) = find_job(connection, owner, JobId::from_uuid(job))? {
            jobs.push(JobSetMember { label, depends: read_json(depends)?, job });
        }
    }
    Ok(Some(JobSet {
        id,
        host: HostId::from_uuid(host),
        state: read(&state)?,
        reason,
        created_at,
        next_step_at,
        jobs,
    }))
}
