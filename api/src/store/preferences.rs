//! What users like.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::me::Preferences;
use pbsweb_shared::ids::UserId;

use super::schema::preferences;
use super::{read_json, to_json};

/// A user's preferences; none were ever stored: no wishes.
///
/// # Errors
/// The database's.
pub fn find_preferences(connection: &mut PgConnection, user: UserId) -> QueryResult<Preferences> {
    preferences::table
        .find(user.as_uuid())
        .select(preferences::body)
        .first(connection)
        .optional()?
        .map_or_else(|| Ok(Preferences::default()), read_json)
}

/// Replaces a user's preferences.
///
/// # Errors
/// The database's.
pub fn put_preferences(
    connection: &mut PgConnection,
    user: UserId,
    body: &Preferences,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let body = to_json(body)?;
    diesel::insert_into(preferences::table)
        .values((
            preferences::user_id.eq(user.as_uuid()),
            preferences::body.eq(&body),
            preferences::updated_at.eq(now),
        ))
        .on_conflict(preferences::user_id)
        .do_update()
        .set((preferences::body.eq(&body), preferences::updated_at.eq(now)))
        .execute(connection)
        .map(drop)
}
