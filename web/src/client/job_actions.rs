//! Actions on jobs: preview, do, follow, undo.

use gloo_net::http::Method;
use pbsweb_shared::api::job_actions::{
    ActionItemsQuery, ActionOutcome, ActionWaitQuery, JobActionCreate, JobActionItem, JobActionPreview,
    JobAttributes, OutcomeCount,
};
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::page::Page;
use pbsweb_shared::steering::JobOrder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::query::to_query;
use super::{Answer, IdempotencyKey, http};

/// An action as far as the page needs it: what was asked, the page knows.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionRun {
    /// Its id.
    pub(crate) id: ActionId,
    finished_at: Option<IgnoredAny>,
    undo: Option<IgnoredAny>,
    /// How many jobs it is for.
    pub(crate) n_jobs: u32,
    outcomes: Vec<OutcomeCount>,
}

impl ActionRun {
    /// Every job has its outcome.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }

    /// It was done somewhere, and can be taken back.
    pub(crate) fn can_be_undone(&self) -> bool {
        self.undo.is_some() && self.is_finished() && self.count(ActionOutcome::Done) > 0
    }

    /// How many jobs have an outcome.
    pub(crate) fn count(&self, outcome: ActionOutcome) -> u32 {
        self.outcomes.iter().find(|one| one.outcome == outcome).map_or(0, |one| one.n_jobs)
    }

    /// How many jobs have their outcome.
    pub(crate) fn n_settled(&self) -> u32 {
        self.outcomes.iter().filter(|one| one.outcome.is_final()).map(|one| one.n_jobs).sum()
    }
}

/// How long one request waits for an action's end.
const WAIT: ActionWaitQuery = ActionWaitQuery { wait: Some(10) };

/// What would happen to what.
pub(crate) async fn preview_job_action(wish: &JobActionCreate) -> Answer<JobActionPreview> {
    http::send(Method::POST, "/job-actions/preview", wish, None).await
}

/// Does it. The same key does it once.
pub(crate) async fn create_job_action(wish: &JobActionCreate, key: &IdempotencyKey) -> Answer<ActionRun> {
    http::send(Method::POST, &format!("/job-actions{}", to_query(&WAIT)), wish, Some(key)).await
}

/// An action, when it is finished or some seconds have gone by.
pub(crate) async fn get_job_action(id: ActionId) -> Answer<ActionRun> {
    http::get(&format!("/job-actions/{id}{}", to_query(&WAIT))).await
}

/// What came of it, job by job.
pub(crate) async fn list_job_action_items(
    id: ActionId,
    query: &ActionItemsQuery,
) -> Answer<Page<JobActionItem>> {
    http::get(&format!("/job-actions/{id}/items{}", to_query(query))).await
}

/// Takes it back where it was done.
pub(crate) async fn undo_job_action(id: ActionId, key: &IdempotencyKey) -> Answer<ActionRun> {
    http::send(Method::POST, &format!("/job-actions/{id}/undo{}", to_query(&WAIT)), &(), Some(key)).await
}

/// Two jobs change places.
pub(crate) async fn order_job(job: JobId, order: &JobOrder, key: &IdempotencyKey) -> Answer<JobActionItem> {
    http::send(Method::POST, &format!("/jobs/{job}/order"), order, Some(key)).await
}

/// What the scheduler has of a job now.
pub(crate) async fn get_job_attributes(job: JobId) -> Answer<JobAttributes> {
    http::get(&format!("/jobs/{job}/attributes")).await
}
