//! `/me/searches`: searches of the list of jobs that were given a name.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use pbsweb_shared::api::searches::{SavedSearch, SavedSearchPut};
use pbsweb_shared::ids::SearchId;
use pbsweb_shared::page::Page;

use super::extract::{AppData, Body, path_id};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::services::searches;

/// List saved searches
///
/// The caller's own, by name.
#[utoipa::path(get, path = "/api/v1/me/searches", tag = "me",
    responses((status = 200, body = Page<SavedSearch>)))]
pub async fn list_searches(app: AppData, actor: Actor) -> Result<Json<Page<SavedSearch>>, ApiProblem> {
    Ok(Json(Page::whole(searches::list_searches(&app, &actor).await?)))
}

/// Save a search
///
/// Its `filter` has the parameters of `GET /jobs`.
#[utoipa::path(post, path = "/api/v1/me/searches", tag = "me", request_body = SavedSearchPut,
    responses((status = 201, body = SavedSearch), (status = 409), (status = 422)))]
pub async fn create_search(
    app: AppData,
    actor: Actor,
    body: Body<SavedSearchPut>,
) -> Result<HttpResponse, ApiProblem> {
    let search = searches::create_search(&app, &actor, body.into_inner()).await?;
    let place = format!("/api/v1/me/searches/{}", search.id);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(search))
}

/// Replace a saved search
#[utoipa::path(put, path = "/api/v1/me/searches/{search}", tag = "me", params(("search" = SearchId, Path)),
    request_body = SavedSearchPut,
    responses((status = 200, body = SavedSearch), (status = 409), (status = 422)))]
pub async fn put_search(
    app: AppData,
    actor: Actor,
    path: Path<String>,
    body: Body<SavedSearchPut>,
) -> Result<Json<SavedSearch>, ApiProblem> {
    let id = path_id(&path, "search")?;
    Ok(Json(searches::put_search(&app, &actor, id, body.into_inner()).await?))
}

/// Forget a saved search
#[utoipa::path(delete, path = "/api/v1/me/searches/{search}", tag = "me", params(("search" = SearchId, Path)),
    responses((status = 204)))]
pub async fn delete_search(
    app: AppData,
    actor: Actor,
    path: Path<String>,
) -> Result<HttpResponse, ApiProblem> {
    searches::delete_search(&app, &actor, path_id(&path, "search")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
