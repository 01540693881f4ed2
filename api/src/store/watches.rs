//! Who asks a host, and what the host said last: shared by all servers, so that each answers pages alike.
//!
//! What a holder writes, it writes under [`lock_watch`]: once another server has taken the host over, the former one, however
//! late it wakes up, changes nothing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::host::HostStatus;
use pbsweb_shared::ids::HostId;
use uuid::Uuid;

use super::hosts::{HostRecord, HostRow};
use super::read;
use super::replicas::Hold;
use super::schema::{host_listings, host_watches, hosts};

/// What is known of a host, whoever asked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRecord {
    /// The host.
    pub host: HostId,
    /// How it was when it was last asked.
    pub status: HostStatus,
    /// In words.
    pub detail: Option<String>,
    /// When it was last asked.
    pub checked_at: Option<DateTime<Utc>>,
    /// When the last whole listing was taken.
    pub snapshot_at: Option<DateTime<Utc>>,
    /// The queue of jobs that name none.
    pub default_queue: Option<String>,
    /// When the scheduler was asked of late; may hold some from before the last minute.
    pub listings: Vec<DateTime<Utc>>,
    /// How long the host took to answer, the last time it did, in milliseconds.
    pub latency_ms: Option<u32>,
    /// When the scheduler's commands were run of late to watch it; may hold some from before the last minute.
    pub calls: Vec<DateTime<Utc>>,
    /// Which jobs were listed: changes when they do. Absent when no listing is kept.
    pub jobs_version: Option<DateTime<Utc>>,
}

/// Listings asked of a host in the last minute, by all servers together.
#[must_use]
pub fn listings_last_minute(watch: &WatchRecord, now: DateTime<Utc>) -> u32 {
    recent(&watch.listings, now)
}

fn recent(times: &[DateTime<Utc>], now: DateTime<Utc>) -> u32 {
    let n_recent = times.iter().filter(|at| now - **at < TimeDelta::seconds(60)).count();
    u32::try_from(n_recent).unwrap_or(u32::MAX)
}

type Row = (
    Uuid,
    String,
    Option<String>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    Option<String>,
    Vec<DateTime<Utc>>,
    Option<i32>,
    Vec<DateTime<Utc>>,
);

const COLUMNS: (
    host_watches::host_id,
    host_watches::status,
    host_watches::detail,
    host_watches::checked_at,
    host_watches::snapshot_at,
    host_watches::default_queue,
    host_watches::listings,
    host_watches::latency_ms,
    host_watches::calls,
) = (
    host_watches::host_id,
    host_watches::status,
    host_watches::detail,
    host_watches::checked_at,
    host_watches::snapshot_at,
    host_watches::default_queue,
    host_watches::listings,
    host_watches::latency_ms,
    host_watches::calls,
);

fn watch(row: Row, jobs_version: Option<DateTime<Utc>>) -> QueryResult<WatchRecord> {
    let (host, status, detail, checked_at, snapshot_at, default_queue, listings, latency_ms, calls) = row;
    Ok(WatchRecord {
        host: HostId::from_uuid(host),
        status: read(&status)?,
        detail,
        checked_at,
        snapshot_at,
        default_queue,
        listings,
        latency_ms: latency_ms.and_then(|ms| u32::try_from(ms).ok()),
        calls,
        jobs_version,
    })
}

/// What is known of all hosts, or of one.
///
/// # Errors
/// The database's.
pub fn list_watches(connection: &mut PgConnection, host: Option<HostId>) -> QueryResult<Vec<WatchRecord>> {
    let mut query = host_watches::table
        .left_join(host_listings::table.on(host_listings::host_id.eq(host_watches::host_id)))
        .select((COLUMNS, host_listings::taken_at.nullable()))
        .into_boxed();
    if let Some(host) = host {
        query = query.filter(host_watches::host_id.eq(host.as_uuid()));
    }
    let rows = query.load::<(Row, Option<DateTime<Utc>>)>(connection)?;
    rows.into_iter().map(|(row, jobs_version)| watch(row, jobs_version)).collect()
}

