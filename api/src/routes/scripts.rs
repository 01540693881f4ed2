//! `/scripts`: the history of job scripts, and reading and checking them without submitting.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path, Query};
use pbsweb_shared::api::scripts::{
    Revision, RevisionCreate, RevisionUpdate, RevisionsCompared, Script, ScriptCheck, ScriptChecked,
    ScriptCopy, ScriptCreate, ScriptParse, ScriptParsed, ScriptsQuery,
};
use pbsweb_shared::ids::{ApplicationId, HostId, ScriptId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::{JobScriptDraft, ScriptDifference};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::page::PageQuery;
use super::extract::{AppData, Body, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::scripts;

/// List scripts
///
/// The caller's own, or with `shared` or `group` those that are shared; the one used last first, each with every field of its
/// latest revision.
#[utoipa::path(get, path = "/api/v1/scripts", tag = "scripts", params(ScriptsQuery),
    responses((status = 200, body = Page<Script>)))]
pub async fn list_scripts(
    app: AppData,
    actor: Actor,
    query: Query<ScriptsQuery>,
) -> Result<Json<Page<Script>>, ApiProblem> {
    Ok(Json(scripts::list_scripts(&app, &actor, query.into_inner()).await?))
}

/// Get a script
#[utoipa::path(get, path = "/api/v1/scripts/{script}", tag = "scripts", params(("script" = ScriptId, Path)),
    responses((status = 200, body = Script)))]
pub async fn get_script(app: AppData, actor: Actor, path: Path<String>) -> Result<Json<Script>, ApiProblem> {
    Ok(Json(scripts::get_script(&app, &actor, path_id(&path, "script")?).await?))
}

/// List a script's revisions
///
/// Newest first; but for its label, none is ever changed.
#[utoipa::path(get, path = "/api/v1/scripts/{script}/revisions", tag = "scripts",
    params(("script" = ScriptId, Path), PageQuery), responses((status = 200, body = Page<Revision>)))]
pub async fn list_revisions(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Revision>>, ApiProblem> {
    let id = path_id(&path, "script")?;
    Ok(Json(scripts::list_revisions(&app, &actor, id, query.limit, query.page_token.as_deref()).await?))
}

fn revision(path: &Path<(String, String)>) -> Result<(ScriptId, i32), ApiProblem> {
    let (script, number) = (&path.0, &path.1);
    let id = script.parse().map_err(|_| ApiProblem::not_found("script"))?;
    let number = number.parse().map_err(|_| ApiProblem::not_found("revision"))?;
    Ok((id, number))
}

/// Keep a script under a new name
///
/// Nothing is submitted, and mistakes in it may be mended later. A submission with this `script_name` makes the next revision.
#[utoipa::path(post, path = "/api/v1/scripts", tag = "scripts", request_body = ScriptCreate,
    responses((status = 201, body = Script), (status = 409), (status = 422)))]
pub async fn create_script(
    app: AppData,
    actor: Actor,
    body: Body<ScriptCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let script = scripts::create_script(&app, &actor, body.into_inner()).await?;
    let place = format!("/api/v1/scripts/{}", script.id);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(script))
}

/// Copy a script
///
/// To one of the caller's own, which begins with the copied revision.
#[utoipa::path(post, path = "/api/v1/scripts/{script}/copy", tag = "scripts",
    params(("script" = ScriptId, Path)), request_body = ScriptCopy,
    responses((status = 201, body = Script), (status = 409), (status = 422)))]
pub async fn copy_script(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<ScriptCopy>,
) -> Result<HttpResponse, ApiProblem> {
    let id = path_id(&path, "script")?;
    let script = scripts::copy_script(&app, &actor, id, body.into_inner()).await?;
    let place = format!("/api/v1/scripts/{}", script.id);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(script))
}

/// Save a changed script
///
/// As its latest revision. `made_from` is the number of the revision that was changed; if it is not the latest any more, the answer
/// is `revision_conflict` with the latest one in `current`, and nothing is saved. What says the same as the latest is that one.
#[utoipa::path(post, path = "/api/v1/scripts/{script}/revisions", tag = "scripts",
    params(("script" = ScriptId, Path)), request_body = RevisionCreate,
    responses((status = 201, body = Revision), (status = 409), (status = 422)))]
pub async fn save_revision(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<RevisionCreate>,
) -> Result<HttpResponse, ApiProblem> {
    let id: ScriptId = path_id(&path, "script")?;
    let revision = scripts::save_revision(&app, &actor, id, body.into_inner()).await?;
    let place = format!("/api/v1/scripts/{id}/revisions/{}", revision.number);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(revision))
}

