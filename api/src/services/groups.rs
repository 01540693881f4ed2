//! Groups: who is in them, what each may do, and what is shared with them.

use diesel::PgConnection;
use pbsweb_shared::api::groups::{Group, GroupPut, MemberPut, Shareable};
use pbsweb_shared::ids::{GroupId, UserId};
use pbsweb_shared::names::UserName;
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;

use super::actor::Actor;
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::groups as rows;
use crate::store::groups::LockedGroup;
use crate::store::sharing::{self, Shared};

/// Groups that somebody may be in by having made them, and people in one.
const MOST_GROUPS: usize = 100;
const MOST_MEMBERS: i64 = 500;

/// Why something about a group could not be done.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It is for those who manage the group.
    #[error("only a manager of the group can do that")]
    NotManager,
    /// The group would have nobody to manage it.
    #[error("the group needs another manager first, who can sign in; or delete it")]
    LastManager,
    /// Another of the caller's groups has the name.
    #[error("you are in a group called {0}")]
    NameTaken(String),
    /// A field of the request is wrong.
    #[error("{}", .0.message)]
    Invalid(FieldError),
    /// As much is shared with the group as may be.
    #[error("{} of them are shared with the group; more cannot be", rows::MOST_SHARED)]
    Full,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for GroupError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

fn wrong(pointer: &str, code: &str, message: impl Into<String>) -> GroupError {
    GroupError::Invalid(FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.into(),
    })
}

fn read_name(put: &GroupPut) -> Result<String, GroupError> {
    let name = put.name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(wrong("/name", "name.syntax", "needs 1 to 100 bytes without control characters"));
    }
    Ok(name.to_owned())
}

/// The caller's groups, by name.
///
/// # Errors
/// The database's.
pub async fn list_groups(app: &App, actor: &Actor) -> Result<Vec<Group>, GroupError> {
    let user = actor.user;
    Ok(app.store.query(move |connection| rows::list_groups(connection, user)).await?)
}

/// One of the caller's groups.
///
/// # Errors
/// There is no such group.
pub async fn get_group(app: &App, actor: &Actor, id: GroupId) -> Result<Group, GroupError> {
    let user = actor.user;
    app.store
        .query(move |connection| rows::find_group(connection, user, id))
        .await?
        .ok_or(GroupError::NotFound("group"))
}

/// The group as it is now, for the answer.
fn found(connection: &mut PgConnection, user: UserId, id: GroupId) -> Result<Group, GroupError> {
    rows::find_group(connection, user, id)?.ok_or(GroupError::NotFound("group"))
}

/// Locks a group that the caller manages.
fn managed(connection: &mut PgConnection, user: UserId, id: GroupId) -> Result<LockedGroup, GroupError> {
    let group = rows::lock_group(connection, user, id)?.ok_or(GroupError::NotFound("group"))?;
    if group.is_manager { Ok(group) } else { Err(GroupError::NotManager) }
}

/// Another group of the caller's with the same name would only be mistaken for it.
fn name_is_free(
    connection: &mut PgConnection,
    user: UserId,
    name: &str,
    renamed: Option<GroupId>,
) -> Result<usize, GroupError> {
    let known = rows::list_groups(connection, user)?;
    if known.iter().any(|group| group.name == name && Some(group.id) != renamed) {
        return Err(GroupError::NameTaken(name.to_owned()));
    }
    Ok(known.len())
}

/// Makes a group, with the caller as its manager.
///
/// # Errors
/// The name is taken or cannot be one; the caller is in too many groups.
pub async fn create_group(app: &App, actor: &Actor, request: GroupPut) -> Result<Group, GroupError> {
    let name = read_name(&request)?;
    let (actor, now, id) = (actor.clone(), app.replica.now(), GroupId::from_uuid(Uuid::now_v7()));
    app.store
        .run(move |connection| {
            if name_is_free(connection, actor.user, &name, None)? >= MOST_GROUPS {
                return Err(wrong("/name", "groups.too_many", format!("you are in {MOST_GROUPS} groups")));
            }
            rows::insert_group(connection, actor.user, id, &name, now)?;
            insert_activity(connection, &actor.deed("group.create", id, name), now)?;
            found(connection, actor.user, id)
        })
        .await
}

