//! Waiting for what must become so.

use std::time::Duration;

/// Longest wait for anything; only a failure takes that long.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Looks until there is something to see, and gives it.
///
/// # Panics
/// When it does not come in time.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// Looks for longer: for what is much work.
///
/// # Panics
/// When it does not come in time.
pub async fn eventually_within<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    match tokio::time::timeout(patience, looking).await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {patience:?}"),
    }
}

/// Waits until something is so.
///
/// # Panics
/// When it does not become so in time.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, || std::future::ready(is_so().then_some(()))).await;
}
