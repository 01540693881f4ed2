//! The commands that an application is used with.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::applications::RecentCommands;
use pbsweb_shared::ids::{ApplicationId, UserId};

use super::schema::pinned_commands;

/// The command blocks of an application: pinned ones, the latest pin first, then those of its recent jobs, the one used last first.
///
/// # Errors
/// The database's.
pub fn list_commands(
    connection: &mut PgConnection,
    owner: UserId,
    id: ApplicationId,
) -> QueryResult<Vec<RecentCommands>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        commands: String,
        #[diesel(sql_type = Timestamptz)]
        last_used_at: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        n_uses: i64,
        #[diesel(sql_type = Bool)]
        is_pinned: bool,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT coalesce(pin.commands, used.commands) AS commands, coalesce(used.last_used_at, pin.pinned_at) AS last_used_at, \
                coalesce(used.n_uses, 0) AS n_uses, pin.commands IS NOT NULL AS is_pinned \
         FROM (SELECT commands, max(submitted_at) AS last_used_at, count(*) AS n_uses \
               FROM (SELECT r.draft->>'commands' AS commands, j.submitted_at \
                     FROM jobs j JOIN script_revisions r ON r.id = j.revision_id \
                     WHERE j.application_id = $1 AND j.owner_id = $2 \
                     ORDER BY j.submitted_at DESC LIMIT 500) AS recent \
               WHERE commands <> '' GROUP BY commands ORDER BY last_used_at DESC LIMIT 20) AS used \
         FULL JOIN (SELECT * FROM pinned_commands WHERE application_id = $1) AS pin ON pin.commands = used.commands \
         ORDER BY pin.pinned_at DESC NULLS LAST, last_used_at DESC",
    )
    .bind::<SqlUuid, _>(id.as_uuid())
    .bind::<SqlUuid, _>(owner.as_uuid())
    .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|Row { commands, last_used_at, n_uses, is_pinned }| RecentCommands {
            commands,
            last_used_at,
            n_uses,
            is_pinned,
        })
        .collect())
}

/// How many commands of an application are pinned.
///
/// # Errors
/// The database's.
pub fn count_pins(connection: &mut PgConnection, id: ApplicationId) -> QueryResult<i64> {
    pinned_commands::table
        .filter(pinned_commands::application_id.eq(id.as_uuid()))
        .count()
        .get_result(connection)
}

/// Pins commands; `false` if they were.
///
/// # Errors
/// The database's.
pub fn insert_pin(
    connection: &mut PgConnection,
    id: ApplicationId,
    commands: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let n_made = diesel::insert_into(pinned_commands::table)
        .values((
            pinned_commands::application_id.eq(id.as_uuid()),
            pinned_commands::digest.eq(digest(commands)),
            pinned_commands::commands.eq(commands),
            pinned_commands::pinned_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(n_made > 0)
}

/// Takes a pin away; `false` if there was none.
///
/// # Errors
/// The database's.
pub fn delete_pin(connection: &mut PgConnection, id: ApplicationId, commands: &str) -> QueryResult<bool> {
    let pin = pinned_commands::table.find((id.as_uuid(), digest(commands)));
    Ok(diesel::delete(pin).execute(connection)? > 0)
}

/// What tells commands from each other in the key: they may be longer than an index takes.
fn digest(commands: &str) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(commands).to_vec()
}
