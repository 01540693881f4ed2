//! Builds: runs of an application's build command on a host.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, BuildId, HostId};
use crate::names::ApplicationName;
use crate::words::words;

words! {
    /// Where a build is.
    BuildState, "build state" {
        /// Stored; the host is being asked to start it.
        Starting = "starting",
        /// It runs on the host.
        Running = "running",
        /// It ended with exit status 0.
        Succeeded = "succeeded",
        /// It ended with another exit status, or could not be started.
        Failed = "failed",
        /// Its owner cancelled it.
        Cancelled = "cancelled",
        /// The host cannot be asked at the moment; it may still run there.
        Unknown = "unknown",
    }
}

impl BuildState {
    /// Nothing more will come.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
            Self::Starting | Self::Running | Self::Unknown => false,
        }
    }
}

/// A build to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BuildCreate {
    /// Where.
    pub host: HostId,
    /// The command, a line for `sh`; `make` when absent or empty.
    #[serde(default)]
    pub command: Option<String>,
    /// Words after the command, such as `clean all`.
    #[serde(default)]
    pub target: Option<String>,
}

/// A build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Build {
    /// Its id.
    pub id: BuildId,
    /// What is built.
    pub application: ApplicationId,
    /// The application's name.
    pub application_name: ApplicationName,
    /// Where.
    pub host: HostId,
    /// The whole command line.
    pub command: String,
    /// SHA-256 of the content that was built.
    pub digest: String,
    /// Where it is.
    pub state: BuildState,
    /// When `state` was last found so.
    pub as_of: DateTime<Utc>,
    /// Its exit status, once it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// In words: why it could not start, or why its state is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Bytes of output kept so far; read them at `/builds/{id}/output`.
    pub n_output_bytes: i64,
}
