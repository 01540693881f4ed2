//! The jobs of a host that have not ended.

use chrono::{DateTime, Utc};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use pbsweb_shared::ids::{HostId, JobId, UserId};
use pbsweb_shared::names::LoginName;
use uuid::Uuid;

use super::{FactsRow, JobFacts};
use crate::store::read;
use crate::store::schema::jobs;

/// In these words because the partial indexes are: with bound parameters the planner could not use them.
const IS_OPEN: &str = "jobs.state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired')";

/// [`IS_OPEN`] as an expression. Diesel prepares statements with `sql` literals anew each time; with this one they stay prepared.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::store) struct IsOpen;

impl Expression for IsOpen {
    type SqlType = Bool;
}

impl QueryFragment<Pg> for IsOpen {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(IS_OPEN);
        Ok(())
    }
}

impl AppearsOnTable<jobs::table> for IsOpen {}
impl SelectableExpression<jobs::table> for IsOpen {}
impl ValidGrouping<()> for IsOpen {
    type IsAggregate = is_aggregate::No;
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
        .filter(IsOpen)
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
    let open = jobs::table.filter(jobs::host_id.eq(host.as_uuid())).filter(IsOpen);
    diesel::select(diesel::dsl::exists(open)).get_result(connection)
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::job::JobState;

    use super::*;

    #[test]
    fn the_words_for_open_name_the_states_that_have_ended() {
        for state in JobState::ALL {
            assert_eq!(IS_OPEN.contains(&format!("'{state}'")), state.has_ended(), "{state}");
        }
    }
}
