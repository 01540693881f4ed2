//! Actions on jobs: what was asked, and what came of it for each job.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId};
use crate::job::JobState;
use crate::names::PbsJobId;
use crate::steering::{Meaning, Steering};
use crate::words::words;

/// One action for many jobs: for those named, or for all that a filter matches. The header `Idempotency-Key` names the
/// wish: the same key does it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobActionCreate {
    /// What to do.
    pub action: Steering,
    /// To these, at most 10,000; empty when there is a filter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobId>,
    /// To all of the caller's jobs that match, at most 10,000; absent when jobs are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<JobActionFilter>,
}

/// Which of the caller's jobs: as in the list of jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobActionFilter {
    /// On this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// In one of these states, separated by commas; `active` stands for all that have not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Of this application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Of this script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptId>,
    /// Of this revision of a script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<RevisionId>,
    /// In this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// That ended with this exit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Submitted at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Submitted before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// With this in the name, the scheduler's id or the script's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Submitted until then: with the `as_of` of a preview, no job is touched that the preview could not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_until: Option<DateTime<Utc>>,
}

/// How long to wait for the action's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct ActionWaitQuery {
    /// Seconds, 0 to 60. The action goes its way either way.
    pub wait: Option<u32>,
}

/// What an action would do to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobActionPreview {
    /// When it was looked.
    pub as_of: DateTime<Utc>,
    /// How many jobs are meant.
    pub n_jobs: u32,
    /// For how many of them it is possible.
    pub n_possible: u32,
    /// A right that it needs beyond being the jobs' owner, as far as is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<String>,
    /// The jobs by state and by what happens to them.
    pub groups: Vec<PreviewGroup>,
    /// The first hundred of the jobs.
    pub items: Vec<PreviewItem>,
}

/// Jobs to which the same happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewGroup {
    /// Their state.
    pub state: JobState,
    /// It will be tried; else they are left alone.
    pub is_possible: bool,
    /// What happens to each, or why nothing does.
    pub words: String,
    /// How many.
    pub n_jobs: u32,
}

/// A job in a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewItem {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// The host's name.
    pub host_name: String,
    /// What the scheduler would be given: the job's id, or those of subjobs.
    pub pbs_ids: Vec<PbsJobId>,
    /// Its state.
    pub state: JobState,
    /// It will be tried; else it is left alone.
    pub is_possible: bool,
    /// What happens to it, or why nothing does.
    pub words: String,
}

words! {
    /// What came of an action for one job.
    ActionOutcome, "action outcome" {
        /// Stored; nothing has left for the host yet.
        Requested = "requested",
        /// It left for the host, and no answer has come yet.
        Sent = "sent",
        /// The scheduler did it.
        Done = "done",
        /// The scheduler refused, in its own words.
        Refused = "refused",
        /// It never left: the host could not be reached, or the server was stopped too long.
        NotSent = "not_sent",
        /// Whether it arrived is not known, and it is not repeated, because it could then happen twice.
        Unknown = "unknown",
        /// The job's state did not allow it; nothing was sent.
        Skipped = "skipped",
    }
}

impl ActionOutcome {
    /// Nothing more will come of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Requested | Self::Sent => false,
            Self::Done | Self::Refused | Self::NotSent | Self::Unknown | Self::Skipped => true,
        }
    }
}

/// An action on one or many jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobActionRun {
    /// Its id.
    pub id: ActionId,
    /// What was asked.
    pub action: Steering,
    /// In which session.
    pub session: SessionId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When the last job had its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// It takes this action back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<ActionId>,
    /// What takes it back, if anything does: `POST …/undo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Steering>,
    /// How many jobs it is for.
    pub n_jobs: u32,
    /// How many jobs have which outcome; outcomes that none has are left out.
    pub outcomes: Vec<OutcomeCount>,
}

impl JobActionRun {
    /// How many jobs have an outcome.
    #[must_use]
    pub fn count(&self, outcome: ActionOutcome) -> u32 {
        self.outcomes.iter().find(|one| one.outcome == outcome).map_or(0, |one| one.n_jobs)
    }
}

/// How many jobs have an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeCount {
    /// The outcome.
    pub outcome: ActionOutcome,
    /// How many.
    pub n_jobs: u32,
}

/// What came of an action for one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobActionItem {
    /// The action.
    pub action: ActionId,
    /// Its place in the action.
    pub position: i32,
    /// The job.
    pub job: JobId,
    /// The job's name.
    pub name: String,
    /// The host's name.
    pub host_name: String,
    /// What the scheduler is given: the job's id, or those of subjobs.
    pub pbs_ids: Vec<PbsJobId>,
    /// What came of it.
    pub outcome: ActionOutcome,
    /// What the scheduler's exit status means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
    /// The exit status of the scheduler's command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The scheduler's own words, or why nothing was sent or is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Since when the outcome is this one.
    pub changed_at: DateTime<Utc>,
}

/// An action that was asked for a job, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastAction {
    /// What was asked.
    pub action: Steering,
    /// The same in words.
    pub words: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Whose login asked for it.
    pub user_name: String,
    /// In which session.
    pub session: SessionId,
    /// What that session is: the name of its token, else the program that signed in, in its own words.
    pub through: String,
    /// It took this action back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<ActionId>,
    /// What came of it.
    pub result: JobActionItem,
}

/// Which results of an action to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct ActionItemsQuery {
    /// Only those with this outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ActionOutcome>,
    /// Most items on a page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// The attributes of a job as its scheduler has them now, for a form that alters them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobAttributes {
    /// When the scheduler was asked.
    pub as_of: DateTime<Utc>,
    /// Only time limits can be changed, and only to less, because the job runs.
    pub is_running: bool,
    /// Attributes that may be altered, in the order of the form, with their values; empty ones are not set.
    pub attributes: Vec<AttributeValue>,
    /// Resources that were asked for, by name.
    pub resources: std::collections::BTreeMap<String, String>,
}

/// An attribute and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttributeValue {
    /// Which.
    pub attribute: crate::steering::Attribute,
    /// Its value, as the scheduler prints it; times as `YYYY-MM-DDTHH:MM` by the host's clock.
    pub value: String,
}
