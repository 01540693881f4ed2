//! The caller's own login name on a host.

use chrono::Utc;
use pbsweb_shared::api::hosts::{HostAccount, HostAccountPut};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::{LoginName, NameError};

use super::{HostError, shown_account, wrong};
use crate::app::App;
use crate::services::actor::Actor;
use crate::store::activity::insert_activity;
use crate::store::host_accounts::{self as rows, AccountRecord};
use crate::store::hosts::find_host;

/// Sets the caller's login name on a host.
///
/// # Errors
/// The name cannot be one; there is no such host.
pub async fn put_host_account(
    app: &App,
    actor: &Actor,
    id: HostId,
    request: HostAccountPut,
) -> Result<HostAccount, HostError> {
    let login: LoginName = request.login.parse().map_err(|error: NameError| {
        HostError::Invalid(vec![wrong("/login", "login.syntax", error.to_string())])
    })?;
    let actor = actor.clone();
    let account = app
        .store
        .run(move |connection| -> Result<AccountRecord, HostError> {
            let host = find_host(connection, id)?.ok_or(HostError::NotFound)?;
            let account = rows::put_account(connection, actor.user, id, &login)?;
            let deed = actor.deed("host_account.set", id, format!("{login} on {}", host.name));
            insert_activity(connection, &deed, Utc::now())?;
            Ok(account)
        })
        .await?;
    Ok(shown_account(account))
}

/// Forgets the caller's login name on a host.
///
/// # Errors
/// The database's.
pub async fn delete_host_account(app: &App, actor: &Actor, id: HostId) -> Result<(), HostError> {
    let actor = actor.clone();
    app.store
        .run(move |connection| -> Result<(), HostError> {
            if rows::delete_account(connection, actor.user, id)? == 1 {
                insert_activity(connection, &actor.deed("host_account.remove", id, ""), Utc::now())?;
            }
            Ok(())
        })
        .await
}
