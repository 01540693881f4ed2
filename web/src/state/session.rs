//! Who is signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::me::Me;
use pbsweb_shared::problem::ProblemCode;

use super::Notices;
use crate::client::{self, ClientError};

/// What is known of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionState {
    /// The server is being asked.
    Unknown,
    /// The server could not be asked.
    Failed(ClientError),
    /// Nobody is signed in.
    SignedOut,
    /// This user is.
    SignedIn(Me),
}

/// The user of this page.
#[derive(Clone, Copy)]
pub(crate) struct CurrentUser(RwSignal<SessionState>);

impl CurrentUser {
    pub(super) fn provide(notices: Notices) -> Self {
        let user = Self(RwSignal::new(SessionState::Unknown));
        client::on_session_lost(move || {
            if user.0.with_untracked(|state| matches!(state, SessionState::SignedIn(_))) {
                notices.note("Your session has ended. Sign in to go on.");
            }
            user.set_signed_out();
        });
        user.reload();
        provide_context(user);
        user
    }

    /// The user of the page.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(SessionState::SignedOut)))
    }

    /// Asks the server again.
    pub(crate) fn reload(self) {
        self.0.set(SessionState::Unknown);
        spawn_local(async move {
            let state = match client::me::get_me().await {
                Ok(me) => SessionState::SignedIn(me),
                Err(error) if error.code() == Some(ProblemCode::NotSignedIn) => SessionState::SignedOut,
                Err(error) => SessionState::Failed(error),
            };
            // Somebody may have signed in meanwhile.
            if self.0.with_untracked(|known| *known == SessionState::Unknown) {
                self.0.set(state);
            }
        });
    }

    /// What is known, tracked.
    pub(crate) fn state(self) -> SessionState {
        self.0.get()
    }

    /// The signed-in user, tracked.
    pub(crate) fn me(self) -> Option<Me> {
        self.0.with(|state| match state {
            SessionState::SignedIn(me) => Some(me.clone()),
            SessionState::Unknown | SessionState::Failed(_) | SessionState::SignedOut => None,
        })
    }

    /// Somebody is signed in, tracked.
    pub(crate) fn is_signed_in(self) -> bool {
        self.0.with(|state| matches!(state, SessionState::SignedIn(_)))
    }

    /// The user may administer, tracked.
    pub(crate) fn is_admin(self) -> bool {
        self.0.with(|state| matches!(state, SessionState::SignedIn(me) if me.is_admin))
    }

    /// After a sign-in, or after one's own account changed.
    pub(crate) fn set_signed_in(self, me: Me) {
        client::session_began();
        self.0.set(SessionState::SignedIn(me));
    }

    /// After a sign-out, or when the server says that the session is over.
    pub(crate) fn set_signed_out(self) {
        if self.0.with_untracked(|state| *state != SessionState::SignedOut) {
            self.0.set(SessionState::SignedOut);
        }
    }
}
