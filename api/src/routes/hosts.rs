//! `/hosts`: what administrators set, and each user's own account there.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{Json, Path, Query};
use pbsweb_shared::api::hosts::{
    CheckReport, Host, HostAccount, HostAccountPut, HostCreate, HostJobsQuery, HostKeyScan, HostUpdate,
};
use pbsweb_shared::host::{HostHistory, HostJobs, HostQueues};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::node::HostNodes;
use pbsweb_shared::page::Page;

use super::extract::{Admin, AppData, Body, Named, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::hosts;

fn id(path: &Path<String>) -> Result<HostId, ApiProblem> {
    path_id(path, "host")
}

/// List hosts
///
/// All hosts by name, with their health and the caller's own account on each.
#[utoipa::path(get, path = "/api/v1/hosts", tag = "hosts", responses((status = 200, body = Page<Host>)))]
pub async fn list_hosts(app: AppData, actor: Actor) -> Result<Json<Page<Host>>, ApiProblem> {
    Ok(Json(Page::whole(hosts::list_hosts(&app, &actor).await?)))
}

/// Get a host
#[utoipa::path(get, path = "/api/v1/hosts/{host}", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = Host)))]
pub async fn get_host(app: AppData, actor: Actor, path: Path<String>) -> Result<Json<Host>, ApiProblem> {
    Ok(Json(hosts::get_host(&app, &actor, id(&path)?).await?))
}

/// Add a host
///
/// For administrators. It is usable once its key is confirmed.
#[utoipa::path(post, path = "/api/v1/hosts", tag = "hosts", request_body = HostCreate,
    responses((status = 201, body = Host), (status = 409), (status = 422)))]
pub async fn create_host(
    app: AppData,
    admin: Admin,
    body: Body<HostCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let host = hosts::create_host(&app, &admin.0, body.into_inner()).await?;
    Ok(HttpResponse::Created().insert_header(("Location", format!("/api/v1/hosts/{}", host.id))).json(host))
}

/// Change a host
///
/// For administrators. The change holds from the next exchange on; nothing is restarted.
#[utoipa::path(patch, path = "/api/v1/hosts/{host}", tag = "hosts", params(("host" = HostId, Path)),
    request_body = HostUpdate, responses((status = 200, body = Host), (status = 409), (status = 422)))]
pub async fn update_host(
    app: AppData,
    admin: Admin,
    path: Path<String>,
    body: Body<HostUpdate>,
) -> Result<Json<Host>, ApiProblem> {
    Ok(Json(hosts::update_host(&app, &admin.0, id(&path)?, body.into_inner()).await?))
}

/// Remove a host
///
/// For administrators; only a host without history. Others are disabled instead.
#[utoipa::path(delete, path = "/api/v1/hosts/{host}", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 204), (status = 409)))]
pub async fn delete_host(app: AppData, admin: Admin, path: Path<String>) -> Result<HttpResponse, ApiProblem> {
    hosts::delete_host(&app, &admin.0, id(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask a host for its key
///
/// For administrators, to compare the fingerprint and confirm it by changing the host. Nobody logs in.
#[utoipa::path(post, path = "/api/v1/hosts/{host}/scan-key", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = HostKeyScan)))]
pub async fn scan_host_key(
    app: AppData,
    admin: Admin,
    path: Path<String>,
) -> Result<Json<HostKeyScan>, ApiProblem> {
    Ok(Json(hosts::scan_host_key(&app, &admin.0, id(&path)?).await?))
}

/// Set one's login name on a host
///
/// Another name has to be checked before it is used.
#[utoipa::path(put, path = "/api/v1/hosts/{host}/account", tag = "hosts", params(("host" = HostId, Path)),
    request_body = HostAccountPut, responses((status = 200, body = HostAccount), (status = 422)))]
pub async fn put_host_account(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<HostAccountPut>,
) -> Result<Json<HostAccount>, ApiProblem> {
    Ok(Json(hosts::put_host_account(&app, &actor, id(&path)?, body.into_inner()).await?))
}

/// Forget one's login name on a host
#[utoipa::path(delete, path = "/api/v1/hosts/{host}/account", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 204)))]
pub async fn delete_host_account(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<HttpResponse, ApiProblem> {
    hosts::delete_host_account(&app, &actor, id(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Check one's account on a host
///
/// Really connects and says what it found. The answer is 200 also when the check found what must be mended.
#[utoipa::path(post, path = "/api/v1/hosts/{host}/check", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = CheckReport), (status = 422)))]
pub async fn check_host(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<CheckReport>, ApiProblem> {
    Ok(Json(hosts::check_host(&app, &actor, id(&path)?).await?))
}

/// List a host's queues
///
/// With limits and defaults, from the last snapshot.
#[utoipa::path(get, path = "/api/v1/hosts/{host}/queues", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = HostQueues)))]
pub async fn list_queues(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<HostQueues>, ApiProblem> {
    Ok(Json(hosts::list_queues(&app, &actor, id(&path)?).await?))
}

/// List the jobs of a host
///
/// Whoever owns them, from the last snapshot; the caller's own are marked. No scheduler is asked for this. A host may list tens of
/// thousands: filters, an order, and a part (`offset` and `limit`) leave the server with little to send.
#[utoipa::path(get, path = "/api/v1/hosts/{host}/jobs", tag = "hosts",
    params(("host" = HostId, Path), HostJobsQuery), responses((status = 200, body = HostJobs)))]
pub async fn list_host_jobs(
    app: AppData,
    caller: Named,
    path: Path<String>,
    query: Query<HostJobsQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let jobs = hosts::list_host_jobs(&app, caller.0, id(&path)?, query.into_inner()).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(jobs))
}

/// List a host's nodes
///
/// As the scheduler listed them last; while somebody looks they are asked for every half minute, by whomever once for all.
#[utoipa::path(get, path = "/api/v1/hosts/{host}/nodes", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = HostNodes)))]
pub async fn list_nodes(
    app: AppData,
    _actor: Actor,
    path: Path<String>,
) -> Result<Json<HostNodes>, ApiProblem> {
    Ok(Json(hosts::list_nodes(&app, id(&path)?).await?))
}

/// Read how a host was
///
/// Its status over the last two weeks: each change, and a sample every five minutes in between.
#[utoipa::path(get, path = "/api/v1/hosts/{host}/health", tag = "hosts", params(("host" = HostId, Path)),
    responses((status = 200, body = HostHistory)))]
pub async fn get_host_history(
    app: AppData,
    _actor: Actor,
    path: Path<String>,
) -> Result<Json<HostHistory>, ApiProblem> {
    Ok(Json(hosts::get_host_history(&app, id(&path)?).await?))
}
