//! One's own account: preferences, key, tokens, activity.

use gloo_net::http::Method;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::me::{Me, MeUpdate, Preferences, SshKey, TokenCreate, TokenCreated};
use pbsweb_shared::api::sessions::Session;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, PageQuery, http};

/// Who is signed in.
pub(crate) async fn get_me() -> Answer<Me> {
    http::get("/me").await
}

/// Changes name, mail address or password.
pub(crate) async fn update_me(change: &MeUpdate) -> Answer<Me> {
    http::send(Method::PATCH, "/me", change, None).await
}

/// One's preferences.
pub(crate) async fn get_preferences() -> Answer<Preferences> {
    http::get("/me/preferences").await
}

/// Replaces one's preferences.
pub(crate) async fn put_preferences(preferences: &Preferences) -> Answer<Preferences> {
    http::send(Method::PUT, "/me/preferences", preferences, None).await
}

/// One's public key and how to install it.
pub(crate) async fn get_ssh_key() -> Answer<SshKey> {
    http::get("/me/ssh-key").await
}

/// Makes a new key pair; the old one is used no more.
pub(crate) async fn rotate_ssh_key() -> Answer<SshKey> {
    http::act("/me/ssh-key/rotate").await
}

/// One's API tokens.
pub(crate) async fn list_tokens() -> Answer<Page<Session>> {
    http::get("/me/tokens").await
}

/// Makes an API token; it is shown this once.
pub(crate) async fn create_token(token: &TokenCreate) -> Answer<TokenCreated> {
    http::send(Method::POST, "/me/tokens", token, None).await
}

/// What one did oneself, newest first.
pub(crate) async fn list_my_activity(query: &PageQuery) -> Answer<Page<Activity>> {
    http::get(&format!("/me/activity{}", to_query(query))).await
}
