//! One host's poller: when to ask, whose account to ask with, and what the answer says of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostStatus, ListedJob};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::snapshot::{HostSnapshot, SchedulerStatus, listed_job};
use super::{WATCHED_FOR, apply, listing};
use crate::app::App;
use crate::error::chain;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::events::insert_event;
use crate::store::hosts::{find_host, usable_accounts};
use crate::store::jobs::has_open_jobs;
use crate::store::queues::replace_queues;
use crate::store::replicas::Hold;
use crate::store::watches::{Turn, find_watch, is_watched, lock_watch, set_listing, set_status, take_turn};
use crate::transport::{RunLimits, TransportError};

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
    /// As many listings as may be were asked of late; when the next may be.
    NotYet(Duration),
    /// Another server watches the host now: the next heartbeat ends this poller.
    TakenOver,
}

/// Polls a host, for as long as this server holds it.
pub(super) async fn run(app: &Arc<App>, hold: Hold, poke: &Notify) {
    loop {
        let pause = poll(app, hold).await;
        tokio::select! {
            () = poke.notified() => sleep(SETTLE).await,
            () = sleep(pause) => {}
        }
    }
}

/// One run; returns when the next one is due.
async fn poll(app: &Arc<App>, hold: Hold) -> Duration {
    let begun = Instant::now();
    let host = hold.host;
    let asked = match ask(app, hold).await {
        Ok(asked) => asked,
        Err(error) => {
            tracing::warn!(host.id = %host, error = &error as &dyn std::error::Error, "a host could not be polled");
            return app.config.poll.interval;
        }
    };
    let outcome = match asked {
        Asked::Snapshot(snapshot) => keep(app, hold, *snapshot).await,
        Asked::Not(status, why) => note(app, hold, status, Some(why)).await,
        Asked::NotYet(wait) => return wait,
        Asked::TakenOver => return app.config.poll.interval,
    };
    if let Err(error) = outcome {
        tracing::warn!(host.id = %host, error = &error as &dyn std::error::Error, "a snapshot could not be kept");
    }
    app.hub.poke();
    let is_busy = app
        .store
        .query(move |connection| {
            Ok(has_open_jobs(connection, host)? || is_watched(connection, host, WATCHED_FOR)?)
        })
        .await;
    // While the database cannot tell, it may be. A listing that takes long is asked for less often: at most half of the
    // time is spent on it.
    let pause =
        if is_busy.unwrap_or(true) { app.config.poll.interval } else { app.config.poll.idle_interval };
    pause.max(begun.elapsed())
}

/// Lists the host with the first usable account that it accepts.
async fn ask(app: &Arc<App>, hold: Hold) -> Result<Asked, StoreError> {
    let host = hold.host;
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
        let most = app.config.poll.max_listings_per_minute;
        match app.store.query(move |connection| take_turn(connection, hold, most)).await? {
            Turn::Granted => {}
            Turn::After(wait) => return Ok(Asked::NotYet(wait.to_std().unwrap_or_default())),
            Turn::TakenOver => return Ok(Asked::TakenOver),
        }
        last = match list(app, &reach).await {
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

async fn list(app: &App, reach: &Reach) -> Result<HostSnapshot, ReachError> {
    let marker = fresh_marker();
    let taken_at = app.replica.now();
    let command = reach.scheduler().listing(&reach.site(), &marker)?;
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
async fn keep(app: &Arc<App>, hold: Hold, snapshot: HostSnapshot) -> Result<(), StoreError> {
    let host = hold.host;
    if let SchedulerStatus::Down { words } = &snapshot.scheduler_status {
        return note(app, hold, HostStatus::SchedulerDown, Some(words.clone())).await;
    }
    for problem in &snapshot.problems {
        tracing::info!(host.id = %host, problem = problem.as_str(), "part of a listing could not be read");
    }
    let snapshot = Arc::new(snapshot);
    if !apply::apply(app, hold, Arc::clone(&snapshot)).await? {
        return Ok(());
    }
    let watch = app.store.query(move |connection| find_watch(connection, host)).await?;
    let Some(watch) = watch else { return Ok(()) };
    let known = match watch.jobs_version {
        Some(_) => Some(app.pollers.listed_jobs(app, &watch).await?),
        None => None,
    };
    let taken_at = snapshot.taken_at;
    let kept = Arc::clone(&snapshot);
    let packed = tokio::task::spawn_blocking(move || {
        let shown: Vec<ListedJob> = kept.jobs.iter().map(|record| listed_job(record, None, None)).collect();
        let is_new = known.is_none_or(|known| *known != shown);
        is_new.then(|| listing::pack(&shown).map(|packed| (Arc::new(shown), packed))).transpose()
    });
    let packed = packed.await.unwrap_or(Ok(None)).unwrap_or_else(|error| {
        tracing::error!(host.id = %host, %error, "a listing cannot be packed");
        None
    });
    let (shown, packed) = packed.unzip();
    let is_kept = app
        .store
        .query(move |connection| {
            if !lock_watch(connection, hold)? {
                return Ok(false);
            }
            if !snapshot.queues.is_empty() {
                replace_queues(connection, host, &snapshot.queues, taken_at)?;
            }
            let default_queue = snapshot.server.as_ref().and_then(|server| server.default_queue.as_deref());
            set_listing(connection, host, taken_at, default_queue, packed.as_deref())?;
            if packed.is_some() {
                insert_event(connection, None, &Event::Snapshot { host, taken_at }, taken_at)?;
            }
            Ok(true)
        })
        .await?;
    if let Some(shown) = shown.filter(|_| is_kept) {
        app.pollers.keep_jobs(host, taken_at, shown);
    }
    note(app, hold, HostStatus::Up, None).await
}

/// Keeps how the host is, and tells open pages when that is news.
async fn note(app: &App, hold: Hold, status: HostStatus, detail: Option<String>) -> Result<(), StoreError> {
    let host = hold.host;
    let (most, now) = (app.config.poll.max_listings_per_minute, app.replica.now());
    // PostgreSQL takes no NUL, and a host may print anything.
    let detail = detail.map(|detail| detail.replace('\0', "\u{fffd}"));
    let told = detail.clone();
    let is_news = app
        .store
        .query(move |connection| {
            if !lock_watch(connection, hold)?
                || !set_status(connection, host, status, detail.as_deref(), now)?
            {
                return Ok(false);
            }
            let Some(record) = find_host(connection, host)? else { return Ok(false) };
            let health = super::health(&record, find_watch(connection, host)?.as_ref(), most, now);
            insert_event(connection, None, &Event::Host { host, health }, now)?;
            Ok(true)
        })
        .await?;
    if is_news {
        tracing::info!(host.id = %host, host.status = %status, detail = told.as_deref(), "host status");
    }
    Ok(())
}
