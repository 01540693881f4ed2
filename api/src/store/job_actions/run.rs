//! Actions under way: stored, sent, and ended with an outcome for each job.
//!
//! An outcome that is final is never changed again: every change is conditional on the one before.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::job_actions::ActionOutcome;
use pbsweb_shared::ids::{ActionId, HostId, JobId, SessionId, UserId};
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::steering::{Meaning, Steering};
use uuid::Uuid;

use super::read_ids;
use crate::store::schema::{job_action_items, job_actions, jobs};
use crate::store::{read, read_json, to_json};

/// Outcomes of which more will come.
const OPEN: [&str; 2] = [ActionOutcome::Requested.as_str(), ActionOutcome::Sent.as_str()];

/// An action to be stored before anything leaves.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its id.
    pub id: ActionId,
    /// Whose.
    pub owner: UserId,
    /// In which session.
    pub session: SessionId,
    /// What is to be done.
    pub steering: Steering,
    /// The action that it takes back.
    pub undoes: Option<ActionId>,
    /// To what.
    pub items: Vec<NewItem>,
}

/// One job of an action.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// The job.
    pub job: JobId,
    /// What the scheduler is given.
    pub pbs_ids: Vec<PbsJobId>,
    /// Why it is left alone, if it is.
    pub skipped: Option<String>,
}

/// Stores an action. `first_look_at` is when the reconciler takes it on, should the server that stores it not finish it.
///
/// # Errors
/// The database's.
pub fn insert_action(
    connection: &mut PgConnection,
    new: &NewAction,
    first_look_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    // A statement has at most 65,535 parameters.
    const ROWS: usize = 2000;
    let is_finished = new.items.iter().all(|item| item.skipped.is_some());
    diesel::insert_into(job_actions::table)
        .values((
            job_actions::id.eq(new.id.as_uuid()),
            job_actions::owner_id.eq(new.owner.as_uuid()),
            job_actions::session_id.eq(new.session.as_uuid()),
            job_actions::steering.eq(to_json(&new.steering)?),
            job_actions::undoes.eq(new.undoes.map(ActionId::as_uuid)),
            job_actions::created_at.eq(now),
            job_actions::finished_at.eq(is_finished.then_some(now)),
            job_actions::next_look_at.eq((!is_finished).then_some(first_look_at)),
            job_actions::n_tries.eq(0),
        ))
        .execute(connection)?;
    let rows: Vec<_> = new
        .items
        .iter()
        .zip(0_i32..)
        .map(|(item, position)| {
            let outcome =
                if item.skipped.is_some() { ActionOutcome::Skipped } else { ActionOutcome::Requested };
            (
                job_action_items::action_id.eq(new.id.as_uuid()),
                job_action_items::position.eq(position),
                job_action_items::job_id.eq(item.job.as_uuid()),
                job_action_items::pbs_ids.eq(item
                    .pbs_ids
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()),
                job_action_items::outcome.eq(outcome.as_str()),
                job_action_items::words.eq(item.skipped.as_deref()),
                job_action_items::changed_at.eq(now),
            )
        })
        .collect();
    for rows in rows.chunks(ROWS) {
        diesel::insert_into(job_action_items::table).values(rows).execute(connection)?;
    }
    Ok(())
}

/// An action whose work is not done.
#[derive(Debug, Clone)]
pub struct OpenAction {
    /// Whose.
    pub owner: UserId,
    /// What is to be done.
    pub steering: Steering,
    /// How often it was taken on.
    pub n_tries: i32,
    /// To what; in order.
    pub items: Vec<OpenItem>,
}

/// A job for which the outcome is open.
#[derive(Debug, Clone)]
pub struct OpenItem {
    /// Its place in the action.
    pub position: i32,
    /// The job.
    pub job: JobId,
    /// Where.
    pub host: HostId,
    /// The account it runs as.
    pub login: LoginName,
    /// What the scheduler is given.
    pub pbs_ids: Vec<PbsJobId>,
    /// It left for the host before, and no answer came.
    pub was_sent: bool,
}

