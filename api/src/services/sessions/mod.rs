//! Sign-ins and tokens: who made them, which are alive, and the end of them.
//!
//! A token names a session and nothing more. Whether the session may still be used is asked of the database at every
//! request, so that a sign-out works at once and everywhere.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use pbsweb_shared::api::me::{TokenCreate, TokenCreated};
use pbsweb_shared::api::sessions::{Session, SessionKind, SignIn, SignedIn};
use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::names::UserName;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;
use zeroize::Zeroizing;

pub mod passwords;
pub mod throttle;
pub mod tokens;

pub use tokens::{NamedSession, Tokens};

use self::passwords::{PasswordError, Passwords};
use self::throttle::Throttle;
use super::actor::Actor;
use crate::app::App;
use crate::config::SessionConfig;
use crate::error::chain;
use crate::store::StoreError;
use crate::store::activity::{Deed, insert_activity};
use crate::store::page::{PageRequest, Place};
use crate::store::sessions::{
    NewSession, end_session, find_alive_sessions, find_session, insert_session, is_session_alive,
    list_alive_sessions, touch_session,
};
use crate::store::users::{find_credentials, find_me, hold_credentials};

/// Why a sign-in, or something with a session, did not work.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The token is not ours, or its session is over.
    #[error("the token is not good, or its session has ended")]
    NotSignedIn,
    /// Name and password do not go together.
    #[error("name or password is wrong")]
    WrongPassword,
    /// The password is right, but the user may not sign in.
    #[error("the account is disabled")]
    Disabled,
    /// Too many wrong passwords.
    #[error("too many failed sign-ins; wait {seconds} s")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// There is no such session of this user that is alive.
    #[error("there is no such session")]
    NotFound,
    /// Fields break rules.
    #[error("the request has wrong fields")]
    Invalid(Vec<FieldError>),
    /// The password could not be looked at.
    #[error("the password could not be checked")]
    Password(#[source] PasswordError),
    /// The token could not be made.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// The database.
    #[error("the sessions could not be read or written")]
    Store(#[source] StoreError),
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for SessionError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<PasswordError> for SessionError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

/// What guards sign-ins: few passwords are looked at at once in this process, and guessing is slowed down at all of them.
pub struct SignIns {
    /// Hashes and compares.
    pub passwords: Passwords,
    /// Counts failures.
    pub throttle: Throttle,
}

impl SignIns {
    /// Guards with the site's limits.
    #[must_use]
    pub fn new(config: &SessionConfig) -> Self {
        Self {
            passwords: Passwords::new(),
            throttle: Throttle::new(config.max_failed_sign_ins, config.failed_sign_in_window),
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct Client {
    user_agent: String,
    address: String,
}

impl Client {
    /// `user_agent` is the program's own word: it is cut and made one line.
    #[must_use]
    pub fn new(user_agent: &str, address: impl Into<String>) -> Self {
        let user_agent = user_agent.chars().filter(|c| !c.is_control()).take(200).collect();
        Self { user_agent, address: address.into() }
    }
}

/// Reads a token: who asks by its word, if their session is alive, which [`authenticate`] finds out.
///
/// # Errors
/// [`SessionError::NotSignedIn`] when it is not good.
pub fn read_token(app: &App, token: &str) -> Result<NamedSession, SessionError> {
    app.tokens.read(token).map_err(|_| SessionError::NotSignedIn)
}

/// Finds out who asks.
///
/// # Errors
/// [`SessionError::NotSignedIn`] when the session is over, whatever the reason.
pub async fn authenticate(app: &App, named: NamedSession) -> Result<Actor, SessionError> {
    let alive =
        app.alive_sessions.ask((named.user, named.session)).await?.ok_or(SessionError::NotSignedIn)?;
    let now = Utc::now();
    if alive.is_due(now) {
        let touch =
            move |connection: &mut _| touch_session(connection, named.session, alive.last_used_at, now);
        app.store.read(touch).await?;
    }
    Ok(Actor {
        user: named.user,
        user_name: alive.user_name,
        session: named.session,
        is_admin: alive.is_admin,
    })
}

/// Whether a session that was good when a long answer began is good still. While the database cannot tell, it is: what
/// the answer brings comes from there too.
pub async fn is_alive(app: &App, session: SessionId) -> bool {
    match app.store.read(move |connection| is_session_alive(connection, session, Utc::now())).await {
        Ok(is_alive) => is_alive,
        Err(error) => {
            tracing::warn!(cause = chain(&error), session.id = %session, "cannot see whether a session is alive");
            true
        }
    }
}

/// Signs in with name and password. A wrong name takes as long as a wrong password and gets the same answer.
///
/// # Errors
/// When the two do not go together, the user is disabled, or there were too many tries.
pub async fn create_session(app: &App, client: &Client, request: SignIn) -> Result<SignedIn, SessionError> {
    let SignIn { user_name, password } = request;
    let password = Zeroizing::new(password);
    let name = user_name.trim().to_ascii_lowercase().parse::<UserName>().ok();
    let counted = throttle::Tried::new(name.as_ref(), Some(&client.address));
    refuse_if_throttled(app, &counted).await?;

    let credentials = match name.clone() {
        Some(name) => app.store.query(move |connection| find_credentials(connection, &name)).await?,
        None => None,
    };
    let turn = app.sign_ins.passwords.wait_for_turn().await?;
    // Looked at again: tries that waited together must not all pass on one count.
    refuse_if_throttled(app, &counted).await?;
    let hash = credentials.as_ref().map(|credentials| credentials.password_hash.clone());
    let is_right = turn.verify(password, hash).await?;
    let Some(credentials) = credentials.filter(|_| is_right) else {
        app.sign_ins.throttle.failed(&app.store, &counted).await?;
        record_refusal(app, client, name.as_ref(), "name or password is wrong").await?;
        return Err(SessionError::WrongPassword);
    };
    if !credentials.is_enabled {
        record_refusal(app, client, name.as_ref(), "the account is disabled").await?;
        return Err(SessionError::Disabled);
    }
    app.sign_ins.throttle.succeeded(&app.store, &counted).await?;

    let user = credentials.user;
    let made = insert_alive_session(app, client, user, SessionKind::SignIn, None, app.tokens.lifetime(), {
        move |connection| match hold_credentials(connection, user)? {
            None => Err(SessionError::WrongPassword),
            Some(held) if held.password_hash != credentials.password_hash => Err(SessionError::WrongPassword),
            Some(held) if !held.is_enabled => Err(SessionError::Disabled),
            Some(_) => Ok(()),
        }
    });
    let session = made.await?;
    let token = app.tokens.sign(user, &session).map_err(SessionError::Sign)?;
    let user = app
        .store
        .query(move |connection| find_me(connection, user))
        .await?
        .ok_or(SessionError::NotSignedIn)?;
    Ok(SignedIn { token, session, user })
}

async fn refuse_if_throttled(app: &App, counted: &throttle::Tried) -> Result<(), SessionError> {
    match app.sign_ins.throttle.seconds_to_wait(&app.store, counted).await? {
        None => Ok(()),
        Some(seconds) => Err(SessionError::Throttled { seconds }),
    }
}

/// What was typed as a name is recorded only when it could be one: people type passwords there.
async fn record_refusal(
    app: &App,
    client: &Client,
    name: Option<&UserName>,
    why: &'static str,
) -> Result<(), SessionError> {
    let (name, address) = (name.cloned(), client.address.clone());
    app.store
        .query(move |connection| {
            let known = match &name {
                Some(name) => find_credentials(connection, name)?.map(|credentials| credentials.user),
                None => None,
            };
            let shown = name.as_ref().map_or("a text that is no user name", UserName::as_str);
            let deed = Deed {
                user: known,
                session: None,
                action: "session.refuse",
                subject: None,
                detail: format!("{shown} from {address}: {why}"),
            };
            insert_activity(connection, &deed, Utc::now())
        })
        .await?;
    Ok(())
}

/// Makes a session of a user, after `check` in the same transaction.
async fn insert_alive_session(
    app: &App,
    client: &Client,
    user: UserId,
    kind: SessionKind,
    name: Option<String>,
    lifetime: Duration,
    check: impl FnOnce(&mut diesel::PgConnection) -> Result<(), SessionError> + Send + 'static,
) -> Result<Session, SessionError> {
    let client = client.clone();
    let id = SessionId::from_uuid(Uuid::now_v7());
    app.store
        .run(move |connection| {
            check(connection)?;
            let now = Utc::now();
            let expires_at = now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::hours(12));
            insert_session(
                connection,
                &NewSession {
                    id,
                    user,
                    kind,
                    name: name.as_deref(),
                    created_at: now,
                    expires_at,
                    has_ended: false,
                    user_agent: &client.user_agent,
                    address: &client.address,
                },
            )?;
            let deed = Deed {
                user: Some(user),
                session: Some(id),
                action: "session.sign_in",
                subject: Some(id.to_string()),
                detail: format!("from {}", client.address),
            };
            if kind == SessionKind::SignIn {
                insert_activity(connection, &deed, now)?;
            }
            // Read back, so that the answer has the times as the database keeps them.
            find_session(connection, user, id, id)?.ok_or(SessionError::NotFound)
        })
        .await
}

/// The session of this request.
///
/// # Errors
/// The database's.
pub async fn get_current_session(app: &App, actor: &Actor) -> Result<Session, SessionError> {
    let (user, session) = (actor.user, actor.session);
    app.store
        .query(move |connection| find_session(connection, user, session, session))
        .await?
        .ok_or(SessionError::NotSignedIn)
}

/// The actor's sign-ins or tokens that may be used, newest first.
///
/// # Errors
/// The database's.
pub async fn list_sessions(
    app: &App,
    actor: &Actor,
    kind: SessionKind,
    request: PageRequest<Place>,
    list: &'static str,
) -> Result<Page<Session>, SessionError> {
    let (user, current) = (actor.user, actor.session);
    Ok(app
        .store
        .query(move |connection| {
            list_alive_sessions(connection, user, kind, current, request, list, Utc::now())
        })
        .await?)
}

/// Ends one of the actor's sessions, or revokes a token; it may be the one of this request.
///
/// # Errors
/// When there is none such that is alive.
pub async fn delete_session(app: &App, actor: &Actor, session: SessionId) -> Result<(), SessionError> {
    let actor = actor.clone();
    app.store
        .run(move |connection| {
            let now = Utc::now();
            let ended = end_session(connection, actor.user, session, now)?.ok_or(SessionError::NotFound)?;
            let (action, detail) = match ended.kind {
                SessionKind::Token => ("token.revoke", ended.name.unwrap_or_default()),
                SessionKind::SignIn | SessionKind::Command if session == actor.session => {
                    ("session.sign_out", format!("begun {}", ended.created_at.format("%F %R UTC")))
                }
                SessionKind::SignIn | SessionKind::Command => (
                    "session.end",
                    format!("begun {} from {}", ended.created_at.format("%F %R UTC"), ended.address),
                ),
            };
            insert_activity(connection, &actor.deed(action, session, detail), now)?;
            Ok(())
        })
        .await
}

/// Makes a token for a program of the actor's.
///
/// # Errors
/// When the name or the time is out of range.
pub async fn create_token(
    app: &App,
    actor: &Actor,
    client: &Client,
    request: TokenCreate,
) -> Result<TokenCreated, SessionError> {
    let most_days =
        u32::try_from(app.config.sessions.max_token_lifetime.as_secs() / 86_400).unwrap_or(365).clamp(1, 365);
    let (name, lifetime) = check_token(request, most_days).map_err(SessionError::Invalid)?;
    let actor = actor.clone();
    let user = actor.user;
    let recorded = name.clone();
    let check = move |connection: &mut diesel::PgConnection| {
        // A disabling or change of password that runs at this moment waits, and then ends the token too.
        let held = hold_credentials(connection, user)?.filter(|held| held.is_enabled);
        held.ok_or(SessionError::NotSignedIn)?;
        let now = Utc::now();
        if find_alive_sessions(connection, &[(user, actor.session)], now)?.is_empty() {
            return Err(SessionError::NotSignedIn);
        }
        let deed = Deed { subject: None, ..actor.deed("token.create", "", recorded) };
        insert_activity(connection, &deed, now)?;
        Ok(())
    };
    let made = insert_alive_session(app, client, user, SessionKind::Token, Some(name), lifetime, check);
    let session = Session { is_current: false, ..made.await? };
    let token = app.tokens.sign(user, &session).map_err(SessionError::Sign)?;
    Ok(TokenCreated { token, session })
}

fn check_token(request: TokenCreate, most_days: u32) -> Result<(String, Duration), Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, code: &str, message: String| {
        errors.push(FieldError { pointer: pointer.to_owned(), code: code.to_owned(), message });
    };
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        wrong(
            "/name",
            "name.length",
            "The name says what the token is for, in 1 to 100 characters.".to_owned(),
        );
    }
    if !(1..=most_days).contains(&request.expires_in_days) {
        wrong("/expires_in_days", "expires_in_days.range", format!("A token lasts 1 to {most_days} days."));
    }
    let lifetime = Duration::from_secs(u64::from(request.expires_in_days) * 86_400);
    if errors.is_empty() { Ok((name, lifetime)) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_name_and_an_end() {
        let check = |name: &str, expires_in_days| {
            check_token(TokenCreate { name: name.to_owned(), expires_in_days }, 365)
                .map_err(|errors| errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>())
        };
        assert_eq!(check(" ci ", 1), Ok(("ci".to_owned(), Duration::from_secs(86_400))));
        assert!(check("ci", 365).is_ok());
        assert_eq!(check("", 0), Err(vec!["/name".to_owned(), "/expires_in_days".to_owned()]));
        assert_eq!(check("ci", 366), Err(vec!["/expires_in_days".to_owned()]));
        assert_eq!(check("a\nb", 1), Err(vec!["/name".to_owned()]));
    }

    #[test]
    fn a_client_cannot_write_lines_into_the_record() {
        let client = Client::new(&format!("curl\r\n{}", "x".repeat(500)), "::1");
        assert_eq!(client.user_agent.len(), 200);
        assert!(client.user_agent.starts_with("curlx"));
    }
}
