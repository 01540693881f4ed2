//! One attempt to bring a stored submission to the scheduler, and what its answer means for the job.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::attending::Attended;
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{NotStarted, SubmissionReply, SubmitRequest};
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::jobs::change_job;
use crate::store::submissions::{SubmissionRecord, find_submission};
use crate::transport::RunLimits;

/// A scheduler under load takes tens of seconds; beyond this the reconciler asks.
const LIMITS: RunLimits = RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 1024 * 1024 };

/// How long the program on the host waits for another run's answer.
const WAIT_SECONDS: u32 = 20;

/// What an attempt or a look came to.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// The scheduler has it.
    Accepted(PbsJobId),
    /// It is certain that it never ran and will not: qsub's refusal, or the host could not take it.
    Refused(String),
    /// Not known yet: why, in words for the owner.
    Unknown(String),
}

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
        let reach = match Reach::find(app, submission.owner, submission.host, Trust::Named).await {
            Ok(reach) if reach.account.login == submission.login => reach,
            // The login name was changed meanwhile: the job went to the former account.
            Ok(mut reach) => {
                reach.endpoint.login = submission.login.clone();
                reach
            }
            Err(error) => return Ok(Some(Err(error))),
        };
        Ok(Some(Ok(Self { submission, reach })))
    }

    /// The folder that holds PBSWeb's files for this submission's account.
    pub(super) fn site(&self) -> crate::scheduler::Site {
        let folder = &self.submission.frozen.job_folder;
        let root = folder.rsplit_once("/.jobs/").map_or_else(String::new, |(root, _)| root.to_owned());
        crate::scheduler::Site { root, ..self.reach.site() }
    }
}

/// Sends a submission that was stored a moment ago, by this request: nothing has to be read again.
pub(super) async fn first_attempt(app: &Arc<App>, stored: Sent, _attended: Option<Attended>) {
    let outcome = send(app, &stored, 1).await;
    keep(app, stored.submission.job, outcome).await;
}

/// Sends a submission and keeps what came of it.
pub(super) async fn attempt(app: &Arc<App>, job: JobId, number: u32) {
    let outcome = match Sent::load(app, job).await {
        Ok(None) => return,
        Ok(Some(Ok(sent))) => send(app, &sent, number).await,
        Ok(Some(Err(error))) => Outcome::Unknown(chain(&error)),
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "a submission could not be read");
            return;
        }
    };
    keep(app, job, outcome).await;
}

async fn send(app: &App, sent: &Sent, number: u32) -> Outcome {
    let marker = fresh_marker();
    let frozen = &sent.submission.frozen;
    let request = SubmitRequest {
        job: sent.submission.job,
        attempt: number,
        script: &frozen.text,
        arguments: &frozen.arguments,
        working_folder: &frozen.working_folder,
        wait_seconds: WAIT_SECONDS,
    };
    let command = match sent.reach.scheduler().submit(&sent.site(), &marker, &request) {
        Ok(command) => command,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    match sent.reach.run_to_the_end(app, command, LIMITS).await {
        Ok(output) => read_reply(sent.reach.scheduler().read_submission(&marker, &output.stdout)),
        Err(error) => Outcome::Unknown(chain(&error)),
    }
}

/// What a reply means: only qsub's own word, or the proof that it never started, is an end.
pub(super) fn read_reply(reply: SubmissionReply) -> Outcome {
    match reply {
        SubmissionReply::Accepted { pbs_id, .. } => Outcome::Accepted(pbs_id),
        SubmissionReply::Refused { explanation }
            if explanation.meaning.is_retryable() || explanation.meaning.may_have_happened() =>
        {
            Outcome::Unknown(format!("qsub said: {}", explanation.words.trim()))
        }
        SubmissionReply::Refused { explanation } => Outcome::Refused(refusal(&explanation)),
        SubmissionReply::NoId { words } => {
            Outcome::Unknown(format!("qsub ended well and printed no job id, but: {}", words.trim()))
        }
        SubmissionReply::InProgress(_) => {
            Outcome::Unknown("qsub runs on the host and has not answered yet".to_owned())
        }
        SubmissionReply::NotStarted { reason, words } => {
            let what = match reason {
                NotStarted::Folder => "the job's folder could not be made on the host",
                NotStarted::Disk => {
                    "the job script could not be written on the host; is the disk or the quota full?"
                }
                NotStarted::NoQsub => "there is no qsub where the host's row says; check the account again",
                NotStarted::WorkingFolder => {
                    "the folder that the job should run in is gone; upload the application again"
                }
            };
            Outcome::Refused(format!("{what}: {}", words.trim()))
        }
        SubmissionReply::Unreadable => Outcome::Unknown("the host's answer was cut off".to_owned()),
    }
}

/// qsub's own words, with its exit status.
pub(super) fn refusal(explanation: &crate::scheduler::Explanation) -> String {
    let words = explanation.words.trim();
    match explanation.status {
        Some(status) if words.is_empty() => format!("qsub ended with status {status}"),
        Some(status) => format!("{words} (status {status})"),
        None => words.to_owned(),
    }
}

/// Keeps an outcome, unless another has settled the job meanwhile.
pub(super) async fn keep(app: &Arc<App>, job: JobId, outcome: Outcome) {
    let now = app.replica.now();
    let is_accepted = matches!(outcome, Outcome::Accepted(_));
    let kept = app
        .store
        .query(move |connection| {
            change_job(connection, job, now, |facts| {
                // Two attempts may overlap, and one find no room for what the other did: an id proves more than that.
                let is_disproved = is_accepted && facts.state == JobState::Rejected && facts.pbs_id.is_none();
                if facts.state == JobState::Submitting || is_disproved {
                    apply(facts, outcome, now);
                }
            })
        })
        .await;
    app.hub.poke();
    match kept {
        Ok(facts) => {
            tracing::info!(job.id = %job, job.state = %facts.state, job.pbs_id = facts.pbs_id.as_ref().map(ToString::to_string), "submission answered");
        }
        // The answer is safe on the host: the reconciler reads it as soon as the database answers.
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "an answer could not be kept; it will be read again");
        }
    }
    if is_accepted {
        // Whoever waits for the answer does not wait for this.
        let background = Arc::clone(app);
        app.spawn(async move {
            let submission = background.store.query(move |connection| find_submission(connection, job)).await;
            if let Ok(Some(submission)) = submission {
                background.pollers.poke(submission.host);
            }
        });
    }
}

fn apply(facts: &mut crate::store::jobs::JobFacts, outcome: Outcome, now: DateTime<Utc>) {
    facts.as_of = now;
    facts.attended_by = None;
    match outcome {
        Outcome::Accepted(pbs_id) => {
            facts.state = JobState::Queued;
            facts.source = StateSource::Submission;
            facts.pbs_id = Some(pbs_id);
            facts.reason = None;
            facts.ended_at = None;
            facts.next_look_at = None;
            facts.n_looks = 0;
        }
        Outcome::Refused(words) => {
            facts.state = JobState::Rejected;
            facts.source = StateSource::Submission;
            facts.reason = Some(storable(&words));
            facts.ended_at = Some(now);
            facts.next_look_at = None;
        }
        Outcome::Unknown(words) => {
            facts.n_looks = facts.n_looks.saturating_add(1);
            facts.next_look_at = Some(now + wait_before(facts.n_looks));
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
