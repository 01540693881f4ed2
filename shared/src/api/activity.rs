//! The append-only record of what users did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, UserId};

/// One thing that a user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; absent for a sign-in with an unknown name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// In which session; absent for a sign-in that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// What, as `thing.verb`: `session.sign_in`, `job.submit`, `host.update`, …
    pub action: String,
    /// The thing's id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// In words: the thing's name and what changed. Never a secret.
    pub detail: String,
}

/// Which entries of everybody's record to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct ActivityQuery {
    /// Of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
    /// Most items on a page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
