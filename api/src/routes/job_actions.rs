//! `/jobs/{job}/…` and `/job-actions`: what is done to jobs, one at a time or many.

use std::time::Duration;

use actix_web::web::{Bytes, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use pbsweb_shared::api::job_actions::{
    ActionItemsQuery, ActionWaitQuery, JobActionCreate, JobActionItem, JobActionPreview, JobActionRun,
    JobAttributes, PastAction,
};
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::page::Page;
use pbsweb_shared::steering::{
    JobAlter, JobDelete, JobHold, JobMessage, JobMove, JobOrder, JobRerun, JobSignal, Steering,
};

use super::extract::page::PageQuery;
use super::extract::{AppData, idempotency_key, optional_body, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::steering;

/// How long a request about one job waits for the scheduler's answer.
const PATIENCE: Duration = Duration::from_secs(60);

fn patience(query: &ActionWaitQuery) -> Duration {
    Duration::from_secs(u64::from(query.wait.unwrap_or(0).min(60)))
}

/// Where something is to be done to a job, by whom and to which, and the request with its key.
type Asked = (AppData, Actor, Path<String>, HttpRequest);

async fn steer((app, actor, path, request): Asked, wish: Steering) -> Result<HttpResponse, ApiProblem> {
    let (id, key) = (path_id(&path, "job")?, idempotency_key(&request)?);
    let item = steering::steer_job(&app, &actor, key, id, wish, PATIENCE).await?;
    Ok(HttpResponse::Accepted()
        .insert_header(("Location", format!("/api/v1/job-actions/{}", item.action)))
        .json(item))
}

/// Get a job's attributes
///
/// Those that may be altered, asked of the scheduler now.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/attributes", tag = "job actions",
    params(("job" = JobId, Path)), responses((status = 200, body = JobAttributes), (status = 409)))]
pub async fn get_job_attributes(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<JobAttributes>, ApiProblem> {
    Ok(Json(steering::get_job_attributes(&app, &actor, path_id(&path, "job")?).await?))
}

/// List what was done to a job
///
/// Each action that was asked for it, newest first: when, in which session, and what came of it.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/actions", tag = "job actions",
    params(("job" = JobId, Path), PageQuery), responses((status = 200, body = Page<PastAction>)))]
pub async fn list_actions_of_job(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Page<PastAction>>, ApiProblem> {
    let (id, query) = (path_id(&path, "job")?, query.into_inner());
    Ok(Json(steering::list_actions_of_job(&app, &actor, id, query.limit, query.page_token).await?))
}

/// Alter a job
///
/// Only what is to be changed (`qalter`). If the scheduler refuses one change, it makes none. The answer tells what came of
/// it; the scheduler's refusal is a problem, with its words.
#[utoipa::path(patch, path = "/api/v1/jobs/{job}", tag = "job actions", request_body = JobAlter,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn alter_job(asked: Asked, body: Json<JobAlter>) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Alter(body.into_inner())).await
}

/// Delete a job
///
/// The scheduler is asked to end and remove it (`qdel`). That it is gone shows in its state. A body may be left out.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/delete", tag = "job actions", request_body = Option<JobDelete>,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn delete_job(asked: Asked, body: Bytes) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Delete(optional_body(&body)?)).await
}

/// Hold a job
///
/// Sets a hold (`qhold`), the user's when the body is left out: it does not start until it is released.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/hold", tag = "job actions", request_body = Option<JobHold>,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 502)))]
pub async fn hold_job(asked: Asked, body: Bytes) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Hold(optional_body(&body)?)).await
}

/// Release a job
///
/// Takes a hold away (`qrls`), the user's when the body is left out.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/release", tag = "job actions", request_body = Option<JobHold>,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 502)))]
pub async fn release_job(asked: Asked, body: Bytes) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Release(optional_body(&body)?)).await
}

/// Move a job
///
/// To another queue or server (`qmove`).
#[utoipa::path(post, path = "/api/v1/jobs/{job}/move", tag = "job actions", request_body = JobMove,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn move_job(asked: Asked, body: Json<JobMove>) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Move(body.into_inner())).await
}

/// Run a job again
///
/// It is ended and goes back into its queue (`qrerun`). Most sites leave this to operators. A body may be left out.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/rerun", tag = "job actions", request_body = Option<JobRerun>,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 502)))]
pub async fn rerun_job(asked: Asked, body: Bytes) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Rerun(optional_body(&body)?)).await
}

/// Signal a job
///
/// Sends a signal to its processes (`qsig`).
#[utoipa::path(post, path = "/api/v1/jobs/{job}/signal", tag = "job actions", request_body = JobSignal,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn signal_job(asked: Asked, body: Json<JobSignal>) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Signal(body.into_inner())).await
}

