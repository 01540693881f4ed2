//! The nodes that each host's scheduler listed last.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Double, Uuid as SqlUuid};
use pbsweb_shared::ids::HostId;

use super::schema::host_nodes;

/// What is kept of a host's nodes.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct KeptNodes {
    /// When the scheduler gave them.
    pub taken_at: Option<DateTime<Utc>>,
    /// They themselves, packed.
    pub packed: Option<Vec<u8>>,
    /// Why the last question was not answered.
    pub problem: Option<String>,
}

/// The nodes of a host, if they were ever asked for.
///
/// # Errors
/// The database's.
pub fn find_nodes(connection: &mut PgConnection, host: HostId) -> QueryResult<Option<KeptNodes>> {
    host_nodes::table
        .find(host.as_uuid())
        .select((host_nodes::taken_at, host_nodes::nodes, host_nodes::problem))
        .first(connection)
        .optional()
}

/// Keeps what the scheduler listed, or why it did not; then the nodes stay those of before.
///
/// # Errors
/// The database's.
pub fn keep_nodes(
    connection: &mut PgConnection,
    host: HostId,
    asked_at: DateTime<Utc>,
    listed: Result<&[u8], &str>,
) -> QueryResult<()> {
    diesel::insert_into(host_nodes::table)
        .values(host_nodes::host_id.eq(host.as_uuid()))
        .on_conflict_do_nothing()
        .execute(connection)?;
    let row = diesel::update(host_nodes::table.find(host.as_uuid()));
    let asked = host_nodes::asked_at.eq(Some(asked_at));
    match listed {
        Ok(nodes) => row
            .set((
                asked,
                host_nodes::taken_at.eq(Some(asked_at)),
                host_nodes::nodes.eq(Some(nodes)),
                host_nodes::problem.eq(None::<&str>),
            ))
            .execute(connection),
        Err(problem) => row.set((asked, host_nodes::problem.eq(Some(problem)))).execute(connection),
    }
    .map(drop)
}

#[derive(QueryableByName)]
struct Since {
    #[diesel(sql_type = diesel::sql_types::Nullable<Double>)]
    seconds: Option<f64>,
}

/// Notes that somebody looks at the nodes of a host. Returns whether nobody had for so long.
///
/// # Errors
/// The database's.
pub fn watch_nodes(connection: &mut PgConnection, host: HostId, of_late: Duration) -> QueryResult<bool> {
    let before: Since = diesel::sql_query(
        "WITH former AS (SELECT watched_at FROM host_nodes WHERE host_id = $1), \
         noted AS (INSERT INTO host_nodes (host_id, watched_at) VALUES ($1, clock_timestamp()) \
             ON CONFLICT (host_id) DO UPDATE SET watched_at = excluded.watched_at) \
         SELECT (SELECT extract(epoch FROM clock_timestamp() - watched_at)::float8 FROM former) AS seconds",
    )
    .bind::<SqlUuid, _>(host.as_uuid())
    .get_result(connection)?;
    Ok(before.seconds.is_none_or(|seconds| seconds > of_late.as_secs_f64()))
}

/// How often nodes are asked for.
#[derive(Debug, Clone, Copy)]
pub struct NodesPace {
    /// So long after somebody looked, they count as watched.
    pub watched_for: Duration,
    /// While they are.
    pub watched: Duration,
    /// Otherwise.
    pub idle: Duration,
}

/// When a host's nodes are to be asked for again: zero when they are due. Nobody asks before somebody has looked.
///
/// # Errors
/// The database's.
pub fn nodes_due(connection: &mut PgConnection, host: HostId, pace: NodesPace) -> QueryResult<Duration> {
    let left: Option<Since> = diesel::sql_query(
        "SELECT extract(epoch FROM asked_at - clock_timestamp())::float8 \
             + CASE WHEN watched_at > clock_timestamp() - make_interval(secs => $2) THEN $3 ELSE $4 END AS seconds \
         FROM host_nodes WHERE host_id = $1",
    )
    .bind::<SqlUuid, _>(host.as_uuid())
    .bind::<Double, _>(pace.watched_for.as_secs_f64())
    .bind::<Double, _>(pace.watched.as_secs_f64())
    .bind::<Double, _>(pace.idle.as_secs_f64())
    .get_result(connection)
    .optional()?;
    let Some(left) = left else { return Ok(pace.idle) };
    let seconds = left.seconds.unwrap_or(0.0);
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}
