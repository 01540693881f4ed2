//! One host's poller: when to ask, whose account to ask with, and what the answer says of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostStatus, ListedJob};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::found::{Found, note};
use super::light::Rhythm;
use super::list::{Known, Listed, WHOLE_CALLS, list};
use super::listing::HostListing;
use super::look_up::LookUps;
use super::snapshot::{SchedulerStatus, shown_jobs};
use super::{WATCHED_FOR, apply, listing, nodes};
use crate::app::App;
use crate::error::chain;
use crate::services::reach::{Reach, ReachError, Trust};
use crate::store::StoreError;
use crate::store::events::insert_event;
use crate::store::host_accounts::usable_accounts;
use crate::store::hosts::find_host;
use crate::store::jobs::{OpenJob, has_open_jobs, open_jobs};
use crate::store::queues::replace_queues;
use crate::store::replicas::Hold;
use crate::store::watches::{Turn, find_watch, is_watched, lock_watch, set_listing, take_turn};
use crate::transport::TransportError;

/// Between a poke and the listing, so that what caused it shows, and several pokes make one listing.
const SETTLE: Duration = Duration::from_millis(300);

/// What a run found.
enum Asked {
    Listed(Box<Listed>),
    /// Nobody can ask at the moment, or the host does not answer: why, and how many commands may have been run for nothing.
    Not(HostStatus, String, u32),
    /// As many listings as may be were asked of late; when the next may be.
    NotYet(Duration),
    /// Another server watches the host now: the next heartbeat ends this poller.
    TakenOver,
}

/// Polls a host, for as long as this server holds it.
pub(super) async fn run(app: &Arc<App>, hold: Hold, poke: &Notify) {
    let mut rhythm = Rhythm::default();
    let mut look_ups = LookUps::default();
    loop {
        let due = poll(app, hold, &mut rhythm, &mut look_ups).await;
        // Nodes have their own time, between listings.
        loop {
            let pause = nodes::poll(app, hold).await.min(due.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = poke.notified() => {
                    sleep(SETTLE).await;
                    break;
                }
                () = sleep(pause) => if Instant::now() >= due { break },
            }
        }
    }
}

/// One run; returns when the next one is due.
async fn poll(app: &Arc<App>, hold: Hold, rhythm: &mut Rhythm, look_ups: &mut LookUps) -> Instant {
    let begun = Instant::now();
    let host = hold.host;
    let asked = match ask(app, hold, rhythm).await {
        Ok(asked) => asked,
        Err(error) => {
            tracing::warn!(host.id = %host, error = &error as &dyn std::error::Error, "a host could not be polled");
            return begun + app.config.poll.interval;
        }
    };
    let is_listed = matches!(asked, Asked::Listed(_));
    let outcome = match asked {
        Asked::Listed(listed) => keep(app, hold, *listed, look_ups).await,
        Asked::Not(status, why, n_calls) => note(app, hold, Found::not(status, why, n_calls)).await,
        Asked::NotYet(wait) => return Instant::now() + wait,
        Asked::TakenOver => return begun + app.config.poll.interval,
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
    // While the database cannot tell, it may be. From beginning to beginning; after a listing that takes long, the host is left
    // alone for as long as it took: at most half of the time is spent on it. One that does not answer has no work to do.
    let pause =
        if is_busy.unwrap_or(true) { app.config.poll.interval } else { app.config.poll.idle_interval };
    let took = begun.elapsed();
    begun + pause.max(if is_listed { took.saturating_mul(2) } else { took })
}

/// What a light listing builds on.
async fn known(app: &App, hold: Hold) -> Result<Known, StoreError> {
    let host = hold.host;
    let (watch, open) = app
        .store
        .query(move |connection| Ok((find_watch(connection, host)?, open_jobs(connection, host)?)))
        .await?;
    let shown = match watch.filter(|watch| watch.jobs_version.is_some()) {
        Some(watch) => Some(app.pollers.listed_jobs(app, &watch).await?),
        None => None,
    };
    let is_listed = |job: &OpenJob| job.facts.state.is_listed();
    Ok(Known { shown, ours: open.into_iter().filter(is_listed).filter_map(|job| job.facts.pbs_id).collect() })
}

/// Lists the host with the first usable account that it accepts.
async fn ask(app: &Arc<App>, hold: Hold, rhythm: &mut Rhythm) -> Result<Asked, StoreError> {
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
        Asked::Not(HostStatus::Unknown, "nobody has a checked account on this host yet".to_owned(), 0);
    for account in accounts {
        let reach = match Reach::find(app, account.user, host, Trust::Checked).await {
            Ok(reach) => reach,
            Err(ReachError::Store(error)) => return Err(error),
            Err(error) => {
                last = Asked::Not(HostStatus::Unknown, chain(&error), 0);
                continue;
            }
        };
        let most = app.config.poll.max_listings_per_minute;
        match app.store.query(move |connection| take_turn(connection, hold, most)).await? {
            Turn::Granted => {}
            Turn::After(wait) => return Ok(Asked::NotYet(wait.to_std().unwrap_or_default())),
            Turn::TakenOver => return Ok(Asked::TakenOver),
        }
        let known = if rhythm.is_light(Instant::now()) { known(app, hold).await? } else { Known::default() };
        last = match list(app, &reach, rhythm, known, app.replica.now()).await {
            Ok(listed) => return Ok(Asked::Listed(Box::new(listed))),
            Err(ReachError::Transport { source, .. }) if is_about_account(&source) => {
                Asked::Not(HostStatus::Unknown, chain(&source), 0)
            }
            Err(ReachError::Transport { source, .. }) => {
                let n_calls = if may_have_run(&source) { WHOLE_CALLS } else { 0 };
                return Ok(Asked::Not(status_of(&source), chain(&source), n_calls));
            }
            Err(error) => Asked::Not(HostStatus::Unknown, chain(&error), 0),
        };
    }
    Ok(last)
}

/// Another account may still do.
pub(super) const fn is_about_account(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::KeyNotAccepted { .. }
            | TransportError::SecondFactorWanted { .. }
            | TransportError::ShellRefused { .. }
    )
}

