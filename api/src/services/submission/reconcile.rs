//! The reconciler: settles submissions that have no answer, from what the host knows. It takes over whatever a server left
//! that is not alive any more, and what this one dropped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;

use super::attempt::{attempt, keep, keep_looking, reach_of};
use super::attending::Attended;
use super::outcome::{Outcome, refusal};
use super::set::drive_due;
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{Settlement, settle};
use crate::services::reach::fresh_marker;
use crate::store::StoreError;
use crate::store::idempotency::delete_keys_before;
use crate::store::submissions::{SubmissionRecord, find_submissions, take_due_submissions};
use crate::transport::RunLimits;

/// Submissions of one account that are looked for in one exchange.
const AT_ONCE: usize = 200;

/// A loaded host takes a while for so many. However many jobs the account has, little is said of those that are not looked for.
const LIMITS: RunLimits =
    RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 64 * 1024 * 1024 };

/// How often due submissions are looked for.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a key stands for what it made. Clients are promised 30 days.
const KEYS_KEPT: TimeDelta = TimeDelta::days(60);

/// How often older keys are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// Starts the reconciler's tasks.
pub fn start_reconciler(app: &Arc<App>) {
    app.every(PERIOD, |app| async move {
        if let Err(error) = settle_due(&app).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "due submissions could not be read");
        }
        if let Err(error) = drive_due(&app).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "due sets of jobs could not be read");
        }
    });
    app.every(FORGET, |app| async move {
        let moment = app.replica.now() - KEYS_KEPT;
        if let Err(error) = app.store.query(move |connection| delete_keys_before(connection, moment)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old keys could not be forgotten");
        }
    });
}

async fn settle_due(app: &Arc<App>) -> Result<(), StoreError> {
    let (me, mine) = (app.replica.id, app.attending.list());
    let due = app.store.query(move |connection| take_due_submissions(connection, me, &mine)).await?;
    // What this server has begun with since the list was made is not in question.
    let mut attended: HashMap<JobId, Attended> =
        due.iter().filter_map(|job| Some((*job, app.attending.begin(*job)?))).collect();
    if attended.is_empty() {
        return Ok(());
    }
    let jobs: Vec<JobId> = attended.keys().copied().collect();
    let submissions = app.store.read(move |connection| find_submissions(connection, &jobs)).await?;
    let mut by_account: HashMap<_, Vec<Sought>> = HashMap::new();
    for submission in submissions {
        let Some(attended) = attended.remove(&submission.job) else { continue };
        let folders = submission.frozen.job_folder.rsplit_once('/').map(|(folders, _)| folders.to_owned());
        let account = (submission.owner, submission.host, submission.login.clone(), folders);
        by_account.entry(account).or_default().push(Sought { submission, attended });
    }
    for mut sought in by_account.into_values() {
        while !sought.is_empty() {
            let rest = sought.split_off(sought.len().min(AT_ONCE));
            let background = Arc::clone(app);
            app.spawn(async move { look(&background, sought).await });
            sought = rest;
        }
    }
    Ok(())
}

/// A submission that is looked for.
struct Sought {
    submission: SubmissionRecord,
    attended: Attended,
}

/// Looks for submissions of one account, and does what the evidence calls for; only the proof that qsub never started leads to another
/// attempt.
async fn look(app: &Arc<App>, mut sought: Vec<Sought>) {
    sought.retain(|sought| sought.submission.state == JobState::Submitting);
    let settlements = match ask(app, &sought).await {
        Ok(settlements) => settlements,
        Err(words) => {
            let jobs = sought.iter().map(|sought| sought.submission.job).collect();
            return keep_looking(app, jobs, words).await;
        }
    };
    for (Sought { submission, attended }, settlement) in sought.into_iter().zip(settlements) {
        let job = submission.job;
        let outcome = match settlement {
            Settlement::Accepted(pbs_id) => Outcome::Accepted(pbs_id),
            Settlement::Refused(explanation) => Outcome::Refused(refusal(&explanation)),
            Settlement::TryAgain { attempt: number } => {
                tracing::info!(job.id = %job, attempt = number, "qsub never started; submitting again");
                let background = Arc::clone(app);
                app.spawn(async move {
                    attempt(&background, job, number).await;
                    drop(attended);
                });
                continue;
            }
            Settlement::KeepLooking(words) => Outcome::Unknown(words),
        };
        keep(app, job, outcome).await;
        drop(attended);
    }
}

/// What the host knows of the submissions: their answer files first, then the scheduler's own listing, once for all of them. Else why
/// it cannot be asked.
async fn ask(app: &App, sought: &[Sought]) -> Result<Vec<Settlement>, String> {
    let Some(Sought { submission: first, .. }) = sought.first() else { return Ok(Vec::new()) };
    let reach = reach_of(app, first).await.map_err(|error| chain(&error))?;
    let jobs: Vec<JobId> = sought.iter().map(|sought| sought.submission.job).collect();
    let marker = fresh_marker();
    let scheduler = reach.scheduler();
    let command =
        scheduler.look_up(&reach.site(), &marker, &jobs, &first.login).map_err(|error| error.to_string())?;
    let output = reach.run(app, command, LIMITS).await.map_err(|error| chain(&error))?;
    let evidence = scheduler.read_look_up(&marker, &jobs, &first.login, &output.stdout);
    Ok(evidence.iter().map(settle).collect())
}
