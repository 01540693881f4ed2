//! Creating an account, and what is known before anybody signed in.

use serde::{Deserialize, Serialize};

use crate::api::me::{Me, SshKey};
use crate::words::words;

words! {
    /// Who may create an account.
    AccountPolicy, "account policy" {
        /// Everybody who reaches the page.
        Open = "open",
        /// Only administrators create accounts.
        Closed = "closed",
    }
}

/// What the page needs before sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerInfo {
    /// PBSWeb's version.
    pub version: String,
    /// The site's name, shown beside "PBSWeb".
    pub site_name: String,
    /// Who may create an account.
    pub account_policy: AccountPolicy,
    /// Fewest characters of a password.
    pub min_password_length: u32,
    /// Largest archive that is taken, in bytes.
    pub max_upload_bytes: u64,
}

/// A new account.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountCreate {
    /// The login name wanted.
    pub user_name: String,
    /// The name shown to others; the login name when empty.
    #[serde(default)]
    pub display_name: String,
    /// Where mail goes; may be empty.
    #[serde(default)]
    pub email: String,
    /// The password.
    pub password: String,
}

/// The account that was created. It is not signed in by this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountCreated {
    /// Who was created.
    pub user: Me,
    /// The key to install on each host.
    pub ssh_key: SshKey,
}
