//! What a new script for an application should start with.

use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::script::{LearnedDefaults, learn};

use super::ApplicationError;
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::scripts::{from_preferences, rules_of};
use crate::store::applications::find_application;
use crate::store::preferences::find_preferences;
use crate::store::scripts::{good_runs, last_draft};

/// The fields of the caller's last job of the application, on this host if there is one, with walltime and memory as the last good
/// runs needed them; else the caller's preferences and the site's defaults. Each learned value with its reason.
///
/// # Errors
/// There is no such application.
pub async fn get_defaults(
    app: &App,
    actor: &Actor,
    id: ApplicationId,
    host: Option<HostId>,
) -> Result<LearnedDefaults, ApplicationError> {
    let rules = match host {
        Some(host) => Some(rules_of(app, actor, host).await?),
        None => None,
    };
    let owner = actor.user;
    let (draft, from, runs) = app
        .store
        .query(move |connection| {
            if find_application(connection, owner, id)?.is_none() {
                return Ok(None);
            }
            let here = match host {
                Some(_) => last_draft(connection, owner, id, host)?,
                None => None,
            };
            if let Some(draft) = here {
                let runs = good_runs(connection, owner, id, host)?;
                return Ok(Some((draft, "your last job of this application on this host", runs)));
            }
            // What a job takes elsewhere says what it is about, not how long it takes here.
            if let Some(draft) = last_draft(connection, owner, id, None)? {
                let runs = if host.is_none() { good_runs(connection, owner, id, None)? } else { Vec::new() };
                return Ok(Some((draft, "your last job of this application", runs)));
            }
            let draft = from_preferences(find_preferences(connection, owner)?);
            Ok(Some((draft, "your preferences", Vec::new())))
        })
        .await?
        .ok_or(ApplicationError::NotFound)?;
    Ok(learn(draft, from, &runs, rules.as_ref()))
}
