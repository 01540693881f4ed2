//! Going on with sets, step by step: each is written down, then done.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, QueryResult};
use pbsweb_shared::api::job_sets::JobSetState;
use pbsweb_shared::ids::{JobId, JobSetId};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::steering::{JobDelete, JobHold, Steering};

use super::LEASE;
use super::step::{Step, dependency_arguments, next_step};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::Meaning;
use crate::scheduler::status::Steered;
use crate::services::reach::{ReachError, fresh_marker, quick};
use crate::services::submission::attempt::{FirstAttempt, Sent, reach_of, wait_before};
use crate::services::submission::attending::{Attended, Attending};
use crate::store::StoreError;
use crate::store::events::hold_events;
use crate::store::job_sets::{
    NextStep, complete_member, explain_set, lock_set, move_set, note_try, take_due_sets,
};
use crate::store::jobs::{change_job, job_facts};
use crate::store::replicas::ReplicaId;
use crate::store::submissions::{FORMER_LEASE, find_submission};

/// How long a set that waits for something is left alone.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// Goes on with a set as far as it goes now.
pub(super) async fn drive(app: &Arc<App>, id: JobSetId) {
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
pub(in crate::services::submission) async fn drive_due(app: &Arc<App>) -> Result<(), StoreError> {
    let me = app.replica.id;
    let due = app.store.query(move |connection| take_due_sets(connection, me, LEASE)).await?;
    for id in due {
        let background = Arc::clone(app);
        app.spawn(async move { drive(&background, id).await });
    }
    Ok(())
}
