//! The submissions that this server is at, in this moment. Their rows name this server, so that no other looks for them while it
//! lives; what the rows say and this does not know was dropped on the way, and is taken up again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use pbsweb_shared::ids::JobId;

/// The submissions that this server is at.
#[derive(Debug, Clone, Default)]
pub struct Attending(Arc<Mutex<HashSet<JobId>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Attended {
    attending: Attending,
    job: JobId,
}

impl Attending {
    /// Begins with one, before its row says so; nothing when this server is at it already.
    pub(super) fn begin(&self, job: JobId) -> Option<Attended> {
        self.with(|jobs| jobs.insert(job)).then(|| Attended { attending: self.clone(), job })
    }

    pub(super) fn list(&self) -> Vec<JobId> {
        self.with(|jobs| jobs.iter().copied().collect())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashSet<JobId>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.attending.with(|jobs| jobs.remove(&self.job));
    }
}
