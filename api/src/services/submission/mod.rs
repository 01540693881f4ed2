//! Submitting: intent before effect.
//!
//! [`submit_job`] stores the whole intent in one transaction. Meanwhile the host gets ready, and submits only when told that the
//! intent is stored. That is an [`attempt`]: it may be cut, time out or die with the server at any point; the job then stays
//! `submitting`, and [`reconcile`] settles it from what the host knows. Nothing here guesses.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use pbsweb_shared::api::applications::ApplicationHost;
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::api::jobs::{Job, JobOrigin, JobSubmit};
use pbsweb_shared::ids::{JobId, RevisionId, ScriptId};
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::{self, Diagnostic, JobScript, Placement, Severity, prepare};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actor::Actor;
use super::reach::{Reach, ReachError, Trust, Way};
use super::scripts::{ScriptError, insist, rules_from};
use crate::app::App;
use crate::store::StoreError;
use crate::store::applications::find_place;
use crate::store::idempotency::{KeyClaim, claim_key, find_key};
use crate::store::jobs::find_job;
use crate::store::queues::{ListedQueues, list_queues};
use crate::store::replicas::ReplicaId;
use crate::store::scripts::{
    Changed, NewRevision, Saved, find_revisions, put_revision, save_revision, search_beside_script,
    use_script,
};
use crate::store::submissions::{FORMER_LEASE, Frozen, NewJob, insert_submission};

mod adopt;
mod attempt;
mod attending;
mod outcome;
mod reconcile;
mod set;

use adopt::{PlaceInSet, Record};
use attempt::FirstAttempt;
use attending::Attended;

pub use adopt::{search_account, start_search};
pub use attending::Attending;
pub use outcome::{Outcome, Standing, kept, read_reply};
pub use reconcile::start_reconciler;
pub use set::{get_job_set, submit_job_set};

/// Why a job was not accepted. Nothing was stored and nothing sent.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The script has errors.
    #[error("the job script has errors")]
    Script(Vec<Diagnostic>),
    /// Fields beside the script are wrong.
    #[error("the request breaks a rule")]
    Invalid(Vec<FieldError>),
    /// It cannot be a job of the script that it is said to be of.
    #[error(transparent)]
    Origin(Box<ScriptError>),
    /// A job of a set is not accepted.
    #[error("job {position} of the set")]
    Member {
        /// Which, from 0.
        position: usize,
        /// Why.
        #[source]
        source: Box<SubmitError>,
    },
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

impl From<ScriptError> for SubmitError {
    fn from(error: ScriptError) -> Self {
        Self::Origin(Box::new(error))
    }
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
    let known = Known::read(app, actor, key, &digest, &request).await?;
    let stored = match known.claim {
        KeyClaim::New => store_intent(app, actor, key, digest, request, known).await?,
        KeyClaim::Repeat(first) => Stored::Before(JobId::from_uuid(first)),
        KeyClaim::Reused => return Err(SubmitError::KeyReused),
    };
    let (job, answered) = match stored {
        Stored::Now { job, own_lease, attempt, attended } => {
            app.hub.poke();
            let background = Arc::clone(app);
            let sent = app.spawn(async move { attempt.go(&background, job, own_lease, attended).await });
            let answered = tokio::time::timeout(patience, sent).await;
            (job, answered.ok().and_then(Result::ok).flatten())
        }
        Stored::Before(job) => {
            // A repeat waits for the same answer as the first.
            let waiting = super::jobs::wait_for_answer(app, actor, job, patience);
            if let Err(error) = waiting.await {
                tracing::debug!(job.id = %job, error = &error as &dyn std::error::Error, "a repeat could not wait");
            }
            (job, None)
        }
    };
    if let Some(job) = answered {
        return Ok(job);
    }
    let owner = actor.user;
    let job = app.store.read(move |connection| find_job(connection, owner, job)).await?;
    job.ok_or(SubmitError::Store(StoreError::Query(diesel::result::Error::NotFound)))
}

fn digest_of(request: &JobSubmit) -> Vec<u8> {
    let body = serde_json::to_vec(request).unwrap_or_default();
    Sha256::new().chain_update("POST /jobs\n").chain_update(body).finalize().to_vec()
}

