//! Slows down guessing: who fails often, as a user name or from an address, waits longer each time.
//!
//! In memory and for this process: a restart forgives, and replicas count apart. The map is bounded, so that somebody
//! who tries many names cannot fill the memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pbsweb_shared::names::UserName;

/// The wait after the first failure too many; it doubles with each further one, up to the window.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// Names and addresses that are remembered.
const MOST: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(String),
}

/// What a try is counted against.
#[derive(Debug, Clone)]
pub struct Tried(Vec<Key>);

impl Tried {
    /// A try with a name, from an address; what could be no name is counted for the address alone.
    #[must_use]
    pub fn new(name: Option<&UserName>, address: Option<&str>) -> Self {
        let name = name.map(|name| Key::Name(name.to_string()));
        let address =
            address.filter(|address| !address.is_empty()).map(|address| Key::Address(address.to_owned()));
        Self(name.into_iter().chain(address).collect())
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    n: u32,
    last: Instant,
}

/// The failures of late.
pub struct Throttle {
    most_failures: u32,
    window: Duration,
    failures: Mutex<HashMap<Key, Failures>>,
}

impl Throttle {
    /// After so many failures, each at most `window` after the one before, further tries must wait.
    #[must_use]
    pub fn new(most_failures: u32, window: Duration) -> Self {
        Self { most_failures: most_failures.max(1), window, failures: Mutex::default() }
    }

    /// How many seconds a try has to wait; nothing when it may be made now.
    #[must_use]
    pub fn seconds_to_wait(&self, tried: &Tried) -> Option<u64> {
        // Whoever waits for whole seconds should not come a moment too early.
        self.wait_at(tried, Instant::now())
            .map(|wait| wait.as_millis().div_ceil(1000))
            .and_then(|s| s.try_into().ok())
    }

    /// Counts a failure.
    pub fn failed(&self, tried: &Tried) {
        self.failed_at(tried, Instant::now());
    }

    /// Forgets the failures: it was the right one after all.
    pub fn succeeded(&self, tried: &Tried) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &tried.0 {
            failures.remove(key);
        }
    }

    fn wait_at(&self, tried: &Tried, now: Instant) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        tried
            .0
            .iter()
            .filter_map(|key| failures.get(key))
            .filter_map(|failures| self.end_of_wait(*failures).checked_duration_since(now))
            .filter(|wait| !wait.is_zero())
            .max()
    }

    fn end_of_wait(&self, failures: Failures) -> Instant {
        let Some(n_too_many) = failures.n.checked_sub(self.most_failures) else { return failures.last };
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(n_too_many)).min(self.window);
        failures.last + wait
    }

    fn failed_at(&self, tried: &Tried, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_late = |failures: &Failures| now.saturating_duration_since(failures.last) <= self.window;
        for key in &tried.0 {
            if failures.len() >= MOST && !failures.contains_key(key) {
                failures.retain(|_, failures| is_of_late(failures));
            }
            if failures.len() >= MOST && !failures.contains_key(key) {
                // Those who wait stay; the others begin anew.
                failures.retain(|_, failures| failures.n >= self.most_failures);
            }
            if failures.len() >= MOST && !failures.contains_key(key) {
                continue;
            }
            let counted = failures.entry(key.clone()).or_insert(Failures { n: 0, last: now });
            if !is_of_late(counted) {
                counted.n = 0;
            }
            *counted = Failures { n: counted.n.saturating_add(1), last: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn tried(name: &str, address: &str) -> Tried {
        Tried::new(name.parse().ok().as_ref(), Some(address))
    }

    #[test]
    fn waits_begin_after_the_allowed_failures_and_grow_to_the_window() {
        let throttle = Throttle::new(5, WINDOW);
        let ada = tried("ada", "10.0.0.1");
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..12 {
            throttle.failed_at(&ada, now);
            let wait = throttle.wait_at(&ada, now).unwrap_or_default();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(throttle.wait_at(&ada, now), None, "the wait has an end");
        }
        assert_eq!(waits, [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn a_name_is_guarded_from_everywhere_and_an_address_for_every_name() {
        let throttle = Throttle::new(2, WINDOW);
        let now = Instant::now();
        throttle.failed_at(&tried("ada", "10.0.0.1"), now);
        throttle.failed_at(&tried("ada", "10.0.0.2"), now);
        assert!(throttle.wait_at(&tried("ada", "10.0.0.3"), now).is_some());
        assert!(throttle.wait_at(&tried("bob", "10.0.0.1"), now).is_none());
        throttle.failed_at(&tried("NO NAME", "10.0.0.1"), now);
        assert!(throttle.wait_at(&tried("bob", "10.0.0.1"), now).is_some());
    }

    #[test]
    fn success_and_time_forgive() {
        let throttle = Throttle::new(2, WINDOW);
        let ada = tried("ada", "10.0.0.1");
        let now = Instant::now();
        throttle.failed_at(&ada, now);
        throttle.succeeded(&ada);
        throttle.failed_at(&ada, now);
        assert!(throttle.wait_at(&ada, now).is_none());
        let later = now + WINDOW + Duration::from_secs(1);
        throttle.failed_at(&ada, later);
        assert!(throttle.wait_at(&ada, later).is_none(), "the old failure no longer counts");
    }

    #[test]
    fn the_table_is_bounded_and_keeps_those_who_wait() {
        let throttle = Throttle::new(2, WINDOW);
        let now = Instant::now();
        let guessed = tried("ada", "10.9.9.9");
        throttle.failed_at(&guessed, now);
        throttle.failed_at(&guessed, now);
        for i in 0..(MOST * 2) {
            throttle.failed_at(&tried(&format!("u{i}"), ""), now);
        }
        assert!(throttle.failures.lock().unwrap().len() <= MOST);
        assert!(throttle.wait_at(&guessed, now).is_some());
    }
}
