//! How a host was found at one look: how that is kept, and told to open pages.

use std::time::Duration;

use diesel::prelude::*;
use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HealthSample, HostStatus};

use crate::app::App;
use crate::store::StoreError;
use crate::store::events::insert_event;
use crate::store::health::note_health;
use crate::store::replicas::Hold;
use crate::store::watches::{find_watched_host, lock_watch, note_calls, set_status};

/// How a host was found.
pub(super) struct Found {
    pub(super) status: HostStatus,
    /// In words.
    pub(super) detail: Option<String>,
    /// How long it took to answer, if it did.
    pub(super) took: Option<Duration>,
    /// Commands of the scheduler that were run.
    pub(super) n_calls: u32,
}

impl Found {
    pub(super) const fn not(status: HostStatus, why: String, n_calls: u32) -> Self {
        Self { status, detail: Some(why), took: None, n_calls }
    }

    /// As what is written, at the clock that the servers share.
    pub(super) fn told(self, app: &App, hold: Hold) -> Told {
        let Self { status, detail, took, n_calls } = self;
        // PostgreSQL takes no NUL, and a host may print anything.
        let detail = detail.map(|detail| detail.replace('\0', "\u{fffd}"));
        let latency_ms = took.and_then(|took| u32::try_from(took.as_millis()).ok());
        let sample = HealthSample { at: app.replica.now(), status, detail, latency_ms };
        Told { hold, sample, n_calls, max_listings_per_minute: app.config.poll.max_listings_per_minute }
    }
}

/// How a host was found, for the database.
#[derive(Clone)]
pub(super) struct Told {
    hold: Hold,
    sample: HealthSample,
    n_calls: u32,
    max_listings_per_minute: u32,
}

impl Told {
    /// Keeps it, for whoever has locked the host's watch, and tells open pages if that is news. Returns whether it is.
    pub(super) fn keep(&self, connection: &mut PgConnection) -> QueryResult<bool> {
        let (host, now) = (self.hold.host, self.sample.at);
        note_calls(connection, host, self.n_calls)?;
        note_health(connection, host, &self.sample)?;
        let HealthSample { status, detail, latency_ms, .. } = &self.sample;
        if !set_status(connection, host, *status, detail.as_deref(), *latency_ms, now)? {
            return Ok(false);
        }
        let Some((record, watch)) = find_watched_host(connection, host)? else { return Ok(false) };
        let health = super::health(&record, watch.as_ref(), self.max_listings_per_minute, now);
        insert_event(connection, None, &Event::Host { host, health }, now)?;
        Ok(true)
    }

    pub(super) fn log(&self) {
        let HealthSample { status, detail, .. } = &self.sample;
        tracing::info!(host.id = %self.hold.host, host.status = %status, detail = detail.as_deref(), "host status");
    }
}

/// Keeps how the host is when there is nothing else to keep.
pub(super) async fn note(app: &App, hold: Hold, found: Found) -> Result<(), StoreError> {
    let told = found.told(app, hold);
    let kept = told.clone();
    let is_news = app
        .store
        .query(move |connection| Ok(lock_watch(connection, hold)? && kept.keep(connection)?))
        .await?;
    if is_news {
        told.log();
    }
    Ok(())
}
