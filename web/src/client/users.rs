//! Users, for administrators.

use gloo_net::http::Method;
use pbsweb_shared::api::users::{User, UserCreate, UserUpdate};
use pbsweb_shared::ids::UserId;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{PageQuery, Reply, http};

/// All users.
pub(crate) fn list_users(query: &PageQuery) -> Reply<Page<User>> {
    http::get(&format!("/users{}", to_query(query)))
}

/// Adds a user.
pub(crate) fn create_user(user: &UserCreate) -> Reply<User> {
    http::send(Method::POST, "/users", user, None)
}

/// Changes or disables a user.
pub(crate) fn update_user(user: UserId, change: &UserUpdate) -> Reply<User> {
    http::send(Method::PATCH, &format!("/users/{user}"), change, None)
}
