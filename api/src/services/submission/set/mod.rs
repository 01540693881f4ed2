//! Sets of jobs that depend on each other: all of them, or none.
//!
//! The set is stored whole, with every job and what will be sent for it, before the first leaves. Then they are submitted in their
//! order, each with the ids of those it waits for. Those that wait for nothing carry a user hold: so none of them can run before the
//! last is accepted, and the holds are taken off. If one is refused, those that were accepted are deleted; none has run. Every
//! step is decided from what is stored ([`next_step`]), by the server that attends to the set: one that dies is followed by another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, QueryResult};
use pbsweb_shared::api::job_sets::{JobSet, JobSetEntry, JobSetState, JobSetSubmit};
use pbsweb_shared::api::jobs::JobSubmit;
use pbsweb_shared::ids::{JobId, JobSetId};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{JobDelete, JobHold, Steering};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::adopt::PlaceInSet;
use super::attempt::{FirstAttempt, Sent, reach_of, wait_before};
use super::attending::{Attended, Attending};
use super::{Known, Origin, Prepared, SubmitError, insert_job, prepare_job};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::Meaning;
use crate::scheduler::status::Steered;
use crate::services::actor::Actor;
use crate::services::reach::{ReachError, fresh_marker, quick};
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::events::hold_events;
use crate::store::idempotency::{KeyClaim, claim_key, find_key};
use crate::store::job_sets::{
    Member, NewSet, NextStep, SetRecord, complete_member, explain_set, find_set, insert_member, insert_set,
    lock_set, move_set, note_try, take_due_sets,
};
use crate::store::jobs::{change_job, job_facts};
use crate::store::replicas::ReplicaId;
use crate::store::submissions::{FORMER_LEASE, find_submission};

/// Most jobs of a set: they are submitted one after the other.
const MOST_JOBS: usize = 100;

/// How long a set that waits for something is left alone.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

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

/// What is to be done next for a set.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The turn of this one has come.
    Send(usize),
    /// Something has to become known first.
    Wait,
    /// One was refused: none shall run.
    TakeBack(String),
    /// All are accepted: take the holds off these.
    Release(Vec<JobId>),
    /// Delete these.
    Delete(Vec<JobId>),
    /// Nothing is left to do.
    Settle(JobSetState),
}

/// Decides from what is stored, and from nothing else.
fn next_step(state: JobSetState, members: &[Member]) -> Step {
    let jobs = |wanted: &dyn Fn(&Member) -> bool| -> Vec<JobId> {
        members.iter().filter(|member| wanted(member)).map(|member| member.job).collect()
    };
    let is_undecided = |member: &Member| member.facts.state == JobState::Submitting;
    match state {
        JobSetState::Submitting => {
            if let Some(gone) = members.iter().find(|member| member.facts.state.has_ended()) {
                let words = gone.facts.reason.as_deref().unwrap_or("it is gone");
                return Step::TakeBack(format!("job {} is {}: {words}", gone.label, gone.facts.state));
            }
            match members.iter().position(is_undecided) {
                Some(n) if members.get(n).is_some_and(|member| member.is_sent) => Step::Wait,
                Some(n) => Step::Send(n),
                None => Step::Release(jobs(&|member| member.is_held_by_set)),
            }
        }
        JobSetState::Releasing => {
            let held = jobs(&|member| member.is_held_by_set && !member.facts.state.has_ended());
            if held.is_empty() { Step::Settle(JobSetState::Accepted) } else { Step::Release(held) }
        }
        JobSetState::TakingBack => {
            let is_open = |member: &Member| !member.facts.state.has_ended();
            // Those that wait go before those they wait for: of the others, some would run when these are gone (`afterany`). For the
            // same reason none goes while it is not known whether one that may wait for it was accepted.
            let mut there = jobs(&|member| is_open(member) && !member.facts.is_delete_requested);
            there.reverse();
            if members.iter().any(is_undecided) || (there.is_empty() && members.iter().any(is_open)) {
                Step::Wait
            } else if there.is_empty() {
                Step::Settle(JobSetState::TakenBack)
            } else {
                Step::Delete(there)
            }
        }
        JobSetState::Accepted | JobSetState::TakenBack => Step::Settle(state),
    }
}

