//! What users did.

use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{PageQuery, Reply, http};

/// What everybody did, newest first; for administrators.
pub(crate) fn list_activity(query: &PageQuery) -> Reply<Page<Activity>> {
    http::get(&format!("/activity{}", to_query(query)))
}
