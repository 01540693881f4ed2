//! Jobs: found for their owners here. [`facts`] holds what may change about one, [`change`] is the one way it does, [`open`] finds
//! those that have not ended, and [`search`] lists them by filters.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::job_sets::JobSetPlace;
use pbsweb_shared::api::jobs::{Job, Looking, SubjobsSummary};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, JobSetId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::job::JobState;
use uuid::Uuid;

use super::schema::{applications, hosts, job_set_members, jobs};

mod change;
mod facts;
mod open;
mod search;

pub(super) use change::NewJobEvent;
pub use change::{change_job, list_job_events, rename_job, touch_jobs};
pub(super) use facts::FactsRow;
pub use facts::{ArrayLook, JobFacts, Search, job_facts};
pub(super) use open::IsOpen;
pub use open::{OpenJob, has_open_jobs, open_jobs, unknown_jobs};
pub use search::{StateFilter, list_jobs};

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
