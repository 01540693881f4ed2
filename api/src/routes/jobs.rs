//! `/jobs`: submitting, watching, reading output.

use std::time::Duration;

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::TryStreamExt as _;
use pbsweb_shared::api::jobs::{
    ExportFormat, Job, JobEvent, JobFile, JobScriptText, JobSubmit, JobWaitQuery, JobsQuery, OutputFound,
    OutputSearchQuery, OutputStream, SinceItWorked, Subjob, SubjobsQuery, SubmitQuery, WaitUntil,
};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::page::Page;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{AppData, Body, needed_idempotency_key, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::{jobs, submission};

/// Longest wait of one request, in seconds.
pub(super) const MOST_WAIT: u32 = 60;

fn id(path: &Path<String>) -> Result<JobId, ApiProblem> {
    path_id(path, "job")
}

/// Submit a job
///
/// The job exists from this moment on; the answer comes when the scheduler has spoken or `wait` seconds are over.
/// A repeat with the same `Idempotency-Key` answers with the same job and submits nothing.
#[utoipa::path(post, path = "/api/v1/jobs", tag = "jobs",
    params(SubmitQuery, ("Idempotency-Key" = String, Header)), request_body = JobSubmit,
    responses((status = 201, body = Job), (status = 404), (status = 409), (status = 422)))]
pub async fn submit_job(
    app: AppData,
    actor: Actor,
    query: Query<SubmitQuery>,
    request: HttpRequest,
    body: Body<JobSubmit>,
) -> Result<HttpResponse, ApiProblem> {
    let key = needed_idempotency_key(&request)?;
    let patience = Duration::from_secs(u64::from(query.wait.unwrap_or(20).min(MOST_WAIT)));
    let job = submission::submit_job(&app, &actor, &key, body.into_inner(), patience).await?;
    Ok(HttpResponse::Created().insert_header(("Location", format!("/api/v1/jobs/{}", job.id))).json(job))
}

/// List jobs
///
/// The caller's own, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(JobsQuery),
    responses((status = 200, body = Page<Job>), (status = 403)))]
pub async fn list_jobs(
    app: AppData,
    actor: Actor,
    query: Query<JobsQuery>,
) -> Result<Json<Page<Job>>, ApiProblem> {
    Ok(Json(jobs::list_jobs(&app, &actor, query.into_inner()).await?))
}

/// Export jobs
///
/// All jobs of the caller that the filters let through, newest first, as they are read: as `csv`, a table with a line of names, or
/// as `json`, one array. `limit` and `page_token` mean nothing here. In a table, text that a spreadsheet would take for a formula
/// begins with an apostrophe.
#[utoipa::path(get, path = "/api/v1/jobs/export/{format}", tag = "jobs",
    params(("format" = ExportFormat, Path), JobsQuery),
    responses((status = 200, content((Vec<Job> = "application/json"), (String = "text/csv"))),
        (status = 403)))]
pub async fn export_jobs(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<JobsQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let format = path.parse().map_err(|_| ApiProblem::not_found("format; there are csv and json"))?;
    let kind = match format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Json => "application/json",
    };
    let bytes = jobs::export_jobs(&app, &actor, query.into_inner(), format).await?;
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("Content-Disposition", format!("attachment; filename=\"jobs.{format}\"")))
        .streaming(bytes))
}

/// Get a job
///
/// With `wait` and `until`, the answer comes when the job has ended (or changed), or when the time is over.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs", params(("job" = JobId, Path), JobWaitQuery),
    responses((status = 200, body = Job)))]
pub async fn get_job(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<JobWaitQuery>,
) -> Result<Json<Job>, ApiProblem> {
    let id = id(&path)?;
    let job = match query.wait {
        None | Some(0) => jobs::get_job(&app, &actor, id).await?,
        Some(wait) => {
            let patience = Duration::from_secs(u64::from(wait.min(MOST_WAIT)));
            jobs::wait_for_job(&app, &actor, id, query.until.unwrap_or(WaitUntil::Ended), patience).await?
        }
    };
    Ok(Json(job))
}

/// Get what changed since it last worked
///
/// How the job differs from the last one before it that completed: of the same script, else of the same application.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/since-it-worked", tag = "jobs", params(("job" = JobId, Path)),
    responses((status = 200, body = SinceItWorked)))]