/// Get a revision of a script
///
/// The jobs that were made of it: `GET /jobs?revision=` with its `id`.
#[utoipa::path(get, path = "/api/v1/scripts/{script}/revisions/{revision}", tag = "scripts",
    params(("script" = ScriptId, Path), ("revision" = i32, Path)),
    responses((status = 200, body = Revision)))]
pub async fn get_revision(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<Json<Revision>, ApiProblem> {
    let (id, number) = revision(&path)?;
    Ok(Json(scripts::get_revision(&app, &actor, id, number).await?))
}

/// Label a revision of a script
///
/// The only thing about a revision that can change. Searches find it by its label.
#[utoipa::path(patch, path = "/api/v1/scripts/{script}/revisions/{revision}", tag = "scripts",
    params(("script" = ScriptId, Path), ("revision" = i32, Path)), request_body = RevisionUpdate,
    responses((status = 200, body = Revision), (status = 422)))]
pub async fn update_revision(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
    body: Body<RevisionUpdate>,
) -> Result<Json<Revision>, ApiProblem> {
    let (id, number) = revision(&path)?;
    Ok(Json(scripts::update_revision(&app, &actor, id, number, body.into_inner()).await?))
}

/// Restore a revision of a script
///
/// A copy of it becomes the latest revision; what was the latest stays in the history.
#[utoipa::path(post, path = "/api/v1/scripts/{script}/revisions/{revision}/restore", tag = "scripts",
    params(("script" = ScriptId, Path), ("revision" = i32, Path)),
    responses((status = 201, body = Revision)))]
pub async fn restore_revision(
    app: AppData,
    actor: Actor,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiProblem> {
    let (id, number) = revision(&path)?;
    let restored = scripts::restore_revision(&app, &actor, id, number).await?;
    let place = format!("/api/v1/scripts/{id}/revisions/{}", restored.number);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(restored))
}

/// Compare two revisions of a script
///
/// Field by field, and the lines that are gone or new.
#[utoipa::path(get, path = "/api/v1/scripts/{script}/difference", tag = "scripts",
    params(("script" = ScriptId, Path), RevisionsCompared),
    responses((status = 200, body = ScriptDifference)))]
pub async fn compare_revisions(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    query: Query<RevisionsCompared>,
) -> Result<Json<ScriptDifference>, ApiProblem> {
    let id = path_id(&path, "script")?;
    Ok(Json(scripts::compare_revisions(&app, &actor, id, query.into_inner()).await?))
}

/// Read a script's text into fields
///
/// What is not understood is kept in its place and pointed at. The answer's `draft.text` keeps comments, order and spacing: sent
/// back, a changed field changes only its own line.
#[utoipa::path(post, path = "/api/v1/scripts/parse", tag = "scripts", request_body = ScriptParse,
    responses((status = 200, body = ScriptParsed)))]
pub async fn parse_script(_actor: Actor, body: Body<ScriptParse>) -> Json<ScriptParsed> {
    Json(scripts::parse_script(&body.0))
}

/// Check a script without submitting it
///
/// Against the rules of a host, if one is given. The answer has the script's text and all findings, with their lines in it.
#[utoipa::path(post, path = "/api/v1/scripts/check", tag = "scripts", request_body = ScriptCheck,
    responses((status = 200, body = ScriptChecked)))]
pub async fn check_script(
    app: AppData,
    actor: Actor,
    body: Body<ScriptCheck>,
) -> Result<Json<ScriptChecked>, ApiProblem> {
    Ok(Json(scripts::check_script(&app, &actor, body.into_inner()).await?))
}

/// What a new script is for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct SuggestionQuery {
    /// The application it will run.
    application: Option<ApplicationId>,
    /// The host it will go to.
    host: Option<HostId>,
}

/// Suggest the fields of a new script
///
/// Those of the caller's last job of the application, else what the caller's preferences say.
#[utoipa::path(get, path = "/api/v1/scripts/suggestion", tag = "scripts", params(SuggestionQuery),
    responses((status = 200, body = JobScriptDraft)))]
pub async fn suggest_script(
    app: AppData,
    actor: Actor,
    query: Query<SuggestionQuery>,
) -> Result<Json<JobScriptDraft>, ApiProblem> {
    Ok(Json(scripts::suggest_script(&app, &actor, query.application, query.host).await?))
}
