//! One's own account: preferences, key, tokens, activity.

use gloo_net::http::Method;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::me::{Me, MeUpdate, Preferences, SshKey, TokenCreate, TokenCreated};
use pbsweb_shared::api::sessions::Session;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{PageQuery, Reply, http};

/// Who is signed in.
pub(crate) fn get_me() -> Reply<Me> {
    http::get("/me")
}

/// Changes name, mail address or password.
pub(crate) fn update_me(change: &MeUpdate) -> Reply<Me> {
    http::send(Method::PATCH, "/me", change, None)
}

/// One's preferences.
pub(crate) fn get_preferences() -> Reply<Preferences> {
    http::get("/me/preferences")
}

/// Replaces one's preferences.
pub(crate) fn put_preferences(preferences: &Preferences) -> Reply<Preferences> {
    http::send(Method::PUT, "/me/preferences", preferences, None)
}

/// One's public key and how to install it.
pub(crate) fn get_ssh_key() -> Reply<SshKey> {
    http::get("/me/ssh-key")
}

/// Makes a new key pair; the old one is used no more.
pub(crate) fn rotate_ssh_key() -> Reply<SshKey> {
    http::act("/me/ssh-key/rotate")
}

/// One's API tokens.
pub(crate) fn list_tokens() -> Reply<Page<Session>> {
    http::get("/me/tokens")
}

/// Makes an API token; it is shown this once.
pub(crate) fn create_token(token: &TokenCreate) -> Reply<TokenCreated> {
    http::send(Method::POST, "/me/tokens", token, None)
}

/// What one did oneself, newest first.
pub(crate) fn list_my_activity(query: &PageQuery) -> Reply<Page<Activity>> {
    http::get(&format!("/me/activity{}", to_query(query)))
}
