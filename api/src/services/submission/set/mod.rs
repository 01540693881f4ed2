//! Sets of jobs that depend on each other: all of them, or none.
//!
//! The set is stored whole, with every job and what will be sent for it, before the first leaves. Then they are submitted in their
//! order, each with the ids of those it waits for. Those that wait for nothing carry a user hold: so none of them can run before the
//! last is accepted, and the holds are taken off. If one is refused, those that were accepted are deleted; none has run. Every
//! step is decided from what is stored ([`step`]), by the server that attends to the set: one that dies is followed by another.

mod drive;
mod step;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use pbsweb_shared::api::job_sets::{JobSet, JobSetEntry, JobSetSubmit};
use pbsweb_shared::api::jobs::JobSubmit;
use pbsweb_shared::ids::JobSetId;
use pbsweb_shared::problem::FieldError;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::drive::drive;
pub(super) use self::drive::drive_due;
use super::adopt::PlaceInSet;
use super::{Known, Origin, Prepared, SubmitError, insert_job, prepare_job};
use crate::app::App;
use crate::services::actor::Actor;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::idempotency::{KeyClaim, claim_key, find_key};
use crate::store::job_sets::{NewSet, NextStep, find_set, insert_member, insert_set};

/// Most jobs of a set: they are submitted one after the other.
const MOST_JOBS: usize = 100;

/// After this time a server that lives takes up a set that it dropped: longer than a step takes.
const LEASE: TimeDelta = TimeDelta::seconds(180);

/// Submits a set: stores it, sends its jobs, and waits up to `patience` until all are accepted or it is taken back. The set exists
/// either way, and goes its way when the caller does not wait.
///
/// # Errors
/// Only before anything was stored; afterwards the set's state tells.
pub async fn submit_job_set(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    request: JobSetSubmit,
    patience: Duration,
) -> Result<JobSet, SubmitError> {
    let body = serde_json::to_vec(&request).unwrap_or_default();
    let digest = Sha256::new().chain_update("POST /job-sets\n").chain_update(body).finalize().to_vec();
    let (owner, known_key, known_digest) = (actor.user, key.to_owned(), digest.clone());
    let claim =
        app.store.read(move |connection| find_key(connection, owner, &known_key, &known_digest)).await?;
    let id = match claim {
        KeyClaim::New => {
            let (id, is_new) = store_intent(app, actor, key, digest, request).await?;
            if is_new {
                app.hub.poke();
                let background = Arc::clone(app);
                app.spawn(async move { drive(&background, id).await });
            }
            id
        }
        KeyClaim::Repeat(id) => JobSetId::from_uuid(id),
        KeyClaim::Reused => return Err(SubmitError::KeyReused),
    };
    let waiting = wait_until_settled(app, actor, id);
    if let Ok(waited) = tokio::time::timeout(patience, waiting).await {
        waited?;
    }
    let set = get_job_set(app, actor, id).await?;
    set.ok_or(SubmitError::Store(StoreError::Query(diesel::result::Error::NotFound)))
}

async fn wait_until_settled(app: &App, actor: &Actor, id: JobSetId) -> Result<(), StoreError> {
    // What happens to its jobs is told; that the set itself is settled shows at the next look.
    let mut events = app.hub.subscribe();
    while !get_job_set(app, actor, id).await?.is_some_and(|set| set.state.is_settled()) {
        let _ = tokio::time::timeout(Duration::from_millis(500), events.recv()).await;
    }
    Ok(())
}

/// One of the caller's sets.
///
/// # Errors
/// The database's.
pub async fn get_job_set(app: &App, actor: &Actor, id: JobSetId) -> Result<Option<JobSet>, StoreError> {
    let owner = actor.user;
    app.store.read(move |connection| find_set(connection, owner, id)).await
}

