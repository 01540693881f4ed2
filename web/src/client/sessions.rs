//! Signing in and out.

use gloo_net::http::Method;
use pbsweb_shared::api::sessions::{Session, SignIn, SignedIn};
use pbsweb_shared::ids::SessionId;
use pbsweb_shared::page::Page;

use super::{Done, Reply, http};

/// Signs in; the browser keeps the cookie.
pub(crate) fn create_session(sign_in: &SignIn) -> Reply<SignedIn> {
    http::send(Method::POST, "/sessions", sign_in, None)
}

/// One's own sessions that are alive.
pub(crate) fn list_sessions() -> Reply<Page<Session>> {
    http::get("/sessions")
}

/// This session.
pub(crate) fn get_current_session() -> Reply<Session> {
    http::get("/sessions/current")
}

/// Signs out.
pub(crate) fn delete_current_session() -> Done {
    http::delete("/sessions/current")
}

/// Ends another session, or revokes a token.
pub(crate) fn delete_session(session: SessionId) -> Done {
    http::delete(&format!("/sessions/{session}"))
}
