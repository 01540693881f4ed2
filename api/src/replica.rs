//! This server as one of several on its database: its heartbeat, what it holds, and the clock that all share.
//!
//! Everything that only one server may do at a time is bound to the heartbeat: watching a host, attending to a submission,
//! following a build. A server that dies, hangs or cannot reach the database is taken over [`LEASE`] after its last beat. No
//! lock of a session is used for that: the session of a server that hangs would live on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::sync::{Notify, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::poller;
use crate::store::bell::Note;
use crate::store::replicas::{Beat, ReplicaId, beat, leave};
use crate::store::{Store, StoreError};

/// How long a server is believed alive after its last beat: some missed beats are forgiven, and a takeover is done well
/// within ten seconds.
const LEASE: Duration = Duration::from_secs(6);

/// Between two beats.
const BEAT: Duration = Duration::from_secs(1);

/// This run of this server.
pub struct Replica {
    /// By which the database knows it.
    pub id: ReplicaId,
    name: String,
    wake: Notify,
    has_ended: CancellationToken,
    trouble: Mutex<Option<&'static str>>,
    clock: Mutex<(Instant, DateTime<Utc>)>,
}

impl Replica {
    /// Makes this server known to the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn join(store: &Store) -> Result<Self, StoreError> {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let replica = Self {
            id: ReplicaId::fresh(),
            name: format!("{} {}", host.trim(), std::process::id()),
            wake: Notify::new(),
            has_ended: CancellationToken::new(),
            trouble: Mutex::default(),
            clock: Mutex::new((Instant::now(), Utc::now())),
        };
        replica.beat(store, false).await?;
        tracing::info!(replica.id = %replica.id, "joined the servers of this database");
        Ok(replica)
    }

    /// The time by the database's clock, as of the last beat, carried on by a clock that does not jump: leases and states that
    /// several servers compare are told in it. In microseconds, as the database keeps it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let (at, now) = *self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let since = TimeDelta::from_std(at.elapsed()).unwrap_or_default();
        (now + since).trunc_subsecs(6)
    }

    /// What keeps this server from writing to the database, as its last heartbeat found.
    #[must_use]
    pub fn trouble(&self) -> Option<&'static str> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks soon whether there is something to hold.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    async fn beat(&self, store: &Store, is_stopping: bool) -> Result<Beat, StoreError> {
        let (me, name) = (self.id, self.name.clone());
        let begun = Instant::now();
        let beat = store
            .urgent(move |connection| beat(connection, me, &name, LEASE.as_secs_f64(), is_stopping))
            .await;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = match &beat {
            Ok(_) => None,
            Err(error) if error.is_full() => Some("the database is full"),
            Err(_) => Some("the database cannot be written"),
        };
        let beat = beat?;
        // Between question and answer, so that it is wrong by half of that at most.
        let at = begun + begun.elapsed() / 2;
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = (at, beat.now);
        Ok(beat)
    }
}

/// Keeps the heart beating, and passes on what other servers tell. Both go on while the server stops: what is under way is
/// this server's until [`stop`].
pub fn start(app: &Arc<App>, heard: mpsc::Receiver<Note>) {
    let background = Arc::clone(app);
    tokio::spawn(async move {
        let has_ended = background.replica.has_ended.clone();
        let work = async { tokio::join!(beat_on(&background), pass_on(&background, heard)) };
        tokio::select! {
            () = has_ended.cancelled() => {}
            _ = work => {}
        }
    });
}

async fn beat_on(app: &Arc<App>) {
    let mut period = tokio::time::interval(BEAT);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            _ = period.tick() => {}
            () = app.replica.wake.notified() => {}
        }
        match app.replica.beat(&app.store, app.stopping.is_cancelled()).await {
            Ok(beat) => {
                if std::mem::take(&mut is_failing) {
                    tracing::info!("the database answers again");
                }
                poller::hold(app, &beat.held);
            }
            // What is held is lost only when another takes it, and whoever holds asks the database before each step.
            Err(error) if std::mem::replace(&mut is_failing, true) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no heartbeat");
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no heartbeat; after {} s other servers take over what this one holds",
                    LEASE.as_secs()
                );
            }
        }
    }
}

async fn pass_on(app: &Arc<App>, mut heard: mpsc::Receiver<Note>) {
    while let Some(note) = heard.recv().await {
        match note {
            Note::Events => app.hub.poke(),
            Note::Poke(host) => {
                app.pollers.poke_own(host);
            }
            Note::Grew(build) => app.builds.grew_elsewhere(build),
            Note::Released => app.replica.wake(),
            Note::Missed => {
                app.hub.poke();
                app.pollers.poke_all();
                app.builds.all_grew_elsewhere();
                app.replica.wake();
            }
        }
    }
}

/// Gives up what this server holds, at its end.
pub async fn stop(app: &App) {
    let me = app.replica.id;
    app.replica.has_ended.cancel();
    if let Err(error) = app.store.urgent(move |connection| leave(connection, me)).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the other servers take over later");
    }
}
