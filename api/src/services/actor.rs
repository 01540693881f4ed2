//! Who asks.

use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::names::UserName;

use crate::store::activity::Deed;

/// A user in a session: first argument of every function that touches somebody's things.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// The user's login name.
    pub user_name: UserName,
    /// The session that every recorded action names.
    pub session: SessionId,
    /// May change users and hosts and read all activity.
    pub is_admin: bool,
}

impl Actor {
    /// What the actor did, for the record.
    #[must_use]
    pub fn deed<'a>(&self, action: &'a str, subject: impl ToString, detail: impl Into<String>) -> Deed<'a> {
        Deed {
            user: Some(self.user),
            session: Some(self.session),
            action,
            subject: Some(subject.to_string()),
            detail: detail.into(),
        }
    }
}
