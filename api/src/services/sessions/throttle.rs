//! Slows down guessing: who fails often, as a user name or from an address, waits longer each time.
//!
//! Counted in the database, so that another server, or a restart, gives no new tries. Each try costs a look at a password, which
//! bounds how fast the table can grow; what is older than the window is forgotten.

use std::time::Duration;

use pbsweb_shared::names::UserName;

use crate::store::failed_sign_ins::{Failures, count_failure, forget_failures, list_failures};
use crate::store::{Store, StoreError};

/// The wait after the first failure too many; it doubles with each further one, up to the window.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// What a try is counted against.
#[derive(Debug, Clone)]
pub struct Tried(Vec<String>);

impl Tried {
    /// A try with a name, from an address; what could be no name is counted for the address alone.
    #[must_use]
    pub fn new(name: Option<&UserName>, address: Option<&str>) -> Self {
        let name = name.map(|name| format!("name {name}"));
        let address =
            address.filter(|address| !address.is_empty()).map(|address| format!("address {address}"));
        Self(name.into_iter().chain(address).collect())
    }
}

/// The site's limits.
pub struct Throttle {
    most_failures: u32,
    window: Duration,
}

impl Throttle {
    /// After so many failures, each at most `window` after the one before, further tries must wait.
    #[must_use]
    pub fn new(most_failures: u32, window: Duration) -> Self {
        Self { most_failures: most_failures.max(1), window }
    }

    /// How many seconds a try has to wait; nothing when it may be made now.
    ///
    /// # Errors
    /// The database's.
    pub async fn seconds_to_wait(&self, store: &Store, tried: &Tried) -> Result<Option<u64>, StoreError> {
        let tried = tried.0.clone();
        let failures = store.query(move |connection| list_failures(connection, &tried)).await?;
        let wait = failures.iter().map(|failures| self.wait_after(failures)).max().unwrap_or_default();
        // Whoever waits for whole seconds should not come a moment too early.
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        Ok((seconds > 0).then_some(seconds))
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// The database's.
    pub async fn failed(&self, store: &Store, tried: &Tried) -> Result<(), StoreError> {
        let (tried, window) = (tried.0.clone(), self.window);
        store.query(move |connection| count_failure(connection, &tried, window)).await
    }

    /// Forgets the failures: it was the right one after all.
    ///
    /// # Errors
    /// The database's.
    pub async fn succeeded(&self, store: &Store, tried: &Tried) -> Result<(), StoreError> {
        let tried = tried.0.clone();
        store.query(move |connection| forget_failures(connection, &tried)).await.map(drop)
    }

    fn wait_after(&self, failures: &Failures) -> Duration {
        let age = Duration::try_from_secs_f64(failures.age_seconds).unwrap_or_default();
        let n_failures = u32::try_from(failures.n_failures).unwrap_or_default();
        let Some(n_too_many) = n_failures.checked_sub(self.most_failures) else { return Duration::ZERO };
        if age > self.window {
            return Duration::ZERO;
        }
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(n_too_many)).min(self.window);
        wait.saturating_sub(age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_after_the_allowed_failures_and_grow_to_the_window() {
        let throttle = Throttle::new(5, Duration::from_secs(600));
        let wait =
            |n_failures, age_seconds| throttle.wait_after(&Failures { n_failures, age_seconds }).as_secs();
        let waits: Vec<u64> = (1..13).map(|n_failures| wait(n_failures, 0.0)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 600, 600]);
        assert_eq!((wait(6, 10.0), wait(6, 30.0), wait(i32::MAX, 599.0)), (20, 0, 1));
        assert_eq!(wait(i32::MAX, 601.0), 0, "time forgives");
        assert_eq!(wait(5, -1.0), 15, "a clock that was put back takes nothing away");
    }
}
