//! Watching hosts: one poller for each, a snapshot on a timer or when poked, and what changed since.
//!
//! [`snapshot`] and [`diff`] are pure; [`driver`] asks the host, [`apply`] stores what came of it, [`look_up`] asks how jobs
//! ended that are no longer listed. A poller takes no input but the world, does the same work whatever woke it, and does
//! not retry inside: its next run is the retry. However many people watch, a host is listed once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pbsweb_shared::host::{HostHealth, HostStatus, ListedJob};
use pbsweb_shared::ids::HostId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::StoreError;
use crate::store::hosts::{HostRecord, list_hosts};

mod apply;
pub mod diff;
mod driver;
mod look_up;
pub mod snapshot;

/// What pages are shown of a host's last listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSnapshot {
    /// When the scheduler was asked.
    pub taken_at: DateTime<Utc>,
    /// All jobs, as anybody sees them.
    pub jobs: Vec<ListedJob>,
    /// The queue of jobs that name none.
    pub default_queue: Option<String>,
}

/// How the last try to ask a host went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    status: HostStatus,
    detail: Option<String>,
    checked_at: Option<DateTime<Utc>>,
}

/// One host's poller, as others see it.
struct Handle {
    poke: Notify,
    stop: CancellationToken,
    state: Mutex<State>,
}

struct State {
    finding: Finding,
    snapshot: Option<Arc<ShownSnapshot>>,
    listings: VecDeque<Instant>,
    watched_at: Option<Instant>,
}

impl Handle {
    fn new(stop: CancellationToken) -> Self {
        let finding = Finding { status: HostStatus::Unknown, detail: None, checked_at: None };
        let state = State { finding, snapshot: None, listings: VecDeque::new(), watched_at: None };
        Self { poke: Notify::new(), stop, state: Mutex::new(state) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// How long to wait before another listing may be asked for, at most `most` a minute.
    fn wait_for_turn(&mut self, most: u32, now: Instant) -> Option<Duration> {
        const MINUTE: Duration = Duration::from_secs(60);
        while self.listings.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            self.listings.pop_front();
        }
        let is_full = self.listings.len() >= most.max(1) as usize;
        let first = self.listings.front().filter(|_| is_full)?;
        Some(MINUTE.saturating_sub(now.duration_since(*first)))
    }
}

/// The pollers of all hosts.
pub struct Pollers {
    hosts: Mutex<HashMap<HostId, Arc<Handle>>>,
}

impl Pollers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { hosts: Mutex::new(HashMap::new()) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<HostId, Arc<Handle>>) -> T) -> T {
        act(&mut self.hosts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, host: HostId) -> Option<Arc<Handle>> {
        self.with(|hosts| hosts.get(&host).cloned())
    }

    /// Something happened that the next listing will show: ask soon.
    pub fn poke(&self, host: HostId) {
        if let Some(handle) = self.find(host) {
            handle.poke.notify_one();
        }
    }

    /// Somebody looks at the host: keep the listing fresh for a while.
    pub fn watch(&self, host: HostId) {
        if let Some(handle) = self.find(host) {
            let was_watched = handle.with(|state| state.watched_at.replace(Instant::now()));
            if was_watched.is_none_or(|at| at.elapsed() > driver::WATCHED_FOR) {
                handle.poke.notify_one();
            }
        }
    }

    /// The last listing of a host.
    #[must_use]
    pub fn snapshot(&self, host: HostId) -> Option<Arc<ShownSnapshot>> {
        self.find(host)?.with(|state| state.snapshot.clone())
    }

    /// How a host is.
    #[must_use]
    pub fn health(&self, app: &App, host: &HostRecord) -> HostHealth {
        let most = app.config.poll.max_listings_per_minute;
        let known = self.find(host.id).map(|handle| {
            handle.with(|state| {
                state.wait_for_turn(most, Instant::now());
                (
                    state.finding.clone(),
                    state.snapshot.as_ref().map(|snapshot| snapshot.taken_at),
                    state.listings.len(),
                )
            })
        });
        let unknown = Finding { status: HostStatus::Unknown, detail: None, checked_at: None };
        let (finding, snapshot_at, n_listings) = known.unwrap_or((unknown, None, 0));
        let (status, detail) = match (host.is_enabled, host.host_keys.is_empty()) {
            (false, _) => (HostStatus::Disabled, Some("an administrator switched it off".to_owned())),
            (true, true) => {
                (HostStatus::Unknown, Some("an administrator has to confirm the host's key".to_owned()))
            }
            (true, false) => (finding.status, finding.detail),
        };
        HostHealth {
            status,
            detail,
            checked_at: finding.checked_at,
            snapshot_at,
            max_listings_per_minute: most,
            listings_last_minute: u32::try_from(n_listings).unwrap_or(u32::MAX),
        }
    }

    /// Ends a host's poller.
    pub fn end(&self, host: HostId) {
        if let Some(handle) = self.with(|hosts| hosts.remove(&host)) {
            handle.stop.cancel();
        }
    }

    /// Listings asked of each host in the last minute.
    #[must_use]
    pub fn listings_last_minute(&self) -> Vec<(HostId, usize)> {
        self.with(|hosts| {
            hosts.iter().map(|(id, handle)| (*id, handle.with(|state| state.listings.len()))).collect()
        })
    }
}

impl Default for Pollers {
    fn default() -> Self {
        Self::new()
    }
}

/// How often the hosts' rows are looked at: another server or the command line may have added one.
const LOOK_FOR_HOSTS: Duration = Duration::from_secs(5);

/// Starts a poller for each host, and keeps it so as hosts come and go.
///
/// # Errors
/// The database's, at the start; later failures are logged and tried again.
pub async fn start_all(app: &Arc<App>) -> Result<(), StoreError> {
    match_hosts(app).await?;
    let background = Arc::clone(app);
    app.spawn(async move {
        loop {
            tokio::select! {
                () = background.stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_FOR_HOSTS) => {}
            }
            if let Err(error) = match_hosts(&background).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the hosts could not be read");
            }
        }
    });
    Ok(())
}

async fn match_hosts(app: &Arc<App>) -> Result<(), StoreError> {
    let hosts: Vec<HostId> = app.store.query(list_hosts).await?.into_iter().map(|host| host.id).collect();
    let gone =
        app.pollers.with(|known| known.keys().filter(|id| !hosts.contains(id)).copied().collect::<Vec<_>>());
    for host in hosts {
        start(app, host);
    }
    for host in gone {
        app.pollers.end(host);
    }
    Ok(())
}

/// Starts a host's poller, unless it has one.
pub fn start(app: &Arc<App>, host: HostId) {
    let handle = app.pollers.with(|hosts| match hosts.entry(host) {
        std::collections::hash_map::Entry::Occupied(_) => None,
        std::collections::hash_map::Entry::Vacant(vacant) => {
            Some(Arc::clone(vacant.insert(Arc::new(Handle::new(app.stopping.child_token())))))
        }
    });
    if let Some(handle) = handle {
        app.spawn(driver::run(Arc::clone(app), host, handle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_bounded_by_the_minute() {
        let handle = Handle::new(CancellationToken::new());
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        handle.with(|state| {
            for seconds in [0, 10] {
                assert_eq!(state.wait_for_turn(2, at(seconds)), None);
                state.listings.push_back(at(seconds));
            }
            assert_eq!(state.wait_for_turn(2, at(20)), Some(Duration::from_secs(40)));
            assert_eq!(state.wait_for_turn(2, at(60)), None);
        });
    }
}
