//! The nodes of a host as everybody sees them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::host::HostHealth;
use crate::ids::HostId;
use crate::names::PbsJobId;
use crate::words::words;

words! {
    /// What a node is good for at the moment.
    NodeState, "node state" {
        /// It takes jobs and has none.
        Free = "free",
        /// It has jobs and room for more.
        Partly = "partly",
        /// It has no room.
        Busy = "busy",
        /// An administrator keeps jobs away; those on it go on.
        Offline = "offline",
        /// The scheduler does not reach it.
        Down = "down",
        /// The scheduler's words for it are not known here.
        Other = "other",
    }
}

/// A node, as the scheduler lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub state: NodeState,
    /// The scheduler's own words for that, such as `state-unknown,down`.
    pub state_words: String,
    /// What an administrator or the scheduler noted about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The queue that it is kept for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Processors.
    pub cores: Amount,
    /// Memory, in bytes.
    pub memory_bytes: Amount,
    /// GPUs.
    pub gpus: Amount,
    /// The jobs on it, each once.
    pub jobs: Vec<PbsJobId>,
}

/// How much there is of something, and how much of that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Amount {
    /// All there is.
    pub total: u64,
    /// What jobs were given of it.
    pub used: u64,
}

impl Amount {
    /// Both added; a cluster's sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { total: self.total.saturating_add(other.total), used: self.used.saturating_add(other.used) }
    }
}

/// All nodes of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostNodes {
    /// The host.
    pub host: HostId,
    /// How the host is now; the nodes may be of an earlier moment.
    pub health: HostHealth,
    /// When the scheduler said so; absent before it was asked the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Why the last question was not answered, in the scheduler's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The nodes, in the scheduler's order.
    pub nodes: Vec<Node>,
}
