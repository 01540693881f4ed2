//! Keys that name a wish: stored in the same transaction as the intent, so that a repeat finds what the first made.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::ids::UserId;
use uuid::Uuid;

use super::schema::idempotency_keys;

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyClaim {
    /// It is new, and now stands for the subject given.
    New,
    /// It made this before, by the same request.
    Repeat(Uuid),
    /// It came with another request before.
    Reused,
}

/// Claims a key for a subject, or finds what it stands for. A race of two is decided by the database: the second waits
/// for the first one's transaction and then sees its row.
///
/// # Errors
/// The database's.
pub fn claim_key(
    connection: &mut PgConnection,
    owner: UserId,
    key: &str,
    digest: &[u8],
    subject: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<KeyClaim> {
    let inserted = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::owner_id.eq(owner.as_uuid()),
            idempotency_keys::key.eq(key),
            idempotency_keys::digest.eq(digest),
            idempotency_keys::subject.eq(subject),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if inserted == 1 {
        return Ok(KeyClaim::New);
    }
    let (known, subject): (Vec<u8>, Uuid) = idempotency_keys::table
        .find((owner.as_uuid(), key))
        .select((idempotency_keys::digest, idempotency_keys::subject))
        .first(connection)?;
    Ok(if known == digest { KeyClaim::Repeat(subject) } else { KeyClaim::Reused })
}

/// Forgets keys that were claimed before a moment: a repeat would then be a new wish.
///
/// # Errors
/// The database's.
pub fn delete_keys_before(connection: &mut PgConnection, moment: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(moment)))
        .execute(connection)
}

/// What a key stands for, without claiming it.
///
/// # Errors
/// The database's.
pub fn find_key(
    connection: &mut PgConnection,
    owner: UserId,
    key: &str,
    digest: &[u8],
) -> QueryResult<KeyClaim> {
    let known: Option<(Vec<u8>, Uuid)> = idempotency_keys::table
        .find((owner.as_uuid(), key))
        .select((idempotency_keys::digest, idempotency_keys::subject))
        .first(connection)
        .optional()?;
    Ok(match known {
        None => KeyClaim::New,
        Some((known, subject)) if known == digest => KeyClaim::Repeat(subject),
        Some(_) => KeyClaim::Reused,
    })
}
