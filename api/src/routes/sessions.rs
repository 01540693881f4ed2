//! Signing in and out.

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::LOCATION;
use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use pbsweb_shared::api::sessions::{Session, SessionKind, SignIn, SignedIn};
use pbsweb_shared::ids::SessionId;
use pbsweb_shared::page::Page;

use super::extract::client::client_of;
use super::extract::page::PageQuery;
use super::extract::{AppData, Body, COOKIE, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::sessions;

fn cookie(token: &str, seconds: i64) -> Cookie<'_> {
    Cookie::build(COOKIE, token)
        .path("/")
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Strict)
        .max_age(CookieDuration::seconds(seconds))
        .finish()
}

/// Signs in with name and password.
///
/// The answer sets the cookie `pbsweb_session` for browsers and holds the same token for programs. A user may be signed
/// in any number of times at once. After too many wrong passwords for one name or from one address, further tries must
/// wait; `Retry-After` says how long.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions",
    security(()),
    request_body = SignIn,
    responses(
        (status = 201, description = "Signed in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The token, for browsers"))),
        (status = 401, description = "`wrong_password`: name or password is wrong"),
        (status = 403, description = "`forbidden`: the account is disabled"),
        (status = 429, description = "`too_many_requests`: too many wrong passwords; see `Retry-After`"),
    ),
)]
pub async fn create_session(
    app: AppData,
    request: HttpRequest,
    body: Body<SignIn>,
) -> Result<HttpResponse, ApiProblem> {
    let signed_in =
        sessions::create_session(&app, &client_of(&request, &app.config.http), body.into_inner()).await?;
    let seconds = (signed_in.session.expires_at - signed_in.session.created_at).num_seconds();
    Ok(HttpResponse::Created()
        .cookie(cookie(&signed_in.token, seconds))
        .insert_header((LOCATION, "/api/v1/sessions/current"))
        .json(&signed_in))
}

/// Lists the caller's sign-ins that may still be used, newest first.
///
/// Tokens are listed at `/api/v1/me/tokens`.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions",
    params(PageQuery),
    responses((status = 200, description = "A page of sessions", body = Page<Session>)),
)]
pub async fn list_sessions(
    app: AppData,
    actor: Actor,
    query: Query<PageQuery>,
) -> Result<Json<Page<Session>>, ApiProblem> {
    const LIST: &str = "sessions";
    let request = query.read(LIST)?;
    Ok(Json(sessions::list_sessions(&app, &actor, SessionKind::SignIn, request, LIST).await?))
}

/// Shows the session of this request.
#[utoipa::path(
    get, path = "/api/v1/sessions/current", tag = "sessions",
    responses((status = 200, description = "The session", body = Session)),
)]
pub async fn get_current_session(app: AppData, actor: Actor) -> Result<Json<Session>, ApiProblem> {
    Ok(Json(sessions::get_current_session(&app, &actor).await?))
}

/// Signs out.
///
/// The session ends at once, everywhere, and the cookie is removed. With a token, the token is revoked.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "sessions",
    responses((status = 204, description = "Signed out")),
)]
pub async fn delete_current_session(app: AppData, actor: Actor) -> Result<HttpResponse, ApiProblem> {
    sessions::delete_session(&app, &actor, actor.session).await?;
    Ok(HttpResponse::NoContent().cookie(cookie("", 0)).finish())
}

/// Ends one of the caller's sessions, or revokes a token.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{session}", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "`not_found`: the caller has no such session, or it has ended"),
    ),
)]
pub async fn delete_session(
    app: AppData,
    actor: Actor,
    session: Path<String>,
) -> Result<HttpResponse, ApiProblem> {
    let session = path_id(&session, "session")?;
    sessions::delete_session(&app, &actor, session).await?;
    let mut answer = HttpResponse::NoContent();
    if session == actor.session {
        answer.cookie(cookie("", 0));
    }
    Ok(answer.finish())
}
