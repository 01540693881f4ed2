//! The hub: feeds open event streams from the rows that transactions committed.
//!
//! A writer adds event rows in its own transaction and then pokes the hub; the hub's one task reads what is new, in
//! commit order, and hands it to every stream. Nothing is sent that is not in the database, so a stream can resume, and
//! another server's rows would be read the same way.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::store::events::{NumberedEvent, delete_events_before, event_bounds, events_after};
use crate::store::{Store, StoreError};

/// How long events are kept for streams that resume.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// Events a slow stream may lag behind before it has to resume from the database.
const BACKLOG: usize = 1024;

/// Hands committed events to the open streams. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    poke: Arc<Notify>,
    sender: broadcast::Sender<Arc<NumberedEvent>>,
}

impl Hub {
    /// A hub that [`Self::run`] has to feed.
    #[must_use]
    pub fn new() -> Self {
        Self { poke: Arc::new(Notify::new()), sender: broadcast::channel(BACKLOG).0 }
    }

    /// Says that rows were committed.
    pub fn poke(&self) {
        self.poke.notify_one();
    }

    /// The events from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<NumberedEvent>> {
        self.sender.subscribe()
    }

    /// Reads and hands out what is new, until `stop`. Besides pokes it looks every few seconds: another server may have
    /// written.
    ///
    /// # Errors
    /// When the newest number cannot be read at the start; later failures are logged and tried again.
    pub async fn run(self, store: Store, stop: CancellationToken) -> Result<(), StoreError> {
        const LOOK: Duration = Duration::from_secs(2);
        const SWEEP: Duration = Duration::from_secs(600);
        let mut last = store.query(event_bounds).await?.1;
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.poke.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = sweep.tick() => {
                    if let Err(error) = store.query(|connection| delete_events_before(connection, Utc::now() - KEPT)).await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "old events could not be deleted");
                    }
                }
            }
            loop {
                match store.query(move |connection| events_after(connection, last, 500)).await {
                    Ok(events) if events.is_empty() => break,
                    Ok(events) => {
                        for event in events {
                            last = event.seq;
                            // An error means that nobody listens.
                            let _ = self.sender.send(Arc::new(event));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "new events could not be read"
                        );
                        break;
                    }
                }
            }
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}
