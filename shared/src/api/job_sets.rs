//! Sets of jobs that depend on each other: submitted all, or not at all.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::jobs::{Job, JobSubmit};
use crate::ids::{HostId, JobSetId};
use crate::words::words;

/// A set to submit. The header `Idempotency-Key` names the wish: the same key makes the same set, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSetSubmit {
    /// The jobs, all for one host; each behind those that it depends on. 1 to 100.
    pub jobs: Vec<JobSetEntry>,
}

/// A job of a set to submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSetEntry {
    /// Its name within the set: 1 to 64 letters, digits, `.`, `_` or `-`.
    pub label: String,
    /// The job, as for a single submission.
    pub submit: JobSubmit,
    /// What it waits for within the set.
    #[serde(default)]
    pub depends: Vec<JobSetDependency>,
}

/// One job of a set waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSetDependency {
    /// The label of the other, which stands before this one.
    pub on: String,
    /// How it waits.
    #[serde(rename = "type")]
    pub kind: DependencyType,
}

words! {
    /// How a job of a set waits for another, in PBS's words.
    DependencyType, "dependency type" {
        /// Until it has started.
        After = "after",
        /// Until it has ended with status 0.
        Afterok = "afterok",
        /// Until it has failed.
        Afternotok = "afternotok",
        /// Until it has ended, however.
        Afterany = "afterany",
    }
}

words! {
    /// Where a set is.
    JobSetState, "job set state" {
        /// Its jobs are being submitted, one after the other; none can start yet.
        Submitting = "submitting",
        /// All are accepted; those that wait for nothing are being let go.
        Releasing = "releasing",
        /// All are accepted and go their ways.
        Accepted = "accepted",
        /// One was refused: those that were accepted are being deleted. None has run.
        TakingBack = "taking_back",
        /// One was refused, and no other of them is left.
        TakenBack = "taken_back",
    }
}

impl JobSetState {
    /// Nothing is left to do.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Accepted | Self::TakenBack => true,
            Self::Submitting | Self::Releasing | Self::TakingBack => false,
        }
    }
}

/// A set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSet {
    /// Its id.
    pub id: JobSetId,
    /// Where.
    pub host: HostId,
    /// Where it is.
    pub state: JobSetState,
    /// In words: why it is taken back, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When the next step is tried, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step_at: Option<DateTime<Utc>>,
    /// Its jobs, in their order.
    pub jobs: Vec<JobSetMember>,
}

/// A job of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSetMember {
    /// Its name within the set.
    pub label: String,
    /// What it waits for within the set.
    pub depends: Vec<JobSetDependency>,
    /// The job.
    pub job: Job,
}

/// Which set a job belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSetPlace {
    /// The set.
    pub id: JobSetId,
    /// Its name within the set.
    pub label: String,
}
