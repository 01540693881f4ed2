//! Submitting: intent before effect.
//!
//! [`submit_job`] stores the whole intent in one transaction, and only then does anything leave for the host. What
//! follows is [`attempt`]: it may be cut, time out or die with the server at any point; the job then stays `submitting`, and
//! [`reconcile`] settles it from what the host knows. Nothing here guesses.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use pbsweb_shared::api::jobs::{Job, JobSubmit};
use pbsweb_shared::ids::{JobId, RevisionId, ScriptId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::{self, Diagnostic, JobScript, Placement, Severity, prepare};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actor::Actor;
use super::reach::{Reach, ReachError, Trust};
use super::scripts::rules_of;
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::applications::find_place;
use crate::store::idempotency::{KeyClaim, claim_key};
use crate::store::jobs::find_job;
use crate::store::scripts::{NewRevision, put_revision};
use crate::store::submissions::{Frozen, NewJob, SubmissionRecord, insert_submission};

mod attempt;
mod reconcile;

use attempt::Sent;

pub use reconcile::start_reconciler;

/// Should the server die right after it stored a submission, the reconciler takes over after this time.
const LEASE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Why a job was not accepted. Nothing was stored and nothing sent.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The script has errors.
    #[error("the job script has errors")]
    Script(Vec<Diagnostic>),
    /// Fields beside the script are wrong.
    #[error("the request breaks a rule")]
    Invalid(Vec<FieldError>),
    /// The key came with another request before.
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    /// The host is not to be reached for this user.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for SubmitError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

fn wrong(pointer: &str, code: &str, message: &str) -> SubmitError {
    SubmitError::Invalid(vec![FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    }])
}

/// Submits a job: stores it, sends it, and waits up to `patience` for the scheduler's answer. The job exists either way,
/// and goes its way when the caller does not wait.
///
/// # Errors
/// Only before anything was stored; afterwards the job's state tells.
pub async fn submit_job(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    request: JobSubmit,
    patience: Duration,
) -> Result<Job, SubmitError> {
    let digest = digest_of(&request);
    let (job, stored) = match known_job(app, actor, key, &digest).await? {
        Some(job) => (job, None),
        None => store_intent(app, actor, key, digest, request).await?,
    };
    if let Some(stored) = stored {
        app.hub.poke();
        let background = Arc::clone(app);
        let sent = app.spawn(async move { attempt::first_attempt(&background, stored).await });
        let _ = tokio::time::timeout(patience, sent).await;
    } else {
        // A repeat waits for the same answer as the first.
        let waiting = super::jobs::wait_for_answer(app, actor, job, patience);
        if let Err(error) = waiting.await {
            tracing::debug!(job.id = %job, error = &error as &dyn std::error::Error, "a repeat could not wait");
        }
    }
    let owner = actor.user;
    let job = app.store.query(move |connection| find_job(connection, owner, job)).await?;
    job.ok_or(SubmitError::Store(StoreError::Query(diesel::result::Error::NotFound)))
}

fn digest_of(request: &JobSubmit) -> Vec<u8> {
    let body = serde_json::to_vec(request).unwrap_or_default();
    Sha256::new().chain_update("POST /jobs\n").chain_update(body).finalize().to_vec()
}

/// What a repeated request made the first time: found before anything is checked, because a repeat gets the first
/// answer even when the host is away by now.
async fn known_job(app: &App, actor: &Actor, key: &str, digest: &[u8]) -> Result<Option<JobId>, SubmitError> {
    let (owner, key, digest) = (actor.user, key.to_owned(), digest.to_owned());
    let claim = app
        .store
        .query(move |connection| crate::store::idempotency::find_key(connection, owner, &key, &digest))
        .await?;
    match claim {
        KeyClaim::New => Ok(None),
        KeyClaim::Repeat(job) => Ok(Some(JobId::from_uuid(job))),
        KeyClaim::Reused => Err(SubmitError::KeyReused),
    }
}