pub async fn get_since_it_worked(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<SinceItWorked>, ApiProblem> {
    Ok(Json(jobs::since_it_worked(&app, &actor, id(&path)?).await?))
}

/// Get a job's script
///
/// As fields, as its author saw it, and as the host got it.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/script", tag = "jobs", params(("job" = JobId, Path)),
    responses((status = 200, body = JobScriptText)))]
pub async fn get_job_script(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<JobScriptText>, ApiProblem> {
    Ok(Json(jobs::get_job_script(&app, &actor, id(&path)?).await?))
}

/// List a job's events
///
/// Every step of its life as it became known, oldest first.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/events", tag = "jobs", params(("job" = JobId, Path)),
    responses((status = 200, body = Page<JobEvent>)))]
pub async fn list_job_events(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<Page<JobEvent>>, ApiProblem> {
    Ok(Json(Page::whole(jobs::list_job_events(&app, &actor, id(&path)?).await?)))
}

/// List an array's jobs
///
/// By index, each with its own state; a job that is no array has none. They are known from the first look after the scheduler
/// has listed the array; how many are in which state is in the array itself, with the time of the last look.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/subjobs", tag = "jobs",
    params(("job" = JobId, Path), SubjobsQuery), responses((status = 200, body = Page<Subjob>)))]
pub async fn list_subjobs(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<SubjobsQuery>,
) -> Result<Json<Page<Subjob>>, ApiProblem> {
    Ok(Json(jobs::list_subjobs(&app, &actor, id(&path)?, query.into_inner()).await?))
}

/// List a job's files
///
/// Those in its own folder on the host: script, output, epilogue.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/files", tag = "jobs", params(("job" = JobId, Path)),
    responses((status = 200, body = Page<JobFile>)))]
pub async fn list_job_files(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<Page<JobFile>>, ApiProblem> {
    Ok(Json(Page::whole(jobs::list_job_files(&app, &actor, id(&path)?).await?)))
}

fn output_of(path: Path<(String, String)>) -> Result<(JobId, OutputStream), ApiProblem> {
    let (job, stream) = path.into_inner();
    let stream = match stream.as_str() {
        "stdout" => OutputStream::Stdout,
        "stderr" => OutputStream::Stderr,
        _ => return Err(ApiProblem::not_found("output; there are stdout and stderr")),
    };
    Ok((path_id(&job, "job")?, stream))
}

/// Which part of an output.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct JobOutputQuery {
    /// From this byte on; 0 when absent.
    offset: u64,
    /// At most so many bytes; all when absent.
    limit: Option<u64>,
    /// For an array: the subjob's index.
    index: Option<u32>,
    /// The body goes on until the job has ended.
    follow: bool,
}

/// Read a job's output
///
/// Straight from the host. The header `X-Total-Bytes` tells the file's size. With `follow=true` the body goes on until the
/// job has ended. 404 says why there is nothing to read.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/output/{stream}", tag = "jobs",
    params(("job" = JobId, Path), ("stream" = OutputStream, Path), JobOutputQuery),
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn get_job_output(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
    query: Query<JobOutputQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let (job, stream) = output_of(path)?;
    let request = jobs::OutputRequest {
        stream,
        index: query.index,
        offset: query.offset,
        limit: query.limit,
        is_followed: query.follow,
    };
    let output = jobs::open_job_output(&app, &actor, job, request).await?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/plain; charset=utf-8").insert_header(("Content-Encoding", "identity"));
    if let Some(total) = output.total_bytes {
        response.insert_header(("X-Total-Bytes", total));
    }
    Ok(response.streaming(output.bytes.map_err(|error| std::io::Error::other(error.to_string()))))
}

/// Search a job's output
///
/// The whole of it, on the host, however long it is: where the text is, by line and byte, with what stands beside it. What stands
/// further around can be read from there by `offset` and `limit`. 404 says why there is nothing to search.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/output/{stream}/search", tag = "jobs",
    params(("job" = JobId, Path), ("stream" = OutputStream, Path), OutputSearchQuery),
    responses((status = 200, body = OutputFound), (status = 422)))]
pub async fn search_job_output(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
    query: Query<OutputSearchQuery>,
) -> Result<Json<OutputFound>, ApiProblem> {
    let (job, stream) = output_of(path)?;
    Ok(Json(jobs::find_in_output(&app, &actor, job, stream, query.into_inner()).await?))
}
