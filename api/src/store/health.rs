//! How each host was over the last days.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use pbsweb_shared::host::{HealthSample, HostStatus};
use pbsweb_shared::ids::HostId;

use super::read;
use super::schema::host_health;

/// While nothing changes, a sample this often.
const SAMPLE_EVERY: TimeDelta = TimeDelta::minutes(5);

/// How long samples are kept.
pub const KEPT: TimeDelta = TimeDelta::days(14);

/// Notes how a host was found: when that is news, or the last sample is some minutes old.
///
/// # Errors
/// The database's.
pub fn note_health(connection: &mut PgConnection, host: HostId, sample: &HealthSample) -> QueryResult<()> {
    let last: Option<(DateTime<Utc>, String, Option<String>)> = host_health::table
        .filter(host_health::host_id.eq(host.as_uuid()))
        .order(host_health::at.desc())
        .select((host_health::at, host_health::status, host_health::detail))
        .first(connection)
        .optional()?;
    let is_known = last.is_some_and(|(at, status, detail)| {
        sample.at - at < SAMPLE_EVERY && status == sample.status.as_str() && detail == sample.detail
    });
    if is_known {
        return Ok(());
    }
    diesel::insert_into(host_health::table)
        .values((
            host_health::host_id.eq(host.as_uuid()),
            host_health::at.eq(sample.at),
            host_health::status.eq(sample.status.as_str()),
            host_health::detail.eq(sample.detail.as_deref()),
            host_health::latency_ms.eq(sample.latency_ms.and_then(|ms| i32::try_from(ms).ok())),
        ))
        .execute(connection)?;
    diesel::delete(
        host_health::table
            .filter(host_health::host_id.eq(host.as_uuid()).and(host_health::at.lt(sample.at - KEPT))),
    )
    .execute(connection)
    .map(drop)
}

type Row = (DateTime<Utc>, String, Option<String>, Option<i32>);

/// The samples of a host, the newest first.
///
/// # Errors
/// The database's.
pub fn list_health(connection: &mut PgConnection, host: HostId, most: i64) -> QueryResult<Vec<HealthSample>> {
    let rows: Vec<Row> = host_health::table
        .filter(host_health::host_id.eq(host.as_uuid()))
        .order((host_health::at.desc(), host_health::id.desc()))
        .limit(most)
        .select((host_health::at, host_health::status, host_health::detail, host_health::latency_ms))
        .load(connection)?;
    rows.into_iter()
        .map(|(at, status, detail, latency_ms)| {
            let status: HostStatus = read(&status)?;
            Ok(HealthSample {
                at,
                status,
                detail,
                latency_ms: latency_ms.and_then(|ms| u32::try_from(ms).ok()),
            })
        })
        .collect()
}
