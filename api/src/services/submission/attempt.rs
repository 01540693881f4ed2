//! One attempt to bring a stored submission to the scheduler, and what its answer means for the job.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::attending::Attended;
use super::outcome::{Outcome, Standing, kept, read_reply};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::SubmitRequest;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::jobs::{JobFacts, change_job};
use crate::store::submissions::{Frozen, SubmissionRecord, find_submission};
use crate::transport::RunLimits;

/// A scheduler under load takes tens of seconds; beyond this the reconciler asks.
const LIMITS: RunLimits = RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 1024 * 1024 };

/// How long the program on the host waits for another run's answer.
const WAIT_SECONDS: u32 = 20;

/// A stored submission and the way to its host.
pub(super) struct Sent {
    pub(super) submission: SubmissionRecord,
    pub(super) reach: Reach,
}

impl Sent {
    /// Loads a submission that still has no answer, and the way to its host.
    pub(super) async fn load(app: &App, job: JobId) -> Result<Option<Result<Self, ReachError>>, StoreError> {
        let submission = app.store.query(move |connection| find_submission(connection, job)).await?;
        let Some(submission) = submission.filter(|submission| submission.state == JobState::Submitting)
        else {
            return Ok(None);
        };
        Ok(Some(reach_of(app, &submission).await.map(|reach| Self { submission, reach })))
    }
}

/// The way to the host of a submission, as the account that it was made for: the login name may have been changed since.
pub(super) async fn reach_of(app: &App, submission: &SubmissionRecord) -> Result<Reach, ReachError> {
    let reach = Reach::find(app, submission.owner, submission.host, Trust::Named).await?;
    Ok(reach.as_submitted(&submission.login, &submission.frozen.job_folder))
}

/// The first attempt of a submission that is about to be stored: the host gets ready meanwhile, and submits when told that it is.
/// When this is dropped untold, the host undoes what it did.
pub(super) struct FirstAttempt {
    stored: oneshot::Sender<()>,
    outcome: JoinHandle<Outcome>,
}

impl FirstAttempt {
    /// Has the host get ready.
    pub(super) fn begin(app: &Arc<App>, reach: &Reach, job: JobId, frozen: &Frozen) -> Self {
        let (stored, word) = oneshot::channel();
        let (background, reach, frozen) = (Arc::clone(app), reach.clone(), frozen.clone());
        let outcome = app.spawn(async move { send(&background, &reach, job, &frozen, 1, Some(word)).await });
        Self { stored, outcome }
    }

    /// Submits, now that the intent is stored, and keeps what came of it; `own_lease` is the time to look that stands in the job's
    /// row. Gives the job as it is then, if that could be kept.
    pub(super) async fn go(
        self,
        app: &Arc<App>,
        job: JobId,
        own_lease: DateTime<Utc>,
        _attended: Option<Attended>,
    ) -> Option<Job> {
        // The exchange may have failed by now, and waits for no word: its outcome says so.
        let _ = self.stored.send(());
        let outcome = self.outcome.await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::Unknown("the server was stopped".to_owned()));
        keep_of(app, job, outcome, Some(own_lease)).await
    }
}

/// Sends a submission and keeps what came of it.
pub(super) async fn attempt(app: &Arc<App>, job: JobId, number: u32) {
    let outcome = match Sent::load(app, job).await {
        Ok(None) => return,
        Ok(Some(Ok(sent))) => send(app, &sent.reach, job, &sent.submission.frozen, number, None).await,
        Ok(Some(Err(error))) => Outcome::Unknown(chain(&error)),
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "a submission could not be read");
            return;
        }
    };
    keep(app, job, outcome).await;
}