/// Goes on with a set as far as it goes now.
async fn drive(app: &Arc<App>, id: JobSetId) {
    loop {
        let taker = Taker { me: app.replica.id, attending: app.attending.clone(), now: app.replica.now() };
        let taken = app.store.query(move |connection| taker.take_step(connection, id)).await;
        app.hub.poke();
        match taken {
            Ok(Work::Nothing) => return,
            Ok(Work::Again) => {}
            Ok(Work::Submit(job, attended, lease)) => submit(app, job, attended, lease).await,
            Ok(Work::Steer(steering, jobs, n_tries)) => {
                if !steer(app, id, &steering, jobs, n_tries).await {
                    return;
                }
            }
            // Its lease runs out, and the set is taken up again.
            Err(error) => {
                tracing::warn!(job_set.id = %id, error = &error as &dyn std::error::Error, "a set of jobs could not be moved on");
                return;
            }
        }
    }
}

/// Sends a job whose turn has come.
async fn submit(app: &Arc<App>, job: JobId, attended: Option<Attended>, lease: DateTime<Utc>) {
    match Sent::load(app, job).await {
        Ok(None) => {}
        Ok(Some(Ok(sent))) => {
            let attempt = FirstAttempt::begin(app, &sent.reach, job, &sent.submission.frozen);
            attempt.go(app, job, lease, attended).await;
        }
        // The reconciler takes it up, and says so if it cannot either.
        Ok(Some(Err(error))) => {
            tracing::info!(job.id = %job, cause = chain(&error), "a job of a set could not be sent");
        }
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "a submission could not be read");
        }
    }
}

/// What a step leaves to be done on the host.
enum Work {
    Nothing,
    Again,
    Submit(JobId, Option<Attended>, DateTime<Utc>),
    Steer(Steering, Vec<JobId>, i32),
}

/// The server that goes on with a set.
struct Taker {
    me: ReplicaId,
    attending: Attending,
    now: DateTime<Utc>,
}

impl Taker {
    fn goes_on(&self) -> Option<NextStep> {
        Some(NextStep::mine(self.me, self.now + LEASE))
    }

    fn pauses(&self) -> Option<NextStep> {
        Some(NextStep::anybodys(self.now + PAUSE))
    }

    /// Decides the next step and writes it down, before it is done.
    fn take_step(&self, connection: &mut PgConnection, id: JobSetId) -> QueryResult<Work> {
        let now = self.now;
        // As every change of jobs: first this, then the rows.
        hold_events(connection)?;
        let Some(set) = lock_set(connection, id)? else { return Ok(Work::Nothing) };
        match next_step(set.state, &set.members) {
            Step::Send(n) => {
                let Some(member) = set.members.get(n) else { return Ok(Work::Nothing) };
                complete_member(connection, member.job, &dependency_arguments(&set, member))?;
                // In the list before the row says so, as for every submission.
                let attended = self.attending.begin(member.job);
                let lease = now + FORMER_LEASE;
                change_job(connection, member.job, now, |facts| {
                    facts.next_look_at = Some(lease);
                    facts.attended_by = Some(self.me.as_uuid());
                })?;
                explain_set(connection, id, None)?;
                move_set(connection, id, set.state, 0, self.goes_on())?;
                Ok(Work::Submit(member.job, attended, lease))
            }
            Step::Wait => {
                if set.state == JobSetState::Submitting {
                    explain_set(connection, id, Some("the answer to one of its jobs is not known yet"))?;
                }
                move_set(connection, id, set.state, set.n_tries, self.pauses())?;
                Ok(Work::Nothing)
            }
            Step::TakeBack(words) => {
                for member in set.members.iter().filter(|member| !member.is_sent) {
                    change_job(connection, member.job, now, |facts| {
                        facts.state = JobState::Rejected;
                        facts.source = StateSource::Submission;
                        facts.as_of = now;
                        facts.ended_at = Some(now);
                        facts.reason = Some(format!("never submitted, because of its set {words}"));
                        facts.is_found();
                    })?;
                }
                explain_set(connection, id, Some(&words))?;
                move_set(connection, id, JobSetState::TakingBack, 0, self.goes_on())?;
                Ok(Work::Again)
            }
            Step::Release(jobs) => {
                explain_set(connection, id, None)?;
                move_set(connection, id, JobSetState::Releasing, set.n_tries, self.goes_on())?;
                Ok(Work::Steer(Steering::Release(JobHold::default()), jobs, set.n_tries))
            }
            Step::Delete(jobs) => {
                move_set(connection, id, set.state, set.n_tries, self.goes_on())?;
                Ok(Work::Steer(Steering::Delete(JobDelete::default()), jobs, set.n_tries))
            }
            Step::Settle(state) => {
                move_set(connection, id, state, 0, None)?;
                Ok(Work::Nothing)
            }
        }
    }
}

