//! Creating an account, and what is known before anybody signed in.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Json;
use pbsweb_shared::api::accounts::{AccountCreate, AccountCreated, ServerInfo};

use super::extract::AppData;
use super::problem::ApiProblem;
use crate::services::accounts;

/// Tells about the site and its limits, before sign-in.
#[utoipa::path(
    get, path = "/api/v1/info", tag = "accounts",
    security(()),
    responses((status = 200, description = "About the site", body = ServerInfo)),
)]
pub async fn get_server_info(app: AppData) -> Json<ServerInfo> {
    Json(accounts::get_server_info(&app.config))
}

/// Creates an account with a key pair, where the site lets everybody do so.
///
/// The answer holds the line for `~/.ssh/authorized_keys` and a command that installs it. It does not sign in.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "accounts",
    security(()),
    request_body = AccountCreate,
    responses(
        (status = 201, description = "Created", body = AccountCreated),
        (status = 403, description = "`forbidden`: administrators create accounts here"),
        (status = 409, description = "`already_exists`: the name is taken"),
        (status = 422, description = "`invalid`: fields break rules"),
    ),
)]
pub async fn create_account(app: AppData, body: Json<AccountCreate>) -> Result<HttpResponse, ApiProblem> {
    let created = accounts::create_account(&app, body.into_inner()).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, "/api/v1/me")).json(created))
}
