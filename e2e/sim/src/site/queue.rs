//! Queues: what they let in, what they give to those who asked for nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal;
use super::resources::compare;
use crate::protocol::Refusal;

/// One queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Takes submissions.
    pub enabled: bool,
    /// Its jobs may start.
    pub started: bool,
    /// For a routing queue, where its jobs go.
    pub routes: Vec<String>,
    /// Upper limits by resource.
    pub max: BTreeMap<String, String>,
    /// Lower limits by resource.
    pub min: BTreeMap<String, String>,
    /// Defaults by resource.
    pub default: BTreeMap<String, String>,
    /// At most so many jobs of one user in it.
    pub max_queued: Option<u32>,
    /// The users who may use it; empty for everybody.
    pub acl_users: Vec<String>,
}

impl Queue {
    /// A queue without limits that takes and starts jobs.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            enabled: true,
            started: true,
            routes: Vec::new(),
            max: BTreeMap::new(),
            min: BTreeMap::new(),
            default: BTreeMap::new(),
            max_queued: None,
            acl_users: Vec::new(),
        }
    }

    /// Sets an upper limit.
    #[must_use]
    pub fn with_max(mut self, resource: &str, value: &str) -> Self {
        self.max.insert(resource.to_owned(), value.to_owned());
        self
    }

    /// Sets a lower limit.
    #[must_use]
    pub fn with_min(mut self, resource: &str, value: &str) -> Self {
        self.min.insert(resource.to_owned(), value.to_owned());
        self
    }

    /// Sets a default.
    #[must_use]
    pub fn with_default(mut self, resource: &str, value: &str) -> Self {
        self.default.insert(resource.to_owned(), value.to_owned());
        self
    }

    /// Neither takes nor starts jobs.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.enabled = false;
        self.started = false;
        self
    }

    /// Only hands its jobs on to the first of these queues that takes them.
    #[must_use]
    pub fn routing_to(mut self, destinations: &[&str]) -> Self {
        self.routes = destinations.iter().map(|d| (*d).to_owned()).collect();
        self
    }

    /// Only for these users.
    #[must_use]
    pub fn for_users(mut self, users: &[&str]) -> Self {
        self.acl_users = users.iter().map(|u| (*u).to_owned()).collect();
        self
    }

    /// The queues of the recordings, which do for a demonstration as well.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![
            Self::new("workq"),
            Self::new("sequential")
                .with_max("ncpus", "1")
                .with_max("walltime", "02:00:00")
                .with_default("ncpus", "1")
                .with_default("walltime", "00:30:00"),
            Self::new("parallel")
                .with_max("ncpus", "16")
                .with_min("ncpus", "2")
                .with_max("walltime", "24:00:00")
                .with_default("ncpus", "2")
                .with_default("walltime", "01:00:00"),
            Self::new("closed").closed(),
            Self::new("routeq").routing_to(&["sequential", "parallel"]),
        ]
    }

    /// Gives the queue's defaults to a request that is silent about them.
    pub fn apply_defaults(&self, asked: &mut BTreeMap<String, String>) {
        let shaped = asked.contains_key("select") || asked.contains_key("nodes");
        for (name, value) in &self.default {
            // A job that says its shape has said its processors.
            if !(shaped && name == "ncpus") {
                asked.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }

    /// Whether a complete `Resource_List` is within the limits.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn check_limits(&self, list: &BTreeMap<String, String>) -> Result<(), Refusal> {
        let beyond = |limits: &BTreeMap<String, String>, wrong: std::cmp::Ordering| {
            limits.iter().any(|(name, limit)| {
                list.get(name).and_then(|value| compare(name, value, limit)) == Some(wrong)
            })
        };
        if beyond(&self.max, std::cmp::Ordering::Greater) || beyond(&self.min, std::cmp::Ordering::Less) {
            return Err(refusal::over_limits());
        }
        Ok(())
    }

    /// Whether this user may use it.
    #[must_use]
    pub fn admits(&self, user: &str) -> bool {
        self.acl_users.is_empty() || self.acl_users.iter().any(|u| u == user)
    }
}
