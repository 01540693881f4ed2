//! What users change about themselves.

use chrono::Utc;
use pbsweb_shared::api::me::{Me, MeUpdate, Preferences};
use pbsweb_shared::problem::FieldError;
use zeroize::Zeroizing;

use super::AccountError;
use super::fields::{Findings, check_preferences};
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::sessions::throttle::Tried;
use crate::store::activity::insert_activity;
use crate::store::hosts::find_host;
use crate::store::preferences::{find_preferences, put_preferences as store_preferences};
use crate::store::sessions::end_sessions_of;
use crate::store::users::{UserChange, find_me, hold_credentials, update_user};

/// The actor.
///
/// # Errors
/// The database's.
pub async fn get_me(app: &App, actor: &Actor) -> Result<Me, AccountError> {
    let user = actor.user;
    app.store.query(move |connection| find_me(connection, user)).await?.ok_or(AccountError::NotFound)
}

/// Changes the actor's account. A new password ends all other sessions.
///
/// # Errors
/// When a field breaks a rule or the present password is wrong.
pub async fn update_me(app: &App, actor: &Actor, update: MeUpdate) -> Result<Me, AccountError> {
    let MeUpdate { display_name, email, password } = update;
    let password = password.map(|change| (Zeroizing::new(change.current), Zeroizing::new(change.new)));
    let mut findings = Findings::default();
    let display_name = display_name.map(|text| findings.display_name(&text, actor.user_name.as_str()));
    let email = email.map(|text| findings.email(&text));
    if let Some((_, new)) = &password {
        let min_length = app.config.sessions.min_password_length;
        findings.password("/password/new", new, actor.user_name.as_str(), min_length);
    }
    findings.allow(()).map_err(AccountError::Invalid)?;

    let password_hash = match password {
        None => None,
        Some((current, new)) => {
            let stored = verify_current(app, actor, current).await?;
            Some((stored, app.sign_ins.passwords.hash(new).await?))
        }
    };
    let actor = actor.clone();
    app.store
        .run(move |connection| {
            let now = Utc::now();
            let mut changed = Vec::new();
            changed.extend(display_name.as_ref().map(|name| format!("name {name}")));
            changed.extend(email.as_ref().map(|email| format!("e-mail {email}")));
            if let Some((verified, _)) = &password_hash {
                // Somebody else may have changed it meanwhile.
                let held = hold_credentials(connection, actor.user)?.ok_or(AccountError::NotFound)?;
                if held.password_hash != *verified {
                    return Err(wrong_current());
                }
                let n_ended = end_sessions_of(connection, actor.user, Some(actor.session), now)?;
                changed.push(format!("password; {n_ended} other sessions ended"));
            }
            let password_hash = password_hash.map(|(_, new)| new);
            let change = UserChange { display_name, email, password_hash, ..UserChange::default() };
            if !change.is_empty() {
                update_user(connection, actor.user, &change)?;
                insert_activity(connection, &actor.deed("me.update", actor.user, changed.join(", ")), now)?;
            }
            find_me(connection, actor.user)?.ok_or(AccountError::NotFound)
        })
        .await
}

fn wrong_current() -> AccountError {
    AccountError::Invalid(vec![FieldError {
        pointer: "/password/current".to_owned(),
        code: "password.wrong".to_owned(),
        message: "This is not the present password.".to_owned(),
    }])
}

/// Compares with the present password, counted as a sign-in is: a session left open is no way to guess it. Gives the
/// stored hash it was compared with.
async fn verify_current(
    app: &App,
    actor: &Actor,
    current: Zeroizing<String>,
) -> Result<String, AccountError> {
    let counted = Tried::new(Some(&actor.user_name), None);
    refuse_if_throttled(app, &counted).await?;
    let user = actor.user;
    let held = app.store.query(move |connection| hold_credentials(connection, user)).await?;
    let stored = held.ok_or(AccountError::NotFound)?.password_hash;
    let turn = app.sign_ins.passwords.wait_for_turn().await?;
    refuse_if_throttled(app, &counted).await?;
    if turn.verify(current, Some(stored.clone())).await? {
        app.sign_ins.throttle.succeeded(&app.store, &counted).await?;
        Ok(stored)
    } else {
        app.sign_ins.throttle.failed(&app.store, &counted).await?;
        Err(wrong_current())
    }
}

async fn refuse_if_throttled(app: &App, counted: &Tried) -> Result<(), AccountError> {
    match app.sign_ins.throttle.seconds_to_wait(&app.store, counted).await? {
        None => Ok(()),
        Some(seconds) => Err(AccountError::Throttled { seconds }),
    }
}

/// What the actor likes.
///
/// # Errors
/// The database's.
pub async fn get_preferences(app: &App, actor: &Actor) -> Result<Preferences, AccountError> {
    let user = actor.user;
    Ok(app.store.query(move |connection| find_preferences(connection, user)).await?)
}

/// Replaces what the actor likes.
///
/// # Errors
/// When a field breaks a rule or the host does not exist.
pub async fn put_preferences(
    app: &App,
    actor: &Actor,
    preferences: Preferences,
) -> Result<Preferences, AccountError> {
    check_preferences(&preferences).map_err(AccountError::Invalid)?;
    let actor = actor.clone();
    app.store
        .run(move |connection| {
            let now = Utc::now();
            if let Some(host) = preferences.host {
                find_host(connection, host)?.ok_or_else(no_such_host)?;
            }
            let before = find_preferences(connection, actor.user)?;
            if before != preferences {
                store_preferences(connection, actor.user, &preferences, now)?;
                let detail = changed_preferences(&before, &preferences).join(", ");
                insert_activity(connection, &actor.deed("preferences.update", actor.user, detail), now)?;
            }
            Ok(preferences)
        })
        .await
}

/// The names of the preferences that differ, for the record.
fn changed_preferences(before: &Preferences, after: &Preferences) -> Vec<&'static str> {
    let Preferences { theme, host, mail_users, mail_events, account, shell, build_command } = after;
    [
        ("theme", *theme != before.theme),
        ("host", *host != before.host),
        ("mail_users", *mail_users != before.mail_users),
        ("mail_events", *mail_events != before.mail_events),
        ("account", *account != before.account),
        ("shell", *shell != before.shell),
        ("build_command", *build_command != before.build_command),
    ]
    .into_iter()
    .filter_map(|(name, has_changed)| has_changed.then_some(name))
    .collect()
}

fn no_such_host() -> AccountError {
    AccountError::Invalid(vec![FieldError {
        pointer: "/host".to_owned(),
        code: "host.unknown".to_owned(),
        message: "There is no such host.".to_owned(),
    }])
}
