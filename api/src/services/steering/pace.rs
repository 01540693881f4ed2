//! How fast hosts are asked to steer jobs, and who waits for what comes of it.
//!
//! Most of the scheduler's commands connect to their server anew for each job, and each connection takes one of the host's
//! reserved ports for a minute; when they are used up, everybody's commands hang.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pbsweb_shared::ids::HostId;
use tokio::sync::Notify;

/// The pace of each host.
pub struct Pace {
    interval: Duration,
    next: Mutex<HashMap<HostId, Instant>>,
    /// Told when an action made progress.
    pub progress: Notify,
}

impl Pace {
    /// At most so many connections to each host's scheduler a minute.
    #[must_use]
    pub fn new(connections_per_minute: u32) -> Self {
        let interval = Duration::from_secs(60) / connections_per_minute.max(1);
        Self { interval, next: Mutex::new(HashMap::new()), progress: Notify::new() }
    }

    /// Takes the next place for so many connections; gives how long to wait for it.
    pub(super) fn reserve(&self, host: HostId, n_connections: u32, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = next.get(&host).map_or(now, |next| (*next).max(now));
        next.insert(host, start + self.interval * n_connections);
        start.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_next_when_its_connections_are_due() {
        let pace = Pace::new(60);
        let (one, other) =
            (HostId::from_uuid(uuid::Uuid::from_u128(1)), HostId::from_uuid(uuid::Uuid::nil()));
        let now = Instant::now();
        let seconds = |host, n| pace.reserve(host, n, now).as_secs();
        assert_eq!((seconds(one, 25), seconds(one, 1), seconds(one, 1)), (0, 25, 26));
        assert_eq!(seconds(other, 1), 0);
        assert_eq!(pace.reserve(one, 1, now + Duration::from_secs(100)).as_secs(), 0);
    }
}
