//! Users, for administrators.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path, Query};
use pbsweb_shared::api::users::{User, UserCreate, UserUpdate};
use pbsweb_shared::ids::UserId;
use pbsweb_shared::page::Page;

use super::extract::page::PageQuery;
use super::extract::{Admin, AppData, Body, path_id};
use super::problem::ApiProblem;
use crate::services::users;

/// Lists all users by name, for administrators.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of users", body = Page<User>),
        (status = 403, description = "`forbidden`: for administrators"),
    ),
)]
pub async fn list_users(
    app: AppData,
    Admin(actor): Admin,
    query: Query<PageQuery>,
) -> Result<Json<Page<User>>, ApiProblem> {
    const LIST: &str = "users";
    let request = query.read(LIST)?;
    Ok(Json(users::list_users(&app, &actor, request, LIST).await?))
}

/// Adds a user with a key pair, for administrators.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users",
    request_body = UserCreate,
    responses(
        (status = 201, description = "Added", body = User),
        (status = 403, description = "`forbidden`: for administrators"),
        (status = 409, description = "`already_exists`: the name is taken"),
        (status = 422, description = "`invalid`: fields break rules"),
    ),
)]
pub async fn create_user(
    app: AppData,
    Admin(actor): Admin,
    body: Body<UserCreate>,
) -> Result<HttpResponse, ApiProblem> {
    Ok(HttpResponse::Created().json(users::create_user(&app, &actor, body.into_inner()).await?))
}

/// Changes a user, for administrators.
///
/// Disabling a user, or giving a new password, ends all sessions and tokens of the user at once. The last enabled
/// administrator cannot be disabled or demoted.
#[utoipa::path(
    patch, path = "/api/v1/users/{user}", tag = "users",
    params(("user" = UserId, Path)),
    request_body = UserUpdate,
    responses(
        (status = 200, description = "The user as changed", body = User),
        (status = 403, description = "`forbidden`: for administrators"),
        (status = 404, description = "`not_found`: there is no such user"),
        (status = 409, description = "`state_forbids`: this is the last enabled administrator"),
        (status = 422, description = "`invalid`: fields break rules"),
    ),
)]
pub async fn update_user(
    app: AppData,
    Admin(actor): Admin,
    user: Path<String>,
    body: Body<UserUpdate>,
) -> Result<Json<User>, ApiProblem> {
    let user = path_id(&user, "user")?;
    Ok(Json(users::update_user(&app, &actor, user, body.into_inner()).await?))
}
