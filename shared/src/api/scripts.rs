//! Scripts: named, with revisions; what the past-script picker lists.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::groups::{Access, SharedWith};
use crate::ids::{ApplicationId, GroupId, HostId, JobId, RevisionId, ScriptId, SessionId};
use crate::job::JobState;
use crate::names::UserName;
use crate::script::{Diagnostic, JobScriptDraft};

/// Which scripts to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct ScriptsQuery {
    /// Those used with this application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Those whose last job went to this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// Those with this in their name, in the text of their latest revision, or in one that has a label, or its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Those that others share with the caller, instead of the caller's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// Those that are shared with this group, the caller's too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Most items on a page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A script with its latest revision, typed and whole: picking it fills a form without another request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Script {
    /// Its id.
    pub id: ScriptId,
    /// Its name.
    pub name: String,
    /// The application it was last used with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The host it was last sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// Whose it is; absent: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserName>,
    /// What the caller may do with it.
    pub access: Access,
    /// The caller's groups that it is shared with, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<SharedWith>,
    /// Its latest revision.
    pub revision: Revision,
    /// How many revisions it has.
    pub n_revisions: i32,
    /// The caller's last job of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_job: Option<ScriptJob>,
    /// When it was last submitted or changed.
    pub used_at: DateTime<Utc>,
}

/// One frozen state of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// 1 for the first.
    pub number: i32,
    /// The number of the revision that it was made from; absent for a first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<i32>,
    /// What its owner calls it, such as "the one from the paper".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Every field.
    pub draft: JobScriptDraft,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub by: UserName,
    /// In which session.
    pub session: SessionId,
}

/// A script to be kept under a new name. Nothing is submitted, and mistakes in it may be mended later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScriptCreate {
    /// Its name: at most 200 bytes, unlike those of the caller's other scripts.
    pub name: String,
    /// Every field.
    pub script: JobScriptDraft,
}

/// A copy of a script, to be the caller's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScriptCopy {
    /// Its name: at most 200 bytes, unlike those of the caller's other scripts; the original's when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// The number of the revision to copy; the latest when absent.
    #[serde(default)]
    pub revision: Option<i32>,
}

/// A changed script to be kept as a new revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevisionCreate {
    /// The number of the revision that was changed. If another was saved meanwhile, this one is not: `revision_conflict`.
    pub made_from: i32,
    /// Every field.
    pub script: JobScriptDraft,
}

/// What is to change about a revision: what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevisionUpdate {
    /// The label, at most 200 bytes; empty: none.
    pub label: String,
}

/// Which two revisions of a script to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct RevisionsCompared {
    /// The number of the one; the one before `to` when absent.
    pub from: Option<i32>,
    /// The number of the other; the latest when absent.
    pub to: Option<i32>,
}

/// How the last job of a script went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptJob {
    /// The job.
    pub id: JobId,
    /// Where it is.
    pub state: JobState,
    /// Its exit status, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
}

/// A script's text, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScriptParse {
    /// The text.
    pub text: String,
    /// How its directives begin (`qsub -C`); empty: `#PBS`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub directive_prefix: String,
}

/// What was read from a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptParsed {
    /// The fields.
    pub draft: JobScriptDraft,
    /// What was not understood or is doubtful.
    pub diagnostics: Vec<Diagnostic>,
}

/// A script to be checked, against a host if one is given. Nothing is submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScriptCheck {
    /// The fields.
    pub script: JobScriptDraft,
    /// Whose rules apply.
    #[serde(default)]
    pub host: Option<HostId>,
}

/// What a check found, and the text the fields make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptChecked {
    /// The script's text.
    pub text: String,
    /// The findings, all of them, with the lines of the text.
    pub diagnostics: Vec<Diagnostic>,
}