/// What is stored that a request is judged by.
struct Known {
    /// What the key made the first time: it counts before anything is checked, because a repeat gets the first answer even
    /// when the host is away by now.
    claim: KeyClaim,
    way: Way,
    queues: ListedQueues,
    /// The application's name, and where it is on the host.
    place: Option<(String, ApplicationHost)>,
}

impl Known {
    async fn read(
        app: &App,
        actor: &Actor,
        key: &str,
        digest: &[u8],
        request: &JobSubmit,
    ) -> Result<Self, StoreError> {
        let (owner, key, digest) = (actor.user, key.to_owned(), digest.to_owned());
        let (host, application) = (request.host, request.application);
        app.store
            .read(move |connection| {
                let place = match application {
                    Some(application) => find_place(connection, owner, application, host)?,
                    None => None,
                };
                Ok(Self {
                    claim: find_key(connection, owner, &key, &digest)?,
                    way: Way::read(connection, owner, host)?,
                    queues: list_queues(connection, host)?,
                    place,
                })
            })
            .await
    }
}

/// What a request came to in the database.
enum Stored {
    /// A new job, the time to look that stands in its row, and the host that waits for the word.
    Now { job: JobId, own_lease: DateTime<Utc>, attempt: FirstAttempt, attended: Option<Attended> },
    /// A repeat of the request was quicker, or came again.
    Before(JobId),
}

/// A request that was checked, and what will be sent for it.
struct Prepared {
    new: NewJob,
    frozen: Frozen,
    script: JobScript,
    script_name: String,
    of: Option<JobOrigin>,
    reach: Reach,
}

/// The request that a job comes from, as it is noted on the host beside the job.
struct Origin<'a> {
    key: &'a str,
    digest: &'a [u8],
    set: Option<PlaceInSet>,
}

/// Checks a request and freezes what will be sent. Nothing is stored yet.
async fn prepare_job(
    app: &Arc<App>,
    actor: &Actor,
    origin: Origin<'_>,
    request: JobSubmit,
    known: Known,
) -> Result<Prepared, SubmitError> {
    let script = JobScript::from_draft(&request.script).map_err(SubmitError::Script)?;
    let rules = rules_from(&known.queues, known.way.login().map(ToString::to_string));
    let mut refused = script::check(script.draft(), Some(&rules));
    refused.retain(|finding| finding.severity == Severity::Error);
    if !refused.is_empty() {
        return Err(SubmitError::Script(refused));
    }
    let script_name = script_name(&request, &script)?;
    let reach = Reach::open(app, known.way, Trust::Checked)?;
    let (application, working_folder) = match (request.application, known.place) {
        (None, _) => (None, reach.account.home.clone().unwrap_or_default()),
        (Some(id), Some((name, place))) => (Some((id, name)), place.folder),
        (Some(_), None) => {
            return Err(wrong(
                "/application",
                "application.not_on_host",
                "is not on this host; upload it there first",
            ));
        }
    };
    if adopt::is_due(app, &reach.account) {
        // What was submitted after the backup may be this very request: then its key is claimed by now.
        adopt::search(app, &reach).await?;
    }
    let job = JobId::from_uuid(Uuid::now_v7());
    let record = Record {
        site: app.deployment.site,
        user: actor.user_name.clone(),
        session: actor.session,
        key: origin.key.to_owned(),
        digest: adopt::hex(origin.digest),
        script: script_name.clone(),
        application: application.as_ref().and_then(|(_, name)| name.parse().ok()),
        folder: working_folder.clone(),
        set: origin.set,
    };
    let frozen = freeze(&reach, job, &script, working_folder, Some(&record.to_line()));
    let new = NewJob {
        id: job,
        owner: actor.user,
        session: actor.session,
        host: request.host,
        host_name: reach.host.name.clone(),
        application,
        script: ScriptId::from_uuid(Uuid::now_v7()),
        revision: RevisionId::from_uuid(Uuid::now_v7()),
        name: script.name().to_string(),
        login: reach.account.login.clone(),
        queue: script.queue().map(ToString::to_string),
        walltime_seconds: script.walltime().and_then(|walltime| i64::try_from(walltime.seconds()).ok()),
    };
    Ok(Prepared { new, frozen, script, script_name, of: request.of, reach })
}

