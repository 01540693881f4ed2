//! `/builds`: runs of an application's build command.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::TryStreamExt as _;
use pbsweb_shared::api::builds::{Build, BuildCreate};
use pbsweb_shared::ids::{ApplicationId, BuildId};
use pbsweb_shared::page::Page;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::page::PageQuery;
use super::extract::{AppData, Body, idempotency_key, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::builds;

/// List an application's builds
///
/// On all hosts, newest first.
#[utoipa::path(get, path = "/api/v1/applications/{application}/builds", tag = "builds",
    params(("application" = ApplicationId, Path), PageQuery), responses((status = 200, body = Page<Build>)))]
pub async fn list_builds(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Build>>, ApiProblem> {
    let id = path_id(&path, "application")?;
    Ok(Json(builds::list_builds(&app, &actor, id, query.limit, query.page_token.as_deref()).await?))
}

/// Start a build
///
/// With a header `Idempotency-Key`, a repeat answers with the first build.
#[utoipa::path(post, path = "/api/v1/applications/{application}/builds", tag = "builds",
    request_body = BuildCreate,
    params(("application" = ApplicationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Build), (status = 409), (status = 422)))]
pub async fn create_build(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    request: HttpRequest,
    body: Body<BuildCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let id = path_id(&path, "application")?;
    let key = idempotency_key(&request)?;
    let build = builds::create_build(&app, &actor, id, key.as_deref(), body.into_inner()).await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/builds/{}", build.id)))
        .json(build))
}

/// Get a build
#[utoipa::path(get, path = "/api/v1/builds/{build}", tag = "builds", params(("build" = BuildId, Path)),
    responses((status = 200, body = Build)))]
pub async fn get_build(app: AppData, actor: Actor, path: Path<String>) -> Result<Json<Build>, ApiProblem> {
    Ok(Json(builds::get_build(&app, &actor, path_id(&path, "build")?).await?))
}

/// Cancel a build
///
/// Its processes are asked to end, and made to after ten seconds.
#[utoipa::path(post, path = "/api/v1/builds/{build}/cancel", tag = "builds",
    params(("build" = BuildId, Path)), responses((status = 202, body = Build), (status = 409)))]
pub async fn cancel_build(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<HttpResponse, ApiProblem> {
    let build = builds::cancel_build(&app, &actor, path_id(&path, "build")?).await?;
    Ok(HttpResponse::Accepted().json(build))
}

/// Which part of an output.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct BuildOutputQuery {
    /// From this byte on; 0 when absent.
    offset: i64,
    /// The body goes on until the build has ended.
    follow: bool,
}

/// Read a build's output
///
/// Standard output and error together, as they came. With `follow=true` the body goes on until the build has ended.
#[utoipa::path(get, path = "/api/v1/builds/{build}/output", tag = "builds",
    params(("build" = BuildId, Path), BuildOutputQuery),
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn get_build_output(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<BuildOutputQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let id = path_id(&path, "build")?;
    let output = builds::open_build_output(&app, &actor, id, query.offset, query.follow).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(("Content-Encoding", "identity"))
        .streaming(output.map_err(|error| std::io::Error::other(error.to_string()))))
}
