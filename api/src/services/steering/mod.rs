//! Steering: what users do to jobs that the scheduler has. Intent before effect.
//!
//! Each action is stored, with the jobs it is for and its Idempotency-Key, before anything leaves for a host. [`run`] then
//! sends it and keeps what came of it for each job; [`reconcile`] takes on what a server left behind. An outcome is never
//! better than the scheduler's answer: see docs/STEERING.md.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::api::job_actions::{
    ActionOutcome, JobActionCreate, JobActionItem, JobActionPreview, JobActionRun, PreviewGroup, PreviewItem,
};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{JobOrder, Meaning, Steering};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actor::Actor;
use super::reach::{Reach, ReachError, Trust};
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::idempotency::{KeyClaim, claim_key, find_key};
use crate::store::job_actions::{NewAction, NewItem, insert_action, jobs_done, list_items};
use crate::store::jobs::find_jobs;
use crate::store::page::{BadPageToken, PageRequest};

mod pace;
mod read;
mod reconcile;
mod run;
mod targets;

pub use pace::Pace;
pub use read::{
    get_job_action, get_job_attributes, list_actions_of_job, list_job_action_items, list_job_actions,
    wait_for_action,
};
pub use reconcile::start_reconciler;
use targets::{Planned, jobs_of, plan};

/// How many jobs a preview names.
const MOST_SHOWN: usize = 100;

