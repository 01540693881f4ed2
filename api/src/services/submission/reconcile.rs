//! The reconciler: settles submissions that have no answer, from what the host knows. It takes over whatever a server left
//! that is not alive any more, and what this one dropped.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use pbsweb_shared::ids::JobId;

use super::attempt::{Outcome, Sent, attempt, keep, refusal};
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

/// Looks for one submission: the answer file first, then the scheduler's own listing; only the proof that qsub never
/// started leads to another attempt.
async fn look(app: &Arc<App>, job: JobId) {
    let sent = match Sent::load(app, job).await {
        Ok(None) => return,
        Ok(Some(Ok(sent))) => sent,
        Ok(Some(Err(error))) => return keep(app, job, Outcome::Unknown(chain(&error))).await,
        Err(error) => {
            tracing::warn!(job.id = %job, error = &error as &dyn std::error::Error, "a submission could not be read");
            return;
        }
    };
    let marker = fresh_marker();
    let scheduler = sent.reach.scheduler();
    let login = &sent.submission.login;
    let found = match scheduler.look_up(&sent.site(), &marker, job, login) {
        Ok(command) => sent.reach.run(app, command, LIMITS).await,
        Err(error) => return keep(app, job, Outcome::Unknown(error.to_string())).await,
    };
    let output = match found {
        Ok(output) => output,
        Err(error) => return keep(app, job, Outcome::Unknown(chain(&error))).await,
    };
    match settle(&scheduler.read_look_up(&marker, job, login, &output.stdout)) {
        Settlement::Accepted(pbs_id) => keep(app, job, Outcome::Accepted(pbs_id)).await,
        Settlement::Refused(explanation) => keep(app, job, Outcome::Refused(refusal(&explanation))).await,
        Settlement::TryAgain { attempt: number } => {
            tracing::info!(job.id = %job, attempt = number, "qsub never started; submitting again");
            attempt(app, job, number).await;
        }
        Settlement::KeepLooking(words) => keep(app, job, Outcome::Unknown(words)).await,
    }
}