/// `-W depend=afterok:1.vm:2.vm,afterany:3.vm`, with the ids as the scheduler gave them.
fn dependency_arguments(set: &SetRecord, member: &Member) -> Vec<String> {
    let ids: HashMap<&str, String> = set
        .members
        .iter()
        .filter_map(|one| Some((one.label.as_str(), one.facts.pbs_id.as_ref()?.to_string())))
        .collect();
    let terms: Vec<String> = member
        .depends
        .iter()
        .filter_map(|dependency| Some(format!("{}:{}", dependency.kind, ids.get(dependency.on.as_str())?)))
        .collect();
    if terms.is_empty() { Vec::new() } else { vec!["-W".to_owned(), format!("depend={}", terms.join(","))] }
}

/// Does something to jobs of a set, one after the other; whether all of it is done. What is done twice does no harm.
async fn steer(app: &Arc<App>, id: JobSetId, steering: &Steering, jobs: Vec<JobId>, n_tries: i32) -> bool {
    for job in jobs {
        if let Err(words) = steer_one(app, steering, job).await {
            tracing::info!(job_set.id = %id, job.id = %job, words = words.as_str(), "a job of a set could not be steered");
            let next = NextStep::anybodys(app.replica.now() + wait_before(n_tries.saturating_add(1)));
            let kept = app
                .store
                .query(move |connection| note_try(connection, id, &words, n_tries.saturating_add(1), next))
                .await;
            if let Err(error) = kept {
                tracing::warn!(job_set.id = %id, error = &error as &dyn std::error::Error, "a try could not be noted");
            }
            return false;
        }
    }
    if matches!(steering, Steering::Delete(_)) {
        // Whether they are gone, the next look at them tells.
        return true;
    }
    let settled = app.store.query(move |connection| move_set(connection, id, JobSetState::Accepted, 0, None));
    if let Err(error) = settled.await {
        tracing::warn!(job_set.id = %id, error = &error as &dyn std::error::Error, "an accepted set could not be noted");
    }
    false
}

async fn steer_one(app: &Arc<App>, steering: &Steering, job: JobId) -> Result<(), String> {
    let submission = app.store.query(move |connection| find_submission(connection, job)).await;
    let Some(submission) = submission.map_err(|error| chain(&error))? else { return Ok(()) };
    let facts = app.store.query(move |connection| job_facts(connection, job)).await;
    let Some(pbs_id) = facts.map_err(|error| chain(&error))?.pbs_id else { return Ok(()) };
    let reach = reach_of(app, &submission).await.map_err(|error| chain(&error))?;
    let marker = fresh_marker();
    let targets = [vec![pbs_id]];
    let command = reach
        .scheduler()
        .steer(&reach.site(), &marker, steering, &targets, true)
        .map_err(|error| chain(&ReachError::Command(error)))?;
    let output = reach.run(app, command, quick(app)).await.map_err(|error| chain(&error))?;
    let answers = reach.scheduler().read_steering(&marker, steering, &targets, true, &output.stdout);
    let Some(Steered::Answered(explanation)) = answers.first() else {
        return Err("the scheduler's answer could not be read".to_owned());
    };
    // Who is gone needs neither release nor deletion.
    if !matches!(explanation.meaning, Meaning::Done | Meaning::UnknownJob | Meaning::HasFinished) {
        return Err(explanation.words.clone());
    }
    if matches!(steering, Steering::Delete(_)) {
        let now = app.replica.now();
        let kept = app
            .store
            .query(move |connection| {
                change_job(connection, job, now, |facts| {
                    facts.is_delete_requested |= !facts.state.has_ended();
                })
            })
            .await;
        kept.map_err(|error| chain(&error))?;
    }
    app.pollers.poke(submission.host);
    Ok(())
}

/// Goes on with the sets whose next step is due; what an earlier server left is among them.
pub(super) async fn drive_due(app: &Arc<App>) -> Result<(), StoreError> {
    let me = app.replica.id;
    let due = app.store.query(move |connection| take_due_sets(connection, me, LEASE)).await?;
    for id in due {
        let background = Arc::clone(app);
        app.spawn(async move { drive(&background, id).await });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
