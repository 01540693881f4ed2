//! Applications: uploaded source trees.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::builds::Build;
use crate::api::groups::{Access, SharedWith};
use crate::ids::{ApplicationId, GroupId, HostId};
use crate::names::{ApplicationName, UserName};

/// An uploaded source tree. It is uploaded as `multipart/form-data` with the fields `name`, `host` and then `archive`
/// (tar, tar.gz or tar.zst), in this order: what names the place must come before what goes there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Its name, also its folder below `~/pbsweb`.
    pub name: ApplicationName,
    /// When it was first uploaded.
    pub created_at: DateTime<Utc>,
    /// Where it is, by the host's name.
    pub hosts: Vec<ApplicationHost>,
    /// Whose it is; absent: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserName>,
    /// What the caller may do with it.
    pub access: Access,
    /// The caller's groups that it is shared with, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<SharedWith>,
    /// Its owner's last build on any host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_build: Option<Build>,
}

/// Which applications to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default)]
pub struct ApplicationsQuery {
    /// Those that others share with the caller, instead of the caller's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// Those that are shared with this group, the caller's too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
}

/// An application as it stands on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationHost {
    /// The host.
    pub host: HostId,
    /// The folder there, absolute.
    pub folder: String,
    /// SHA-256 of the content, in hexadecimal: the same source has the same digest everywhere.
    pub digest: String,
    /// Files, folders and links in it.
    pub n_entries: i64,
    /// Bytes of its files.
    pub n_bytes: i64,
    /// When this content arrived.
    pub uploaded_at: DateTime<Utc>,
}

/// A block of commands that was used with an application before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecentCommands {
    /// The commands, as they stood in a script.
    pub commands: String,
    /// When they were last submitted; of pinned ones that no recent job used: when they were pinned.
    pub last_used_at: DateTime<Utc>,
    /// In how many of the application's recent submissions.
    pub n_uses: i64,
    /// They stay on top.
    #[serde(default)]
    pub is_pinned: bool,
}

/// Commands to be pinned to the top of an application's list, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandsPin {
    /// The commands, as they stand in a script.
    pub commands: String,
}

/// For which host a new script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct DefaultsQuery {
    /// The host it will go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
}
