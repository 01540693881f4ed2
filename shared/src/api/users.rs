//! Users, for administrators.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::names::UserName;

/// A user, as administrators see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The login name.
    pub user_name: UserName,
    /// The name shown to others.
    pub display_name: String,
    /// Where mail goes; may be empty.
    pub email: String,
    /// Is an administrator.
    pub is_admin: bool,
    /// May sign in. Disabling ends all sessions at once.
    pub is_enabled: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// The last sign-in or use of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<DateTime<Utc>>,
    /// How many jobs the user has submitted.
    pub n_jobs: i64,
}

/// A user to add.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// The login name.
    pub user_name: String,
    /// The name shown to others; the login name when empty.
    #[serde(default)]
    pub display_name: String,
    /// Where mail goes; may be empty.
    #[serde(default)]
    pub email: String,
    /// The first password.
    pub password: String,
    /// Becomes an administrator.
    #[serde(default)]
    pub is_admin: bool,
}

/// Changes to a user; what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct UserUpdate {
    /// The name shown to others.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// Administrator or not.
    pub is_admin: Option<bool>,
    /// May sign in or not.
    pub is_enabled: Option<bool>,
    /// A new password; all sessions of the user end.
    pub password: Option<String>,
}
