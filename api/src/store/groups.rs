//! Groups and who is in them. What is shared with a group is in [`super::sharing`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::groups::{Group, GroupMember, MemberPut, Role};
use pbsweb_shared::ids::{GroupId, UserId};
use pbsweb_shared::names::UserName;
use uuid::Uuid;

use super::read;
use super::schema::{group_members, groups, users};

/// Scripts, and applications, that may be shared with one group: a list of them is sorted as a whole.
pub const MOST_SHARED: i64 = 1000;

/// A group as it is changed: nobody else changes it, or who is in it, until the transaction ends.
#[derive(Debug)]
pub struct LockedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// The user who changes it may say who is in it.
    pub is_manager: bool,
}

/// Locks a group that a user is in. `None`: there is none.
///
/// # Errors
/// The database's.
pub fn lock_group(
    connection: &mut PgConnection,
    user: UserId,
    id: GroupId,
) -> QueryResult<Option<LockedGroup>> {
    let name: Option<String> =
        groups::table.find(id.as_uuid()).select(groups::name).for_update().first(connection).optional()?;
    let Some(name) = name else { return Ok(None) };
    // After the lock: who changed it before has finished.
    let is_manager: Option<bool> = group_members::table
        .find((id.as_uuid(), user.as_uuid()))
        .select(group_members::is_manager)
        .first(connection)
        .optional()?;
    Ok(is_manager.map(|is_manager| LockedGroup { id, name, is_manager }))
}

/// The groups that a user is in, by name; or one of them.
fn select(connection: &mut PgConnection, user: UserId, id: Option<GroupId>) -> QueryResult<Vec<Group>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Timestamptz)]
        created_at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        role: String,
        #[diesel(sql_type = Bool)]
        is_manager: bool,
        #[diesel(sql_type = BigInt)]
        n_scripts: i64,
        #[diesel(sql_type = BigInt)]
        n_applications: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT groups.id, groups.name, groups.created_at, member.role, member.is_manager, \
             (SELECT count(*) FROM shared_scripts WHERE group_id = groups.id) AS n_scripts, \
             (SELECT count(*) FROM shared_applications WHERE group_id = groups.id) AS n_applications \
         FROM group_members AS member JOIN groups ON groups.id = member.group_id \
         WHERE member.user_id = $1 AND ($2 IS NULL OR member.group_id = $2) ORDER BY groups.name, groups.id",
    )
    .bind::<SqlUuid, _>(user.as_uuid())
    .bind::<Nullable<SqlUuid>, _>(id.map(GroupId::as_uuid))
    .load(connection)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let members: Vec<(Uuid, String, String, String, bool)> = group_members::table
        .inner_join(users::table.on(users::id.eq(group_members::user_id)))
        .filter(group_members::group_id.eq_any(ids))
        .order(users::user_name.asc())
        .select((
            group_members::group_id,
            users::user_name,
            users::display_name,
            group_members::role,
            group_members::is_manager,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|row| {
            let members = members.iter().filter(|(group, ..)| *group == row.id);
            Ok(Group {
                id: GroupId::from_uuid(row.id),
                name: row.name,
                role: read(&row.role)?,
                is_manager: row.is_manager,
                members: members
                    .map(|(_, user_name, display_name, role, is_manager)| {
                        Ok(GroupMember {
                            user_name: read(user_name)?,
                            display_name: display_name.clone(),
                            role: read(role)?,
                            is_manager: *is_manager,
                        })
                    })
                    .collect::<QueryResult<_>>()?,
                n_scripts: row.n_scripts,
                n_applications: row.n_applications,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The groups that a user is in, by name.
///
/// # Errors
/// The database's.
pub fn list_groups(connection: &mut PgConnection, user: UserId) -> QueryResult<Vec<Group>> {
    select(connection, user, None)
}

/// A group that a user is in, if there is one with this id.
///
/// # Errors
/// The database's.
pub fn find_group(connection: &mut PgConnection, user: UserId, id: GroupId) -> QueryResult<Option<Group>> {
    Ok(select(connection, user, Some(id))?.pop())
}

/// Makes a group with its first manager.
///
/// # Errors
/// The database's.
pub fn insert_group(
    connection: &mut PgConnection,
    user: UserId,
    id: GroupId,
    name: &str,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(groups::table)
        .values((groups::id.eq(id.as_uuid()), groups::name.eq(name), groups::created_at.eq(now)))
        .execute(connection)?;
    put_member(connection, id, user, MemberPut { role: Role::Edit, is_manager: true }, now)
}

/// Gives a locked group another name.
///
/// # Errors
/// The database's.
pub fn rename_group(connection: &mut PgConnection, group: &LockedGroup, name: &str) -> QueryResult<()> {
    diesel::update(groups::table.find(group.id.as_uuid()))
        .set(groups::name.eq(name))
        .execute(connection)
        .map(drop)
}

/// Deletes a locked group. What was shared with it is its owners' alone again.
///
/// # Errors
/// The database's.
pub fn delete_group(connection: &mut PgConnection, group: &LockedGroup) -> QueryResult<()> {
    diesel::delete(groups::table.find(group.id.as_uuid())).execute(connection).map(drop)
}

/// The user with this login name.
///
/// # Errors
/// The database's.
pub fn find_user_by_name(connection: &mut PgConnection, name: &UserName) -> QueryResult<Option<UserId>> {
    let id: Option<Uuid> = users::table
        .filter(users::user_name.eq(name.as_str()))
        .select(users::id)
        .first(connection)
        .optional()?;
    Ok(id.map(UserId::from_uuid))
}

/// How many are in a locked group.
///
/// # Errors
/// The database's.
pub fn count_members(connection: &mut PgConnection, group: &LockedGroup) -> QueryResult<i64> {
    group_members::table.filter(group_members::group_id.eq(group.id.as_uuid())).count().get_result(connection)
}

/// Whether a locked group has a manager who can sign in, beside this member.
///
/// # Errors
/// The database's.
pub fn has_other_manager(
    connection: &mut PgConnection,
    group: &LockedGroup,
    member: UserId,
) -> QueryResult<bool> {
    let others = group_members::table
        .inner_join(users::table.on(users::id.eq(group_members::user_id)))
        .filter(group_members::group_id.eq(group.id.as_uuid()))
        .filter(group_members::user_id.ne(member.as_uuid()))
        .filter(group_members::is_manager.and(users::is_enabled));
    diesel::select(diesel::dsl::exists(others)).get_result(connection)
}

/// Makes somebody a member of a group, or changes what the member may do.
///
/// # Errors
/// The database's.
pub fn put_member(
    connection: &mut PgConnection,
    group: GroupId,
    member: UserId,
    put: MemberPut,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let rights = (group_members::role.eq(put.role.as_str()), group_members::is_manager.eq(put.is_manager));
    diesel::insert_into(group_members::table)
        .values((
            group_members::group_id.eq(group.as_uuid()),
            group_members::user_id.eq(member.as_uuid()),
            group_members::joined_at.eq(now),
            rights,
        ))
        .on_conflict((group_members::group_id, group_members::user_id))
        .do_update()
        .set(rights)
        .execute(connection)
        .map(drop)
}

/// Takes somebody out of a locked group, and with them what they shared with it. `false`: they were not in it.
///
/// # Errors
/// The database's.
pub fn delete_member(
    connection: &mut PgConnection,
    group: &LockedGroup,
    member: UserId,
) -> QueryResult<bool> {
    let row = group_members::table.find((group.id.as_uuid(), member.as_uuid()));
    Ok(diesel::delete(row).execute(connection)? > 0)
}
