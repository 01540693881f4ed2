//! The caller's own account: name, password, key, tokens, preferences.

use actix_web::web::{Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use pbsweb_shared::api::me::{Me, MeUpdate, Preferences, SshKey, TokenCreate, TokenCreated};
use pbsweb_shared::api::sessions::{Session, SessionKind};
use pbsweb_shared::page::Page;

use super::extract::client::client_of;
use super::extract::page::PageQuery;
use super::extract::{AppData, Body};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::{accounts, sessions};

/// Shows the caller.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me",
    responses((status = 200, description = "The caller", body = Me)),
)]
pub async fn get_me(app: AppData, actor: Actor) -> Result<Json<Me>, ApiProblem> {
    Ok(Json(accounts::get_me(&app, &actor).await?))
}

/// Changes the caller's name, mail address or password.
///
/// A new password needs the present one and ends all other sessions and tokens.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "me",
    request_body = MeUpdate,
    responses(
        (status = 200, description = "The caller as changed", body = Me),
        (status = 422, description = "`invalid`: fields break rules, or the present password is wrong"),
        (status = 429, description = "`too_many_requests`: too many wrong passwords; see `Retry-After`"),
    ),
)]
pub async fn update_me(app: AppData, actor: Actor, body: Body<MeUpdate>) -> Result<Json<Me>, ApiProblem> {
    Ok(Json(accounts::update_me(&app, &actor, body.into_inner()).await?))
}

/// Shows the caller's preferences.
#[utoipa::path(
    get, path = "/api/v1/me/preferences", tag = "me",
    responses((status = 200, description = "The preferences", body = Preferences)),
)]
pub async fn get_preferences(app: AppData, actor: Actor) -> Result<Json<Preferences>, ApiProblem> {
    Ok(Json(accounts::get_preferences(&app, &actor).await?))
}

/// Replaces the caller's preferences.
#[utoipa::path(
    put, path = "/api/v1/me/preferences", tag = "me",
    request_body = Preferences,
    responses(
        (status = 200, description = "The preferences as stored", body = Preferences),
        (status = 422, description = "`invalid`: fields break rules"),
    ),
)]
pub async fn put_preferences(
    app: AppData,
    actor: Actor,
    body: Body<Preferences>,
) -> Result<Json<Preferences>, ApiProblem> {
    Ok(Json(accounts::put_preferences(&app, &actor, body.into_inner()).await?))
}

/// Shows the public key with which PBSWeb reaches hosts in the caller's name, and how to install it.
#[utoipa::path(
    get, path = "/api/v1/me/ssh-key", tag = "me",
    responses((status = 200, description = "The key", body = SshKey)),
)]
pub async fn get_ssh_key(app: AppData, actor: Actor) -> Result<Json<SshKey>, ApiProblem> {
    Ok(Json(accounts::get_ssh_key(&app, &actor).await?))
}

/// Replaces the caller's key pair.
///
/// The old key is not used again. Hosts refuse the new one until its line is installed there.
#[utoipa::path(
    post, path = "/api/v1/me/ssh-key/rotate", tag = "me",
    responses((status = 200, description = "The new key, to be installed on each host", body = SshKey)),
)]
pub async fn rotate_ssh_key(app: AppData, actor: Actor) -> Result<Json<SshKey>, ApiProblem> {
    Ok(Json(accounts::rotate_ssh_key(&app, &actor).await?))
}

/// Lists the caller's API tokens that may still be used, newest first.
#[utoipa::path(
    get, path = "/api/v1/me/tokens", tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of tokens, without their secret", body = Page<Session>)),
)]
pub async fn list_tokens(
    app: AppData,
    actor: Actor,
    query: Query<PageQuery>,
) -> Result<Json<Page<Session>>, ApiProblem> {
    const LIST: &str = "tokens";
    let request = query.read(LIST)?;
    Ok(Json(sessions::list_sessions(&app, &actor, SessionKind::Token, request, LIST).await?))
}

/// Makes an API token for a program of the caller's.
///
/// The token is shown this once. `DELETE /api/v1/sessions/{session}` with the session's id revokes it.
#[utoipa::path(
    post, path = "/api/v1/me/tokens", tag = "me",
    request_body = TokenCreate,
    responses(
        (status = 201, description = "The token", body = TokenCreated),
        (status = 422, description = "`invalid`: fields break rules"),
    ),
)]
pub async fn create_token(
    app: AppData,
    actor: Actor,
    request: HttpRequest,
    body: Body<TokenCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let created =
        sessions::create_token(&app, &actor, &client_of(&request, &app.config.http), body.into_inner())
            .await?;
    Ok(HttpResponse::Created().json(created))
}
