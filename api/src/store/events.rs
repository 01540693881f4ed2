//! The stream to open pages, as rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::UserId;

use super::schema::events;
use super::{read_json, to_json};

/// An event with its number.
#[derive(Debug, Clone)]
pub struct NumberedEvent {
    /// Its number; later commits have larger ones.
    pub seq: i64,
    /// Who may see it; everybody when absent.
    pub owner: Option<UserId>,
    /// What happened.
    pub event: Event,
}

/// Adds an event. The lock is held until the transaction commits, so that numbers come in commit order and a reader
/// who asks for what follows a number skips none.
///
/// # Errors
/// The database's.
pub fn insert_event(
    connection: &mut PgConnection,
    owner: Option<UserId>,
    event: &Event,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    hold_events(connection)?;
    diesel::insert_into(events::table)
        .values((
            events::at.eq(now),
            events::owner_id.eq(owner.map(UserId::as_uuid)),
            events::body.eq(to_json(event)?),
        ))
        .execute(connection)
        .map(drop)
}

/// Takes the lock of [`insert_event`] before its time: a transaction that locks rows other writers of events lock too must
/// hold it first, else each could wait for what the other has.
///
/// # Errors
/// The database's.
pub fn hold_events(connection: &mut PgConnection) -> QueryResult<()> {
    const LOCK: i64 = 0x7062_7365;
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(connection)
        .map(drop)
}

/// An event that this release does not know, from a newer server beside it, must not hold up all that follow: pages are told
/// to read everything again.
fn numbered(seq: i64, owner: Option<uuid::Uuid>, body: serde_json::Value) -> NumberedEvent {
    let event = read_json(body).unwrap_or(Event::Reset);
    NumberedEvent { seq, owner: owner.map(UserId::from_uuid), event }
}

/// The events after a number, oldest first.
///
/// # Errors
/// The database's.
pub fn events_after(connection: &mut PgConnection, seq: i64, limit: i64) -> QueryResult<Vec<NumberedEvent>> {
    let rows = events::table
        .filter(events::seq.gt(seq))
        .order(events::seq.asc())
        .limit(limit)
        .select((events::seq, events::owner_id, events::body))
        .load::<(i64, Option<uuid::Uuid>, serde_json::Value)>(connection)?;
    Ok(rows.into_iter().map(|(seq, owner, body)| numbered(seq, owner, body)).collect())
}

/// What a user may see after a number, oldest first.
///
/// # Errors
/// The database's.
pub fn events_for(
    connection: &mut PgConnection,
    user: UserId,
    seq: i64,
    limit: i64,
) -> QueryResult<Vec<NumberedEvent>> {
    let rows = events::table
        .filter(events::seq.gt(seq))
        .filter(events::owner_id.eq(user.as_uuid()).or(events::owner_id.is_null()))
        .order(events::seq.asc())
        .limit(limit)
        .select((events::seq, events::owner_id, events::body))
        .load::<(i64, Option<uuid::Uuid>, serde_json::Value)>(connection)?;
    Ok(rows.into_iter().map(|(seq, owner, body)| numbered(seq, owner, body)).collect())
}

/// The numbers of the oldest and the newest event kept; both 0 when there is none.
///
/// # Errors
/// The database's.
pub fn event_bounds(connection: &mut PgConnection) -> QueryResult<(i64, i64)> {
    let (least, most): (Option<i64>, Option<i64>) = events::table
        .select((diesel::dsl::min(events::seq), diesel::dsl::max(events::seq)))
        .first(connection)?;
    Ok((least.unwrap_or(0), most.unwrap_or(0)))
}

/// Forgets events before a moment: streams that resume from them are told to read everything again.
///
/// # Errors
/// The database's.
pub fn delete_events_before(connection: &mut PgConnection, moment: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(events::table.filter(events::at.lt(moment))).execute(connection)
}
