//! One host's poller: when to ask, whose account to ask with, and what the answer says of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use pbsweb_shared::event::Event;
use pbsweb_shared::host::HostStatus;
use pbsweb_shared::ids::HostId;
use tokio::time::sleep;

use super::snapshot::{HostSnapshot, SchedulerStatus, listed_job};
use super::{Finding, Handle, ShownSnapshot, apply};
use crate::app::App;
use crate::error::chain;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::events::insert_event;
use crate::store::hosts::{find_host, usable_accounts};
use crate::store::jobs::open_jobs;
use crate::store::queues::replace_queues;
use crate::transport::{RunLimits, TransportError};

/// A page that asked keeps the listing fresh for so long.
pub(super) const WATCHED_FOR: Duration = Duration::from_secs(60);

/// Between a poke and the listing, so that what caused it shows, and several pokes make one listing.
const SETTLE: Duration = Duration::from_millis(300);

/// 40,000 jobs make about 50 MB of text.
const LIMITS: RunLimits =
    RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 256 * 1024 * 1024 };

/// What a run found.
enum Asked {
    Snapshot(Box<HostSnapshot>),
    /// Nobody can ask at the moment, or the host does not answer: why.
    Not(HostStatus, String),
}

/// Polls a host until it is removed or the server stops.
pub(super) async fn run(app: Arc<App>, host: HostId, handle: Arc<Handle>) {
    loop {
        let pause = tokio::select! {
            () = handle.stop.cancelled() => return,
            pause = poll(&app, host, &handle) => pause,
        };
        tokio::select! {
            () = handle.stop.cancelled() => return,
            () = handle.poke.notified() => sleep(SETTLE).await,
            () = sleep(pause) => {}
        }
        let most = app.config.poll.max_listings_per_minute;
        if let Some(wait) = handle.with(|state| state.wait_for_turn(most, Instant::now())) {
            tokio::select! {
                () = handle.stop.cancelled() => return,
                () = sleep(wait) => {}
            }
        }
    }
}

/// One run; returns when the next one is due.
async fn poll(app: &Arc<App>, host: HostId, handle: &Handle) -> Duration {
    let begun = Instant::now();
    let asked = match ask(app, host, handle).await {
        Ok(asked) => asked,
        Err(error) => {
            tracing::warn!(host.id = %host, error = &error as &dyn std::error::Error, "a host could not be polled");
            return app.config.poll.interval;
        }
    };
    let outcome = match asked {
        Asked::Snapshot(snapshot) => keep(app, host, handle, *snapshot).await,
        Asked::Not(status, why) => note(app, host, handle, status, Some(why)).await,
    };
    if let Err(error) = outcome {
        tracing::warn!(host.id = %host, error = &error as &dyn std::error::Error, "a snapshot could not be kept");
    }
    app.hub.poke();
    let is_watched = handle.with(|state| state.watched_at.is_some_and(|at| at.elapsed() < WATCHED_FOR));
    // While the database cannot tell, there may be some.
    let has_open_jobs = match app.store.query(move |connection| open_jobs(connection, host)).await {
        Ok(jobs) => !jobs.is_empty(),
        Err(_) => true,
    };
    // A listing that takes long is asked for less often: at most half of the time is spent on it.
    let pause =
        if is_watched || has_open_jobs { app.config.poll.interval } else { app.config.poll.idle_interval };
    pause.max(begun.elapsed())
}

/// Lists the host with the first usable account that it accepts.
async fn ask(app: &Arc<App>, host: HostId, handle: &Handle) -> Result<Asked, StoreError> {
    let accounts = app
        .store
        .query(move |connection| {
            let record = find_host(connection, host)?;
            let is_usable = record.is_some_and(|record| record.is_enabled && !record.host_keys.is_empty());
            if is_usable { usable_accounts(connection, host) } else { Ok(Vec::new()) }
        })
        .await?;
    let mut last =
        Asked::Not(HostStatus::Unknown, "nobody has a checked account on this host yet".to_owned());
    for account in accounts {
        let reach = match Reach::find(app, account.user, host, Trust::Checked).await {
            Ok(reach) => reach,
            Err(ReachError::Store(error)) => return Err(error),
            Err(error) => {
                last = Asked::Not(HostStatus::Unknown, chain(&error));
                continue;
            }
        };
        last = match list(app, &reach, handle).await {
            Ok(snapshot) => return Ok(Asked::Snapshot(Box::new(snapshot))),
            Err(ReachError::Transport { source, .. }) if is_about_account(&source) => {
                Asked::Not(HostStatus::Unknown, chain(&source))
            }
            Err(ReachError::Transport { source, .. }) => {
                return Ok(Asked::Not(status_of(&source), chain(&source)));
            }
            Err(error) => Asked::Not(HostStatus::Unknown, chain(&error)),
        };
    }
    Ok(last)
}