/// Takes an action on until `lease_until`, and reads what of it is open; nothing if it is finished.
///
/// # Errors
/// The database's.
pub fn take_action(
    connection: &mut PgConnection,
    id: ActionId,
    lease_until: DateTime<Utc>,
) -> QueryResult<Option<OpenAction>> {
    let row: Option<(Uuid, serde_json::Value, i32)> = diesel::update(
        job_actions::table.filter(job_actions::id.eq(id.as_uuid()).and(job_actions::finished_at.is_null())),
    )
    .set((job_actions::next_look_at.eq(Some(lease_until)), job_actions::n_tries.eq(job_actions::n_tries + 1)))
    .returning((job_actions::owner_id, job_actions::steering, job_actions::n_tries))
    .get_result(connection)
    .optional()?;
    let Some((owner, steering, n_tries)) = row else { return Ok(None) };
    let items = job_action_items::table
        .inner_join(jobs::table.on(jobs::id.eq(job_action_items::job_id)))
        .filter(job_action_items::action_id.eq(id.as_uuid()))
        .filter(job_action_items::outcome.eq_any(OPEN))
        .order(job_action_items::position.asc())
        .select((
            job_action_items::position,
            job_action_items::job_id,
            jobs::host_id,
            jobs::login,
            job_action_items::pbs_ids,
            job_action_items::outcome,
        ))
        .load::<(i32, Uuid, Uuid, String, Vec<String>, String)>(connection)?
        .into_iter()
        .map(|(position, job, host, login, pbs_ids, outcome)| {
            Ok(OpenItem {
                position,
                job: JobId::from_uuid(job),
                host: HostId::from_uuid(host),
                login: read(&login)?,
                pbs_ids: read_ids(&pbs_ids)?,
                was_sent: read::<ActionOutcome>(&outcome)? == ActionOutcome::Sent,
            })
        })
        .collect::<QueryResult<Vec<_>>>()?;
    Ok(Some(OpenAction { owner: UserId::from_uuid(owner), steering: read_json(steering)?, n_tries, items }))
}

/// Marks that these leave for the host now, and puts the reconciler off. Gives those that are still open.
///
/// # Errors
/// The database's.
pub fn mark_sent(
    connection: &mut PgConnection,
    id: ActionId,
    positions: &[i32],
    lease_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<i32>> {
    diesel::update(job_actions::table.find(id.as_uuid()))
        .set(job_actions::next_look_at.eq(Some(lease_until)))
        .execute(connection)?;
    diesel::update(
        job_action_items::table
            .filter(job_action_items::action_id.eq(id.as_uuid()))
            .filter(job_action_items::position.eq_any(positions))
            .filter(job_action_items::outcome.eq_any(OPEN)),
    )
    .set((job_action_items::outcome.eq(ActionOutcome::Sent.as_str()), job_action_items::changed_at.eq(now)))
    .returning(job_action_items::position)
    .get_results(connection)
}

/// What came of an action for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In a word.
    pub outcome: ActionOutcome,
    /// What the scheduler's answer means.
    pub meaning: Option<Meaning>,
    /// The exit status.
    pub status: Option<i32>,
    /// The scheduler's words, or why there are none.
    pub words: Option<String>,
}

/// Keeps an outcome, unless a final one is there already. Tells whether it was kept.
///
/// # Errors
/// The database's.
pub fn keep_outcome(
    connection: &mut PgConnection,
    id: ActionId,
    position: i32,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    // A host's words may hold what PostgreSQL does not take.
    let words = outcome.words.as_deref().map(|words| words.replace('\0', "\u{fffd}"));
    let n = diesel::update(
        job_action_items::table.find((id.as_uuid(), position)).filter(job_action_items::outcome.eq_any(OPEN)),
    )
    .set((
        job_action_items::outcome.eq(outcome.outcome.as_str()),
        job_action_items::meaning.eq(outcome.meaning.map(Meaning::as_str)),
        job_action_items::status.eq(outcome.status),
        job_action_items::words.eq(words),
        job_action_items::changed_at.eq(now),
    ))
    .execute(connection)?;
    Ok(n == 1)
}

/// Ends an action whose jobs all have their outcomes; else says when it is taken on again. Tells whether it ended.
///
/// # Errors
/// The database's.
pub fn finish_or_put_off(
    connection: &mut PgConnection,
    id: ActionId,
    next_look_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let is_open: bool = diesel::select(diesel::dsl::exists(
        job_action_items::table
            .filter(job_action_items::action_id.eq(id.as_uuid()))
            .filter(job_action_items::outcome.eq_any(OPEN)),
    ))
    .get_result(connection)?;
    let (finished_at, next_look_at) = if is_open { (None, Some(next_look_at)) } else { (Some(now), None) };
    diesel::update(job_actions::table.find(id.as_uuid()))
        .set((job_actions::finished_at.eq(finished_at), job_actions::next_look_at.eq(next_look_at)))
        .execute(connection)?;
    Ok(!is_open)
}

/// Actions that no server is at, and since when. Each is taken by pushing its time on, so that two servers do not take the
/// same one.
///
/// # Errors
/// The database's.
pub fn take_due_actions(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> QueryResult<Vec<(ActionId, DateTime<Utc>)>> {
    let due: Vec<(Uuid, Option<DateTime<Utc>>)> = job_actions::table
        .filter(job_actions::next_look_at.le(now))
        .order(job_actions::next_look_at.asc())
        .limit(8)
        .select((job_actions::id, job_actions::next_look_at))
        .for_update()
        .skip_locked()
        .load(connection)?;
    let ids: Vec<Uuid> = due.iter().map(|(id, _)| *id).collect();
    diesel::update(job_actions::table.filter(job_actions::id.eq_any(ids)))
        .set(job_actions::next_look_at.eq(Some(lease_until)))
        .execute(connection)?;
    Ok(due.into_iter().map(|(id, since)| (ActionId::from_uuid(id), since.unwrap_or(now))).collect())
}
