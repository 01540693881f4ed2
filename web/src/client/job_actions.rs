//! Actions on jobs: preview, do, follow, undo.

use chrono::{DateTime, Utc};
use gloo_net::http::Method;
use pbsweb_shared::api::job_actions::{
    ActionItemsQuery, ActionOutcome, JobActionCreate, JobActionItem, JobActionPreview, JobAttributes,
    OutcomeCount,
};
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::page::Page;
use pbsweb_shared::steering::JobOrder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::query::to_query;
use super::{IdempotencyKey, PageQuery, Reply, http};

/// An action as far as the page needs it: what was asked, the page knows.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionRun {
    /// Its id.
    pub(crate) id: ActionId,
    finished_at: Option<IgnoredAny>,
    undo: Option<IgnoredAny>,
    undoes: Option<IgnoredAny>,
    /// How many jobs it is for.
    pub(crate) n_jobs: u32,
    outcomes: Vec<OutcomeCount>,
}

impl ActionRun {
    /// Every job has its outcome.
    pub(crate) const fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }

    /// It takes another action back.
    pub(crate) const fn is_undo(&self) -> bool {
        self.undoes.is_some()
    }

    /// It was done for some job, and can be taken back.
    pub(crate) fn can_be_undone(&self) -> bool {
        self.undo.is_some() && !self.is_undo() && self.is_finished() && self.count(ActionOutcome::Done) > 0
    }

    /// It was done for every job.
    pub(crate) fn is_all_done(&self) -> bool {
        self.count(ActionOutcome::Done) == self.n_jobs
    }

    /// How many jobs have an outcome.
    pub(crate) fn count(&self, outcome: ActionOutcome) -> u32 {
        self.outcomes.iter().find(|one| one.outcome == outcome).map_or(0, |one| one.n_jobs)
    }

    /// The outcomes there are, and of how many jobs.
    pub(crate) fn counts(&self) -> Vec<(ActionOutcome, u32)> {
        let all = ActionOutcome::ALL.iter().map(|outcome| (*outcome, self.count(*outcome)));
        all.filter(|(_, n)| *n > 0).collect()
    }

    /// How many jobs have their outcome.
    pub(crate) fn n_settled(&self) -> u32 {
        self.outcomes.iter().filter(|one| one.outcome.is_final()).map(|one| one.n_jobs).sum()
    }
}

/// An action that was asked for a job, as far as the page shows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PastAction {
    /// What, in words.
    pub(crate) words: String,
    /// When.
    pub(crate) created_at: DateTime<Utc>,
    /// Whose login.
    pub(crate) user_name: String,
    /// The token or the program.
    pub(crate) through: String,
    /// What came of it.
    pub(crate) result: JobActionItem,
}

/// What was done to a job, newest first.
pub(crate) fn list_actions_of_job(job: JobId, query: &PageQuery) -> Reply<Page<PastAction>> {
    http::get(&format!("/jobs/{job}/actions{}", to_query(query)))
}

/// What would happen to what.
pub(crate) fn preview_job_action(wish: &JobActionCreate) -> Reply<JobActionPreview> {
    http::send(Method::POST, "/job-actions/preview", wish, None)
}

/// Does it, and waits so many seconds for its end. The same key does it once.
pub(crate) fn create_job_action(wish: &JobActionCreate, key: &IdempotencyKey, wait: u32) -> Reply<ActionRun> {
    http::send(Method::POST, &format!("/job-actions?wait={wait}"), wish, Some(key))
}

/// An action, when it is finished or so many seconds have gone by.
pub(crate) fn get_job_action(id: ActionId, wait: u32) -> Reply<ActionRun> {
    http::get(&format!("/job-actions/{id}?wait={wait}"))
}

/// What came of it, job by job.
pub(crate) fn list_job_action_items(id: ActionId, query: &ActionItemsQuery) -> Reply<Page<JobActionItem>> {
    http::get(&format!("/job-actions/{id}/items{}", to_query(query)))
}

/// Takes it back where it was done.
pub(crate) fn undo_job_action(id: ActionId, key: &IdempotencyKey, wait: u32) -> Reply<ActionRun> {
    http::send(Method::POST, &format!("/job-actions/{id}/undo?wait={wait}"), &(), Some(key))
}

/// Two jobs change places.
pub(crate) fn order_job(job: JobId, order: &JobOrder, key: &IdempotencyKey) -> Reply<JobActionItem> {
    http::send(Method::POST, &format!("/jobs/{job}/order"), order, Some(key))
}

/// What the scheduler has of a job now.
pub(crate) fn get_job_attributes(job: JobId) -> Reply<JobAttributes> {
    http::get(&format!("/jobs/{job}/attributes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::json;

    #[test]
    fn of_an_action_the_page_reads_what_it_shows() {
        let text = r#"{"id":"00000000-0000-0000-0000-000000000007","action":{"type":"hold","kind":"user"},
            "session":"00000000-0000-0000-0000-000000000001","created_at":"2026-11-24T10:00:00Z",
            "finished_at":"2026-11-24T10:00:01Z","undo":{"type":"release","kind":"user"},"n_jobs":5,
            "outcomes":[{"outcome":"done","n_jobs":3},{"outcome":"sent","n_jobs":1},{"outcome":"refused","n_jobs":1}]}"#;
        let run: ActionRun = json::read(text).unwrap();
        assert!(run.is_finished() && run.can_be_undone() && !run.is_all_done());
        assert_eq!(run.n_settled(), 4);
        assert_eq!(
            run.counts(),
            [(ActionOutcome::Sent, 1), (ActionOutcome::Done, 3), (ActionOutcome::Refused, 1)]
        );
        let undo: ActionRun = json::read(&text.replace("\"undo\":", "\"undoes\":1,\"undo\":")).unwrap();
        assert!(!undo.can_be_undone());
    }
}
