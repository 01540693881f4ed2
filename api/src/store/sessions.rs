//! Sign-ins and tokens. A session is never deleted: what was done names it.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::sessions::{Session, SessionKind};
use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::names::UserName;
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::page::{PageRequest, Place};
use super::read;
use super::schema::{sessions, users};

/// A session to insert.
pub struct NewSession<'a> {
    /// The id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub kind: SessionKind,
    /// What a token is for.
    pub name: Option<&'a str>,
    /// When it begins.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Already over: a command's session.
    pub has_ended: bool,
    /// The program, in its own words.
    pub user_agent: &'a str,
    /// The network address it came from.
    pub address: &'a str,
}

/// A session that may be used, and its user.
#[derive(Debug, Clone)]
pub struct AliveSession {
    /// The user's login name.
    pub user_name: UserName,
    /// Is an administrator.
    pub is_admin: bool,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
}

impl AliveSession {
    /// Whether its use is to be remembered: once a minute, for requests should not each write a row.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        now - self.last_used_at >= TimeDelta::minutes(1)
    }
}

/// Adds a session.
///
/// # Errors
/// The database's.
pub fn insert_session(connection: &mut PgConnection, session: &NewSession<'_>) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id.as_uuid()),
            sessions::user_id.eq(session.user.as_uuid()),
            sessions::kind.eq(session.kind.as_str()),
            sessions::name.eq(session.name),
            sessions::created_at.eq(session.created_at),
            sessions::expires_at.eq(session.expires_at),
            sessions::ended_at.eq(session.has_ended.then_some(session.created_at)),
            sessions::last_used_at.eq(session.created_at),
            sessions::user_agent.eq(session.user_agent),
            sessions::address.eq(session.address),
        ))
        .execute(connection)
        .map(drop)
}

/// Those of some sessions that have neither ended nor expired and whose users may sign in.
///
/// # Errors
/// The database's.
pub fn find_alive_sessions(
    connection: &mut PgConnection,
    asked: &[(UserId, SessionId)],
    now: DateTime<Utc>,
) -> QueryResult<HashMap<(UserId, SessionId), AliveSession>> {
    let ids: Vec<Uuid> = asked.iter().map(|(_, session)| session.as_uuid()).collect();
    sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq_any(ids))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::is_enabled)
        .select((sessions::id, users::id, users::user_name, users::is_admin, sessions::last_used_at))
        .load::<(Uuid, Uuid, String, bool, DateTime<Utc>)>(connection)?
        .into_iter()
        .map(|(session, user, user_name, is_admin, last_used_at)| {
            let alive = AliveSession { user_name: read(&user_name)?, is_admin, last_used_at };
            Ok(((UserId::from_uuid(user), SessionId::from_uuid(session)), alive))
        })
        .collect()
}

/// Whether the session has neither ended nor expired and its user may sign in.
///
/// # Errors
/// The database's.
pub fn is_session_alive(
    connection: &mut PgConnection,
    session: SessionId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let alive = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(session.as_uuid()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::is_enabled);
    diesel::select(diesel::dsl::exists(alive)).get_result(connection)
}

/// Remembers that a session was used that was [due](AliveSession::is_due) for it.
///
/// # Errors
/// The database's.
pub fn touch_session(
    connection: &mut PgConnection,
    session: SessionId,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    // Conditional, so that of many requests at once one writes.
    diesel::update(sessions::table.find(session.as_uuid()).filter(sessions::last_used_at.le(seen_at)))
        .set(sessions::last_used_at.eq(now))
        .execute(connection)
        .map(drop)
}

type Row = (Uuid, String, Option<String>, DateTime<Utc>, DateTime<Utc>, DateTime<Utc>, String, String);

const COLUMNS: (
    sessions::id,
    sessions::kind,
    sessions::name,
    sessions::created_at,
    sessions::expires_at,
    sessions::last_used_at,
    sessions::user_agent,
    sessions::address,
) = (
    sessions::id,
    sessions::kind,
    sessions::name,
    sessions::created_at,
    sessions::expires_at,
    sessions::last_used_at,
    sessions::user_agent,
    sessions::address,
);