/// Runs the submission's program, in two steps if there is a `word` to wait for.
async fn send(
    app: &App,
    reach: &Reach,
    job: JobId,
    frozen: &Frozen,
    number: u32,
    word: Option<oneshot::Receiver<()>>,
) -> Outcome {
    let marker = fresh_marker();
    let request = SubmitRequest {
        job,
        attempt: number,
        script: &frozen.text,
        arguments: &frozen.arguments,
        working_folder: &frozen.working_folder,
        wait_seconds: WAIT_SECONDS,
    };
    let command = match reach.scheduler().submit(&reach.site(), &marker, &request) {
        Ok(command) => command,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    let output = match word {
        Some(word) => reach.run_on_word(app, command, LIMITS, word).await,
        None => reach.run_to_the_end(app, command, LIMITS).await,
    };
    match output {
        Ok(output) => read_reply(reach.scheduler().read_submission(&marker, &output.stdout)),
        Err(error) => Outcome::Unknown(chain(&error)),
    }
}

/// Keeps an outcome, unless another has settled the job meanwhile. Gives the job as it is then.
pub(super) async fn keep(app: &Arc<App>, id: JobId, outcome: Outcome) -> Option<Job> {
    keep_of(app, id, outcome, None).await
}

/// As `keep`; `own_lease` is the time to look that the first attempt's row was stored with. A reconciler that takes the job, also
/// one of a former release, changes that.
async fn keep_of(
    app: &Arc<App>,
    id: JobId,
    outcome: Outcome,
    own_lease: Option<DateTime<Utc>>,
) -> Option<Job> {
    let now = app.replica.now();
    let is_accepted = matches!(outcome, Outcome::Accepted(_));
    let kept = app
        .store
        .query(move |connection| {
            change_job(connection, id, now, |facts| note(facts, outcome, own_lease, now))
        })
        .await;
    app.hub.poke();
    match kept {
        Ok(job) => {
            tracing::info!(job.id = %id, job.state = %job.state, job.pbs_id = job.pbs_id.as_ref().map(ToString::to_string), "submission answered");
            if is_accepted {
                app.pollers.poke(job.host);
            }
            Some(job)
        }
        // The answer is safe on the host: the reconciler reads it as soon as the database answers.
        Err(error) => {
            tracing::warn!(job.id = %id, error = &error as &dyn std::error::Error, "an answer could not be kept; it will be read again");
            None
        }
    }
}

/// Keeps that these are still looked for, and why: together, because a host that is away may owe hundreds of answers.
pub(super) async fn keep_looking(app: &Arc<App>, jobs: Vec<JobId>, words: String) {
    let (n_jobs, now) = (jobs.len(), app.replica.now());
    let kept = app
        .store
        .query(move |connection| {
            for id in jobs {
                let outcome = Outcome::Unknown(words.clone());
                change_job(connection, id, now, |facts| note(facts, outcome, None, now))?;
            }
            Ok(())
        })
        .await;
    app.hub.poke();
    if let Err(error) = kept {
        tracing::warn!(
            n_jobs,
            error = &error as &dyn std::error::Error,
            "what is looked for could not be kept"
        );
    }
}

/// What an outcome makes of a job; nothing where more is known already.
fn note(facts: &mut JobFacts, outcome: Outcome, own_lease: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    // PostgreSQL keeps microseconds.
    let lease = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
    let known = Standing {
        state: facts.state,
        has_id: facts.pbs_id.is_some(),
        is_first_alone: own_lease.is_some() && lease(facts.next_look_at) == lease(own_lease),
    };
    if let Some(outcome) = kept(known, outcome) {
        apply(facts, outcome, now);
    }
}

fn apply(facts: &mut JobFacts, outcome: Outcome, now: DateTime<Utc>) {
    facts.as_of = now;
    facts.attended_by = None;
    match outcome {
        Outcome::Accepted(pbs_id) => {
            facts.state = JobState::Queued;
            facts.source = StateSource::Submission;
            facts.pbs_id = Some(pbs_id);
            facts.reason = None;
            facts.ended_at = None;
            facts.is_found();
        }
        Outcome::Refused(words) => {
            facts.state = JobState::Rejected;
            facts.source = StateSource::Submission;
            facts.reason = Some(storable(&words));
            facts.ended_at = Some(now);
            facts.is_found();
        }
        Outcome::NotStarted(words) | Outcome::Unknown(words) => {
            facts.n_looks = facts.n_looks.saturating_add(1);
            facts.still_looking(&format!("asked the host: {words}"), now, wait_before(facts.n_looks));
            facts.reason = Some(storable(&words));
        }
    }
}

/// PostgreSQL takes no NUL, and a host may print anything: its words must not keep an answer from being stored.
fn storable(words: &str) -> String {
    words.replace('\0', "\u{fffd}")
}

/// The first looks come quickly, because most answers are only a cut connection away; then once a minute.
pub(super) fn wait_before(n_looks: i32) -> TimeDelta {
    match n_looks {
        ..=1 => TimeDelta::seconds(2),
        2 => TimeDelta::seconds(5),
        3 => TimeDelta::seconds(10),
        4 => TimeDelta::seconds(20),
        _ => TimeDelta::seconds(60),
    }
}