/// Checks the request, freezes what will be sent, and stores all of it in one transaction. Gives the job, and what to send
/// unless a repeat of the request was quicker.
async fn store_intent(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    digest: Vec<u8>,
    request: JobSubmit,
) -> Result<(JobId, Option<Sent>), SubmitError> {
    let script = JobScript::from_draft(&request.script).map_err(SubmitError::Script)?;
    let rules = rules_of(app, actor, request.host).await?;
    let mut refused = script::check(script.draft(), Some(&rules));
    refused.retain(|finding| finding.severity == Severity::Error);
    if !refused.is_empty() {
        return Err(SubmitError::Script(refused));
    }
    let script_name = script_name(&request, &script)?;
    let reach = Reach::find(app, actor.user, request.host, Trust::Checked).await?;
    let working_folder = working_folder(app, actor, &reach, &request).await?;
    let job = JobId::from_uuid(Uuid::now_v7());
    let frozen = freeze(&reach, job, &script, working_folder);
    let text = script.render();
    let actor = actor.clone();
    let key = key.to_owned();
    let new = NewJob {
        id: job,
        owner: actor.user,
        session: actor.session,
        host: request.host,
        application: request.application,
        script: ScriptId::from_uuid(Uuid::now_v7()),
        revision: RevisionId::from_uuid(Uuid::now_v7()),
        name: script.name().to_string(),
        login: reach.account.login.clone(),
        queue: script.queue().map(ToString::to_string),
        walltime_seconds: script.walltime().and_then(|walltime| i64::try_from(walltime.seconds()).ok()),
    };
    app.store
        .run(move |connection| -> Result<(JobId, Option<Sent>), SubmitError> {
            let now = Utc::now();
            match claim_key(connection, actor.user, &key, &digest, job.as_uuid(), now)? {
                KeyClaim::New => {}
                KeyClaim::Repeat(first) => return Ok((JobId::from_uuid(first), None)),
                KeyClaim::Reused => return Err(SubmitError::KeyReused),
            }
            let revision = NewRevision {
                owner: actor.user,
                session: actor.session,
                name: &script_name,
                application: new.application,
                host: new.host,
                draft: script.draft(),
                text: &text,
                fresh_script: new.script,
                fresh_revision: new.revision,
            };
            let (script_id, revision_id) = put_revision(connection, &revision, now)?;
            let new = NewJob { script: script_id, revision: revision_id, ..new };
            insert_submission(connection, &new, &frozen, now + LEASE, now)?;
            let deed = actor.deed(
                "job.submit",
                job,
                format!("{} to {} as {}", new.name, reach.host.name, new.login),
            );
            insert_activity(connection, &deed, now)?;
            let submission = SubmissionRecord {
                job,
                owner: new.owner,
                host: new.host,
                login: new.login,
                state: JobState::Submitting,
                n_looks: 0,
                submitted_at: now,
                frozen,
            };
            Ok((job, Some(Sent { submission, reach })))
        })
        .await
}

fn script_name(request: &JobSubmit, script: &JobScript) -> Result<String, SubmitError> {
    let given = request.script_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = given.map_or_else(|| script.name().to_string(), ToOwned::to_owned);
    if name.len() > 200 || name.chars().any(char::is_control) {
        return Err(wrong(
            "/script_name",
            "script_name.syntax",
            "needs at most 200 bytes without control characters",
        ));
    }
    Ok(name)
}

async fn working_folder(
    app: &App,
    actor: &Actor,
    reach: &Reach,
    request: &JobSubmit,
) -> Result<String, SubmitError> {
    let Some(application) = request.application else {
        return Ok(reach.account.home.clone().unwrap_or_default());
    };
    let (owner, host) = (actor.user, request.host);
    let place = app.store.query(move |connection| find_place(connection, owner, application, host)).await?;
    place.map(|place| place.folder).ok_or_else(|| {
        wrong("/application", "application.not_on_host", "is not on this host; upload it there first")
    })
}

fn freeze(reach: &Reach, job: JobId, script: &JobScript, working_folder: String) -> Frozen {
    let job_folder = format!("{}/.jobs/{job}", reach.root().unwrap_or_default());
    let prepared = prepare(
        script,
        &Placement {
            job,
            job_folder: &job_folder,
            working_folder: &working_folder,
            keep_output_in_place: reach.host.keeps_output_in_place,
        },
    );
    Frozen {
        job_folder,
        working_folder,
        text: prepared.text,
        arguments: prepared.arguments,
        stdout_path: prepared.stdout_path,
        stderr_path: prepared.stderr_path,
    }
}