/// Gives a group another name.
///
/// # Errors
/// There is no such group; the caller is no manager; the name is taken or cannot be one.
pub async fn update_group(
    app: &App,
    actor: &Actor,
    id: GroupId,
    request: GroupPut,
) -> Result<Group, GroupError> {
    let name = read_name(&request)?;
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = managed(connection, actor.user, id)?;
            name_is_free(connection, actor.user, &name, Some(id))?;
            rows::rename_group(connection, &group, &name)?;
            let words = format!("{} is now called {name}", group.name);
            insert_activity(connection, &actor.deed("group.update", id, words), now)?;
            found(connection, actor.user, id)
        })
        .await
}

/// Deletes a group. What was shared stays its owners'.
///
/// # Errors
/// There is no such group; the caller is no manager.
pub async fn delete_group(app: &App, actor: &Actor, id: GroupId) -> Result<(), GroupError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = managed(connection, actor.user, id)?;
            rows::delete_group(connection, &group)?;
            Ok(insert_activity(connection, &actor.deed("group.delete", id, group.name), now)?)
        })
        .await
}

/// Makes somebody a member of a group, or changes what the member may do.
///
/// # Errors
/// There is no such group or user; the caller is no manager; nobody would be; the group is full.
pub async fn put_member(
    app: &App,
    actor: &Actor,
    id: GroupId,
    member: UserName,
    put: MemberPut,
) -> Result<Group, GroupError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = managed(connection, actor.user, id)?;
            let user = rows::find_user_by_name(connection, &member)?.ok_or(GroupError::NotFound("user"))?;
            if !put.is_manager && !rows::has_other_manager(connection, &group, user)? {
                return Err(GroupError::LastManager);
            }
            if rows::count_members(connection, &group)? >= MOST_MEMBERS
                && rows::find_group(connection, user, id)?.is_none()
            {
                return Err(wrong("", "members.too_many", format!("{MOST_MEMBERS} people are in the group")));
            }
            rows::put_member(connection, id, user, put, now)?;
            let manager = if put.is_manager { ", manager" } else { "" };
            let words = format!("{member} in {}: {}{manager}", group.name, put.role);
            insert_activity(connection, &actor.deed("group.member", id, words), now)?;
            found(connection, actor.user, id)
        })
        .await
}

/// Takes somebody out of a group, and out of it what is theirs. Everybody may leave.
///
/// # Errors
/// There is no such group or member; the caller is no manager; nobody would be.
pub async fn delete_member(
    app: &App,
    actor: &Actor,
    id: GroupId,
    member: UserName,
) -> Result<(), GroupError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = rows::lock_group(connection, actor.user, id)?.ok_or(GroupError::NotFound("group"))?;
            let is_leaving = member == actor.user_name;
            if !group.is_manager && !is_leaving {
                return Err(GroupError::NotManager);
            }
            let user = rows::find_user_by_name(connection, &member)?.ok_or(GroupError::NotFound("member"))?;
            if !rows::has_other_manager(connection, &group, user)? {
                return Err(GroupError::LastManager);
            }
            if !rows::delete_member(connection, &group, user)? {
                return Err(GroupError::NotFound("member"));
            }
            let action = if is_leaving { "group.leave" } else { "group.remove" };
            let words = format!("{member} from {}", group.name);
            Ok(insert_activity(connection, &actor.deed(action, id, words), now)?)
        })
        .await
}

/// Shares something of the caller's with one of the caller's groups.
///
/// # Errors
/// There is no such thing or group; the group has as much as it may have.
pub async fn share(app: &App, actor: &Actor, thing: Shareable, group: GroupId) -> Result<(), GroupError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = match sharing::share(connection, actor.user, thing, group, now)? {
                Shared::With(group) => group,
                Shared::NotFound => return Err(GroupError::NotFound("thing of yours, or group")),
                Shared::Full => return Err(GroupError::Full),
            };
            let action = format!("{}.share", thing.word());
            Ok(insert_activity(connection, &actor.deed(&action, thing, format!("with {group}")), now)?)
        })
        .await
}

/// Ends the sharing of something with a group: for its owner, and for the group's managers.
///
/// # Errors
/// It is not shared with the group, as far as the caller may end that.
pub async fn unshare(app: &App, actor: &Actor, thing: Shareable, group: GroupId) -> Result<(), GroupError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            let group = sharing::unshare(connection, actor.user, thing, group)?
                .ok_or(GroupError::NotFound("sharing that you may end"))?;
            let (action, words) = (format!("{}.unshare", thing.word()), format!("no longer with {group}"));
            Ok(insert_activity(connection, &actor.deed(&action, thing, words), now)?)
        })
        .await
}
