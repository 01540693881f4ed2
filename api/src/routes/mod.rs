//! Every route on one screen. A route unpacks the request, calls one function, and wraps the answer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, put, scope};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, Scope};
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
        .service(under("/sessions", |scope| {
            scope
                .route("", post().to(sessions::create_session))
                .route("", get().to(sessions::list_sessions))
                .route("/current", get().to(sessions::get_current_session))
                .route("/current", delete().to(sessions::delete_current_session))
                .route("/{session}", delete().to(sessions::delete_session))
        }))
        .service(under("/me", |scope| {
            scope
                .route("", get().to(me::get_me))
                .route("", patch().to(me::update_me))
                .route("/preferences", get().to(me::get_preferences))
                .route("/preferences", put().to(me::put_preferences))
                .route("/ssh-key", get().to(me::get_ssh_key))
                .route("/ssh-key/rotate", post().to(me::rotate_ssh_key))
                .route("/tokens", get().to(me::list_tokens))
                .route("/tokens", post().to(me::create_token))
                .route("/activity", get().to(activity::list_own_activity))
                .route("/searches", get().to(searches::list_searches))
                .route("/searches", post().to(searches::create_search))
                .route("/searches/{search}", put().to(searches::put_search))
                .route("/searches/{search}", delete().to(searches::delete_search))
        }))
        .service(under("/users", |scope| {
            scope
                .route("", get().to(users::list_users))
                .route("", post().to(users::create_user))
                .route("/{user}", patch().to(users::update_user))
        }))
        .route("/activity", get().to(activity::list_activity))
        .service(under("/hosts", |scope| {
            scope
                .route("", get().to(hosts::list_hosts))
                .route("", post().to(hosts::create_host))
                .route("/{host}", get().to(hosts::get_host))
                .route("/{host}", patch().to(hosts::update_host))
                .route("/{host}", delete().to(hosts::delete_host))
                .route("/{host}/scan-key", post().to(hosts::scan_host_key))
                .route("/{host}/account", put().to(hosts::put_host_account))
                .route("/{host}/account", delete().to(hosts::delete_host_account))
                .route("/{host}/check", post().to(hosts::check_host))
                .route("/{host}/queues", get().to(hosts::list_queues))
                .route("/{host}/jobs", get().to(hosts::list_host_jobs))
                .route("/{host}/nodes", get().to(hosts::list_nodes))
                .route("/{host}/health", get().to(hosts::get_host_history))
        }))
        .service(under("/applications", |scope| {
            scope
                .route("", get().to(applications::list_applications))
                .route("", post().to(applications::upload_application))
                .route("/{application}", get().to(applications::get_application))
                .route("/{application}/commands", get().to(applications::list_recent_commands))
                .route("/{application}/commands/pin", post().to(applications::pin_commands))
                .route("/{application}/commands/unpin", post().to(applications::unpin_commands))
                .route("/{application}/defaults", get().to(applications::get_application_defaults))
                .route("/{application}/groups/{group}", put().to(groups::share_application))
                .route("/{application}/groups/{group}", delete().to(groups::unshare_application))
                .route("/{application}/builds", get().to(builds::list_builds))
                .route("/{application}/builds", post().to(builds::create_build))
        }))
        .service(under("/builds", |scope| {
            scope
                .route("/{build}", get().to(builds::get_build))
                .route("/{build}/cancel", post().to(builds::cancel_build))
                .route("/{build}/output", get().to(builds::get_build_output))
        }))
        .service(under("/scripts", |scope| {
            scope
                .route("", get().to(scripts::list_scripts))
                .route("", post().to(scripts::create_script))
                .route("/parse", post().to(scripts::parse_script))
                .route("/check", post().to(scripts::check_script))
                .route("/suggestion", get().to(scripts::suggest_script))
                .route("/{script}", get().to(scripts::get_script))
                .route("/{script}/difference", get().to(scripts::compare_revisions))
                .route("/{script}/revisions", get().to(scripts::list_revisions))
                .route("/{script}/revisions", post().to(scripts::save_revision))
                .route("/{script}/revisions/{revision}", get().to(scripts::get_revision))
                .route("/{script}/revisions/{revision}", patch().to(scripts::update_revision))
                .route("/{script}/revisions/{revision}/restore", post().to(scripts::restore_revision))
                .route("/{script}/copy", post().to(scripts::copy_script))
                .route("/{script}/groups/{group}", put().to(groups::share_script))
                .route("/{script}/groups/{group}", delete().to(groups::unshare_script))
        }))
        .service(under("/groups", |scope| {
            scope
                .route("", get().to(groups::list_groups))
                .route("", post().to(groups::create_group))
                .route("/{group}", get().to(groups::get_group))
                .route("/{group}", patch().to(groups::update_group))
                .route("/{group}", delete().to(groups::delete_group))
                .route("/{group}/members/{member}", put().to(groups::put_group_member))
                .route("/{group}/members/{member}", delete().to(groups::delete_group_member))
        }))
        .service(under("/jobs", |scope| {
            scope
                .route("", get().to(jobs::list_jobs))
                .route("", post().to(jobs::submit_job))
                .route("/export/{format}", get().to(jobs::export_jobs))
                .route("/{job}", get().to(jobs::get_job))
                .route("/{job}", patch().to(job_actions::alter_job))
                .route("/{job}/actions", get().to(job_actions::list_actions_of_job))
                .route("/{job}/attributes", get().to(job_actions::get_job_attributes))
                .route("/{job}/delete", post().to(job_actions::delete_job))
                .route("/{job}/hold", post().to(job_actions::hold_job))
                .route("/{job}/release", post().to(job_actions::release_job))
                .route("/{job}/move", post().to(job_actions::move_job))
                .route("/{job}/rerun", post().to(job_actions::rerun_job))
                .route("/{job}/signal", post().to(job_actions::signal_job))
                .route("/{job}/message", post().to(job_actions::message_job))
                .route("/{job}/order", post().to(job_actions::order_job))
                .route("/{job}/since-it-worked", get().to(jobs::get_since_it_worked))
                .route("/{job}/script", get().to(jobs::get_job_script))
                .route("/{job}/events", get().to(jobs::list_job_events))
                .route("/{job}/subjobs", get().to(jobs::list_subjobs))
                .route("/{job}/files", get().to(jobs::list_job_files))
                .route("/{job}/output/{stream}", get().to(jobs::get_job_output))
                .route("/{job}/output/{stream}/search", get().to(jobs::search_job_output))
        }))
        .service(under("/job-sets", |scope| {
            scope
                .route("", post().to(job_sets::submit_job_set))
                .route("/{set}", get().to(job_sets::get_job_set))
        }))
        .service(under("/job-actions", |scope| {
            scope
                .route("", get().to(job_actions::list_job_actions))
                .route("", post().to(job_actions::create_job_action))
                .route("/preview", post().to(job_actions::preview_job_action))
                .route("/{action}", get().to(job_actions::get_job_action))
                .route("/{action}/items", get().to(job_actions::list_job_action_items))
                .route("/{action}/undo", post().to(job_actions::undo_job_action))
        }))
        .route("/events", get().to(events::stream_events));
}

/// Routes under a word of the path: who asks for another one is not compared with each of them.
fn under(word: &str, routes: impl FnOnce(Scope) -> Scope) -> Scope {
    routes(scope(word)).default_service(web::to(no_such_route))
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
