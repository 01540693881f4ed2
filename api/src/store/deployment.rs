//! Which PBSWeb this database belongs to, and whether it was restored from a backup.
//!
//! A restore gives the tables new numbers, or brings them to another PostgreSQL. The row remembers where it was written last, so
//! a server that finds it elsewhere knows. A copy of PostgreSQL's own files looks like the original: whoever restores one has to
//! say so (`docs/OPERATIONS.md`).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use uuid::Uuid;

use super::schema::deployment;

/// This PBSWeb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// Its name in what it leaves on hosts.
    pub site: Uuid,
    /// When its database was last found restored.
    pub restored_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Here {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

/// Finds out at a server's start, and remembers the place.
///
/// # Errors
/// The database's.
pub fn arrive(connection: &mut PgConnection) -> QueryResult<Deployment> {
    let here: Here = diesel::sql_query(
        "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()), \
             (SELECT oid FROM pg_database WHERE datname = current_database()), 'jobs'::regclass::oid) AS place, \
             clock_timestamp() AS now",
    )
    .get_result(connection)?;
    let (site, place, restored_at): (Uuid, String, Option<DateTime<Utc>>) = deployment::table
        .select((deployment::site, deployment::place, deployment::restored_at))
        .for_update()
        .first(connection)?;
    if place == here.place {
        return Ok(Deployment { site, restored_at });
    }
    let restored_at = if place.is_empty() { restored_at } else { Some(here.now) };
    diesel::update(deployment::table)
        .set((deployment::place.eq(here.place), deployment::restored_at.eq(restored_at)))
        .execute(connection)?;
    Ok(Deployment { site, restored_at })
}

/// How many servers run on this database; none when it has no tables.
///
/// # Errors
/// The database's.
pub fn living_servers(connection: &mut PgConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let has_table: Counted =
        diesel::sql_query("SELECT count(to_regclass('replicas')) AS n").get_result(connection)?;
    if has_table.n == 0 {
        return Ok(0);
    }
    diesel::sql_query("SELECT count(*) AS n FROM replicas WHERE alive_until > clock_timestamp()")
        .get_result::<Counted>(connection)
        .map(|counted| counted.n)
}

/// Removes all tables and what is in them.
///
/// # Errors
/// The database's.
pub fn clear(connection: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("DROP SCHEMA public CASCADE").execute(connection)?;
    diesel::sql_query("CREATE SCHEMA public").execute(connection).map(drop)
}