/// What is wrong with a set as such.
fn mistakes(entries: &[JobSetEntry]) -> Vec<FieldError> {
    let mut found = Vec::new();
    let mut wrong = |pointer: String, code: &str, message: &str| {
        found.push(FieldError { pointer, code: code.to_owned(), message: message.to_owned() });
    };
    if entries.is_empty() || entries.len() > MOST_JOBS {
        wrong("/jobs".to_owned(), "job_set.size", "needs 1 to 100 jobs");
    }
    let mut before: Vec<&str> = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let label = entry.label.as_str();
        let is_plain = label.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if label.is_empty() || label.len() > 64 || !is_plain {
            wrong(
                format!("/jobs/{n}/label"),
                "job_set.label",
                "needs 1 to 64 letters, digits, '.', '_' or '-'",
            );
        } else if before.contains(&label) {
            wrong(
                format!("/jobs/{n}/label"),
                "job_set.label_taken",
                "is the label of another job of the set",
            );
        }
        if entries.first().is_some_and(|first| first.submit.host != entry.submit.host) {
            let message = "is another host than that of the first job; a scheduler knows its own jobs only";
            wrong(format!("/jobs/{n}/submit/host"), "job_set.host", message);
        }
        if !entry.depends.is_empty() && !entry.submit.script.dependencies.is_empty() {
            let message = "cannot stand beside the set's own dependencies";
            wrong(format!("/jobs/{n}/submit/script/dependencies"), "job_set.dependencies", message);
        }
        for (m, dependency) in entry.depends.iter().enumerate() {
            if !before.contains(&dependency.on.as_str()) {
                let message = "names no job that stands before this one in the set";
                wrong(format!("/jobs/{n}/depends/{m}/on"), "job_set.depends", message);
            }
        }
        before.push(label);
    }
    found
}

/// Checks all jobs, and stores the set and them in one transaction. Gives the set, and whether it is new.
async fn store_intent(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    digest: Vec<u8>,
    request: JobSetSubmit,
) -> Result<(JobSetId, bool), SubmitError> {
    let found = mistakes(&request.jobs);
    if !found.is_empty() {
        return Err(SubmitError::Invalid(found));
    }
    let id = JobSetId::from_uuid(Uuid::now_v7());
    let mut jobs: Vec<(JobSetEntry, Prepared, bool)> = Vec::with_capacity(request.jobs.len());
    for (position, entry) in request.jobs.into_iter().enumerate() {
        let submit: JobSubmit = entry.submit.clone();
        let known = Known::read(app, actor, key, &digest, &submit).await?;
        let place = PlaceInSet { id, position, label: entry.label.clone(), depends: entry.depends.clone() };
        let origin = Origin { key, digest: &digest, set: Some(place) };
        let mut prepared = prepare_job(app, actor, origin, submit, known)
            .await
            .map_err(|source| SubmitError::Member { position, source: Box::new(source) })?;
        // A hold of its owner's stays, whatever comes of the set.
        let is_held_by_set = entry.depends.is_empty() && !entry.submit.script.hold;
        if is_held_by_set {
            prepared.frozen.arguments.push("-h".to_owned());
        }
        jobs.push((entry, prepared, is_held_by_set));
    }
    let (actor, key) = (actor.clone(), key.to_owned());
    let (me, now) = (app.replica.id, app.replica.now());
    app.store
        .run(move |connection| -> Result<(JobSetId, bool), SubmitError> {
            match claim_key(connection, actor.user, &key, &digest, id.as_uuid(), now)? {
                KeyClaim::New => {}
                KeyClaim::Repeat(first) => return Ok((JobSetId::from_uuid(first), false)),
                KeyClaim::Reused => return Err(SubmitError::KeyReused),
            }
            let host = jobs.first().map(|(entry, _, _)| entry.submit.host);
            let Some(host) = host else { return Err(SubmitError::Invalid(Vec::new())) };
            let new = NewSet { id, owner: actor.user, session: actor.session, host };
            insert_set(connection, new, NextStep::mine(me, now + LEASE), now)?;
            let words = format!("{} jobs that depend on each other", jobs.len());
            insert_activity(connection, &actor.deed("job_set.submit", id, words), now)?;
            for (position, (entry, prepared, is_held)) in jobs.into_iter().enumerate() {
                // Nobody is at it before its turn has come.
                let job = insert_job(connection, &actor, prepared, None, now)?;
                insert_member(connection, id, position, job, &entry.label, &entry.depends, is_held)?;
            }
            Ok((id, true))
        })
        .await
}

#[cfg(test)]
mod tests;