/// Another account may still do.
const fn is_about_account(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::KeyNotAccepted { .. }
            | TransportError::SecondFactorWanted { .. }
            | TransportError::ShellRefused { .. }
    )
}

const fn status_of(error: &TransportError) -> HostStatus {
    match error {
        TransportError::HostKeyChanged { .. } | TransportError::HostKeyUnknown { .. } => {
            HostStatus::KeyMismatch
        }
        TransportError::KeyNotAccepted { .. }
        | TransportError::SecondFactorWanted { .. }
        | TransportError::ShellRefused { .. }
        | TransportError::Unreachable { .. }
        | TransportError::TimedOut { .. }
        | TransportError::Cut { .. }
        | TransportError::Truncated
        | TransportError::TooMuchOutput { .. }
        | TransportError::Busy { .. }
        | TransportError::Sftp { .. }
        | TransportError::TooLarge { .. }
        | TransportError::Source(_)
        | TransportError::BadProgram(_)
        | TransportError::Closed => HostStatus::Unreachable,
    }
}

async fn list(app: &App, reach: &Reach, handle: &Handle) -> Result<HostSnapshot, ReachError> {
    let marker = fresh_marker();
    let taken_at = crate::store::now();
    let command = reach.scheduler().listing(&reach.site(), &marker)?;
    handle.with(|state| state.listings.push_back(Instant::now()));
    let output = reach.run(app, command, LIMITS).await?;
    let scheduler = reach.scheduler();
    // Reading megabytes of text would hold up other tasks.
    let read = tokio::task::spawn_blocking(move || {
        HostSnapshot::new(taken_at, scheduler.read_listing(&marker, &output.stdout))
    });
    Ok(read.await.unwrap_or_else(|_| HostSnapshot {
        taken_at,
        scheduler_status: SchedulerStatus::Down { words: "the listing could not be read".to_owned() },
        jobs: Vec::new(),
        unreadable: Vec::new(),
        queues: Vec::new(),
        server: None,
        problems: Vec::new(),
    }))
}

/// Keeps a snapshot: what it says of our jobs, the queues, and what pages show.
async fn keep(
    app: &Arc<App>,
    host: HostId,
    handle: &Handle,
    snapshot: HostSnapshot,
) -> Result<(), StoreError> {
    if let SchedulerStatus::Down { words } = &snapshot.scheduler_status {
        return note(app, host, handle, HostStatus::SchedulerDown, Some(words.clone())).await;
    }
    for problem in &snapshot.problems {
        tracing::info!(host.id = %host, problem = problem.as_str(), "part of a listing could not be read");
    }
    let snapshot = Arc::new(snapshot);
    apply::apply(app, host, Arc::clone(&snapshot)).await?;
    let shown = ShownSnapshot {
        taken_at: snapshot.taken_at,
        jobs: snapshot.jobs.iter().map(|record| listed_job(record, None, None)).collect(),
        default_queue: snapshot.server.as_ref().and_then(|server| server.default_queue.clone()),
    };
    let is_new = handle.with(|state| {
        let known = state.snapshot.replace(Arc::new(shown.clone()));
        known.is_none_or(|known| known.jobs != shown.jobs)
    });
    let kept = Arc::clone(&snapshot);
    app.store
        .query(move |connection| {
            if !kept.queues.is_empty() {
                replace_queues(connection, host, &kept.queues, kept.taken_at)?;
            }
            if is_new {
                insert_event(
                    connection,
                    None,
                    &Event::Snapshot { host, taken_at: kept.taken_at },
                    Utc::now(),
                )?;
            }
            Ok(())
        })
        .await?;
    note(app, host, handle, HostStatus::Up, None).await
}

/// Keeps how the host is, and tells open pages when that is news.
async fn note(
    app: &App,
    host: HostId,
    handle: &Handle,
    status: HostStatus,
    detail: Option<String>,
) -> Result<(), StoreError> {
    let before = handle.with(|state| {
        std::mem::replace(
            &mut state.finding,
            Finding { status, detail: detail.clone(), checked_at: Some(Utc::now()) },
        )
    });
    if before.status == status && before.detail == detail {
        return Ok(());
    }
    tracing::info!(host.id = %host, host.status = %status, detail = detail.as_deref(), "host status");
    let record = app.store.query(move |connection| find_host(connection, host)).await?;
    let Some(record) = record else { return Ok(()) };
    let health = app.pollers.health(app, &record);
    app.store
        .query(move |connection| insert_event(connection, None, &Event::Host { host, health }, Utc::now()))
        .await
}