/// Send a message to a job
///
/// The scheduler writes it into the job's output (`qmsg`).
#[utoipa::path(post, path = "/api/v1/jobs/{job}/message", tag = "job actions", request_body = JobMessage,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn message_job(asked: Asked, body: Json<JobMessage>) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Message(body.into_inner())).await
}

/// Order two jobs
///
/// They change places in their queue (`qorder`).
#[utoipa::path(post, path = "/api/v1/jobs/{job}/order", tag = "job actions", request_body = JobOrder,
    params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionItem), (status = 409), (status = 422), (status = 502)))]
pub async fn order_job(asked: Asked, body: Json<JobOrder>) -> Result<HttpResponse, ApiProblem> {
    steer(asked, Steering::Order(body.into_inner())).await
}

/// List actions on jobs
///
/// The caller's own, newest first.
#[utoipa::path(get, path = "/api/v1/job-actions", tag = "job actions", params(PageQuery),
    responses((status = 200, body = Page<JobActionRun>)))]
pub async fn list_job_actions(
    app: AppData,
    actor: Actor,
    query: Query<PageQuery>,
) -> Result<Json<Page<JobActionRun>>, ApiProblem> {
    let query = query.into_inner();
    Ok(Json(steering::list_job_actions(&app, &actor, query.limit, query.page_token).await?))
}

/// Act on many jobs
///
/// On those named, or on all of the caller's that a filter matches, at most 10,000. It is stored whole, then begins; with `wait`
/// the answer comes when it is finished, or the time is over. What came of it for each job is in its items.
#[utoipa::path(post, path = "/api/v1/job-actions", tag = "job actions",
    params(ActionWaitQuery, ("Idempotency-Key" = Option<String>, Header)), request_body = JobActionCreate,
    responses((status = 202, body = JobActionRun), (status = 409), (status = 422)))]
pub async fn create_job_action(
    app: AppData,
    actor: Actor,
    query: Query<ActionWaitQuery>,
    request: HttpRequest,
    body: Json<JobActionCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let key = idempotency_key(&request)?;
    let run = steering::create_job_action(&app, &actor, key, body.into_inner(), patience(&query)).await?;
    Ok(accepted(run))
}

fn accepted(run: JobActionRun) -> HttpResponse {
    HttpResponse::Accepted().insert_header(("Location", format!("/api/v1/job-actions/{}", run.id))).json(run)
}

/// Preview an action on many jobs
///
/// What would happen to what. Nothing is stored and nothing is sent.
#[utoipa::path(post, path = "/api/v1/job-actions/preview", tag = "job actions",
    request_body = JobActionCreate, responses((status = 200, body = JobActionPreview), (status = 422)))]
pub async fn preview_job_action(
    app: AppData,
    actor: Actor,
    body: Json<JobActionCreate>,
) -> Result<Json<JobActionPreview>, ApiProblem> {
    Ok(Json(steering::preview_job_action(&app, &actor, body.into_inner()).await?))
}

/// Get an action on jobs
///
/// With `wait`, the answer comes when it is finished, or when the time is over.
#[utoipa::path(get, path = "/api/v1/job-actions/{action}", tag = "job actions",
    params(("action" = ActionId, Path), ActionWaitQuery), responses((status = 200, body = JobActionRun)))]
pub async fn get_job_action(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<ActionWaitQuery>,
) -> Result<Json<JobActionRun>, ApiProblem> {
    let id = path_id(&path, "action")?;
    Ok(Json(steering::wait_for_action(&app, &actor, id, patience(&query)).await?))
}

/// List what came of an action
///
/// Job by job, in the order of the request.
#[utoipa::path(get, path = "/api/v1/job-actions/{action}/items", tag = "job actions",
    params(("action" = ActionId, Path), ActionItemsQuery),
    responses((status = 200, body = Page<JobActionItem>)))]
pub async fn list_job_action_items(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<ActionItemsQuery>,
) -> Result<Json<Page<JobActionItem>>, ApiProblem> {
    let id = path_id(&path, "action")?;
    Ok(Json(steering::list_job_action_items(&app, &actor, id, query.into_inner()).await?))
}

/// Undo an action on jobs
///
/// Where it was done: a hold is released, a release is held again. Other actions cannot be taken back.
#[utoipa::path(post, path = "/api/v1/job-actions/{action}/undo", tag = "job actions",
    params(("action" = ActionId, Path), ActionWaitQuery, ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobActionRun), (status = 409)))]
pub async fn undo_job_action(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<ActionWaitQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiProblem> {
    let (id, key) = (path_id(&path, "action")?, idempotency_key(&request)?);
    let run = steering::undo_job_action(&app, &actor, key, id, patience(&query)).await?;
    Ok(accepted(run))
}
