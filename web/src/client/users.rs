//! Users, for administrators.

use gloo_net::http::Method;
use pbsweb_shared::api::users::{User, UserCreate, UserUpdate};
use pbsweb_shared::ids::UserId;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, PageQuery, http};

/// All users.
pub(crate) async fn list_users(query: &PageQuery) -> Answer<Page<User>> {
    http::get(&format!("/users{}", to_query(query))).await
}

/// Adds a user.
pub(crate) async fn create_user(user: &UserCreate) -> Answer<User> {
    http::send(Method::POST, "/users", user, None).await
}

/// Changes or disables a user.
pub(crate) async fn update_user(user: UserId, change: &UserUpdate) -> Answer<User> {
    http::send(Method::PATCH, &format!("/users/{user}"), change, None).await
}