/// What is known of a host, once a server has watched it.
///
/// # Errors
/// The database's.
pub fn find_watch(connection: &mut PgConnection, host: HostId) -> QueryResult<Option<WatchRecord>> {
    Ok(list_watches(connection, Some(host))?.pop())
}

/// A host, and what is known of it, once a server has watched it.
///
/// # Errors
/// The database's.
pub fn find_watched_host(
    connection: &mut PgConnection,
    id: HostId,
) -> QueryResult<Option<(HostRecord, Option<WatchRecord>)>> {
    let found: Option<(HostRow, Option<Row>, Option<DateTime<Utc>>)> = hosts::table
        .left_join(host_watches::table.on(host_watches::host_id.eq(hosts::id)))
        .left_join(host_listings::table.on(host_listings::host_id.eq(hosts::id)))
        .filter(hosts::id.eq(id.as_uuid()))
        .select((HostRow::as_select(), COLUMNS.nullable(), host_listings::taken_at.nullable()))
        .first(connection)
        .optional()?;
    let Some((host, row, jobs_version)) = found else { return Ok(None) };
    Ok(Some((host.try_into()?, row.map(|row| watch(row, jobs_version)).transpose()?)))
}

/// The jobs of a host's last listing, compressed, and which they are.
///
/// # Errors
/// The database's.
pub fn load_listing(
    connection: &mut PgConnection,
    host: HostId,
) -> QueryResult<Option<(DateTime<Utc>, Vec<u8>)>> {
    host_listings::table
        .find(host.as_uuid())
        .select((host_listings::taken_at, host_listings::jobs))
        .first(connection)
        .optional()
}

/// Holds a host's watch until the transaction ends; `false` when another server has taken it over.
///
/// # Errors
/// The database's.
pub fn lock_watch(connection: &mut PgConnection, hold: Hold) -> QueryResult<bool> {
    let locked: Option<i64> =
        held(hold).select(host_watches::term).for_update().first(connection).optional()?;
    Ok(locked.is_some())
}

#[diesel::dsl::auto_type]
fn held(hold: Hold) -> _ {
    let host: Uuid = hold.host.as_uuid();
    let holder: Option<Uuid> = Some(hold.replica.as_uuid());
    let term: i64 = hold.term;
    host_watches::table
        .filter(host_watches::host_id.eq(host))
        .filter(host_watches::holder.eq(holder))
        .filter(host_watches::term.eq(term))
}

/// Whether the scheduler may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may, and the listing is counted.
    Granted,
    /// As many listings as may be were asked in the last minute, by whatever server: when the next may be.
    After(TimeDelta),
    /// Another server watches the host now.
    TakenOver,
}

/// Counts a listing, when there may be one.
///
/// # Errors
/// The database's.
pub fn take_turn(connection: &mut PgConnection, hold: Hold, most_a_minute: u32) -> QueryResult<Turn> {
    let minute = TimeDelta::seconds(60);
    let row: Option<(Vec<DateTime<Utc>>, DateTime<Utc>)> = held(hold)
        .select((host_watches::listings, sql::<Timestamptz>("clock_timestamp()")))
        .for_update()
        .first(connection)
        .optional()?;
    let Some((mut listings, now)) = row else { return Ok(Turn::TakenOver) };
    listings.retain(|at| now - *at < minute);
    if listings.len() >= most_a_minute.max(1) as usize {
        let first = listings.iter().min().copied().unwrap_or(now);
        return Ok(Turn::After((first + minute - now).max(TimeDelta::zero())));
    }
    listings.push(now);
    diesel::update(host_watches::table.find(hold.host.as_uuid()))
        .set(host_watches::listings.eq(listings))
        .execute(connection)?;
    Ok(Turn::Granted)
}

