//! The commands that an application is used with: pinned ones, then those used last.

use diesel::PgConnection;
use pbsweb_shared::api::applications::{CommandsPin, RecentCommands};
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::ids::ApplicationId;
use pbsweb_shared::problem::FieldError;

use super::ApplicationError;
use crate::app::App;
use crate::services::actor::Actor;
use crate::store::activity::insert_activity;
use crate::store::commands as rows;
use crate::store::sharing::access;

/// More would no longer be on top.
const MOST_PINS: i64 = 50;

/// The longest commands that are pinned, in bytes.
const LONGEST: usize = 64 * 1024;

/// The commands that the owner of an application used it with, pinned ones first, then the ones used last.
///
/// # Errors
/// There is no such application.
pub async fn list_commands(
    app: &App,
    actor: &Actor,
    id: ApplicationId,
) -> Result<Vec<RecentCommands>, ApplicationError> {
    let user = actor.user;
    app.store
        .query(move |connection| {
            let known = access(connection, user, id.into())?;
            known.map(|(owner, _)| rows::list_commands(connection, owner, id)).transpose()
        })
        .await?
        .ok_or(ApplicationError::NotFound)
}

/// Pins are part of the application: whoever may change that pins.
fn may_pin(connection: &mut PgConnection, actor: &Actor, id: ApplicationId) -> Result<(), ApplicationError> {
    let (_, access) = access(connection, actor.user, id.into())?.ok_or(ApplicationError::NotFound)?;
    access.refusal(Access::Edit).map_or(Ok(()), |words| Err(ApplicationError::Forbidden(words)))
}

fn wrong(code: &str, message: impl Into<String>) -> ApplicationError {
    ApplicationError::Invalid(FieldError {
        pointer: "/commands".to_owned(),
        code: code.to_owned(),
        message: message.into(),
    })
}

/// Pins commands to the top of an application's list. Those that are pinned already stay where they are.
///
/// # Errors
/// There is no such application, or the caller may not change it; the commands are none, too long, or too many are pinned.
pub async fn pin_commands(
    app: &App,
    actor: &Actor,
    id: ApplicationId,
    pin: CommandsPin,
) -> Result<(), ApplicationError> {
    if pin.commands.trim().is_empty() {
        return Err(wrong("commands.missing", "needs commands"));
    }
    if pin.commands.len() > LONGEST || pin.commands.contains('\0') {
        return Err(wrong(
            "commands.syntax",
            format!("needs at most {LONGEST} bytes without NUL characters"),
        ));
    }
    let (actor, now) = (actor.clone(), app.replica.now());
    let n_pins = app
        .store
        .run(move |connection| -> Result<i64, ApplicationError> {
            may_pin(connection, &actor, id)?;
            let n_pins = rows::count_pins(connection, id)?;
            if n_pins < MOST_PINS && rows::insert_pin(connection, id, &pin.commands, now)? {
                insert_activity(connection, &actor.deed("application.pin", id, ""), now)?;
            }
            Ok(n_pins)
        })
        .await?;
    if n_pins >= MOST_PINS {
        return Err(wrong("commands.too_many", format!("{MOST_PINS} are pinned; unpin one first")));
    }
    Ok(())
}

/// Takes a pin away, if there is one.
///
/// # Errors
/// There is no such application, or the caller may not change it.
pub async fn unpin_commands(
    app: &App,
    actor: &Actor,
    id: ApplicationId,
    pin: CommandsPin,
) -> Result<(), ApplicationError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            may_pin(connection, &actor, id)?;
            // What holds a NUL was never pinned.
            if !pin.commands.contains('\0') && rows::delete_pin(connection, id, &pin.commands)? {
                insert_activity(connection, &actor.deed("application.unpin", id, ""), now)?;
            }
            Ok(())
        })
        .await
}
