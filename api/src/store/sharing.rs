//! What is shared with whom: the one place where it is decided what somebody may see and use beside their own.
//!
//! A thing is shared with a group; what a member may do with it is the member's role there. Nothing is copied or cached, so that
//! whoever leaves a group, or whose role is changed, is treated so from the next query on.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::groups::{Access, Role, SharedWith};
use pbsweb_shared::ids::{ApplicationId, GroupId, ScriptId, UserId};
use pbsweb_shared::names::UserName;
use uuid::Uuid;

use super::read;
use super::schema::{applications, group_members, scripts, shared_applications, shared_scripts, users};

/// The groups in which somebody's role is this one or allows more.
fn groups_of(user: UserId, role: Role) -> group_members::BoxedQuery<'static, Pg, SqlUuid> {
    let enough: Vec<&str> =
        Role::ALL.iter().filter(|other| **other >= role).map(|role| role.as_str()).collect();
    group_members::table
        .filter(group_members::user_id.eq(user.as_uuid()).and(group_members::role.eq_any(enough)))
        .select(group_members::group_id)
        .into_boxed()
}

/// The scripts that are shared with somebody to be used so, for a condition of a query.
pub(super) fn scripts_shared_with(
    user: UserId,
    role: Role,
) -> shared_scripts::BoxedQuery<'static, Pg, SqlUuid> {
    shared_scripts::table
        .filter(shared_scripts::group_id.eq_any(groups_of(user, role)))
        .select(shared_scripts::script_id)
        .into_boxed()
}

/// The applications that are shared with somebody, for a condition of a query.
pub(super) fn applications_shared_with(
    user: UserId,
) -> shared_applications::BoxedQuery<'static, Pg, SqlUuid> {
    shared_applications::table
        .filter(shared_applications::group_id.eq_any(groups_of(user, Role::Read)))
        .select(shared_applications::application_id)
        .into_boxed()
}

/// The kinds of things that are shared, by their tables.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Script,
    Application,
}

impl Kind {
    /// The table of what is shared, its column, and the table of the things.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Script => ("shared_scripts", "script_id", "scripts"),
            Self::Application => ("shared_applications", "application_id", "applications"),
        }
    }
}

/// Which shared things a list has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listed {
    /// What others share with the user.
    OfOthers,
    /// All of one of the user's groups.
    Of(GroupId),
}

impl Listed {
    pub(super) fn read(shared: bool, group: Option<GroupId>) -> Option<Self> {
        group.map(Self::Of).or(shared.then_some(Self::OfOthers))
    }
}

/// The shared things of a list. A group has not more of them than [`super::groups::MOST_SHARED`].
pub(super) fn list_shared(
    connection: &mut PgConnection,
    kind: Kind,
    user: UserId,
    listed: Listed,
) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let (shared, column, _) = kind.names();
    let group = match listed {
        Listed::OfOthers => None,
        Listed::Of(group) => Some(group.as_uuid()),
    };
    diesel::sql_query(format!(
        "SELECT DISTINCT shared.{column} AS id FROM group_members AS member \
         JOIN {shared} AS shared ON shared.group_id = member.group_id \
         WHERE member.user_id = $1 AND CASE WHEN $2 IS NULL THEN shared.owner_id <> $1 ELSE member.group_id = $2 END"
    ))
    .bind::<SqlUuid, _>(user.as_uuid())
    .bind::<Nullable<SqlUuid>, _>(group)
    .load::<Row>(connection)
    .map(|rows| rows.into_iter().map(|row| row.id).collect())
}

/// How things stand to somebody: whose they are, and by which groups they are shared.
#[derive(Debug, Default)]
pub(super) struct Standings {
    shares: Vec<(Uuid, Role, SharedWith)>,
    owners: Vec<(Uuid, UserName)>,
}

/// How one thing stands to somebody.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) owner: Option<UserName>,
    pub(super) access: Access,
    pub(super) shared_with: Vec<SharedWith>,
}

