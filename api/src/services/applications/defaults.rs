//! What a new script for an application should start with.

use diesel::{PgConnection, QueryResult};
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::script::{JobScriptDraft, LearnedDefaults, Runners, learn, usual};

use super::ApplicationError;
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::scripts::{from_preferences, rules_of};
use crate::store::preferences::find_preferences;
use crate::store::scripts::{good_runs, last_draft, last_draft_of, same_in_groups};
use crate::store::sharing::access;

/// The fields of the caller's last job of the application, on this host if there is one, with walltime and memory as the last good
/// runs needed them; else what members of the caller's groups use it with; else the caller's preferences and the site's defaults.
/// Each learned value with its reason.
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
    let user = actor.user;
    app.store
        .run(move |connection| {
            access(connection, user, id.into())?.ok_or(ApplicationError::NotFound)?;
            let others = same_in_groups(connection, user, id)?;
            let (draft, from) = start(connection, user, id, host, &others)?;
            // What a job takes elsewhere says what it is about, not how long it takes here.
            let own = good_runs(connection, &[(id, user)], host)?;
            let (runs, runners) = if own.is_empty() {
                (good_runs(connection, &others, host)?, Runners::Groups)
            } else {
                (own, Runners::Own)
            };
            Ok(learn(draft, &from, &runs, runners, rules.as_ref()))
        })
        .await
}

/// The fields to start with, and where they come from.
fn start(
    connection: &mut PgConnection,
    user: UserId,
    id: ApplicationId,
    host: Option<HostId>,
    others: &[(ApplicationId, UserId)],
) -> QueryResult<(JobScriptDraft, String)> {
    let here = if host.is_some() { " on this host" } else { "" };
    for (host, here) in [(host, here), (None, "")] {
        if let Some(draft) = last_draft(connection, user, id, host)? {
            return Ok((draft, format!("your last job of this application{here}")));
        }
    }
    let own = from_preferences(find_preferences(connection, user)?);
    for (host, here) in [(host, here), (None, "")] {
        if let Some((theirs, owner)) = last_draft_of(connection, others, host)? {
            let from = format!("{owner}'s last job of this application{here}, shared in your groups");
            let mut draft = usual(&theirs, own);
            if here.is_empty() {
                // Each host has queues of its own.
                draft.queue.clear();
            }
            return Ok((draft, from));
        }
    }
    Ok((own, "your preferences".to_owned()))
}
