//! Watching hosts: a snapshot on a timer or when poked, and what changed since.
//!
//! [`snapshot`], [`light`] and [`diff`] are pure; [`driver`] asks the host by [`list`], [`apply`] stores what came of it, [`look_up`] asks how jobs
//! ended that are no longer listed. A poller takes no input but the world, does the same work whatever woke it, and does
//! not retry inside: its next run is the retry. However many people watch, at however many servers, a host is listed once:
//! by the server that holds its watch. What it finds is in the database, from which every server answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pbsweb_shared::host::{HostHealth, HostStatus};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::node::Node;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::StoreError;
use crate::store::bell::{Bell, Note};
use crate::store::hosts::HostRecord;
use crate::store::nodes::{KeptNodes, watch_nodes};
use crate::store::replicas::Hold;
use crate::store::watches::{
    WatchRecord, calls_last_minute, listings_last_minute, load_listing, note_watcher,
};

mod apply;
pub mod diff;
mod driver;
mod found;
mod light;
mod list;
pub mod listing;
mod look_up;
mod nodes;
pub mod snapshot;

pub use listing::HostListing;

/// A page that asked keeps the listing fresh for so long.
const WATCHED_FOR: Duration = Duration::from_secs(60);

/// One host's poller.
struct Running {
    hold: Hold,
    poke: Arc<Notify>,
    stop: CancellationToken,
}

/// The jobs of a host's last listing, and which they are.
type Listed = (DateTime<Utc>, Arc<HostListing>);

/// The pollers of the hosts that this server watches, and what all hosts listed last.
pub struct Pollers {
    bell: Bell,
    running: Mutex<HashMap<HostId, Running>>,
    listed: Mutex<HashMap<HostId, Listed>>,
    told_watched: Mutex<HashMap<HostId, Instant>>,
}

impl Pollers {
    /// None yet.
    #[must_use]
    pub fn new(bell: Bell) -> Self {
        Self { bell, running: Mutex::default(), listed: Mutex::default(), told_watched: Mutex::default() }
    }

    fn with_running<T>(&self, act: impl FnOnce(&mut HashMap<HostId, Running>) -> T) -> T {
        act(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The hosts that this server watches.
    #[must_use]
    pub fn held(&self) -> Vec<Hold> {
        self.with_running(|running| running.values().map(|running| running.hold).collect())
    }

    /// Something happened that the next listing will show: whoever watches the host should ask soon.
    pub fn poke(&self, host: HostId) {
        if !self.poke_own(host) {
            self.bell.ring(Note::Poke(host));
        }
    }

    /// As [`Self::poke`], if this server watches the host; returns whether it does.
    pub fn poke_own(&self, host: HostId) -> bool {
        self.with_running(|running| running.get(&host).map(|running| running.poke.notify_one()).is_some())
    }

    /// Asks all hosts that this server watches soon.
    pub fn poke_all(&self) {
        self.with_running(|running| running.values().for_each(|running| running.poke.notify_one()));
    }

    /// Somebody looks at the host: keep the listing fresh for a while.
    pub fn watch(&self, app: &App, host: HostId) {
        const OFTEN_ENOUGH: Duration = Duration::from_secs(15);
        let is_told = {
            let mut told = self.told_watched.lock().unwrap_or_else(PoisonError::into_inner);
            told.insert(host, Instant::now()).is_some_and(|at| {
                let is_recent = at.elapsed() < OFTEN_ENOUGH;
                if is_recent {
                    told.insert(host, at);
                }
                is_recent
            })
        };
        if is_told {
            return;
        }
        let (store, bell) = (app.store.clone(), self.bell.clone());
        app.spawn(async move {
            let noted = store.query(move |connection| note_watcher(connection, host, WATCHED_FOR)).await;
            match noted {
                Ok(true) => bell.ring(Note::Poke(host)),
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(host.id = %host, error = &error as &dyn std::error::Error, "a watcher was not noted");
                }
            }
        });
    }

    /// Somebody looks at the nodes of a host: they are asked for more often for a while, and soon if nobody looked before.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_nodes(&self, app: &App, host: HostId) -> Result<(), StoreError> {
        if app.store.query(move |connection| watch_nodes(connection, host, WATCHED_FOR)).await? {
            self.bell.ring(Note::Poke(host));
        }
        Ok(())
    }

