//! Asking a host what it has: all of it, or, on a full server, the cheap table and what changed in it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pbsweb_shared::host::ListedJob;
use pbsweb_shared::names::PbsJobId;

use super::light::{Rhythm, listed, merge, wanted};
use super::listing::HostListing;
use super::snapshot::{HostSnapshot, SchedulerStatus};
use crate::app::App;
use crate::scheduler::records::{Listing, ListingReply, Unavailable};
use crate::services::reach::{Reach, ReachError, fresh_marker};
use crate::transport::RunLimits;

/// 40,000 jobs make about 50 MB of text.
const LIMITS: RunLimits =
    RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 256 * 1024 * 1024 };

/// Commands of the scheduler that a whole listing takes: jobs, queues, server.
pub(super) const WHOLE_CALLS: u32 = 3;

/// What is known before a host is asked.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// The jobs of the last listing, as they are shown.
    pub(super) shown: Option<Arc<HostListing>>,
    /// The scheduler's ids of our open jobs there.
    pub(super) ours: HashSet<PbsJobId>,
}

/// What a host said.
pub(super) struct Listed {
    /// All of it, or, of a light listing, the jobs that changed and ours.
    pub(super) snapshot: HostSnapshot,
    /// What a light listing makes of the jobs that are shown.
    pub(super) shown: Option<Vec<ListedJob>>,
    /// Commands of the scheduler that were run.
    pub(super) n_calls: u32,
    /// From the question to the answer's last byte.
    pub(super) took: Duration,
}

/// Asks, in the way that costs the scheduler least.
pub(super) async fn list(
    app: &App,
    reach: &Reach,
    rhythm: &mut Rhythm,
    known: Known,
    taken_at: DateTime<Utc>,
) -> Result<Listed, ReachError> {
    let mut n_calls = 0;
    if let Some(shown) = known.shown
        && rhythm.is_light(Instant::now())
        && let Some(listed) = lightly(app, reach, rhythm, &shown, known.ours, taken_at, &mut n_calls).await?
    {
        return Ok(listed);
    }
    let begun = Instant::now();
    let marker = fresh_marker();
    let command = reach.scheduler().listing(&reach.site(), &marker)?;
    let output = reach.run(app, command, LIMITS).await?;
    let took = begun.elapsed();
    let scheduler = reach.scheduler();
    // Reading megabytes of text would hold up other tasks.
    let snapshot =
        blocking(move || HostSnapshot::new(taken_at, scheduler.read_listing(&marker, &output.stdout)))
            .await
            .unwrap_or_else(|| down(taken_at, unreadable()));
    if snapshot.scheduler_status == SchedulerStatus::Up {
        rhythm.listed_whole(begun, took, snapshot.jobs.len());
    }
    Ok(Listed { snapshot, shown: None, n_calls: n_calls + WHOLE_CALLS, took })
}

/// The table, and the attributes of what changed; nothing when a whole listing has to be made after all.
async fn lightly(
    app: &App,
    reach: &Reach,
    rhythm: &mut Rhythm,
    previous: &Arc<HostListing>,
    ours: HashSet<PbsJobId>,
    taken_at: DateTime<Utc>,
    n_calls: &mut u32,
) -> Result<Option<Listed>, ReachError> {
    let begun = Instant::now();
    let (scheduler, marker) = (reach.scheduler(), fresh_marker());
    let output = reach.run(app, scheduler.light(&reach.site(), &marker)?, LIMITS).await?;
    *n_calls += 1;
    let known = Arc::clone(previous);
    let ours_too = ours.clone();
    let read = blocking(move || {
        let rows = scheduler.read_light(&marker, &output.stdout)?;
        let ids = wanted(&known, &rows, &ours_too);
        Ok((rows, ids))
    });
    let (rows, ids) = match read.await.unwrap_or_else(|| Err(unreadable())) {
        Ok((rows, Some(ids))) => (rows, ids),
        Ok((_, None)) => return Ok(None),
        // It answered well, in words that are no such table: the whole listing does not depend on one line.
        Err(Unavailable { status: Some(0), .. }) => return Ok(None),
        Err(unavailable) => {
            let listed = Listed {
                snapshot: down(taken_at, unavailable),
                shown: None,
                n_calls: *n_calls,
                took: begun.elapsed(),
            };
            return Ok(Some(listed));
        }
    };
    let details = if ids.is_empty() {
        Listing::default()
    } else {
        let marker = fresh_marker();
        let output = reach.run(app, scheduler.details(&reach.site(), &marker, &ids)?, LIMITS).await?;
        *n_calls += 1;
        let read = blocking(move || scheduler.read_details(&marker, &output.stdout)).await;
        match read.unwrap_or_else(|| Err(unreadable())) {
            Ok(details) => details,
            Err(Unavailable { status, words }) => {
                tracing::debug!(host.id = %reach.host.id, status, words, "jobs could not be asked for by their ids");
                // Usage: the command has no -E.
                if status == Some(2) {
                    rhythm.refused();
                }
                return Ok(None);
            }
        }
    };
    let took = begun.elapsed();
    let known = Arc::clone(previous);
    let merged = blocking(move || {
        let shown = merge(&known, &rows, &details.jobs, &details.unreadable);
        // Listed, but gone a moment later: the next listing tells.
        let mut unread = listed(&rows, ours.iter());
        for record in &details.jobs {
            unread.remove(&record.pbs_id);
        }
        let snapshot = HostSnapshot {
            taken_at,
            scheduler_status: SchedulerStatus::Up,
            unreadable: details.unreadable.iter().cloned().chain(unread).collect(),
            jobs: details.jobs,
            queues: Vec::new(),
            server: None,
            problems: details.problems,
        };
        (shown, snapshot)
    });
    Ok(merged.await.map(|(shown, snapshot)| Listed { snapshot, shown: Some(shown), n_calls: *n_calls, took }))
}

fn down(taken_at: DateTime<Utc>, unavailable: Unavailable) -> HostSnapshot {
    HostSnapshot::new(taken_at, ListingReply::Unavailable(unavailable))
}

fn unreadable() -> Unavailable {
    Unavailable { status: None, words: "the listing could not be read".to_owned() }
}

/// Off the threads that serve; nothing when it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
