//! Every route on one screen. A route unpacks the request, calls one function, and wraps the answer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, put, scope};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use pbsweb_shared::problem::ProblemCode;

use crate::server::request_id::RequestId;

pub mod accounts;
pub mod activity;
pub mod applications;
pub mod builds;
pub mod docs;
pub mod events;
pub mod extract;
pub mod groups;
pub mod health;
pub mod hosts;
pub mod job_actions;
pub mod job_sets;
pub mod jobs;
pub mod me;
pub mod problem;
pub mod scripts;
pub mod searches;
pub mod sessions;
pub mod users;

use problem::ApiProblem;

/// The API and what stands beside it; the page takes all other paths. Bodies have at most `max_body_bytes`, uploads apart.
pub fn configure(config: &mut ServiceConfig, max_body_bytes: usize) {
    config
        .route("/healthz", get().to(health::get_liveness))
        .route("/readyz", get().to(health::get_readiness))
        .route("/metrics", get().to(health::get_metrics))
        .service(scope("/api/docs").configure(docs::configure))
        .service(
            scope("/api")
                .wrap(from_fn(finish_problems))
                .configure(|config| extract::configure(config, max_body_bytes))
                // Without its own, the inner scope would take that of the whole application: the page.
                .service(scope("/v1").configure(version_1).default_service(web::to(no_such_route)))
                .default_service(web::to(no_such_route)),
        );
}

fn version_1(config: &mut ServiceConfig) {
    config
        .route("/openapi.json", get().to(docs::get_openapi))
        .route("/info", get().to(accounts::get_server_info))
        .route("/accounts", post().to(accounts::create_account))
        .route("/sessions", post().to(sessions::create_session))
        .route("/sessions", get().to(sessions::list_sessions))
        .route("/sessions/current", get().to(sessions::get_current_session))
        .route("/sessions/current", delete().to(sessions::delete_current_session))
        .route("/sessions/{session}", delete().to(sessions::delete_session))
        .route("/me", get().to(me::get_me))
        .route("/me", patch().to(me::update_me))
        .route("/me/preferences", get().to(me::get_preferences))
        .route("/me/preferences", put().to(me::put_preferences))
        .route("/me/ssh-key", get().to(me::get_ssh_key))
        .route("/me/ssh-key/rotate", post().to(me::rotate_ssh_key))
        .route("/me/tokens", get().to(me::list_tokens))
        .route("/me/tokens", post().to(me::create_token))
        .route("/me/activity", get().to(activity::list_own_activity))
        .route("/me/searches", get().to(searches::list_searches))
        .route("/me/searches", post().to(searches::create_search))
        .route("/me/searches/{search}", put().to(searches::put_search))
        .route("/me/searches/{search}", delete().to(searches::delete_search))
        .route("/users", get().to(users::list_users))
        .route("/users", post().to(users::create_user))
        .route("/users/{user}", patch().to(users::update_user))
        .route("/activity", get().to(activity::list_activity))
        .route("/hosts", get().to(hosts::list_hosts))
        .route("/hosts", post().to(hosts::create_host))
        .route("/hosts/{host}", get().to(hosts::get_host))
        .route("/hosts/{host}", patch().to(hosts::update_host))
        .route("/hosts/{host}", delete().to(hosts::delete_host))
        .route("/hosts/{host}/scan-key", post().to(hosts::scan_host_key))
        .route("/hosts/{host}/account", put().to(hosts::put_host_account))
        .route("/hosts/{host}/account", delete().to(hosts::delete_host_account))
        .route("/hosts/{host}/check", post().to(hosts::check_host))
        .route("/hosts/{host}/queues", get().to(hosts::list_queues))
        .route("/hosts/{host}/jobs", get().to(hosts::list_host_jobs))
        .route("/hosts/{host}/nodes", get().to(hosts::list_nodes))
        .route("/hosts/{host}/health", get().to(hosts::get_host_history))
        .route("/applications", get().to(applications::list_applications))
        .route("/applications", post().to(applications::upload_application))
        .route("/applications/{application}", get().to(applications::get_application))
        .route("/applications/{application}/commands", get().to(applications::list_recent_commands))
        .route("/applications/{application}/commands/pin", post().to(applications::pin_commands))
        .route("/applications/{application}/commands/unpin", post().to(applications::unpin_commands))
        .route("/applications/{application}/defaults", get().to(applications::get_application_defaults))
        .route("/applications/{application}/groups/{group}", put().to(groups::share_application))
        .route("/applications/{application}/groups/{group}", delete().to(groups::unshare_application))
        .route("/applications/{application}/builds", get().to(builds::list_builds))
        .route("/applications/{application}/builds", post().to(builds::create_build))
        .route("/builds/{build}", get().to(builds::get_build))
        .route("/builds/{build}/cancel", post().to(builds::cancel_build))
        .route("/builds/{build}/output", get().to(builds::get_build_output))
        .route("/scripts", get().to(scripts::list_scripts))
        .route("/scripts", post().to(scripts::create_script))
        .route("/scripts/parse", post().to(scripts::parse_script))
        .route("/scripts/check", post().to(scripts::check_script))
        .route("/scripts/suggestion", get().to(scripts::suggest_script))
        .route("/scripts/{script}", get().to(scripts::get_script))
        .route("/scripts/{script}/difference", get().to(scripts::compare_revisions))
        .route("/scripts/{script}/revisions", get().to(scripts::list_revisions))
        .route("/scripts/{script}/revisions", post().to(scripts::save_revision))
        .route("/scripts/{script}/revisions/{revision}", get().to(scripts::get_revision))
        .route("/scripts/{script}/revisions/{revision}", patch().to(scripts::update_revision))
        .route("/scripts/{script}/revisions/{revision}/restore", post().to(scripts::restore_revision))
        .route("/scripts/{script}/copy", post().to(scripts::copy_script))
        .route("/scripts/{script}/groups/{group}", put().to(groups::share_script))
        .route("/scripts/{script}/groups/{group}", delete().to(groups::unshare_script))
        .route("/groups", get().to(groups::list_groups))
        .route("/groups", post().to(groups::create_group))
        .route("/groups/{group}", get().to(groups::get_group))
        .route("/groups/{group}", patch().to(groups::update_group))
        .route("/groups/{group}", delete().to(groups::delete_group))
        .route("/groups/{group}/members/{member}", put().to(groups::put_group_member))
        .route("/groups/{group}/members/{member}", delete().to(groups::delete_group_member))
        .route("/jobs", get().to(jobs::list_jobs))
        .route("/jobs", post().to(jobs::submit_job))
        .route("/jobs/export/{format}", get().to(jobs::export_jobs))
        .route("/jobs/{job}", get().to(jobs::get_job))
        .route("/jobs/{job}", patch().to(job_actions::alter_job))
        .route("/jobs/{job}/actions", get().to(job_actions::list_actions_of_job))
        .route("/jobs/{job}/attributes", get().to(job_actions::get_job_attributes))
        .route("/jobs/{job}/delete", post().to(job_actions::delete_job))
        .route("/jobs/{job}/hold", post().to(job_actions::hold_job))
        .route("/jobs/{job}/release", post().to(job_actions::release_job))
        .route("/jobs/{job}/move", post().to(job_actions::move_job))
        .route("/jobs/{job}/rerun", post().to(job_actions::rerun_job))
        .route("/jobs/{job}/signal", post().to(job_actions::signal_job))
        .route("/jobs/{job}/message", post().to(job_actions::message_job))
        .route("/jobs/{job}/order", post().to(job_actions::order_job))
        .route("/jobs/{job}/since-it-worked", get().to(jobs::get_since_it_worked))
        .route("/jobs/{job}/script", get().to(jobs::get_job_script))
        .route("/job-sets", post().to(job_sets::submit_job_set))
        .route("/job-sets/{set}", get().to(job_sets::get_job_set))
        .route("/jobs/{job}/events", get().to(jobs::list_job_events))
        .route("/jobs/{job}/subjobs", get().to(jobs::list_subjobs))
        .route("/jobs/{job}/files", get().to(jobs::list_job_files))
        .route("/jobs/{job}/output/{stream}", get().to(jobs::get_job_output))
        .route("/jobs/{job}/output/{stream}/search", get().to(jobs::search_job_output))
        .route("/job-actions", get().to(job_actions::list_job_actions))
        .route("/job-actions", post().to(job_actions::create_job_action))
        .route("/job-actions/preview", post().to(job_actions::preview_job_action))
        .route("/job-actions/{action}", get().to(job_actions::get_job_action))
        .route("/job-actions/{action}/items", get().to(job_actions::list_job_action_items))
        .route("/job-actions/{action}/undo", post().to(job_actions::undo_job_action))
        .route("/events", get().to(events::stream_events));
}

