//! Searches of one's jobs that were given a name.

use gloo_net::http::Method;
use pbsweb_shared::api::searches::{SavedSearch, SavedSearchPut};
use pbsweb_shared::ids::SearchId;
use pbsweb_shared::page::Page;

use super::{Done, Reply, http};

/// One's own, by name.
pub(crate) fn list_searches() -> Reply<Page<SavedSearch>> {
    http::get("/me/searches")
}

/// Saves one under a new name.
pub(crate) fn create_search(search: &SavedSearchPut) -> Done {
    http::send(Method::POST, "/me/searches", search, None)
}

/// Forgets one.
pub(crate) fn delete_search(search: SearchId) -> Done {
    http::delete(&format!("/me/searches/{search}"))
}
