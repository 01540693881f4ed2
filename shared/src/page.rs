//! One page of a list: items and, when there is more, the token that asks for what follows.

use serde::{Deserialize, Serialize};

/// A page of a list. Pages are cut by key, never by offset, so that rows that arrive meanwhile shift nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows of this page, in the list's order.
    pub items: Vec<T>,
    /// Opaque; give it as `page_token` with the same filters to get the next page. Absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits on one page.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_page_token: None }
    }
}
