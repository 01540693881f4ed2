//! The reconciler: settles submissions that have no answer, from what the host knows. It takes over whatever a server left
//! that is not alive any more, and what this one dropped.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use pbsweb_shared::ids::JobId;

use super::attempt::{Sent, attempt, keep};
use super::outcome::{Outcome, refusal};
use super::set::drive_due;
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{Settlement, settle};
use crate::services::reach::fresh_marker;
use crate::store::StoreError;
use crate::store::idempotency::delete_keys_before;
use crate::store::submissions::take_due_submissions;
use crate::transport::RunLimits;

const LIMITS: RunLimits = RunLimits { deadline: Duration::from_secs(60), max_output_bytes: 16 * 1024 * 1024 };

/// How often due submissions are looked for.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a key stands for what it made. Clients are promised 30 days.
const KEYS_KEPT: TimeDelta = TimeDelta::days(60);

/// How often older keys are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// Starts the reconciler's task.
pub fn start_reconciler(app: &Arc<App>) {
    let background = Arc::clone(app);
    app.spawn(async move {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut forget = tokio::time::interval(FORGET);
        loop {
            tokio::select! {
                () = background.stopping.cancelled() => return,
                _ = period.tick() => {}
                _ = forget.tick() => {
                    let moment = background.replica.now() - KEYS_KEPT;
                    let forgotten =
                        background.store.query(move |connection| delete_keys_before(connection, moment));
                    if let Err(error) = forgotten.await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "old keys could not be forgotten");
                    }
                    continue;
                }
            }
            if let Err(error) = settle_due(&background).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "due submissions could not be read");
            }
            if let Err(error) = drive_due(&background).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "due sets of jobs could not be read"
                );
            }
        }
    });
}

async fn settle_due(app: &Arc<App>) -> Result<(), StoreError> {
    let (me, mine) = (app.replica.id, app.attending.list());
    let due = app.store.query(move |connection| take_due_submissions(connection, me, &mine)).await?;
    for job in due {
        let background = Arc::clone(app);
        // It may have begun since the list was made.
        let Some(attended) = app.attending.begin(job) else { continue };
        app.spawn(async move {
            look(&background, job).await;
            drop(attended);
        });
    }
    Ok(())
}

/// Looks for one submission, and does what the evidence calls for; only the proof that qsub never started leads to another
/// attempt.
async fn look(app: &Arc<App>, job: JobId) {
    let found = match Sent::load(app, job).await {
        Ok(None) => return,
        Ok(Some(Ok(sent))) => ask(app, &sent).await,
        Ok(Some(Err(error))) => Err(chain(&error)),
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "a submission could not be read");
            return;
        }
    };
    let outcome = match found {
        Ok(Settlement::Accepted(pbs_id)) => Outcome::Accepted(pbs_id),
        Ok(Settlement::Refused(explanation)) => Outcome::Refused(refusal(&explanation)),
        Ok(Settlement::TryAgain { attempt: number }) => {
            tracing::info!(job.id = %job, attempt = number, "qsub never started; submitting again");
            return attempt(app, job, number).await;
        }
        Ok(Settlement::KeepLooking(words)) | Err(words) => Outcome::Unknown(words),
    };
    keep(app, job, outcome).await;
}

/// What the host knows of a submission: the answer file first, then the scheduler's own listing. Else why it cannot be asked.
async fn ask(app: &App, sent: &Sent) -> Result<Settlement, String> {
    let marker = fresh_marker();
    let scheduler = sent.reach.scheduler();
    let (job, login) = (sent.submission.job, &sent.submission.login);
    let command =
        scheduler.look_up(&sent.reach.site(), &marker, job, login).map_err(|error| error.to_string())?;
    let output = sent.reach.run(app, command, LIMITS).await.map_err(|error| chain(&error))?;
    Ok(settle(&scheduler.read_look_up(&marker, job, login, &output.stdout)))
}
