//! The jobs that a host lists, as everybody's pages ask for them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use pbsweb_shared::api::hosts::HostJobsQuery;
use pbsweb_shared::host::{HostHealth, HostJobs};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::LoginName;

use super::{HostError, shown_health};
use crate::app::App;
use crate::poller::HostListing;
use crate::services::sessions::{NamedSession, authenticate};
use crate::store::StoreError;
use crate::store::host_views::HostView;

/// Jobs that a host lists, from its last snapshot; the caller's own are marked. The JSON of a [`HostJobs`]: what is alike for all
/// who ask is written once for them.
///
/// # Errors
/// The caller's session is over; there is no such host.
pub async fn list_host_jobs(
    app: &App,
    caller: NamedSession,
    id: HostId,
    query: HostJobsQuery,
) -> Result<String, HostError> {
    const MANY_JOBS: usize = 2000;

    // Nothing of the host is told before it is known that the session is alive.
    let (actor, view) = tokio::join!(authenticate(app, caller), app.host_views.ask((id, caller.user)));
    actor?;
    let view = view?.ok_or(HostError::NotFound)?;
    let watch = view.watch.as_deref();
    let listed = match watch {
        Some(watch) => app.pollers.listed_jobs(app, watch).await?,
        None => Arc::default(),
    };
    app.pollers.watch(app, id);
    let health = shown_health(app, &view.host, watch);
    let as_of = watch.and_then(|watch| watch.snapshot_at);
    // One's own are found by their owner; a search through all of a full host's would hold up other requests.
    if listed.len() < MANY_JOBS || query.own {
        return Ok(host_jobs(&listed, &query, &view, (health, as_of)));
    }
    let searched = tokio::task::spawn_blocking(move || host_jobs(&listed, &query, &view, (health, as_of)));
    Ok(searched.await.map_err(|_| StoreError::Stopped)?)
}

/// The part of a listing that a query asks for.
fn host_jobs(
    listed: &HostListing,
    query: &HostJobsQuery,
    view: &HostView,
    (health, as_of): (HostHealth, Option<DateTime<Utc>>),
) -> String {
    /// Of most jobs, in bytes.
    const A_JOB: usize = 600;

    let login = view.login.as_ref().map(LoginName::as_str);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let size = |n: Option<u32>, default: usize| n.map_or(default, |n| usize::try_from(n).unwrap_or(default));
    let selected = listed.select(query, login);
    let part = selected.iter().skip(size(query.offset, 0)).take(size(query.limit, usize::MAX));
    let head = HostJobs {
        host: view.host.id,
        health,
        as_of,
        n_listed: count(listed.len()),
        n_own: count(listed.of(login).len()),
        n_matching: count(selected.len()),
        jobs: Vec::new(),
    };
    // Such a record can always be written, and ends with the list of jobs.
    let mut text = serde_json::to_string(&head).unwrap_or_default();
    text.truncate(text.len().saturating_sub("]}".len()));
    text.reserve(part.len() * A_JOB);
    for (nth, place) in part.enumerate() {
        let Some(job) = listed.get(*place) else { continue };
        if nth > 0 {
            text.push(',');
        }
        let is_own = login == Some(job.owner.as_str());
        listed.write(*place, is_own, view.own.get(&job.pbs_id).copied(), &mut text);
    }
    text.push_str("]}");
    text
}