/// Keeps how a host is; under [`lock_watch`]. Returns whether that is news.
///
/// # Errors
/// The database's.
pub fn set_status(
    connection: &mut PgConnection,
    host: HostId,
    status: HostStatus,
    detail: Option<&str>,
    latency_ms: Option<u32>,
    checked_at: DateTime<Utc>,
) -> QueryResult<bool> {
    let before: (String, Option<String>) = host_watches::table
        .find(host.as_uuid())
        .select((host_watches::status, host_watches::detail))
        .first(connection)?;
    diesel::update(host_watches::table.find(host.as_uuid()))
        .set((
            host_watches::status.eq(status.as_str()),
            host_watches::detail.eq(detail),
            host_watches::checked_at.eq(Some(checked_at)),
        ))
        .execute(connection)?;
    // How long it took the last time it answered stays when it does not.
    if let Some(ms) = latency_ms.and_then(|ms| i32::try_from(ms).ok()) {
        diesel::update(host_watches::table.find(host.as_uuid()))
            .set(host_watches::latency_ms.eq(Some(ms)))
            .execute(connection)?;
    }
    Ok(before.0 != status.as_str() || before.1.as_deref() != detail)
}

/// Keeps a listing; under [`lock_watch`]. `jobs` is given when they are other ones than before.
///
/// # Errors
/// The database's.
pub fn set_listing(
    connection: &mut PgConnection,
    host: HostId,
    taken_at: DateTime<Utc>,
    default_queue: Option<&str>,
    jobs: Option<&[u8]>,
) -> QueryResult<()> {
    diesel::update(host_watches::table.find(host.as_uuid()))
        .set((host_watches::snapshot_at.eq(Some(taken_at)), host_watches::default_queue.eq(default_queue)))
        .execute(connection)?;
    let Some(jobs) = jobs else { return Ok(()) };
    diesel::insert_into(host_listings::table)
        .values((
            host_listings::host_id.eq(host.as_uuid()),
            host_listings::taken_at.eq(taken_at),
            host_listings::jobs.eq(jobs),
        ))
        .on_conflict(host_listings::host_id)
        .do_update()
        .set((host_listings::taken_at.eq(taken_at), host_listings::jobs.eq(jobs)))
        .execute(connection)
        .map(drop)
}

/// Notes that somebody looks at a host. Returns whether nobody had for so long.
///
/// # Errors
/// The database's.
pub fn note_watcher(connection: &mut PgConnection, host: HostId, watched_for: Duration) -> QueryResult<bool> {
    let was_watched = is_watched(connection, host, watched_for)?;
    diesel::sql_query("UPDATE host_watches SET watched_at = clock_timestamp() WHERE host_id = $1")
        .bind::<SqlUuid, _>(host.as_uuid())
        .execute(connection)?;
    Ok(!was_watched)
}

/// Whether somebody looked at a host of late.
///
/// # Errors
/// The database's.
pub fn is_watched(connection: &mut PgConnection, host: HostId, of_late: Duration) -> QueryResult<bool> {
    let is_recent = sql::<Nullable<Bool>>("watched_at > clock_timestamp() - make_interval(secs => ")
        .bind::<Double, _>(of_late.as_secs_f64())
        .sql(")");
    let found: Option<Option<bool>> =
        host_watches::table.find(host.as_uuid()).select(is_recent).first(connection).optional()?;
    Ok(found.flatten().unwrap_or(false))
}

/// Counts commands of the scheduler that were run to watch a host.
///
/// # Errors
/// The database's.
pub fn note_calls(connection: &mut PgConnection, host: HostId, n_calls: u32) -> QueryResult<()> {
    diesel::sql_query(
        "UPDATE host_watches SET calls = ARRAY(SELECT at FROM unnest(calls) AS at \
             WHERE at > clock_timestamp() - interval '60 seconds') || array_fill(clock_timestamp(), ARRAY[$2]) \
         WHERE host_id = $1",
    )
    .bind::<SqlUuid, _>(host.as_uuid())
    .bind::<Integer, _>(i32::try_from(n_calls).unwrap_or(i32::MAX))
    .execute(connection)
    .map(drop)
}

/// Commands of the scheduler that were run in the last minute to watch a host, by all servers together.
#[must_use]
pub fn calls_last_minute(watch: &WatchRecord, now: DateTime<Utc>) -> u32 {
    recent(&watch.calls, now)
}
