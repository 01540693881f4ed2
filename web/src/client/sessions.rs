//! Signing in and out.

use gloo_net::http::Method;
use pbsweb_shared::api::sessions::{Session, SignIn, SignedIn};
use pbsweb_shared::ids::SessionId;
use pbsweb_shared::page::Page;

use super::{Answer, http};

/// Signs in; the browser keeps the cookie.
pub(crate) async fn create_session(sign_in: &SignIn) -> Answer<SignedIn> {
    http::send(Method::POST, "/sessions", sign_in, None).await
}

/// One's own sessions that are alive.
pub(crate) async fn list_sessions() -> Answer<Page<Session>> {
    http::get("/sessions").await
}

/// This session.
pub(crate) async fn get_current_session() -> Answer<Session> {
    http::get("/sessions/current").await
}

/// Signs out.
pub(crate) async fn delete_current_session() -> Answer<()> {
    http::delete("/sessions/current").await
}

/// Ends another session, or revokes a token.
pub(crate) async fn delete_session(session: SessionId) -> Answer<()> {
    http::delete(&format!("/sessions/{session}")).await
}