/// Should the server die right after it stored an action, the reconciler takes over after this time.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Why an action could not be taken, or, for one job, what became of it.
#[derive(Debug, thiserror::Error)]
pub enum SteerError {
    /// There is no such job, or it is somebody else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The job's state does not allow it, or the action cannot be undone.
    #[error("{0}")]
    StateForbids(String),
    /// Fields of the request are wrong.
    #[error("the request breaks a rule")]
    Invalid(Vec<FieldError>),
    /// The key came with another request before.
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    /// The scheduler refused; its words.
    #[error("{words}")]
    Refused {
        /// What the status means.
        meaning: Meaning,
        /// The scheduler's own words.
        words: String,
    },
    /// Nothing left for the host.
    #[error("{0}")]
    NotSent(String),
    /// The token belongs to another list.
    #[error(transparent)]
    PageToken(#[from] BadPageToken),
    /// The host is not to be reached for this user; nothing was sent.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for SteerError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

fn wrong(pointer: &str, code: &str, message: impl Into<String>) -> SteerError {
    SteerError::Invalid(vec![FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.into(),
    }])
}

/// Does something to one of the caller's jobs, and waits up to `patience` for the scheduler's answer. The same key does it
/// once: a repeat gets what came of the first request.
///
/// # Errors
/// The state does not allow it; the scheduler refuses; the host cannot be reached.
pub async fn steer_job(
    app: &Arc<App>,
    actor: &Actor,
    key: Option<String>,
    id: JobId,
    steering: Steering,
    patience: Duration,
) -> Result<JobActionItem, SteerError> {
    let digest = digest_of(&format!("steer {id}"), &steering);
    if let Some(first) = known_action(app, actor, key.as_deref(), &digest).await? {
        return only_item(app, actor, first).await;
    }
    let job = own_job(app, actor, id).await?;
    let mut errors = steering.check();
    if !errors.is_empty() {
        errors.iter_mut().for_each(|error| error.code = format!("steering.{}", error.code));
        return Err(SteerError::Invalid(errors));
    }
    let mut planned = plan(&steering, job);
    planned.fits.map_err(|reason| SteerError::StateForbids(reason.to_owned()))?;
    if let Steering::Order(JobOrder { with }) = &steering {
        planned.pbs_ids.push(other_place(app, actor, &steering, &planned.job, *with).await?);
    }
    // What cannot be sent is told at once, and leaves nothing behind.
    Reach::find(app, actor.user, planned.job.host, Trust::Checked).await?;
    let detail = format!("{} on {}: {}", planned.job.name, planned.job.host_name, steering.words());
    let wish = Wish { key, digest, steering, undoes: None, subject: Some(id), detail };
    let (action, is_new) = store_intent(app, actor, wish, vec![planned]).await?;
    if is_new {
        let background = Arc::clone(app);
        let sent = app.spawn(async move { run::run(&background, action).await });
        if let Ok(Ok(Some(error))) = tokio::time::timeout(patience, sent).await {
            return Err(error.into());
        }
    }
    only_item(app, actor, action).await
}

async fn own_job(app: &App, actor: &Actor, id: JobId) -> Result<Job, SteerError> {
    let owner = actor.user;
    let job = app.store.query(move |connection| crate::store::jobs::find_job(connection, owner, id)).await?;
    job.ok_or(SteerError::NotFound("job"))
}

/// The scheduler's id of the job that another is to change places with.
async fn other_place(
    app: &App,
    actor: &Actor,
    steering: &Steering,
    job: &Job,
    with: JobId,
) -> Result<PbsJobId, SteerError> {
    let other = match own_job(app, actor, with).await {
        Ok(other) if other.id != job.id && other.host == job.host => other,
        Ok(_) => return Err(wrong("/with", "with.host", "must be another job on the same host")),
        Err(SteerError::NotFound(_)) => {
            return Err(wrong("/with", "with.unknown", "names none of your jobs"));
        }
        Err(error) => return Err(error),
    };
    let planned = plan(steering, other);
    planned.fits.map_err(|reason| SteerError::StateForbids(format!("of the other job: {reason}")))?;
    planned.pbs_ids.into_iter().next().ok_or(SteerError::NotFound("job"))
}

/// What came of an action for its one job; a refusal is an error, as the scheduler's answer to the request.
async fn only_item(app: &App, actor: &Actor, id: ActionId) -> Result<JobActionItem, SteerError> {
    let owner = actor.user;
    let request = PageRequest { limit: 1, after: None };
    let page =
        app.store.query(move |connection| list_items(connection, owner, id, None, request, "")).await?;
    let item = page.items.into_iter().next().ok_or(SteerError::NotFound("action"))?;
    let words = item.words.clone().unwrap_or_default();
    match item.outcome {
        ActionOutcome::Refused => {
            Err(SteerError::Refused { meaning: item.meaning.unwrap_or(Meaning::BadRequest), words })
        }
        ActionOutcome::NotSent => Err(SteerError::NotSent(words)),
        ActionOutcome::Skipped => Err(SteerError::StateForbids(words)),
        ActionOutcome::Requested | ActionOutcome::Sent | ActionOutcome::Done | ActionOutcome::Unknown => {
            Ok(item)
        }
    }
}

fn digest_of(what: &str, body: &impl serde::Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    Sha256::new().chain_update(what).chain_update("\n").chain_update(body).finalize().to_vec()
}

/// What a repeated request made the first time: found before anything is checked, because a repeat gets the first answer
/// even when the job has gone its way by now.
async fn known_action(
    app: &App,
    actor: &Actor,
    key: Option<&str>,
    digest: &[u8],
) -> Result<Option<ActionId>, SteerError> {
    let Some(key) = key else { return Ok(None) };
    let (owner, key, digest) = (actor.user, key.to_owned(), digest.to_owned());
    let claim = app.store.query(move |connection| find_key(connection, owner, &key, &digest)).await?;
    match claim {
        KeyClaim::New => Ok(None),
        KeyClaim::Repeat(first) => Ok(Some(ActionId::from_uuid(first))),
        KeyClaim::Reused => Err(SteerError::KeyReused),
    }
}

/// What is asked for, and how it is recorded.
struct Wish {
    key: Option<String>,
    digest: Vec<u8>,
    steering: Steering,
    undoes: Option<ActionId>,
    /// The job, if it is about one.
    subject: Option<JobId>,
    detail: String,
}

/// Stores an action whole, in one transaction with its key and its record. Tells whether it is new.
async fn store_intent(
    app: &App,
    actor: &Actor,
    wish: Wish,
    planned: Vec<Planned>,
) -> Result<(ActionId, bool), SteerError> {
    let id = ActionId::from_uuid(Uuid::now_v7());
    let items = planned
        .into_iter()
        .map(|planned| NewItem {
            job: planned.job.id,
            pbs_ids: planned.pbs_ids,
            skipped: planned.fits.err().map(ToOwned::to_owned),
        })
        .collect();
    let new = NewAction {
        id,
        owner: actor.user,
        session: actor.session,
        steering: wish.steering,
        undoes: wish.undoes,
        items,
    };
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| -> Result<(ActionId, bool), SteerError> {
            if let Some(key) = &wish.key {
                match claim_key(connection, actor.user, key, &wish.digest, id.as_uuid(), now)? {
                    KeyClaim::New => {}
                    KeyClaim::Repeat(first) => return Ok((ActionId::from_uuid(first), false)),
                    KeyClaim::Reused => return Err(SteerError::KeyReused),
                }
            }
            insert_action(connection, &new, now + LEASE, now)?;
            let name = format!("job.{}", new.steering.action());
            let subject = wish.subject.map_or_else(|| id.to_string(), |job| job.to_string());
            insert_activity(connection, &actor.deed(&name, subject, wish.detail), now)?;
            Ok((id, true))
        })
        .await
}