/// The revision of a script, by its id, that a job is of: the one that it says the same as, or a new one.
fn revision_of(
    connection: &mut PgConnection,
    actor: &Actor,
    of: JobOrigin,
    new: &NewJob,
    script: &JobScript,
    now: DateTime<Utc>,
) -> Result<RevisionId, ScriptError> {
    insist(connection, actor, of.script, Access::Submit)?;
    let known = find_revisions(connection, actor.user, of.script, &[of.made_from])?.pop();
    let known = known.ok_or(ScriptError::NoRevision(of.made_from))?;
    let is_same = known.draft == *script.draft()
        || JobScript::from_draft(&known.draft).is_ok_and(|kept| kept.draft() == script.draft());
    let revision = if is_same {
        known.id
    } else {
        insist(connection, actor, of.script, Access::Edit)?;
        let text = script.render();
        let changed =
            Changed { session: actor.session, draft: script.draft(), text: &text, fresh: new.revision };
        match save_revision(connection, actor.user, of.script, of.made_from, &changed, now)? {
            Some(Saved::Now(revision)) => revision.id,
            Some(Saved::Conflict(current)) => return Err(ScriptError::Conflict(Box::new(current))),
            None => return Err(ScriptError::NotFound),
        }
    };
    let application = new.application.as_ref().map(|(id, _)| *id);
    use_script(connection, actor.user, of.script, application, new.host, now)?;
    Ok(revision)
}

/// Stores a job with its script's revision, in the transaction of its key, and gives its id. Nobody is at a job whose turn has not
/// come.
fn insert_job(
    connection: &mut PgConnection,
    actor: &Actor,
    prepared: Prepared,
    attended_by: Option<ReplicaId>,
    now: DateTime<Utc>,
) -> Result<JobId, SubmitError> {
    let Prepared { new, frozen, script, script_name, of, reach } = prepared;
    let (script_id, revision_id) = match of {
        Some(of) => (of.script, revision_of(connection, actor, of, &new, &script, now)?),
        None => {
            let revision = NewRevision {
                owner: actor.user,
                session: actor.session,
                name: &script_name,
                application: new.application.as_ref().map(|(id, _)| *id),
                host: new.host,
                draft: script.draft(),
                text: &script.render(),
                fresh_script: new.script,
                fresh_revision: new.revision,
            };
            put_revision(connection, &revision, now)?
        }
    };
    let new = NewJob { script: script_id, revision: revision_id, ..new };
    let words = format!("{} to {} as {}", new.name, reach.host.name, new.login);
    insert_submission(connection, &new, &frozen, &actor.deed("job.submit", new.id, words), attended_by, now)?;
    if of.is_some() {
        search_beside_script(connection, actor.user, new.id)?;
    }
    Ok(new.id)
}

/// Checks the request, freezes what will be sent, and stores all of it in one transaction. The host gets ready meanwhile; it submits
/// nothing before it is told that all is stored.
async fn store_intent(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    digest: Vec<u8>,
    request: JobSubmit,
    known: Known,
) -> Result<Stored, SubmitError> {
    let origin = Origin { key, digest: &digest, set: None };
    let prepared = prepare_job(app, actor, origin, request, known).await?;
    let (actor, key, job) = (actor.clone(), key.to_owned(), prepared.new.id);
    let attended = app.attending.begin(job);
    let attempt = FirstAttempt::begin(app, &prepared.reach, job, &prepared.frozen);
    let (attended_by, now) = (app.replica.id, app.replica.now());
    let claim = app
        .store
        .run(move |connection| -> Result<KeyClaim, SubmitError> {
            let claim = claim_key(connection, actor.user, &key, &digest, job.as_uuid(), now)?;
            if claim == KeyClaim::New {
                insert_job(connection, &actor, prepared, Some(attended_by), now)?;
            }
            Ok(claim)
        })
        .await?;
    match claim {
        KeyClaim::New => Ok(Stored::Now { job, own_lease: now + FORMER_LEASE, attempt, attended }),
        KeyClaim::Repeat(first) => Ok(Stored::Before(JobId::from_uuid(first))),
        KeyClaim::Reused => Err(SubmitError::KeyReused),
    }
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

fn freeze(
    reach: &Reach,
    job: JobId,
    script: &JobScript,
    working_folder: String,
    record: Option<&str>,
) -> Frozen {
    let job_folder = format!("{}/.jobs/{job}", reach.root().unwrap_or_default());
    let prepared = prepare(
        script,
        &Placement {
            job,
            job_folder: &job_folder,
            working_folder: &working_folder,
            keep_output_in_place: reach.host.keeps_output_in_place,
            record,
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
