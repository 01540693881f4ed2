//! Creating an account, and what may be known before signing in.

use gloo_net::http::Method;
use pbsweb_shared::api::accounts::{AccountCreate, AccountCreated, ServerInfo};

use super::{Answer, http};

/// What the server says about itself to anybody.
pub(crate) async fn get_info() -> Answer<ServerInfo> {
    http::get("/info").await
}

/// Creates an account; nobody is signed in by it.
pub(crate) async fn create_account(account: &AccountCreate) -> Answer<AccountCreated> {
    http::send(Method::POST, "/accounts", account, None).await
}
