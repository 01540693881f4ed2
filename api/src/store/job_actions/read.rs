//! Actions for those who look: what was asked, and what came of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem, JobActionRun, OutcomeCount, PastAction};
use pbsweb_shared::ids::{ActionId, JobId, SessionId, UserId};
use pbsweb_shared::page::Page;
use pbsweb_shared::steering::Steering;
use uuid::Uuid;

use super::read_ids;
use crate::store::page::{PageRequest, Place};
use crate::store::schema::{hosts, job_action_items, job_actions, jobs, sessions, users};
use crate::store::{read, read_json};

#[derive(Queryable, Selectable)]
#[diesel(table_name = job_actions)]
struct RunRow {
    id: Uuid,
    steering: serde_json::Value,
    session_id: Uuid,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    undoes: Option<Uuid>,
}

fn runs(connection: &mut PgConnection, rows: Vec<RunRow>) -> QueryResult<Vec<JobActionRun>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let counts: Vec<(Uuid, String, i64)> = job_action_items::table
        .filter(job_action_items::action_id.eq_any(ids))
        .group_by((job_action_items::action_id, job_action_items::outcome))
        .select((job_action_items::action_id, job_action_items::outcome, diesel::dsl::count_star()))
        .load(connection)?;
    let mut outcomes: HashMap<Uuid, Vec<OutcomeCount>> = HashMap::new();
    for (id, outcome, n_jobs) in counts {
        let n_jobs = u32::try_from(n_jobs).unwrap_or(u32::MAX);
        outcomes.entry(id).or_default().push(OutcomeCount { outcome: read(&outcome)?, n_jobs });
    }
    rows.into_iter()
        .map(|row| {
            let action: Steering = read_json(row.steering)?;
            let mut outcomes = outcomes.remove(&row.id).unwrap_or_default();
            outcomes.sort_by_key(|count| count.outcome);
            Ok(JobActionRun {
                id: ActionId::from_uuid(row.id),
                undo: action.undo(),
                action,
                session: SessionId::from_uuid(row.session_id),
                created_at: row.created_at,
                finished_at: row.finished_at,
                undoes: row.undoes.map(ActionId::from_uuid),
                n_jobs: outcomes.iter().map(|count| count.n_jobs).sum(),
                outcomes,
            })
        })
        .collect()
}

/// A user's action, if it exists.
///
/// # Errors
/// The database's.
pub fn find_action(
    connection: &mut PgConnection,
    owner: UserId,
    id: ActionId,
) -> QueryResult<Option<JobActionRun>> {
    let row = job_actions::table
        .filter(job_actions::id.eq(id.as_uuid()).and(job_actions::owner_id.eq(owner.as_uuid())))
        .select(RunRow::as_select())
        .first(connection)
        .optional()?;
    Ok(runs(connection, row.into_iter().collect())?.pop())
}

/// A user's actions, newest first.
///
/// # Errors
/// The database's.
pub fn list_actions(
    connection: &mut PgConnection,
    owner: UserId,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<JobActionRun>> {
    let mut query = job_actions::table
        .filter(job_actions::owner_id.eq(owner.as_uuid()))
        .order((job_actions::created_at.desc(), job_actions::id.desc()))
        .limit(request.rows_to_select())
        .select(RunRow::as_select())
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(after.precedes(job_actions::created_at, job_actions::id));
    }
    let rows = query.load(connection)?;
    let items = runs(connection, rows)?;
    Ok(request.page(items, list, |run| Place::new(run.created_at, run.id.as_uuid())))
}

/// The columns of a result.
type ItemRow = (
    Uuid,
    i32,
    Uuid,
    Vec<String>,
    String,
    Option<String>,
    Option<i32>,
    Option<String>,
    DateTime<Utc>,
    String,
    String,
);

#[diesel::dsl::auto_type]
fn item_columns() -> _ {
    (
        job_action_items::action_id,
        job_action_items::position,
        job_action_items::job_id,
        job_action_items::pbs_ids,
        job_action_items::outcome,
        job_action_items::meaning,
        job_action_items::status,
        job_action_items::words,
        job_action_items::changed_at,
        jobs::name,
        hosts::name,
    )
}