impl Standings {
    /// Of things that the user may see, each with its owner.
    pub(super) fn find(
        connection: &mut PgConnection,
        kind: Kind,
        user: UserId,
        things: &[(Uuid, Uuid)],
    ) -> QueryResult<Self> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = SqlUuid)]
            thing: Uuid,
            #[diesel(sql_type = SqlUuid)]
            group_id: Uuid,
            #[diesel(sql_type = Text)]
            name: String,
            #[diesel(sql_type = Text)]
            role: String,
        }
        let (shared, column, _) = kind.names();
        let ids: Vec<Uuid> = things.iter().map(|(id, _)| *id).collect();
        let rows: Vec<Row> = diesel::sql_query(format!(
            "SELECT shared.{column} AS thing, member.group_id, groups.name, member.role FROM {shared} AS shared \
             JOIN group_members AS member ON member.group_id = shared.group_id AND member.user_id = $1 \
             JOIN groups ON groups.id = shared.group_id WHERE shared.{column} = ANY ($2) ORDER BY groups.name, groups.id"
        ))
        .bind::<SqlUuid, _>(user.as_uuid())
        .bind::<Array<SqlUuid>, _>(&ids)
        .load(connection)?;
        let shares = rows
            .into_iter()
            .map(|row| {
                let with = SharedWith { group: GroupId::from_uuid(row.group_id), name: row.name };
                Ok((row.thing, read(&row.role)?, with))
            })
            .collect::<QueryResult<_>>()?;
        let others: Vec<Uuid> =
            things.iter().map(|(_, owner)| *owner).filter(|owner| *owner != user.as_uuid()).collect();
        let owners = if others.is_empty() {
            Vec::new()
        } else {
            users::table
                .filter(users::id.eq_any(others))
                .select((users::id, users::user_name))
                .load::<(Uuid, String)>(connection)?
                .into_iter()
                .map(|(id, name)| Ok((id, read(&name)?)))
                .collect::<QueryResult<_>>()?
        };
        Ok(Self { shares, owners })
    }

    /// Of one of them.
    pub(super) fn of(&self, thing: Uuid, owner: Uuid) -> Standing {
        let mine = || self.shares.iter().filter(|(id, ..)| *id == thing);
        let name = self.owners.iter().find(|(id, _)| *id == owner).map(|(_, name)| name.clone());
        let most = mine().map(|(_, role, _)| *role).max().unwrap_or(Role::Read);
        Standing {
            access: if name.is_some() { most.into() } else { Access::Own },
            owner: name,
            shared_with: mine().map(|(.., with)| with.clone()).collect(),
        }
    }
}

/// What a user may do with a script; `None`: nothing, it is not there.
///
/// # Errors
/// The database's.
pub fn script_access(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
) -> QueryResult<Option<Access>> {
    let owner: Option<Uuid> = scripts::table
        .find(id.as_uuid())
        .filter(
            scripts::owner_id
                .eq(user.as_uuid())
                .or(scripts::id.eq_any(scripts_shared_with(user, Role::Read))),
        )
        .select(scripts::owner_id)
        .first(connection)
        .optional()?;
    let Some(owner) = owner else { return Ok(None) };
    let thing = (id.as_uuid(), owner);
    Ok(Some(Standings::find(connection, Kind::Script, user, &[thing])?.of(thing.0, thing.1).access))
}

/// Whose an application is, and what a user may do with it; `None`: nothing, it is not there.
///
/// # Errors
/// The database's.
pub fn application_access(
    connection: &mut PgConnection,
    user: UserId,
    id: ApplicationId,
) -> QueryResult<Option<(UserId, Access)>> {
    let owner: Option<Uuid> = applications::table
        .find(id.as_uuid())
        .filter(
            applications::owner_id
                .eq(user.as_uuid())
                .or(applications::id.eq_any(applications_shared_with(user))),
        )
        .select(applications::owner_id)
        .first(connection)
        .optional()?;
    let Some(owner) = owner else { return Ok(None) };
    let thing = (id.as_uuid(), owner);
    let standings = Standings::find(connection, Kind::Application, user, &[thing])?;
    Ok(Some((UserId::from_uuid(owner), standings.of(thing.0, thing.1).access)))
}

