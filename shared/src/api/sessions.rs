//! Signing in and out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::me::Me;
use crate::ids::SessionId;
use crate::words::words;

/// What one gives to sign in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The login name, as typed.
    pub user_name: String,
    /// The password.
    pub password: String,
}

/// The answer to a sign-in. A browser gets the token as an HttpOnly cookie too and need not look at it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// For the header `Authorization: Bearer …` of programs.
    pub token: String,
    /// The session that was made.
    pub session: Session,
    /// Who signed in.
    pub user: Me,
}

words! {
    /// What a session is for.
    SessionKind, "session kind" {
        /// A sign-in with name and password.
        SignIn = "sign_in",
        /// An API token, made by its owner for a program.
        Token = "token",
        /// A command on the server itself, such as `pbsweb user add`.
        Command = "command",
    }
}

/// One sign-in of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its id; recorded actions name it.
    pub id: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// The name its owner gave it, for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// The program that signed in, in its own words.
    pub user_agent: String,
    /// The network address it came from.
    pub address: String,
    /// This request belongs to it.
    pub is_current: bool,
}