/// The host may have been asked, though its answer did not come.
const fn may_have_run(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::TimedOut { .. }
            | TransportError::Cut { .. }
            | TransportError::Truncated
            | TransportError::TooMuchOutput { .. }
            | TransportError::Closed
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

/// Keeps a snapshot: what it says of our jobs, the queues, and what pages show.
async fn keep(app: &Arc<App>, hold: Hold, listed: Listed, look_ups: &mut LookUps) -> Result<(), StoreError> {
    let host = hold.host;
    let Listed { snapshot, shown: merged, n_calls, took } = listed;
    let found = |status, detail| Found { status, detail, took: Some(took), n_calls };
    if let SchedulerStatus::Down { words } = &snapshot.scheduler_status {
        return note(app, hold, found(HostStatus::SchedulerDown, Some(words.clone()))).await;
    }
    for problem in &snapshot.problems {
        tracing::info!(host.id = %host, problem = problem.as_str(), "part of a listing could not be read");
    }
    let snapshot = Arc::new(snapshot);
    look_ups.forget_ended();
    let Some(due) = apply::apply(app, hold, Arc::clone(&snapshot)).await? else { return Ok(()) };
    look_ups.begin(app, hold, due);
    let watch = app.store.query(move |connection| find_watch(connection, host)).await?;
    let Some(watch) = watch else { return Ok(()) };
    let known = match watch.jobs_version {
        Some(_) => Some(app.pollers.listed_jobs(app, &watch).await?),
        None => None,
    };
    let taken_at = snapshot.taken_at;
    let kept = Arc::clone(&snapshot);
    let packed = tokio::task::spawn_blocking(move || {
        let shown: Vec<ListedJob> =
            merged.unwrap_or_else(|| shown_jobs(&kept, known.as_deref().map_or(&[], |known| &**known)));
        let is_new = known.is_none_or(|known| **known != *shown);
        is_new
            .then(|| listing::pack(&shown).map(|packed| (Arc::new(HostListing::new(shown)), packed)))
            .transpose()
    });
    let packed = packed.await.unwrap_or(Ok(None)).unwrap_or_else(|error| {
        tracing::error!(host.id = %host, %error, "a listing cannot be packed");
        None
    });
    let (shown, packed) = packed.unzip();
    // In one transaction: whoever sees the jobs sees that their host is up.
    let told = found(HostStatus::Up, None).told(app, hold);
    let kept = told.clone();
    let is_news = app
        .store
        .query(move |connection| {
            if !lock_watch(connection, hold)? {
                return Ok(None);
            }
            if !snapshot.queues.is_empty() {
                replace_queues(connection, host, &snapshot.queues, taken_at)?;
            }
            // A light listing says nothing about the server: what was known stays.
            let default_queue = match &snapshot.server {
                Some(server) => server.default_queue.as_deref(),
                None => watch.default_queue.as_deref(),
            };
            set_listing(connection, host, taken_at, default_queue, packed.as_deref())?;
            if packed.is_some() {
                insert_event(connection, None, &Event::Snapshot { host, taken_at }, taken_at)?;
            }
            kept.keep(connection).map(Some)
        })
        .await?;
    // Another server watches the host now.
    let Some(is_news) = is_news else { return Ok(()) };
    if let Some(shown) = shown {
        app.pollers.keep_jobs(host, taken_at, shown);
    }
    if is_news {
        told.log();
    }
    Ok(())
}