    /// The jobs of a host's last listing, whichever server asked for it: read again when they are other ones than before.
    ///
    /// # Errors
    /// The database's.
    pub async fn listed_jobs(&self, app: &App, watch: &WatchRecord) -> Result<Arc<HostListing>, StoreError> {
        let host = watch.host;
        let Some(version) = watch.jobs_version else { return Ok(Arc::default()) };
        if let Some(jobs) = self.known_jobs(host, version) {
            return Ok(jobs);
        }
        let Some((version, packed)) =
            app.store.query(move |connection| load_listing(connection, host)).await?
        else {
            return Ok(Arc::default());
        };
        let read = tokio::task::spawn_blocking(move || listing::unpack(&packed).map(HostListing::new)).await;
        let jobs = Arc::new(read.unwrap_or_else(|_| Ok(HostListing::default())).unwrap_or_else(|error| {
            // Another release's, during an upgrade; the next listing is read again.
            tracing::warn!(host.id = %host, %error, "a kept listing cannot be read");
            HostListing::default()
        }));
        self.keep_jobs(host, version, Arc::clone(&jobs));
        Ok(jobs)
    }

    fn known_jobs(&self, host: HostId, version: DateTime<Utc>) -> Option<Arc<HostListing>> {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.get(&host).filter(|(known, _)| *known == version).map(|(_, jobs)| Arc::clone(jobs))
    }

    fn keep_jobs(&self, host: HostId, version: DateTime<Utc>, jobs: Arc<HostListing>) {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(host, (version, jobs));
    }
}

/// Starts and ends pollers, so that this server watches exactly the hosts that it holds.
pub fn hold(app: &Arc<App>, held: &[Hold]) {
    let fresh = app.pollers.with_running(|running| {
        running.retain(|host, running| {
            let is_held = held.contains(&running.hold);
            if !is_held {
                tracing::info!(host.id = %host, "no longer watched from here");
                running.stop.cancel();
            }
            is_held
        });
        let mut fresh = Vec::new();
        for hold in held {
            running.entry(hold.host).or_insert_with(|| {
                let (poke, stop) = (Arc::new(Notify::new()), app.stopping.child_token());
                fresh.push((*hold, Arc::clone(&poke), stop.clone()));
                Running { hold: *hold, poke, stop }
            });
        }
        fresh
    });
    for (hold, poke, stop) in fresh {
        tracing::info!(host.id = %hold.host, "watched from here");
        let background = Arc::clone(app);
        app.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = driver::run(&background, hold, &poke) => {}
            }
        });
    }
}

/// How a host is, by what is known of it. `now` is the clock that the servers share.
#[must_use]
pub fn health(
    host: &HostRecord,
    watch: Option<&WatchRecord>,
    max_listings_per_minute: u32,
    now: DateTime<Utc>,
) -> HostHealth {
    let (status, detail) = match (host.is_enabled, host.host_keys.is_empty()) {
        (false, _) => (HostStatus::Disabled, Some("an administrator switched it off".to_owned())),
        (true, true) => {
            (HostStatus::Unknown, Some("an administrator has to confirm the host's key".to_owned()))
        }
        (true, false) => {
            watch.map_or((HostStatus::Unknown, None), |watch| (watch.status, watch.detail.clone()))
        }
    };
    HostHealth {
        status,
        detail,
        checked_at: watch.and_then(|watch| watch.checked_at),
        snapshot_at: watch.and_then(|watch| watch.snapshot_at),
        max_listings_per_minute,
        latency_ms: watch.and_then(|watch| watch.latency_ms),
        calls_last_minute: watch.map_or(0, |watch| calls_last_minute(watch, now)),
        listings_last_minute: watch.map_or(0, |watch| listings_last_minute(watch, now)),
    }
}

/// The nodes that were kept; none when a release that kept them otherwise wrote them.
#[must_use]
pub fn unpack_nodes(kept: &KeptNodes) -> Vec<Node> {
    let packed = kept.packed.as_deref();
    packed.and_then(|packed| listing::unpack(packed).ok()).unwrap_or_default()
}
