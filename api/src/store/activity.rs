//! The append-only record of what users did.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::page::Page;

use super::page::PageRequest;
use super::schema::{activity, users};

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    /// Who; absent for a sign-in with an unknown name.
    pub user: Option<UserId>,
    /// In which session; absent outside one.
    pub session: Option<SessionId>,
    /// What, as `thing.verb`.
    pub action: &'a str,
    /// The thing's id.
    pub subject: Option<String>,
    /// In words; never a secret.
    pub detail: String,
}

/// Adds to the record.
///
/// # Errors
/// The database's.
pub fn insert_activity(
    connection: &mut PgConnection,
    deed: &Deed<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(activity::table)
        .values((
            activity::at.eq(now),
            activity::user_id.eq(deed.user.map(UserId::as_uuid)),
            activity::session_id.eq(deed.session.map(SessionId::as_uuid)),
            activity::action.eq(deed.action),
            activity::subject.eq(deed.subject.as_deref()),
            // Words of a host may stand there, and PostgreSQL takes no NUL.
            activity::detail.eq(deed.detail.replace('\0', "\u{fffd}")),
        ))
        .execute(connection)
        .map(drop)
}

/// The record, newest first: one user's, or everybody's.
///
/// # Errors
/// The database's.
pub fn list_activity(
    connection: &mut PgConnection,
    of: Option<UserId>,
    request: PageRequest<i64>,
    list: &str,
) -> QueryResult<Page<Activity>> {
    let mut query = activity::table
        .left_join(users::table.on(activity::user_id.eq(users::id.nullable())))
        .order(activity::id.desc())
        .limit(request.rows_to_select())
        .select((
            activity::id,
            activity::at,
            users::user_name.nullable(),
            activity::session_id,
            activity::action,
            activity::subject,
            activity::detail,
        ))
        .into_boxed();
    if let Some(user) = of {
        query = query.filter(activity::user_id.eq(user.as_uuid()));
    }
    if let Some(after) = request.after {
        query = query.filter(activity::id.lt(after));
    }
    type Row = (i64, DateTime<Utc>, Option<String>, Option<uuid::Uuid>, String, Option<String>, String);
    let items = query
        .load::<Row>(connection)?
        .into_iter()
        .map(|(id, at, user_name, session, action, subject, detail)| Activity {
            id,
            at,
            user_name,
            session: session.map(SessionId::from_uuid),
            action,
            subject,
            detail,
        })
        .collect();
    Ok(request.page(items, list, |item| item.id))
}
