//! Searches of the list of jobs that were given a name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::jobs::JobsQuery;
use crate::ids::SearchId;

/// A search with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedSearch {
    /// Its id.
    pub id: SearchId,
    /// Its name.
    pub name: String,
    /// What it looks for.
    pub filter: JobsQuery,
    /// When it was first saved.
    pub created_at: DateTime<Utc>,
}

/// What a saved search is called and looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SavedSearchPut {
    /// Its name: at most 200 bytes, unlike those of the caller's other searches.
    pub name: String,
    /// The filters of `GET /jobs`; `limit` and `page_token` are not kept.
    pub filter: JobsQuery,
}
