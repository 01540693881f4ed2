//! Groups: people who share scripts and applications, and what each may do with them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, GroupId, ScriptId};
use crate::names::UserName;
use crate::words::words;

words! {
    /// What a member of a group may do with what others share with it. Each may do what those before it may.
    Role, "role" {
        /// See it, with its revisions and what they say differently, and take a copy.
        Read = "read",
        /// Use it as it is, on one's own host accounts.
        Submit = "submit",
        /// Change it, label and restore its revisions.
        Edit = "edit",
    }
}

words! {
    /// What somebody may do with a script or an application: the most that one of their groups allows, or everything.
    Access, "access" {
        /// See and copy.
        Read = "read",
        /// Use as it is, too.
        Submit = "submit",
        /// Change, too.
        Edit = "edit",
        /// It is one's own: share it, too.
        Own = "own",
    }
}

impl From<Role> for Access {
    fn from(role: Role) -> Self {
        match role {
            Role::Read => Self::Read,
            Role::Submit => Self::Submit,
            Role::Edit => Self::Edit,
        }
    }
}

impl Access {
    /// Why it is not enough for what needs so much; nothing if it is.
    #[must_use]
    pub fn refusal(self, needed: Self) -> Option<String> {
        (self < needed).then(|| match needed {
            Self::Own => "only its owner can do that".to_owned(),
            Self::Read | Self::Submit | Self::Edit => {
                format!("your role in the group is {self}; this needs {needed}: take a copy, or ask the group's managers")
            }
        })
    }
}

/// A group that one is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// The caller's role.
    pub role: Role,
    /// The caller may rename and delete the group and say who is in it.
    pub is_manager: bool,
    /// Everybody in it, by login name.
    pub members: Vec<GroupMember>,
    /// How many scripts are shared with it.
    pub n_scripts: i64,
    /// How many applications are shared with it.
    pub n_applications: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMember {
    /// The login name.
    pub user_name: UserName,
    /// The name shown to others.
    pub display_name: String,
    /// What the member may do with what others share.
    pub role: Role,
    /// May rename and delete the group and say who is in it.
    pub is_manager: bool,
}

/// The name of a group that is to be made or renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupPut {
    /// 1 to 100 bytes, unlike the names of the caller's other groups.
    pub name: String,
}

/// What somebody is to be in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MemberPut {
    /// What the member may do with what others share.
    pub role: Role,
    /// May rename and delete the group and say who is in it.
    #[serde(default)]
    pub is_manager: bool,
}

/// Something of one's own that can be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shareable {
    /// A script, with its revisions.
    Script(ScriptId),
    /// An application, with its commands and how its builds went.
    Application(ApplicationId),
}

impl Shareable {
    /// What it is.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Script(_) => "script",
            Self::Application(_) => "application",
        }
    }
}

impl std::fmt::Display for Shareable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Script(id) => id.fmt(f),
            Self::Application(id) => id.fmt(f),
        }
    }
}

impl From<ScriptId> for Shareable {
    fn from(id: ScriptId) -> Self {
        Self::Script(id)
    }
}

impl From<ApplicationId> for Shareable {
    fn from(id: ApplicationId) -> Self {
        Self::Application(id)
    }
}

/// A group that something is shared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedWith {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_those_before_it_may() {
        let allowed = |access: Access| {
            let enough = |needed: &Access| access.refusal(*needed).is_none();
            Access::ALL.iter().copied().filter(enough).map(Access::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(allowed(Role::Read.into()), "read");
        assert_eq!(allowed(Role::Submit.into()), "read submit");
        assert_eq!(allowed(Role::Edit.into()), "read submit edit");
        assert_eq!(allowed(Access::Own), "read submit edit own");
    }
}
