//! What users did.

use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, PageQuery, http};

/// What everybody did, newest first; for administrators.
pub(crate) async fn list_activity(query: &PageQuery) -> Answer<Page<Activity>> {
    http::get(&format!("/activity{}", to_query(query))).await
}
