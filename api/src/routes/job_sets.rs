//! `/job-sets`: jobs that depend on each other, all or none.

use std::time::Duration;

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use pbsweb_shared::api::job_sets::{JobSet, JobSetSubmit};
use pbsweb_shared::api::jobs::SubmitQuery;
use pbsweb_shared::ids::JobSetId;

use super::extract::{AppData, Body, needed_idempotency_key, path_id};
use super::jobs::MOST_WAIT;
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::submission;

/// Submit a set of jobs
///
/// The jobs wait for each other as `depends` says, and are submitted all or not at all: they are stored whole before the first
/// leaves; none can start before the scheduler has accepted the last; if it refuses one, those that it accepted are deleted again,
/// and none has run. The set exists from this moment on; the answer comes when it is settled or `wait` seconds are over. A repeat with
/// the same `Idempotency-Key` answers with the same set.
#[utoipa::path(post, path = "/api/v1/job-sets", tag = "jobs",
    params(SubmitQuery, ("Idempotency-Key" = String, Header)), request_body = JobSetSubmit,
    responses((status = 201, body = JobSet), (status = 404), (status = 409), (status = 422)))]
pub async fn submit_job_set(
    app: AppData,
    actor: Actor,
    query: Query<SubmitQuery>,
    request: HttpRequest,
    body: Body<JobSetSubmit>,
) -> Result<HttpResponse, ApiProblem> {
    let key = needed_idempotency_key(&request)?;
    let patience = Duration::from_secs(u64::from(query.wait.unwrap_or(20).min(MOST_WAIT)));
    let set = submission::submit_job_set(&app, &actor, &key, body.into_inner(), patience).await?;
    Ok(HttpResponse::Created().insert_header(("Location", format!("/api/v1/job-sets/{}", set.id))).json(set))
}

/// Get a set of jobs
///
/// Where it is, and each of its jobs.
#[utoipa::path(get, path = "/api/v1/job-sets/{set}", tag = "jobs", params(("set" = JobSetId, Path)),
    responses((status = 200, body = JobSet)))]
pub async fn get_job_set(app: AppData, actor: Actor, path: Path<String>) -> Result<Json<JobSet>, ApiProblem> {
    let id: JobSetId = path_id(&path, "job set")?;
    let set = submission::get_job_set(&app, &actor, id).await?;
    set.map(Json).ok_or_else(|| ApiProblem::not_found("job set"))
}
