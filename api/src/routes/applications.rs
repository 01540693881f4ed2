//! `/applications`: uploaded source trees.

use actix_multipart::{Field, Multipart};
use actix_web::HttpResponse;
use actix_web::web::{Json, Path, Query};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use pbsweb_shared::api::applications::{
    Application, ApplicationsQuery, CommandsPin, DefaultsQuery, RecentCommands,
};
use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::names::ApplicationName;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::LearnedDefaults;

use super::extract::{AppData, Body, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::applications;

/// List applications
///
/// The caller's own, or with `shared` or `group` those that are shared; by name, each with where it was unpacked and its last build.
#[utoipa::path(get, path = "/api/v1/applications", tag = "applications", params(ApplicationsQuery),
    responses((status = 200, body = Page<Application>)))]
pub async fn list_applications(
    app: AppData,
    actor: Actor,
    query: Query<ApplicationsQuery>,
) -> Result<Json<Page<Application>>, ApiProblem> {
    Ok(Json(Page::whole(applications::list_applications(&app, &actor, query.into_inner()).await?)))
}

/// Get an application
#[utoipa::path(get, path = "/api/v1/applications/{application}", tag = "applications",
    params(("application" = ApplicationId, Path)), responses((status = 200, body = Application)))]
pub async fn get_application(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<Application>, ApiProblem> {
    Ok(Json(applications::get_application(&app, &actor, path_id(&path, "application")?).await?))
}

/// List an application's commands
///
/// Pinned ones, the latest pin first; then the command blocks of its recent jobs' scripts, the one used last first.
#[utoipa::path(get, path = "/api/v1/applications/{application}/commands", tag = "applications",
    params(("application" = ApplicationId, Path)), responses((status = 200, body = Page<RecentCommands>)))]
pub async fn list_recent_commands(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<Json<Page<RecentCommands>>, ApiProblem> {
    let id = path_id(&path, "application")?;
    Ok(Json(Page::whole(applications::list_commands(&app, &actor, id).await?)))
}

/// Pin commands to the top of an application's list
#[utoipa::path(post, path = "/api/v1/applications/{application}/commands/pin", tag = "applications",
    params(("application" = ApplicationId, Path)), request_body = CommandsPin,
    responses((status = 204), (status = 422)))]
pub async fn pin_commands(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<CommandsPin>,
) -> Result<HttpResponse, ApiProblem> {
    let id = path_id(&path, "application")?;
    applications::pin_commands(&app, &actor, id, body.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take the pin off an application's commands
#[utoipa::path(post, path = "/api/v1/applications/{application}/commands/unpin", tag = "applications",
    params(("application" = ApplicationId, Path)), request_body = CommandsPin, responses((status = 204)))]
pub async fn unpin_commands(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<CommandsPin>,
) -> Result<HttpResponse, ApiProblem> {
    let id = path_id(&path, "application")?;
    applications::unpin_commands(&app, &actor, id, body.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Suggest what a new script for an application should start with
///
/// The fields of the caller's last job of it, on this host if there is one, with walltime and memory as the last good runs needed them
/// and a quarter more; else what others use it with who share it in the caller's groups, or one of the same name or content; else the
/// caller's preferences and the site's defaults. Each learned value has its reason in words.
#[utoipa::path(get, path = "/api/v1/applications/{application}/defaults", tag = "applications",
    params(("application" = ApplicationId, Path), DefaultsQuery),
    responses((status = 200, body = LearnedDefaults)))]
pub async fn get_application_defaults(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<DefaultsQuery>,
) -> Result<Json<LearnedDefaults>, ApiProblem> {
    let id = path_id(&path, "application")?;
    Ok(Json(applications::get_defaults(&app, &actor, id, query.host).await?))
}

/// The parts of an upload's form, for the document.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct UploadForm {
    /// The application's name; the same name replaces the tree on that host. Before `archive`.
    name: String,
    /// Where it is unpacked. Before `archive`.
    host: HostId,
    /// tar, tar.gz or tar.zst.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    archive: String,
}

/// Upload an application
///
/// The archive is checked while it streams and unpacked on the host under `~/pbsweb/<name>`. A tree that was there before
/// is moved to `~/pbsweb/.replaced/`, since jobs may have left results in it.
#[utoipa::path(post, path = "/api/v1/applications", tag = "applications",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Application), (status = 404), (status = 409), (status = 422),
        (status = 502)))]
pub async fn upload_application(
    app: AppData,
    actor: Actor,
    mut form: Multipart,
) -> Result<HttpResponse, ApiProblem> {
    let (mut name, mut host) = (None, None);
    while let Some(mut field) = form.try_next().await.map_err(|error| malformed(&error))? {
        match field.name().unwrap_or_default() {
            "name" => name = Some(read_name(&read_text(&mut field).await?)?),
            "host" => host = Some(read_host(&read_text(&mut field).await?)?),
            "archive" => {
                let name = name.take().ok_or_else(|| missing("name"))?;
                let host = host.ok_or_else(|| missing("host"))?;
                let archive =
                    field.map(|chunk| chunk.map_err(|error| std::io::Error::other(error.to_string())));
                let made = applications::upload_application(&app, &actor, name, host, archive).await?;
                let place = format!("/api/v1/applications/{}", made.id);
                return Ok(HttpResponse::Created().insert_header(("Location", place)).json(made));
            }
            other => {
                let message = format!("{other:?} is no field of this form; it has name, host and archive");
                return Err(ApiProblem::new(ProblemCode::MalformedRequest, message));
            }
        }
    }
    Err(missing("archive"))
}

fn malformed(error: &actix_multipart::MultipartError) -> ApiProblem {
    ApiProblem::new(ProblemCode::MalformedRequest, format!("the form cannot be read: {error}"))
}

fn missing(field: &str) -> ApiProblem {
    ApiProblem::field(
        &format!("/{field}"),
        "field.missing",
        format!("the form needs the field {field}; name and host come before archive"),
    )
}

async fn read_text(field: &mut Field) -> Result<String, ApiProblem> {
    const MOST: usize = 1024;
    let mut text = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(|error| malformed(&error))? {
        let chunk: Bytes = chunk;
        if text.len() + chunk.len() > MOST {
            return Err(ApiProblem::new(ProblemCode::TooLarge, "a text field of the form is too long"));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text)
        .map_err(|_| ApiProblem::new(ProblemCode::MalformedRequest, "a text field is not UTF-8"))
}

fn read_name(text: &str) -> Result<ApplicationName, ApiProblem> {
    text.trim().parse().map_err(|error: pbsweb_shared::names::NameError| {
        ApiProblem::field("/name", "name.syntax", error.to_string())
    })
}

fn read_host(text: &str) -> Result<HostId, ApiProblem> {
    text.trim().parse().map_err(|_| ApiProblem::field("/host", "host.syntax", "needs the id of a host"))
}
