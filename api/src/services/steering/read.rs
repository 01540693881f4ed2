//! Reading actions, what came of them, and what a job can be altered from.

use std::time::Duration;

use chrono::Utc;
use pbsweb_shared::api::job_actions::{
    ActionItemsQuery, JobActionItem, JobActionRun, JobAttributes, PastAction,
};
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::page::Page;
use pbsweb_shared::steering::Steering;

use super::targets::id_for_commands;
use super::{SteerError, own_job, words_of};
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker, quick};
use crate::store::job_actions::{find_action, list_actions, list_actions_of, list_items};
use crate::store::page::{PageRequest, Place};

/// One of the caller's actions.
///
/// # Errors
/// There is no such action.
pub async fn get_job_action(app: &App, actor: &Actor, id: ActionId) -> Result<JobActionRun, SteerError> {
    let owner = actor.user;
    let action = app.store.query(move |connection| find_action(connection, owner, id)).await?;
    action.ok_or(SteerError::NotFound("action"))
}

/// One of the caller's actions, once it is finished, or as it is when `patience` runs out.
///
/// # Errors
/// There is no such action.
pub async fn wait_for_action(
    app: &App,
    actor: &Actor,
    id: ActionId,
    patience: Duration,
) -> Result<JobActionRun, SteerError> {
    /// Another server may be at it.
    const LOOK: Duration = Duration::from_secs(1);
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let told = app.steering.progress.notified();
        let action = get_job_action(app, actor, id).await?;
        if action.finished_at.is_some()
            || tokio::time::Instant::now() >= deadline
            || app.stopping.is_cancelled()
        {
            return Ok(action);
        }
        tokio::select! {
            () = told => {}
            () = tokio::time::sleep(LOOK) => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

/// The caller's actions, newest first.
///
/// # Errors
/// A page token that cannot be.
pub async fn list_job_actions(
    app: &App,
    actor: &Actor,
    limit: Option<u32>,
    page_token: Option<String>,
) -> Result<Page<JobActionRun>, SteerError> {
    const LIST: &str = "job actions";
    let request = PageRequest::<Place>::read(limit, page_token.as_deref(), LIST)?;
    let owner = actor.user;
    Ok(app.store.query(move |connection| list_actions(connection, owner, request, LIST)).await?)
}

/// What came of one of the caller's actions, job by job.
///
/// # Errors
/// There is no such action, or a page token that cannot be.
pub async fn list_job_action_items(
    app: &App,
    actor: &Actor,
    id: ActionId,
    query: ActionItemsQuery,
) -> Result<Page<JobActionItem>, SteerError> {
    get_job_action(app, actor, id).await?;
    let list = format!("job action {id} {:?}", query.outcome);
    let request = PageRequest::<i32>::read(query.limit, query.page_token.as_deref(), &list)?;
    let owner = actor.user;
    Ok(app
        .store
        .query(move |connection| list_items(connection, owner, id, query.outcome, request, &list))
        .await?)
}

/// What was asked for one of the caller's jobs, newest first, and what came of it.
///
/// # Errors
/// There is no such job, or a page token that cannot be.
pub async fn list_actions_of_job(
    app: &App,
    actor: &Actor,
    id: JobId,
    limit: Option<u32>,
    page_token: Option<String>,
) -> Result<Page<PastAction>, SteerError> {
    own_job(app, actor, id).await?;
    let list = format!("actions of {id}");
    let request = PageRequest::<Place>::read(limit, page_token.as_deref(), &list)?;
    let owner = actor.user;
    Ok(app.store.query(move |connection| list_actions_of(connection, owner, id, request, &list)).await?)
}

/// The attributes of one of the caller's jobs, as the scheduler has them now.
///
/// # Errors
/// The scheduler does not have the job, or the host cannot be reached.
pub async fn get_job_attributes(app: &App, actor: &Actor, id: JobId) -> Result<JobAttributes, SteerError> {
    let job = own_job(app, actor, id).await?;
    let alter = Steering::Alter(pbsweb_shared::steering::JobAlter::default());
    job.state.allows(alter.action()).map_err(|reason| SteerError::StateForbids(reason.to_owned()))?;
    let pbs_id = id_for_commands(&job)
        .ok_or_else(|| SteerError::StateForbids("the scheduler's id is not known".to_owned()))?;
    let reach = Reach::find(app, actor.user, job.host, Trust::Checked).await?;
    let (marker, as_of) = (fresh_marker(), Utc::now());
    let command =
        reach.scheduler().attributes(&reach.site(), &marker, &pbs_id).map_err(ReachError::Command)?;
    let output = reach.run(app, command, quick(app)).await?;
    let found = reach.scheduler().read_attributes(&marker, &output.stdout);
    let found = found
        .map_err(|refusal| SteerError::Refused { words: words_of(&refusal), meaning: refusal.meaning })?;
    Ok(JobAttributes {
        as_of,
        is_running: found.is_running,
        attributes: found.attributes,
        resources: found.resources,
    })
}