/// What an action would do to what. Nothing is stored and nothing is sent.
///
/// # Errors
/// The request is wrong.
pub async fn preview_job_action(
    app: &App,
    actor: &Actor,
    request: JobActionCreate,
) -> Result<JobActionPreview, SteerError> {
    let as_of = Utc::now();
    let jobs = jobs_of(app, actor, &request).await?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let planned: Vec<Planned> = jobs.into_iter().map(|job| plan(&request.action, job)).collect();
    let mut groups: Vec<PreviewGroup> = Vec::new();
    for one in &planned {
        let (Ok(words) | Err(words)) = one.fits;
        let known = groups.iter_mut().find(|group| group.state == one.job.state && group.words == words);
        match known {
            Some(group) => group.n_jobs += 1,
            None => groups.push(PreviewGroup {
                state: one.job.state,
                is_possible: one.fits.is_ok(),
                words: words.to_owned(),
                n_jobs: 1,
            }),
        }
    }
    Ok(JobActionPreview {
        as_of,
        n_jobs: count(planned.len()),
        n_possible: count(planned.iter().filter(|one| one.fits.is_ok()).count()),
        privilege: request.action.privilege().map(ToOwned::to_owned),
        groups,
        items: planned.into_iter().take(MOST_SHOWN).map(preview_item).collect(),
    })
}

fn preview_item(planned: Planned) -> PreviewItem {
    let (Ok(words) | Err(words)) = planned.fits;
    PreviewItem {
        job: planned.job.id,
        name: planned.job.name,
        host_name: planned.job.host_name,
        pbs_ids: planned.pbs_ids,
        state: planned.job.state,
        is_possible: planned.fits.is_ok(),
        words: words.to_owned(),
    }
}

/// Does something to many of the caller's jobs: stores it, begins, and waits up to `patience` for its end.
///
/// # Errors
/// The request is wrong. What becomes of each job is in the action's items.
pub async fn create_job_action(
    app: &Arc<App>,
    actor: &Actor,
    key: Option<String>,
    request: JobActionCreate,
    patience: Duration,
) -> Result<JobActionRun, SteerError> {
    let digest = digest_of("act", &request);
    if let Some(first) = known_action(app, actor, key.as_deref(), &digest).await? {
        return wait_for_action(app, actor, first, patience).await;
    }
    let jobs = jobs_of(app, actor, &request).await?;
    let wish =
        Wish { key, digest, undoes: None, subject: None, detail: String::new(), steering: request.action };
    begin(app, actor, wish, jobs, patience).await
}

/// Takes an action back where it was done.
///
/// # Errors
/// There is no such action, or nothing takes it back.
pub async fn undo_job_action(
    app: &Arc<App>,
    actor: &Actor,
    key: Option<String>,
    id: ActionId,
    patience: Duration,
) -> Result<JobActionRun, SteerError> {
    let digest = digest_of("undo", &id);
    if let Some(first) = known_action(app, actor, key.as_deref(), &digest).await? {
        return wait_for_action(app, actor, first, patience).await;
    }
    let action = get_job_action(app, actor, id).await?;
    let steering = action.undo.ok_or_else(|| {
        SteerError::StateForbids(format!("nothing takes a {} back", action.action.action()))
    })?;
    let owner = actor.user;
    let jobs = app
        .store
        .query(move |connection| {
            let ids = jobs_done(connection, owner, id)?;
            find_jobs(connection, owner, &ids)
        })
        .await?;
    if jobs.is_empty() {
        return Err(SteerError::StateForbids(
            "it was done for no job, so that nothing is to be taken back".to_owned(),
        ));
    }
    let wish = Wish {
        key,
        digest,
        undoes: Some(id),
        subject: None,
        detail: format!(" (takes {id} back)"),
        steering,
    };
    begin(app, actor, wish, jobs, patience).await
}

async fn begin(
    app: &Arc<App>,
    actor: &Actor,
    mut wish: Wish,
    jobs: Vec<Job>,
    patience: Duration,
) -> Result<JobActionRun, SteerError> {
    let planned: Vec<Planned> = jobs.into_iter().map(|job| plan(&wish.steering, job)).collect();
    let what = match planned.as_slice() {
        [one] => format!("{} on {}", one.job.name, one.job.host_name),
        many => format!("{} jobs", many.len()),
    };
    wish.detail = format!("{what}: {}{}", wish.steering.words(), wish.detail);
    let (action, is_new) = store_intent(app, actor, wish, planned).await?;
    if is_new {
        let background = Arc::clone(app);
        app.spawn(async move { run::run(&background, action).await });
    }
    wait_for_action(app, actor, action, patience).await
}

/// The scheduler's words, or ours where it said none.
fn words_of(explanation: &crate::scheduler::Explanation) -> String {
    match explanation.words.trim() {
        "" => explanation.meaning.sentence().to_owned(),
        words => words.to_owned(),
    }
}

/// When an action without an answer is taken on again.
fn next_look(n_tries: i32, now: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = match n_tries {
        ..=1 => 2,
        2 => 5,
        3 => 15,
        _ => 60,
    };
    now + TimeDelta::seconds(seconds)
}
