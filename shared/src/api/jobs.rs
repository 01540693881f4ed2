//! Jobs: submissions of a script revision to a host.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::job_sets::JobSetPlace;
use crate::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use crate::job::{EndCause, JobState, StateSource};
use crate::names::PbsJobId;
use crate::script::{FieldChange, JobScriptDraft, ScriptDifference};
use crate::words::words;

/// A job to submit. The header `Idempotency-Key` names the wish: the same key makes the same job, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSubmit {
    /// Where.
    pub host: HostId,
    /// Whose folder it runs in; absent: the home directory.
    #[serde(default)]
    pub application: Option<ApplicationId>,
    /// The script.
    pub script: JobScriptDraft,
    /// The script's name in the history; the job's name when absent. The same name makes a new revision of it.
    #[serde(default)]
    pub script_name: Option<String>,
    /// The script that this is a job of, the caller's own or a shared one; then `script_name` is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<JobOrigin>,
}

/// The script of a job, by its id. What says the same as the revision is a job of that one; anything else becomes the script's next
/// revision, if this one still is the latest (`revision_conflict` if not).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobOrigin {
    /// The script.
    pub script: ScriptId,
    /// The number of the revision that the fields come from.
    pub made_from: i32,
}

/// How long to wait for the scheduler's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct SubmitQuery {
    /// Seconds, 0 to 60; 20 when absent. The job exists either way.
    pub wait: Option<u32>,
}

/// Waiting for a job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct JobWaitQuery {
    /// Most seconds to wait, 0 to 60.
    pub wait: Option<u32>,
    /// `ended`: answer when the job has ended. `change`: at its next change.
    pub until: Option<WaitUntil>,
}

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WaitUntil {
    /// The job has ended.
    Ended,
    /// Anything about it changed.
    Change,
}

/// Which jobs to list, newest first. What is given must all be true of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams, utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct JobsQuery {
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
    /// In this queue, or last in it.
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
    /// With this in the name, in the script's name, label or text, commands and output paths included; or with this as the
    /// scheduler's id, whole or up to its first dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of this person instead of the caller: for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
    /// Most items on a page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A job, with what is known of it, since when, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id here, from the moment Submit was pressed.
    pub id: JobId,
    /// Its name (`-N`).
    pub name: String,
    /// Where.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// Whose folder it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The application's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// The script.
    pub script: ScriptId,
    /// The very revision that was submitted.
    pub revision: RevisionId,
    /// In which session.
    pub session: SessionId,
    /// The set of dependent jobs that it was submitted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<JobSetPlace>,
    /// The scheduler's id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pbs_id: Option<PbsJobId>,
    /// The queue it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Where it is.
    pub state: JobState,
    /// When that was last found so.
    pub as_of: DateTime<Utc>,
    /// How that is known.
    pub source: StateSource,
    /// In words: the scheduler's comment or refusal, why it ended, or what is being tried to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The script's exit status, once it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_cause: Option<EndCause>,
    /// While it is not known where it is, or how it ended: what is being done to find out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looking: Option<Looking>,
    /// Of an array: its jobs in sum; absent until the scheduler has listed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjobs: Option<SubjobsSummary>,
    /// How often the scheduler has started it: more than once if it was put back into its queue (requeued, `qrerun`).
    #[serde(default)]
    pub run_count: u32,
    /// When Submit was pressed.
    pub submitted_at: DateTime<Utc>,
    /// When it started to run; of several runs, the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The nodes it runs or ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_host: Option<String>,
    /// Walltime asked for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walltime_seconds: Option<i64>,
    /// Walltime used, in seconds, as last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_walltime_seconds: Option<i64>,
    /// Memory used, in bytes, as last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_memory_bytes: Option<i64>,
    /// Its user asked for its deletion, and the scheduler took the request, or may have.
    pub is_delete_requested: bool,
}

/// What is different from the last time it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SinceItWorked {
    /// The last job before this one that completed: of the same script, else of the same application. Absent: there is none, and
    /// nothing to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worked: Option<Box<Job>>,
    /// What is different around the script: host, account, queue, application, its content and its last build.
    pub around: Vec<FieldChange>,
    /// What is different in the script.
    pub script: ScriptDifference,
}

words! {
    /// As what a list is exported.
    ExportFormat, "format" {
        /// A table with a line of names, for spreadsheets.
        Csv = "csv",
        /// One array.
        Json = "json",
    }
}

/// The search for a job: nothing is guessed meanwhile, and nothing is sent twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Looking {
    /// Since when it is looked for.
    pub since: DateTime<Utc>,
    /// How often it was looked for.
    pub tries: u32,
    /// When it was last looked for.
    pub last_try_at: DateTime<Utc>,
    /// What was tried then, and what came of it, in words.
    pub last_try: String,
    /// When it is looked for again; absent while that is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<DateTime<Utc>>,
}

/// The jobs of an array in sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjobsSummary {
    /// How many it has.
    pub total: u32,
    /// How many of them are in which state; states without any are left out.
    pub counts: Vec<StateCount>,
    /// When they were looked at. A large array is looked at less often.
    pub as_of: DateTime<Utc>,
}

/// So many are in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateCount {
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u32,
}

/// One job of an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subjob {
    /// Its index.
    pub index: u32,
    /// Where it is.
    pub state: JobState,
    /// How that is known.
    pub source: StateSource,
    /// When that was first found so.
    pub as_of: DateTime<Utc>,
    /// In words: why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its exit status, once it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_cause: Option<EndCause>,
    /// How often the scheduler has started it.
    pub run_count: u32,
    /// When it started; of several runs, the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// Which jobs of an array to list: by index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct SubjobsQuery {
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// Most items on a page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// The script of a job: as its fields, and as the text that the scheduler got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobScriptText {
    /// The revision's fields.
    pub draft: JobScriptDraft,
    /// The script as the user saw it.
    pub text: String,
    /// The text that went to the host, with PBSWeb's own lines.
    pub submitted_text: String,
    /// The arguments of qsub beside it.
    pub qsub_arguments: Vec<String>,
}

/// One step in a job's life, as it became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobEvent {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When it became known.
    pub at: DateTime<Utc>,
    /// The state from then on.
    pub state: JobState,
    /// How it is known.
    pub source: StateSource,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The exit status, with an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Which of its runs this is about: 1 is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// When that run started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When that run ended, or was found to be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// The streams of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What to look for in an output.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct OutputSearchQuery {
    /// This text, whatever the case of its ASCII letters: at most 200 bytes, all on one line.
    pub text: String,
    /// From this byte on; 0 when absent. To go on: the byte after the last match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The line of that byte, from which lines are counted; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// For an array: the subjob's index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// At most so many matches, 1 to 100; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Where a text is in an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputFound {
    /// How long the output is, in bytes.
    pub total_bytes: u64,
    /// The matches, in order.
    pub matches: Vec<OutputMatch>,
    /// The output was looked through to its end.
    pub is_whole: bool,
    /// Why it was not, when that is not for the number of matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// A place where a text is, with what stands on its line close by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputMatch {
    /// Its line; the first is 1.
    pub line: u64,
    /// Its first byte.
    pub offset: u64,
    /// What stands before it.
    pub before: String,
    /// The text as it stands there.
    pub text: String,
    /// What stands after it.
    pub after: String,
}

/// A file in a job's own folder on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobFile {
    /// Its path, absolute.
    pub path: String,
    /// Its size in bytes.
    pub n_bytes: u64,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<DateTime<Utc>>,
}
