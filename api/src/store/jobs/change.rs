//! How a job changes, and its record.
//!
//! [`change_job`] is the one way a job's state moves: the row is locked, what is known now is shown to the caller, and what
//! the caller makes of it is written together with the record and the event for open pages.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::jobs::{Job, JobEvent};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{JobId, UserId};
use uuid::Uuid;

use super::{FactsRow, JobFacts, JobRow, NamedRow, find_job, job_with};
use crate::store::batch::Batch;
use crate::store::events::{NewEvent, hold_events, insert_event};
use crate::store::read;
use crate::store::schema::{applications, hosts, job_events, job_set_members, jobs};

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
pub(in crate::store) struct NewJobEvent {
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
    pub(in crate::store) fn new(id: JobId, facts: &JobFacts, now: DateTime<Utc>) -> Self {
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
