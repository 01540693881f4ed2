//! The users' key pairs. The private half is sealed before it comes here and opened after it leaves.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::ids::UserId;
use uuid::Uuid;

use super::schema::ssh_keys;

/// A key pair to insert.
pub struct NewSshKey<'a> {
    /// Whose it is.
    pub user: UserId,
    /// `ssh-ed25519 AAAA… comment`, without options.
    pub public_line: &'a str,
    /// `SHA256:…`.
    pub fingerprint: &'a str,
    /// The private half, sealed.
    pub sealed_private: &'a [u8],
}

/// The public half of the pair in use.
pub struct PublicKey {
    /// `ssh-ed25519 AAAA… comment`, without options.
    pub public_line: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// When the pair was made.
    pub created_at: DateTime<Utc>,
}

/// Adds a pair, which is the one in use from now on.
///
/// # Errors
/// The database's; with a pair in use, the constraint `ssh_keys_in_use_key`.
pub fn insert_ssh_key(
    connection: &mut PgConnection,
    key: &NewSshKey<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(ssh_keys::table)
        .values((
            ssh_keys::id.eq(Uuid::now_v7()),
            ssh_keys::user_id.eq(key.user.as_uuid()),
            ssh_keys::public_line.eq(key.public_line),
            ssh_keys::fingerprint.eq(key.fingerprint),
            ssh_keys::sealed_private.eq(key.sealed_private),
            ssh_keys::created_at.eq(now),
        ))
        .execute(connection)
        .map(drop)
}

/// Uses a user's pair no more; how many there were.
///
/// # Errors
/// The database's.
pub fn retire_ssh_keys(
    connection: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(ssh_keys::table)
        .filter(ssh_keys::user_id.eq(user.as_uuid()))
        .filter(ssh_keys::retired_at.is_null())
        .set(ssh_keys::retired_at.eq(now))
        .execute(connection)
}

/// The public half of the pair in use.
///
/// # Errors
/// The database's.
pub fn find_public_key(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<PublicKey>> {
    let row = ssh_keys::table
        .filter(ssh_keys::user_id.eq(user.as_uuid()))
        .filter(ssh_keys::retired_at.is_null())
        .select((ssh_keys::public_line, ssh_keys::fingerprint, ssh_keys::created_at))
        .first::<(String, String, DateTime<Utc>)>(connection)
        .optional()?;
    Ok(row.map(|(public_line, fingerprint, created_at)| PublicKey { public_line, fingerprint, created_at }))
}

/// The private half of the pair in use.
pub struct SealedKey {
    /// The pair's own id.
    pub id: Uuid,
    /// The private half, sealed.
    pub sealed_private: Vec<u8>,
}

/// The private half of the pair in use.
///
/// # Errors
/// The database's.
pub fn find_sealed_key(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<SealedKey>> {
    let row = ssh_keys::table
        .filter(ssh_keys::user_id.eq(user.as_uuid()))
        .filter(ssh_keys::retired_at.is_null())
        .select((ssh_keys::id, ssh_keys::sealed_private))
        .first::<(Uuid, Vec<u8>)>(connection)
        .optional()?;
    Ok(row.map(|(id, sealed_private)| SealedKey { id, sealed_private }))
}
