//! The caller's own account: who, key, tokens, preferences.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::sessions::Session;
use crate::ids::{HostId, UserId};
use crate::names::UserName;

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The user's id.
    pub id: UserId,
    /// The login name.
    pub user_name: UserName,
    /// The name shown to others.
    pub display_name: String,
    /// Where mail goes; may be empty.
    pub email: String,
    /// May add, change and disable users and hosts, and read all activity.
    pub is_admin: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
}

/// Changes to one's own account; what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MeUpdate {
    /// The name shown to others.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// A new password, with the present one.
    pub password: Option<PasswordChange>,
}

/// A new password. All other sessions of the user end.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    pub current: String,
    /// The one to come.
    pub new: String,
}

/// The public half of the user's key, and how to install it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SshKey {
    /// The line for `~/.ssh/authorized_keys` on a host. Removing it there revokes PBSWeb at once.
    pub authorized_keys_line: String,
    /// A command to paste on the host that installs the line; works in sh, bash, tcsh and zsh.
    pub install_command: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// When the pair was made.
    pub created_at: DateTime<Utc>,
}

/// What a user likes; empty means no wish. They fill new forms.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// `auto`, `light` or `dark`; empty is `auto`.
    pub theme: String,
    /// The host that forms start with.
    pub host: Option<HostId>,
    /// `-M` of new scripts.
    pub mail_users: String,
    /// `-m` of new scripts.
    pub mail_events: String,
    /// `-A` of new scripts.
    pub account: String,
    /// The interpreter of new scripts.
    pub shell: String,
    /// The build command that forms start with; empty is `make`.
    pub build_command: String,
}

/// A token for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenCreate {
    /// What it is for, such as `ci`.
    pub name: String,
    /// Days until it ends by itself, 1 to 365.
    pub expires_in_days: u32,
}

/// The token, shown this once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenCreated {
    /// For the header `Authorization: Bearer …`. It is not kept and cannot be shown again.
    pub token: String,
    /// The token's session; revoke it by its id.
    pub session: Session,
}
