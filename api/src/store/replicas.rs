//! The servers that run on this database, and what each holds: a host's watch, a submission, a build. A server that does
//! not push its life on, because it died or hangs or cannot reach the database, loses what it holds to the others.
//!
//! Time is the database's, so that clocks that differ or jump take nothing from anybody.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::ids::HostId;
use uuid::Uuid;

use super::bell::{Note, tell};

/// One run of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplicaId(Uuid);

impl ReplicaId {
    /// A server that begins.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// For the columns that name a server.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl std::fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to watch a host, as long as nobody has taken it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The host.
    pub host: HostId,
    /// Who has it.
    pub replica: ReplicaId,
    /// Since which change of holders.
    pub term: i64,
}

/// What a heartbeat learns.
#[derive(Debug, Clone)]
pub struct Beat {
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// The hosts that are this server's to watch.
    pub held: Vec<Hold>,
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = SqlUuid)]
    host_id: Uuid,
    #[diesel(sql_type = BigInt)]
    term: i64,
}

/// In a condition on a column that names a server: it is alive.
pub(super) fn is_alive(column: &str) -> String {
    format!("EXISTS (SELECT 1 FROM replicas r WHERE r.id = {column} AND r.alive_until > clock_timestamp())")
}

/// Says that a server lives, for so many seconds more, and gives it the hosts that nobody watches; one that is stopping
/// gives up its own.
///
/// # Errors
/// The database's.
pub fn beat(
    connection: &mut PgConnection,
    me: ReplicaId,
    name: &str,
    lease_seconds: f64,
    is_stopping: bool,
) -> QueryResult<Beat> {
    let now = diesel::sql_query(
        "INSERT INTO replicas (id, name, started_at, alive_until) \
         VALUES ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3)) \
         ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until RETURNING clock_timestamp() AS now",
    )
    .bind::<SqlUuid, _>(me.as_uuid())
    .bind::<Text, _>(name)
    .bind::<Double, _>(lease_seconds)
    .get_result::<Now>(connection)?
    .now;
    if is_stopping {
        release_watches(connection, me)?;
        return Ok(Beat { now, held: Vec::new() });
    }
    diesel::sql_query("DELETE FROM replicas WHERE alive_until < clock_timestamp() - interval '1 hour'")
        .execute(connection)?;
    // Whoever adds a host, a former release too, need not know of watches.
    diesel::sql_query(
        "INSERT INTO host_watches (host_id) \
         SELECT id FROM hosts h WHERE NOT EXISTS (SELECT 1 FROM host_watches w WHERE w.host_id = h.id) \
         ON CONFLICT DO NOTHING",
    )
    .execute(connection)?;
    // A row that a hanging server has locked is taken when the database has ended its transaction.
    diesel::sql_query(format!(
        "UPDATE host_watches SET holder = $1, term = term + 1 WHERE host_id IN (\
             SELECT w.host_id FROM host_watches w WHERE NOT coalesce({}, false) FOR UPDATE SKIP LOCKED)",
        is_alive("w.holder")
    ))
    .bind::<SqlUuid, _>(me.as_uuid())
    .execute(connection)?;
    let held = diesel::sql_query("SELECT host_id, term FROM host_watches WHERE holder = $1")
        .bind::<SqlUuid, _>(me.as_uuid())
        .load::<Held>(connection)?;
    let hold = |held: Held| Hold { host: HostId::from_uuid(held.host_id), replica: me, term: held.term };
    Ok(Beat { now, held: held.into_iter().map(hold).collect() })
}

/// A server ends: what it holds is free at once, and the others are told.
///
/// # Errors
/// The database's.
pub fn leave(connection: &mut PgConnection, me: ReplicaId) -> QueryResult<()> {
    release_watches(connection, me)?;
    diesel::sql_query("DELETE FROM replicas WHERE id = $1")
        .bind::<SqlUuid, _>(me.as_uuid())
        .execute(connection)
        .map(drop)
}

fn release_watches(connection: &mut PgConnection, me: ReplicaId) -> QueryResult<()> {
    let n_released = diesel::sql_query("UPDATE host_watches SET holder = NULL WHERE holder = $1")
        .bind::<SqlUuid, _>(me.as_uuid())
        .execute(connection)?;
    if n_released == 0 { Ok(()) } else { tell(connection, Note::Released) }
}
