//! The record of what users did. Plain reads: from here to the store.

use actix_web::web::{Json, Query};
use pbsweb_shared::api::activity::{Activity, ActivityQuery};
use pbsweb_shared::ids::UserId;
use pbsweb_shared::page::Page;

use super::extract::page::PageQuery;
use super::extract::{Admin, AppData};
use super::problem::ApiProblem;
use crate::services::actor::Actor;
use crate::store::activity;

/// Lists what the caller did, newest first.
#[utoipa::path(
    get, path = "/api/v1/me/activity", tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of the record", body = Page<Activity>)),
)]
pub async fn list_own_activity(
    app: AppData,
    actor: Actor,
    query: Query<PageQuery>,
) -> Result<Json<Page<Activity>>, ApiProblem> {
    list(&app, Some(actor.user), &query, "me/activity".to_owned()).await
}

/// Lists what everybody did, or one person, newest first, for administrators.
#[utoipa::path(
    get, path = "/api/v1/activity", tag = "users",
    params(ActivityQuery),
    responses(
        (status = 200, description = "A page of the record", body = Page<Activity>),
        (status = 403, description = "`forbidden`: for administrators"),
    ),
)]
pub async fn list_activity(
    app: AppData,
    Admin(_): Admin,
    query: Query<ActivityQuery>,
) -> Result<Json<Page<Activity>>, ApiProblem> {
    let ActivityQuery { person, limit, page_token } = query.into_inner();
    let list_name = format!("activity {person:?}");
    list(&app, person, &PageQuery { limit, page_token }, list_name).await
}

async fn list(
    app: &AppData,
    of: Option<UserId>,
    query: &PageQuery,
    list: String,
) -> Result<Json<Page<Activity>>, ApiProblem> {
    let request = query.read(&list)?;
    let page =
        app.store.query(move |connection| activity::list_activity(connection, of, request, &list)).await?;
    Ok(Json(page))
}
