//! The append-only record of what users did.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

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
    diesel::insert_into(activity::table).values(NewActivity::new(deed, now)).execute(connection).map(drop)
}

/// An entry of the record.
#[derive(Insertable)]
#[diesel(table_name = activity)]
pub(super) struct NewActivity<'a> {
    at: DateTime<Utc>,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    action: &'a str,
    subject: Option<&'a str>,
    detail: String,
}

impl<'a> NewActivity<'a> {
    pub(super) fn new(deed: &'a Deed<'_>, now: DateTime<Utc>) -> Self {
        Self {
            at: now,
            user_id: deed.user.map(UserId::as_uuid),
            session_id: deed.session.map(SessionId::as_uuid),
            action: deed.action,
            subject: deed.subject.as_deref(),
            // Words of a host may stand there, and PostgreSQL takes no NUL.
            detail: deed.detail.replace('\0', "\u{fffd}"),
        }
    }
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
        // As the index of one user's has it: by `id` alone the planner may walk through everybody's.
        let newest_first = sql::<BigInt>("-activity.id");
        query = query.filter(activity::user_id.eq(user.as_uuid())).order(newest_first);
        if let Some(after) = request.after {
            query = query.filter(sql::<BigInt>("-activity.id").gt(-after));
        }
    } else {
        query = query.order(activity::id.desc());
        if let Some(after) = request.after {
            query = query.filter(activity::id.lt(after));
        }
    }
    type Row = (i64, DateTime<Utc>, Option<String>, Option<Uuid>, String, Option<String>, String);
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
