//! Jobs after their submission: reading, waiting, output.

use std::time::Duration;

use pbsweb_shared::api::jobs::{Job, JobEvent, JobScriptText, JobsQuery, Subjob, SubjobsQuery, WaitUntil};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::FieldError;
use tokio::sync::broadcast::error::RecvError;

use super::actor::Actor;
use super::reach::ReachError;
use crate::app::App;
use crate::store::StoreError;
use crate::store::jobs as rows;
use crate::store::jobs::StateFilter;
use crate::store::page::{BadPageToken, PageRequest, Place};
use crate::store::subjobs as subjob_rows;
use crate::store::submissions::{find_job_script, find_submission};

mod export;
mod find;
mod output;
mod since;
mod tail;

pub use export::export_jobs;
pub use find::find_in_output;
pub use output::{OutputError, OutputRequest, OutputStart, list_job_files, open_job_output};
pub use since::since_it_worked;
pub use tail::Tails;

/// Why something about a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is no such job, or it is somebody else's.
    #[error("there is no such job")]
    NotFound,
    /// Only administrators list the jobs of others.
    #[error("only administrators list the jobs of others")]
    OthersJobs,
    /// A filter names a state that does not exist.
    #[error("{0}")]
    UnknownState(#[from] pbsweb_shared::words::UnknownWord),
    /// The token belongs to another list.
    #[error(transparent)]
    PageToken(#[from] BadPageToken),
    /// A field is wrong.
    #[error("the request breaks a rule")]
    Invalid(FieldError),
    /// There is no output to read, and why.
    #[error("{0}")]
    NoOutput(String),
    /// The host is not to be reached for this user.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// The caller's jobs, newest first, or for an administrator somebody else's. A page may have fewer than it was asked for, with more
/// to come.
///
/// # Errors
/// A filter or page token that cannot be; somebody else's jobs, and the caller is no administrator.
pub async fn list_jobs(app: &App, actor: &Actor, query: JobsQuery) -> Result<Page<Job>, JobError> {
    let states: Option<StateFilter> =
        query.state.as_deref().filter(|text| !text.is_empty()).map(str::parse).transpose()?;
    let owner = query.person.unwrap_or(actor.user);
    if owner != actor.user && !actor.is_admin {
        return Err(JobError::OthersJobs);
    }
    let filter = JobsQuery { limit: None, page_token: None, ..query.clone() };
    let list = format!("jobs {:?}", filter);
    let request = PageRequest::<Place>::read(query.limit, query.page_token.as_deref(), &list)?;
    Ok(app
        .store
        .query(move |connection| rows::list_jobs(connection, owner, &query, states.as_ref(), request, &list))
        .await?)
}

/// One of the caller's jobs.
///
/// # Errors
/// There is no such job.
pub async fn get_job(app: &App, actor: &Actor, id: JobId) -> Result<Job, JobError> {
    let owner = actor.user;
    app.store.read(move |connection| rows::find_job(connection, owner, id)).await?.ok_or(JobError::NotFound)
}

/// One of the caller's jobs, once it has ended or changed; or as it is when `patience` runs out.
///
/// # Errors
/// There is no such job.
pub async fn wait_for_job(
    app: &App,
    actor: &Actor,
    id: JobId,
    until: WaitUntil,
    patience: Duration,
) -> Result<Job, JobError> {
    wait_until(app, actor, id, patience, |first, job| match until {
        WaitUntil::Ended => job.state.has_ended(),
        WaitUntil::Change => job != first,
    })
    .await
}

/// One of the caller's jobs, once the scheduler's answer is known; or as it is when `patience` runs out.
///
/// # Errors
/// There is no such job.
pub async fn wait_for_answer(
    app: &App,
    actor: &Actor,
    id: JobId,
    patience: Duration,
) -> Result<Job, JobError> {
    wait_until(app, actor, id, patience, |_, job| job.state != JobState::Submitting).await
}

/// `is_enough` is shown the job as it was at first and as it is.
async fn wait_until(
    app: &App,
    actor: &Actor,
    id: JobId,
    patience: Duration,
    is_enough: impl Fn(&Job, &Job) -> bool,
) -> Result<Job, JobError> {
    // First listen, then look: what changes in between is not missed.
    let mut events = app.hub.subscribe();
    let first = get_job(app, actor, id).await?;
    let is_enough = |job: &Job| is_enough(&first, job);
    let waiting = async {
        if is_enough(&first) {
            return Ok(first.clone());
        }
        app.pollers.watch(app, first.host);
        loop {
            let job = match events.recv().await {
                Ok(event) => match &event.event {
                    Event::Job(job) if job.id == id => (**job).clone(),
                    Event::Job(_)
                    | Event::Build(_)
                    | Event::Host { .. }
                    | Event::Snapshot { .. }
                    | Event::Reset => {
                        continue;
                    }
                },
                Err(RecvError::Lagged(_)) => get_job(app, actor, id).await?,
                Err(RecvError::Closed) => return get_job(app, actor, id).await,
            };
            if is_enough(&job) {
                return Ok(job);
            }
        }
    };
    tokio::select! {
        job = waiting => job,
        () = tokio::time::sleep(patience) => get_job(app, actor, id).await,
        () = app.stopping.cancelled() => get_job(app, actor, id).await,
    }
}

/// The record of one of the caller's jobs, oldest first.
///
/// # Errors
/// There is no such job.
pub async fn list_job_events(app: &App, actor: &Actor, id: JobId) -> Result<Vec<JobEvent>, JobError> {
    let owner = actor.user;
    app.store
        .query(move |connection| {
            let job = rows::find_job(connection, owner, id)?;
            job.map(|_| rows::list_job_events(connection, id)).transpose()
        })
        .await?
        .ok_or(JobError::NotFound)
}

/// The jobs of one of the caller's arrays, by index. A job that is no array has none.
///
/// # Errors
/// There is no such job; a page token that cannot be.
pub async fn list_subjobs(
    app: &App,
    actor: &Actor,
    id: JobId,
    query: SubjobsQuery,
) -> Result<Page<Subjob>, JobError> {
    let list = format!("subjobs {id} {:?}", query.state);
    let request = PageRequest::<i32>::read(query.limit, query.page_token.as_deref(), &list)?;
    let owner = actor.user;
    app.store
        .query(move |connection| {
            let job = rows::find_job(connection, owner, id)?;
            job.map(|_| subjob_rows::list_subjobs(connection, id, &query, request, &list)).transpose()
        })
        .await?
        .ok_or(JobError::NotFound)
}

/// The script of one of the caller's jobs, as fields, as its author saw it, and as the host got it.
///
/// # Errors
/// There is no such job.
pub async fn get_job_script(app: &App, actor: &Actor, id: JobId) -> Result<JobScriptText, JobError> {
    let owner = actor.user;
    let (script, submission) = app
        .store
        .query(move |connection| {
            Ok((find_job_script(connection, owner, id)?, find_submission(connection, id)?))
        })
        .await?;
    let ((draft, text), submission) = script.zip(submission).ok_or(JobError::NotFound)?;
    Ok(JobScriptText {
        draft,
        text,
        submitted_text: submission.frozen.text,
        qsub_arguments: submission.frozen.arguments,
    })
}