/// Where no route fits: a path that is none of ours, or one of ours with a method that it does not take.
async fn no_such_route(request: HttpRequest) -> Result<HttpResponse, ApiProblem> {
    let is_known_path = request.resource_map().has_resource(request.path());
    Err(from_status(if is_known_path { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND }))
}

/// Gives every problem its body: the path that was asked for and the request's id, and one line in the log. What the
/// framework refuses by itself (an unknown method, say) becomes a problem too.
async fn finish_problems(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let path = request.path().to_owned();
    let request_id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return Ok(response);
    }
    let problem = response.response().extensions().get::<ApiProblem>().cloned();
    let problem = problem.unwrap_or_else(|| from_status(status));
    if status.is_server_error() {
        tracing::warn!(
            code = problem.code.as_str(),
            cause = problem.cause.as_deref(),
            "a request could not be served"
        );
    }
    let (http_request, _) = response.into_parts();
    let mut answer = problem.error_response();
    let body = serde_json::to_vec(&problem.body(&path, &request_id)).unwrap_or_default();
    answer = answer.set_body(BoxBody::new(body));
    Ok(ServiceResponse::new(http_request, answer))
}

fn from_status(status: StatusCode) -> ApiProblem {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => ApiProblem::new(
            ProblemCode::MethodNotAllowed,
            "this path does not take this method; see /api/docs",
        ),
        StatusCode::NOT_FOUND => {
            ApiProblem::new(ProblemCode::NotFound, "there is nothing at this path; see /api/docs")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiProblem::new(ProblemCode::TooLarge, "the request's body is too large")
        }
        status if status.is_client_error() => {
            ApiProblem::new(ProblemCode::MalformedRequest, "the request cannot be read")
        }
        _ => ApiProblem::new(ProblemCode::Internal, "the server's log tells more under this request id"),
    }
}