fn item(row: ItemRow) -> QueryResult<JobActionItem> {
    let (action, position, job, pbs_ids, outcome, meaning, status, words, changed_at, name, host_name) = row;
    Ok(JobActionItem {
        action: ActionId::from_uuid(action),
        position,
        job: JobId::from_uuid(job),
        name,
        host_name,
        pbs_ids: read_ids(&pbs_ids)?,
        outcome: read(&outcome)?,
        meaning: meaning.as_deref().map(read).transpose()?,
        status,
        words,
        changed_at,
    })
}

/// What came of a user's action, job by job.
///
/// # Errors
/// The database's.
pub fn list_items(
    connection: &mut PgConnection,
    owner: UserId,
    id: ActionId,
    outcome: Option<ActionOutcome>,
    request: PageRequest<i32>,
    list: &str,
) -> QueryResult<Page<JobActionItem>> {
    let mut query = job_action_items::table
        .inner_join(job_actions::table.on(job_actions::id.eq(job_action_items::action_id)))
        .inner_join(jobs::table.on(jobs::id.eq(job_action_items::job_id)))
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .filter(job_actions::id.eq(id.as_uuid()).and(job_actions::owner_id.eq(owner.as_uuid())))
        .order(job_action_items::position.asc())
        .limit(request.rows_to_select())
        .select(item_columns())
        .into_boxed();
    if let Some(outcome) = outcome {
        query = query.filter(job_action_items::outcome.eq(outcome.as_str()));
    }
    if let Some(after) = request.after {
        query = query.filter(job_action_items::position.gt(after));
    }
    let items = query.load::<ItemRow>(connection)?.into_iter().map(item).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |item| item.position))
}

/// What a user asked for a job, newest first, and what came of it.
///
/// # Errors
/// The database's.
pub fn list_actions_of(
    connection: &mut PgConnection,
    owner: UserId,
    job: JobId,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<PastAction>> {
    type Row =
        (serde_json::Value, DateTime<Utc>, String, Uuid, Option<String>, String, Option<Uuid>, ItemRow);
    let mut query = job_action_items::table
        .inner_join(job_actions::table.on(job_actions::id.eq(job_action_items::action_id)))
        .inner_join(jobs::table.on(jobs::id.eq(job_action_items::job_id)))
        .inner_join(hosts::table.on(hosts::id.eq(jobs::host_id)))
        .inner_join(sessions::table.on(sessions::id.eq(job_actions::session_id)))
        .inner_join(users::table.on(users::id.eq(job_actions::owner_id)))
        .filter(job_action_items::job_id.eq(job.as_uuid()).and(job_actions::owner_id.eq(owner.as_uuid())))
        .order((job_actions::created_at.desc(), job_actions::id.desc()))
        .limit(request.rows_to_select())
        .select((
            job_actions::steering,
            job_actions::created_at,
            users::user_name,
            sessions::id,
            sessions::name,
            sessions::user_agent,
            job_actions::undoes,
            item_columns(),
        ))
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(after.precedes(job_actions::created_at, job_actions::id));
    }
    let items = query
        .load::<Row>(connection)?
        .into_iter()
        .map(|(steering, created_at, user_name, session, token, user_agent, undoes, row)| {
            let action: Steering = read_json(steering)?;
            Ok(PastAction {
                words: action.words(),
                action,
                created_at,
                user_name,
                session: SessionId::from_uuid(session),
                through: token.unwrap_or(user_agent),
                undoes: undoes.map(ActionId::from_uuid),
                result: item(row)?,
            })
        })
        .collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |past| Place::new(past.created_at, past.result.action.as_uuid())))
}

/// The jobs for which a user's action was done.
///
/// # Errors
/// The database's.
pub fn jobs_done(connection: &mut PgConnection, owner: UserId, id: ActionId) -> QueryResult<Vec<JobId>> {
    let ids: Vec<Uuid> = job_action_items::table
        .inner_join(job_actions::table.on(job_actions::id.eq(job_action_items::action_id)))
        .filter(job_actions::id.eq(id.as_uuid()).and(job_actions::owner_id.eq(owner.as_uuid())))
        .filter(job_action_items::outcome.eq(ActionOutcome::Done.as_str()))
        .order(job_action_items::position.asc())
        .select(job_action_items::job_id)
        .load(connection)?;
    Ok(ids.into_iter().map(JobId::from_uuid).collect())
}
