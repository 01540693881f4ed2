//! `/groups`, and what is shared with them.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use pbsweb_shared::api::groups::{Group, GroupPut, MemberPut, Shareable};
use pbsweb_shared::ids::{ApplicationId, GroupId, ScriptId};
use pbsweb_shared::names::UserName;
use pbsweb_shared::page::Page;

use super::extract::{AppData, Body, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::groups;

/// List one's groups
///
/// Those that the caller is in, by name, each with everybody in it.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", responses((status = 200, body = Page<Group>)))]
pub async fn list_groups(app: AppData, actor: Actor) -> Result<Json<Page<Group>>, ApiProblem> {
    Ok(Json(Page::whole(groups::list_groups(&app, &actor).await?)))
}

/// Make a group
///
/// The caller is in it, as its manager with role `edit`.
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = GroupPut,
    responses((status = 201, body = Group), (status = 409), (status = 422)))]
pub async fn create_group(
    app: AppData,
    actor: Actor,
    body: Body<GroupPut>,
) -> Result<HttpResponse, ApiProblem> {
    let group = groups::create_group(&app, &actor, body.into_inner()).await?;
    let place = format!("/api/v1/groups/{}", group.id);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(group))
}

/// Get a group
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = GroupId, Path)),
    responses((status = 200, body = Group)))]
pub async fn get_group(app: AppData, actor: Actor, path: Path<String>) -> Result<Json<Group>, ApiProblem> {
    Ok(Json(groups::get_group(&app, &actor, path_id(&path, "group")?).await?))
}

/// Rename a group
///
/// For its managers.
#[utoipa::path(patch, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = GroupId, Path)),
    request_body = GroupPut, responses((status = 200, body = Group), (status = 409), (status = 422)))]
pub async fn update_group(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<GroupPut>,
) -> Result<Json<Group>, ApiProblem> {
    Ok(Json(groups::update_group(&app, &actor, path_id(&path, "group")?, body.into_inner()).await?))
}

/// Delete a group
///
/// For its managers. What was shared with it stays its owners'.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = GroupId, Path)),
    responses((status = 204)))]
pub async fn delete_group(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<HttpResponse, ApiProblem> {
    groups::delete_group(&app, &actor, path_id(&path, "group")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn member(path: &Path<(String, String)>) -> Result<(GroupId, UserName), ApiProblem> {
    Ok((path_id(&path.0, "group")?, path_id(&path.1, "user")?))
}

/// Put somebody into a group
///
/// By login name, with a role; or change the role. For the group's managers. It counts at once.
#[utoipa::path(put, path = "/api/v1/groups/{group}/members/{member}", tag = "groups",
    params(("group" = GroupId, Path), ("member" = UserName, Path)), request_body = MemberPut,
    responses((status = 200, body = Group), (status = 409), (status = 422)))]
pub async fn put_group_member(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
    body: Body<MemberPut>,
) -> Result<Json<Group>, ApiProblem> {
    let (group, member) = member(&path)?;
    Ok(Json(groups::put_member(&app, &actor, group, member, body.into_inner()).await?))
}

/// Take somebody out of a group
///
/// For its managers; everybody may leave. What the member shared with the group is no longer shared with it. It counts at once.
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{member}", tag = "groups",
    params(("group" = GroupId, Path), ("member" = UserName, Path)),
    responses((status = 204), (status = 409)))]
pub async fn delete_group_member(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (group, member) = member(&path)?;
    groups::delete_member(&app, &actor, group, member).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is shared, and the group.
fn shared<T: FromStr + Into<Shareable>>(
    path: &Path<(String, String)>,
    what: &str,
) -> Result<(Shareable, GroupId), ApiProblem> {
    Ok((path_id::<T>(&path.0, what)?.into(), path_id(&path.1, "group")?))
}

/// Share a script with a group
///
/// One's own, with a group that one is in. Its members see it at once; their roles say what else they may do with it.
#[utoipa::path(put, path = "/api/v1/scripts/{script}/groups/{group}", tag = "groups",
    params(("script" = ScriptId, Path), ("group" = GroupId, Path)),
    responses((status = 204), (status = 409)))]
pub async fn share_script(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (script, group) = shared::<ScriptId>(&path, "script")?;
    groups::share(&app, &actor, script, group).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End the sharing of a script
///
/// For its owner, and for the group's managers.
#[utoipa::path(delete, path = "/api/v1/scripts/{script}/groups/{group}", tag = "groups",
    params(("script" = ScriptId, Path), ("group" = GroupId, Path)), responses((status = 204)))]
pub async fn unshare_script(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (script, group) = shared::<ScriptId>(&path, "script")?;
    groups::unshare(&app, &actor, script, group).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Share an application with a group
///
/// One's own, with a group that one is in: its members see it, its commands and how its builds went.
#[utoipa::path(put, path = "/api/v1/applications/{application}/groups/{group}", tag = "groups",
    params(("application" = ApplicationId, Path), ("group" = GroupId, Path)),
    responses((status = 204), (status = 409)))]
pub async fn share_application(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (application, group) = shared::<ApplicationId>(&path, "application")?;
    groups::share(&app, &actor, application, group).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End the sharing of an application
///
/// For its owner, and for the group's managers.
#[utoipa::path(delete, path = "/api/v1/applications/{application}/groups/{group}", tag = "groups",
    params(("application" = ApplicationId, Path), ("group" = GroupId, Path)), responses((status = 204)))]
pub async fn unshare_application(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (application, group) = shared::<ApplicationId>(&path, "application")?;
    groups::unshare(&app, &actor, application, group).await?;
    Ok(HttpResponse::NoContent().finish())
}
