//! Identifiers: opaque to clients, typed here so that one kind cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a text was that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind} id")]
pub struct ParseIdError {
    kind: &'static str,
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Names what a fresh or stored UUID stands for.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID as the database keeps it.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError { kind: $kind })
            }
        }
    )*};
}

uuid_id! {
    /// Somebody with a PBSWeb login.
    UserId = "user";
    /// One sign-in of a user; every recorded action names it.
    SessionId = "session";
    /// A login node of a cluster with a scheduler.
    HostId = "host";
    /// An uploaded source tree.
    ApplicationId = "application";
    /// One run of an application's build command on one host.
    BuildId = "build";
    /// A job script with a name.
    ScriptId = "script";
    /// One frozen state of a script.
    RevisionId = "revision";
    /// One submission of a script revision to a host.
    JobId = "job";
    /// One action on one or many jobs.
    ActionId = "action";
    /// Jobs that depend on each other and were submitted all or not at all.
    JobSetId = "job set";
    /// A search that was given a name.
    SearchId = "search";
    /// People who share scripts and applications.
    GroupId = "group";
}

impl JobId {
    /// When the id was made, by the clock of the server that made it: fresh ones carry their time (UUID version 7).
    #[must_use]
    pub fn made_at(self) -> Option<DateTime<Utc>> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_prints() {
        let id = JobId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn another_text_is_refused_by_kind() {
        assert_eq!("7".parse::<HostId>().unwrap_err().to_string(), "not a host id");
    }

    #[test]
    fn a_fresh_job_id_tells_when_it_was_made() {
        let made = JobId::from_uuid(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(
            made.made_at().map(|at| at.to_rfc3339()).as_deref(),
            Some("2024-04-21T09:32:31.104+00:00")
        );
        assert_eq!(JobId::from_uuid(Uuid::from_u128(7)).made_at(), None);
    }
}
