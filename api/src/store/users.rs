//! Who may sign in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::me::Me;
use pbsweb_shared::api::users::User;
use pbsweb_shared::ids::UserId;
use pbsweb_shared::names::UserName;
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::page::PageRequest;
use super::read;
use super::schema::users;

/// A user to insert.
pub struct NewUser<'a> {
    /// The id.
    pub id: UserId,
    /// The login name.
    pub user_name: &'a UserName,
    /// The name shown to others.
    pub display_name: &'a str,
    /// Where mail goes; may be empty.
    pub email: &'a str,
    /// Argon2id, as a PHC string.
    pub password_hash: &'a str,
    /// Is an administrator.
    pub is_admin: bool,
}

/// What a sign-in is checked against.
pub struct Credentials {
    /// The user.
    pub user: UserId,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
    /// May sign in.
    pub is_enabled: bool,
}

/// What changes of a user; what is absent stays.
#[derive(Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChange {
    /// The name shown to others.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// Is an administrator.
    pub is_admin: Option<bool>,
    /// May sign in.
    pub is_enabled: Option<bool>,
    /// Argon2id, as a PHC string.
    pub password_hash: Option<String>,
}

impl UserChange {
    /// Nothing changes; the database refuses an update without a column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { display_name, email, is_admin, is_enabled, password_hash } = self;
        display_name.is_none()
            && email.is_none()
            && is_admin.is_none()
            && is_enabled.is_none()
            && password_hash.is_none()
    }
}

/// Adds a user. A taken name breaks the constraint `users_user_name_key`.
///
/// # Errors
/// The database's.
pub fn insert_user(connection: &mut PgConnection, user: &NewUser<'_>, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id.as_uuid()),
            users::user_name.eq(user.user_name.as_str()),
            users::display_name.eq(user.display_name),
            users::email.eq(user.email),
            users::password_hash.eq(user.password_hash),
            users::is_admin.eq(user.is_admin),
            users::is_enabled.eq(true),
            users::created_at.eq(now),
        ))
        .execute(connection)
        .map(drop)
}

/// What a sign-in with this name is checked against.
///
/// # Errors
/// The database's.
pub fn find_credentials(
    connection: &mut PgConnection,
    user_name: &UserName,
) -> QueryResult<Option<Credentials>> {
    let row = users::table
        .filter(users::user_name.eq(user_name.as_str()))
        .select((users::id, users::password_hash, users::is_enabled))
        .first::<(Uuid, String, bool)>(connection)
        .optional()?;
    Ok(row.map(|(id, password_hash, is_enabled)| Credentials {
        user: UserId::from_uuid(id),
        password_hash,
        is_enabled,
    }))
}

/// A user's credentials, which nobody changes before this transaction ends: a session made in it is seen by the change
/// of password or the disabling that comes after.
///
/// # Errors
/// The database's.
pub fn hold_credentials(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<Credentials>> {
    let row = users::table
        .find(user.as_uuid())
        .for_share()
        .select((users::password_hash, users::is_enabled))
        .first::<(String, bool)>(connection)
        .optional()?;
    Ok(row.map(|(password_hash, is_enabled)| Credentials { user, password_hash, is_enabled }))
}

/// A user as that user sees it.
///
/// # Errors
/// The database's.
pub fn find_me(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<Me>> {
    type Row = (Uuid, String, String, String, bool, DateTime<Utc>);
    let row = users::table
        .find(user.as_uuid())
        .select((
            users::id,
            users::user_name,
            users::display_name,
            users::email,
            users::is_admin,
            users::created_at,
        ))
        .first::<Row>(connection)
        .optional()?;
    row.map(|(id, user_name, display_name, email, is_admin, created_at)| {
        Ok(Me {
            id: UserId::from_uuid(id),
            user_name: read(&user_name)?,
            display_name,
            email,
            is_admin,
            created_at,
        })
    })
    .transpose()
}

/// Changes a user; says whether there is one.
///
/// # Errors
/// The database's.
pub fn update_user(connection: &mut PgConnection, user: UserId, change: &UserChange) -> QueryResult<bool> {
    if change.is_empty() {
        return diesel::select(diesel::dsl::exists(users::table.find(user.as_uuid()))).get_result(connection);
    }
    let n_rows = diesel::update(users::table.find(user.as_uuid())).set(change).execute(connection)?;
    Ok(n_rows == 1)
}

/// The administrators who may sign in. They stay so until this transaction ends: two of them cannot disable each other
/// at once.
///
/// # Errors
/// The database's.
pub fn hold_enabled_admins(connection: &mut PgConnection) -> QueryResult<Vec<UserId>> {
    let ids = users::table
        .filter(users::is_admin.and(users::is_enabled))
        .order(users::id)
        .for_update()
        .select(users::id)
        .load::<Uuid>(connection)?;
    Ok(ids.into_iter().map(UserId::from_uuid).collect())
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    user_name: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Bool)]
    is_admin: bool,
    #[diesel(sql_type = Bool)]
    is_enabled: bool,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_seen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    n_jobs: i64,
}

impl UserRow {
    fn into_user(self) -> QueryResult<User> {
        Ok(User {
            id: UserId::from_uuid(self.id),
            user_name: read(&self.user_name)?,
            display_name: self.display_name,
            email: self.email,
            is_admin: self.is_admin,
            is_enabled: self.is_enabled,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            n_jobs: self.n_jobs,
        })
    }
}

/// Each user with the last sign of life and the number of jobs; both come from an index.
const SELECT_USERS: &str = "\
    SELECT id, user_name, display_name, email, is_admin, is_enabled, created_at, \
        (SELECT max(last_used_at) FROM sessions WHERE user_id = users.id AND kind <> 'command') AS last_seen_at, \
        (SELECT count(*) FROM jobs WHERE owner_id = users.id) AS n_jobs \
    FROM users ";

/// A user as administrators see one.
///
/// # Errors
/// The database's.
pub fn find_user(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<User>> {
    diesel::sql_query(format!("{SELECT_USERS} WHERE id = $1"))
        .bind::<SqlUuid, _>(user.as_uuid())
        .get_result::<UserRow>(connection)
        .optional()?
        .map(UserRow::into_user)
        .transpose()
}

/// All users by name.
///
/// # Errors
/// The database's.
pub fn list_users(
    connection: &mut PgConnection,
    request: &PageRequest<String>,
    list: &str,
) -> QueryResult<Page<User>> {
    let rows = diesel::sql_query(format!(
        "{SELECT_USERS} WHERE $1 IS NULL OR user_name > $1 ORDER BY user_name LIMIT $2"
    ))
    .bind::<Nullable<Text>, _>(request.after.as_deref())
    .bind::<BigInt, _>(request.rows_to_select())
    .load::<UserRow>(connection)?;
    let users = rows.into_iter().map(UserRow::into_user).collect::<QueryResult<_>>()?;
    Ok(request.page(users, list, |user: &User| user.user_name.to_string()))
}

/// A user's login name, if the user exists.
///
/// # Errors
/// The database's.
pub fn find_user_name(connection: &mut PgConnection, user: UserId) -> QueryResult<Option<UserName>> {
    let name: Option<String> =
        users::table.find(user.as_uuid()).select(users::user_name).first(connection).optional()?;
    name.as_deref().map(read).transpose()
}