fn into_session(row: Row, current: SessionId) -> QueryResult<Session> {
    let (id, kind, name, created_at, expires_at, last_used_at, user_agent, address) = row;
    let id = SessionId::from_uuid(id);
    Ok(Session {
        id,
        kind: read(&kind)?,
        name,
        created_at,
        expires_at,
        last_used_at,
        user_agent,
        address,
        is_current: id == current,
    })
}

/// One of a user's sessions.
///
/// # Errors
/// The database's.
pub fn find_session(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    current: SessionId,
) -> QueryResult<Option<Session>> {
    sessions::table
        .find(session.as_uuid())
        .filter(sessions::user_id.eq(user.as_uuid()))
        .select(COLUMNS)
        .first::<Row>(connection)
        .optional()?
        .map(|row| into_session(row, current))
        .transpose()
}

/// A user's sessions of a kind that may be used, newest first.
///
/// # Errors
/// The database's.
pub fn list_alive_sessions(
    connection: &mut PgConnection,
    user: UserId,
    kind: SessionKind,
    current: SessionId,
    request: PageRequest<Place>,
    list: &str,
    now: DateTime<Utc>,
) -> QueryResult<Page<Session>> {
    let mut query = sessions::table
        .filter(sessions::user_id.eq(user.as_uuid()))
        .filter(sessions::kind.eq(kind.as_str()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .order((sessions::created_at.desc(), sessions::id.desc()))
        .limit(request.rows_to_select())
        .select(COLUMNS)
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(after.precedes(sessions::created_at, sessions::id));
    }
    let rows = query.load::<Row>(connection)?;
    let items = rows.into_iter().map(|row| into_session(row, current)).collect::<QueryResult<_>>()?;
    Ok(request.page(items, list, |session: &Session| Place::new(session.created_at, session.id.as_uuid())))
}

/// Ends one of a user's sessions; the one that ended, or nothing when there was none alive.
///
/// # Errors
/// The database's.
pub fn end_session(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Session>> {
    diesel::update(
        sessions::table
            .find(session.as_uuid())
            .filter(sessions::user_id.eq(user.as_uuid()))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now)),
    )
    .set(sessions::ended_at.eq(now))
    .returning(COLUMNS)
    .get_result::<Row>(connection)
    .optional()?
    .map(|row| into_session(row, session))
    .transpose()
}

/// Ends all sessions and tokens of a user, except one if there is one to keep; how many ended.
///
/// # Errors
/// The database's.
pub fn end_sessions_of(
    connection: &mut PgConnection,
    user: UserId,
    keep: Option<SessionId>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let alive = sessions::table
        .filter(sessions::user_id.eq(user.as_uuid()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::id.ne(keep.map_or(Uuid::nil(), SessionId::as_uuid)));
    diesel::update(alive).set(sessions::ended_at.eq(now)).execute(connection)
}

/// The session that something is recorded under which was found after a restore: the one that did it, or, when that is younger
/// than the backup, one that stands for it.
///
/// # Errors
/// The database's.
pub fn session_for_adoption(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    at: DateTime<Utc>,
) -> QueryResult<SessionId> {
    let known: Option<Uuid> =
        sessions::table.find(session.as_uuid()).select(sessions::user_id).first(connection).optional()?;
    let id = match known {
        Some(owner) if owner == user.as_uuid() => return Ok(session),
        Some(_) => SessionId::from_uuid(Uuid::now_v7()),
        None => session,
    };
    let lost = NewSession {
        id,
        user,
        kind: SessionKind::Command,
        name: Some("from before the database was restored"),
        created_at: at,
        expires_at: at,
        has_ended: true,
        user_agent: "",
        address: "",
    };
    insert_session(connection, &lost)?;
    Ok(id)
}
