//! What one host takes: the rules of its queues, and a draft held against them. Each finding quotes the rule.

mod check;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::values::{MemorySize, Walltime};

pub(crate) use check::check;

/// The rules of a host, as its last snapshot told them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct HostRules {
    /// Its queues; if empty, nothing is known and no queue is called unknown.
    pub queues: Vec<QueueRules>,
    /// The most subjobs an array may have (`max_array_size` of the server).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_array_size: Option<u64>,
    /// The caller's login name on the host, against which access lists are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The kinds of nodes it has; if empty, nothing is known of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeRules>,
}

/// Nodes that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NodeRules {
    /// How many there are.
    pub count: u64,
    /// `resources_available.ncpus` of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ncpus: Option<u64>,
    /// `resources_available.mem` of each.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "16gb"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<MemorySize>,
    /// `resources_available.ngpus` of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngpus: Option<u64>,
}

/// The rules of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct QueueRules {
    /// Its name.
    pub name: String,
    /// Whether it takes jobs.
    pub enabled: bool,
    /// Whether its jobs are run.
    pub started: bool,
    /// Whether a job without a queue goes here.
    pub is_default: bool,
    /// Whether it only hands jobs on to other queues, which have rules of their own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_route: bool,
    /// Who may use it (`acl_users`), if not everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl_users: Option<Vec<String>>,
    /// Whose groups may use it (`acl_groups`), if not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl_groups: Option<Vec<String>>,
    /// `resources_max`: a job may not ask for more.
    pub max: ResourceLimits,
    /// `resources_min`: a job may not ask for less.
    pub min: ResourceLimits,
    /// `resources_default`: what a job gets that does not say.
    pub default: ResourceLimits,
    /// The most subjobs an array may have (`max_array_size` of the queue).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_array_size: Option<u64>,
}

/// Bounds or defaults for the resources of a whole job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ResourceLimits {
    /// Time of running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walltime: Option<Walltime>,
    /// Processors, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ncpus: Option<u64>,
    /// Memory, of all chunks together.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "16gb"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<MemorySize>,
    /// Chunks (PBS counts them as nodes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodect: Option<u64>,
    /// MPI processes, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpiprocs: Option<u64>,
    /// GPUs, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngpus: Option<u64>,
}

impl ResourceLimits {
    /// Notes what `resources_max.NAME = VALUE` (or min, default) said. `false` if the name is none of ours or the value does not
    /// read: then there is no such bound here, and the host itself has the last word.
    ///
    /// ```
    /// use pbsweb_shared::script::ResourceLimits;
    /// let mut max = ResourceLimits::default();
    /// assert!(max.set("walltime", "24:00:00") && max.set("ncpus", "4"));
    /// assert!(!max.set("licences", "2"));
    /// assert_eq!(max.walltime.unwrap().seconds(), 86_400);
    /// ```
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let count = |slot: &mut Option<u64>| {
            *slot = value.parse().ok();
            slot.is_some()
        };
        match name {
            "walltime" => {
                self.walltime = value.parse().ok();
                self.walltime.is_some()
            }
            "mem" => {
                self.mem = value.parse().ok();
                self.mem.is_some()
            }
            "ncpus" => count(&mut self.ncpus),
            "nodect" => count(&mut self.nodect),
            "mpiprocs" => count(&mut self.mpiprocs),
            "ngpus" => count(&mut self.ngpus),
            _ => false,
        }
    }
}
