//! What is shared with whom: the one place where it is decided what somebody may see and use beside their own.
//!
//! A thing is shared with a group; what a member may do with it is the member's role there. Nothing is copied or cached, so that
//! whoever leaves a group, or whose role is changed, is treated so from the next query on.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::groups::{Access, Role, Shareable, SharedWith};
use pbsweb_shared::ids::{GroupId, UserId};
use pbsweb_shared::names::UserName;
use uuid::Uuid;

use super::read;
use super::schema::{group_members, shared_applications, shared_scripts, users};

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
    /// The kind of a thing, and its id among those of its kind.
    fn of(thing: Shareable) -> (Self, Uuid) {
        match thing {
            Shareable::Script(id) => (Self::Script, id.as_uuid()),
            Shareable::Application(id) => (Self::Application, id.as_uuid()),
        }
    }

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

/// Whose a thing is, and what a user may do with it; `None`: nothing, it is not there.
///
/// # Errors
/// The database's.
pub fn access(
    connection: &mut PgConnection,
    user: UserId,
    thing: Shareable,
) -> QueryResult<Option<(UserId, Access)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        owner_id: Uuid,
    }
    let (kind, id) = Kind::of(thing);
    let (.., things) = kind.names();
    let owner = diesel::sql_query(format!("SELECT owner_id FROM {things} WHERE id = $1"))
        .bind::<SqlUuid, _>(id)
        .get_result::<Row>(connection)
        .optional()?;
    let Some(Row { owner_id }) = owner else { return Ok(None) };
    let standing = Standings::find(connection, kind, user, &[(id, owner_id)])?.of(id, owner_id);
    let is_seen = standing.access == Access::Own || !standing.shared_with.is_empty();
    Ok(is_seen.then(|| (UserId::from_uuid(owner_id), standing.access)))
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

/// Shares something of a user's with a group that the user is in.
///
/// # Errors
/// The database's.
pub fn share(
    connection: &mut PgConnection,
    user: UserId,
    thing: Shareable,
    group: GroupId,
    now: DateTime<Utc>,
) -> QueryResult<Shared> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    // Whoever is taken out of the group meanwhile is taken out after this, with what is shared here.
    let Some(group) = super::groups::lock_group(connection, user, group)? else {
        return Ok(Shared::NotFound);
    };
    let (kind, id) = Kind::of(thing);
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

/// Ends the sharing of something with a group, by its owner or a manager of the group. The group's name, if it was shared.
///
/// # Errors
/// The database's.
pub fn unshare(
    connection: &mut PgConnection,
    user: UserId,
    thing: Shareable,
    group: GroupId,
) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (kind, id) = Kind::of(thing);
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
