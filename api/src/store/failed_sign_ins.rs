//! Wrong passwords of late. What is older than the time in which they are counted is forgotten by the way.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Double, Integer, Text};

use super::schema::failed_sign_ins;

/// The failures against one name, or from one address.
#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
pub struct Failures {
    /// How many.
    #[diesel(sql_type = Integer)]
    pub n_failures: i32,
    /// Since the last one, by the database's clock.
    #[diesel(sql_type = Double)]
    pub age_seconds: f64,
}

/// The failures against any of these.
///
/// # Errors
/// The database's.
pub fn list_failures(connection: &mut PgConnection, tried: &[String]) -> QueryResult<Vec<Failures>> {
    diesel::sql_query(
        "SELECT n_failures, extract(epoch FROM clock_timestamp() - last_at)::float8 AS age_seconds \
         FROM failed_sign_ins WHERE tried = ANY ($1)",
    )
    .bind::<diesel::sql_types::Array<Text>, _>(tried)
    .load(connection)
}

/// Counts a failure against each of these.
///
/// # Errors
/// The database's.
pub fn count_failure(connection: &mut PgConnection, tried: &[String], window: Duration) -> QueryResult<()> {
    diesel::sql_query(
        "DELETE FROM failed_sign_ins WHERE last_at < clock_timestamp() - make_interval(secs => $1)",
    )
    .bind::<Double, _>(window.as_secs_f64())
    .execute(connection)?;
    // Always in the same order, so that two do not wait for each other.
    let mut tried = tried.to_vec();
    tried.sort();
    for tried in tried {
        diesel::sql_query(
            "INSERT INTO failed_sign_ins (tried, n_failures, last_at) VALUES ($1, 1, clock_timestamp()) \
             ON CONFLICT (tried) DO UPDATE \
             SET n_failures = least(failed_sign_ins.n_failures, 1000000) + 1, last_at = excluded.last_at",
        )
        .bind::<Text, _>(tried)
        .execute(connection)?;
    }
    Ok(())
}

/// Forgets the failures against these.
///
/// # Errors
/// The database's.
pub fn forget_failures(connection: &mut PgConnection, tried: &[String]) -> QueryResult<usize> {
    diesel::delete(failed_sign_ins::table.filter(failed_sign_ins::tried.eq_any(tried))).execute(connection)
}
