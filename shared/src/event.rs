//! What the server tells open pages: each event is the new state of one thing, whole, so that an event can be
//! applied without knowing what came before.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::builds::Build;
use crate::api::jobs::Job;
use crate::host::HostHealth;
use crate::ids::HostId;

/// An event of the stream `/api/v1/events`. Its number is the `id` of the server-sent event; give the last one seen
/// as `Last-Event-ID` to resume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// One of the caller's jobs changed.
    Job(Box<Job>),
    /// One of the caller's builds changed.
    Build(Box<Build>),
    /// A host's health changed.
    Host {
        /// The host.
        host: HostId,
        /// How it is now.
        health: HostHealth,
    },
    /// A new snapshot of a host is there: whoever shows its queue may read it again.
    Snapshot {
        /// The host.
        host: HostId,
        /// When the scheduler was asked.
        taken_at: DateTime<Utc>,
    },
    /// More was missed than is kept: read again what you show.
    Reset,
}

impl Event {
    /// The `event:` field of the server-sent event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Job(_) => "job",
            Self::Build(_) => "build",
            Self::Host { .. } => "host",
            Self::Snapshot { .. } => "snapshot",
            Self::Reset => "reset",
        }
    }
}
