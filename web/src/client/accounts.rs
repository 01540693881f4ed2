//! Creating an account, and what may be known before signing in.

use gloo_net::http::Method;
use pbsweb_shared::api::accounts::{AccountCreate, AccountCreated, ServerInfo};

use super::{Reply, http};

/// What the server says about itself to anybody.
pub(crate) fn get_info() -> Reply<ServerInfo> {
    http::get("/info")
}

/// Creates an account; nobody is signed in by it.
pub(crate) fn create_account(account: &AccountCreate) -> Reply<AccountCreated> {
    http::send(Method::POST, "/accounts", account, None)
}