/// What became of a wish to share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// It is shared with the group of this name, now or already.
    With(String),
    /// There is no such thing of the user's, or no such group that the user is in.
    NotFound,
    /// The group has as much as a group may have.
    Full,
}

/// Shares a user's script with a group that the user is in.
///
/// # Errors
/// The database's.
pub fn share_script(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    group: GroupId,
    now: DateTime<Utc>,
) -> QueryResult<Shared> {
    share(connection, Kind::Script, user, id.as_uuid(), group, now)
}

/// Shares a user's application with a group that the user is in.
///
/// # Errors
/// The database's.
pub fn share_application(
    connection: &mut PgConnection,
    user: UserId,
    id: ApplicationId,
    group: GroupId,
    now: DateTime<Utc>,
) -> QueryResult<Shared> {
    share(connection, Kind::Application, user, id.as_uuid(), group, now)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn share(
    connection: &mut PgConnection,
    kind: Kind,
    user: UserId,
    id: Uuid,
    group: GroupId,
    now: DateTime<Utc>,
) -> QueryResult<Shared> {
    // Whoever is taken out of the group meanwhile is taken out after this, with what is shared here.
    let Some(group) = super::groups::lock_group(connection, user, group)? else {
        return Ok(Shared::NotFound);
    };
    let (shared, column, things) = kind.names();
    let count = format!("SELECT count(*) AS n FROM {shared} WHERE group_id = $1");
    let n_shared: Count =
        diesel::sql_query(count).bind::<SqlUuid, _>(group.id.as_uuid()).get_result(connection)?;
    if n_shared.n >= super::groups::MOST_SHARED {
        return Ok(Shared::Full);
    }
    let n_found = diesel::sql_query(format!(
        "INSERT INTO {shared} ({column}, group_id, owner_id, shared_at) \
         SELECT id, $2, owner_id, $3 FROM {things} WHERE id = $1 AND owner_id = $4 \
         ON CONFLICT ({column}, group_id) DO UPDATE SET shared_at = {shared}.shared_at"
    ))
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(group.id.as_uuid())
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(user.as_uuid())
    .execute(connection)?;
    Ok(if n_found == 0 { Shared::NotFound } else { Shared::With(group.name) })
}

/// Ends the sharing of a script with a group, by its owner or a manager of the group. The group's name, if it was shared.
///
/// # Errors
/// The database's.
pub fn unshare_script(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    group: GroupId,
) -> QueryResult<Option<String>> {
    unshare(connection, Kind::Script, user, id.as_uuid(), group)
}

/// Ends the sharing of an application with a group, by its owner or a manager of the group. The group's name, if it was shared.
///
/// # Errors
/// The database's.
pub fn unshare_application(
    connection: &mut PgConnection,
    user: UserId,
    id: ApplicationId,
    group: GroupId,
) -> QueryResult<Option<String>> {
    unshare(connection, Kind::Application, user, id.as_uuid(), group)
}

fn unshare(
    connection: &mut PgConnection,
    kind: Kind,
    user: UserId,
    id: Uuid,
    group: GroupId,
) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (shared, column, _) = kind.names();
    diesel::sql_query(format!(
        "DELETE FROM {shared} AS shared USING group_members AS member, groups \
         WHERE shared.{column} = $1 AND shared.group_id = $2 AND groups.id = $2 \
           AND member.group_id = $2 AND member.user_id = $3 AND (shared.owner_id = $3 OR member.is_manager) \
         RETURNING groups.name"
    ))
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(group.as_uuid())
    .bind::<SqlUuid, _>(user.as_uuid())
    .get_result::<Row>(connection)
    .optional()
    .map(|row| row.map(|row| row.name))
}
