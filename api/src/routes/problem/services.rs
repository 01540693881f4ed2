//! Which error of a service is which problem. No wildcard arms: a new error has to be thought about here.

use pbsweb_shared::problem::{FieldError, ProblemCode};
use pbsweb_shared::script::{Diagnostic, Severity};

use super::ApiProblem;
use crate::error::chain;
use crate::scheduler::Meaning;
use crate::services::applications::ApplicationError;
use crate::services::builds::BuildError;
use crate::services::groups::GroupError;
use crate::services::hosts::HostError;
use crate::services::jobs::JobError;
use crate::services::reach::ReachError;
use crate::services::scripts::ScriptError;
use crate::services::searches::SearchError;
use crate::services::steering::SteerError;
use crate::services::submission::SubmitError;
use crate::transport::TransportError;

impl From<ReachError> for ApiProblem {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::NoHost => Self::not_found("host"),
            ReachError::Disabled(_) | ReachError::JumpHost(_) => {
                Self::new(ProblemCode::StateForbids, error.to_string())
            }
            ReachError::NoAccount(_) | ReachError::NotChecked(_) => {
                Self::new(ProblemCode::NoHostAccount, error.to_string())
            }
            ReachError::StoredKey(_) | ReachError::Command(_) => {
                Self::new(ProblemCode::Internal, error.to_string())
            }
            ReachError::Identity(ref source) => {
                Self::new(ProblemCode::Internal, "the key of this account cannot be used").because(source)
            }
            ReachError::Transport { host, source } => from_transport(&host, &source),
            ReachError::Store(error) => error.into(),
        }
    }
}

/// Which failure of an exchange is which problem: the host's key, the user's key, or the host itself.
pub(super) fn from_transport(host: &str, error: &TransportError) -> ApiProblem {
    let (code, retry_after) = match error {
        TransportError::HostKeyUnknown { .. } => (ProblemCode::HostKeyUnknown, None),
        TransportError::HostKeyChanged { .. } => (ProblemCode::HostKeyChanged, None),
        TransportError::KeyNotAccepted { .. } | TransportError::SecondFactorWanted { .. } => {
            (ProblemCode::KeyNotAccepted, None)
        }
        TransportError::Unreachable { .. } => (ProblemCode::HostUnreachable, Some(10)),
        TransportError::TimedOut { .. } | TransportError::Cut { .. } | TransportError::Truncated => {
            (ProblemCode::HostUnreachable, Some(5))
        }
        TransportError::Busy { .. } | TransportError::Closed => (ProblemCode::Busy, Some(2)),
        TransportError::ShellRefused { .. }
        | TransportError::TooMuchOutput { .. }
        | TransportError::Sftp { .. }
        | TransportError::TooLarge { .. } => (ProblemCode::HostCommandFailed, None),
        TransportError::Source(_) => (ProblemCode::MalformedRequest, None),
        TransportError::BadProgram(_) => (ProblemCode::Internal, None),
    };
    let problem = ApiProblem::new(code, format!("{host}: {}", chain(error))).because(error);
    match retry_after {
        Some(seconds) => problem.retry_after(seconds),
        None => problem,
    }
}

impl From<HostError> for ApiProblem {
    fn from(error: HostError) -> Self {
        match error {
            HostError::NotFound => Self::not_found("host"),
            HostError::Invalid(errors) => Self::fields(errors),
            HostError::NameTaken => Self::new(ProblemCode::AlreadyExists, error.to_string()),
            HostError::InUse => Self::new(ProblemCode::StateForbids, error.to_string()),
            HostError::Scan(source) => from_transport("the host", &source),
            HostError::Reach(error) => error.into(),
            HostError::Session(error) => error.into(),
            HostError::Store(error) => error.into(),
        }
    }
}

impl From<ApplicationError> for ApiProblem {
    fn from(error: ApplicationError) -> Self {
        match error {
            ApplicationError::NotFound => Self::not_found("application"),
            ApplicationError::Forbidden(words) => Self::new(ProblemCode::Forbidden, words),
            ApplicationError::BrokeOff => Self::new(ProblemCode::MalformedRequest, error.to_string()),
            ApplicationError::Archive(source) => Self {
                errors: vec![FieldError {
                    pointer: "/archive".to_owned(),
                    code: "archive.unsafe_or_damaged".to_owned(),
                    message: chain(&source),
                }],
                ..Self::new(ProblemCode::BadArchive, chain(&source))
            },
            ApplicationError::TooLarge(_) => Self::new(ProblemCode::TooLarge, error.to_string()),
            ApplicationError::Unpack(words) => Self::new(ProblemCode::HostCommandFailed, words),
            ApplicationError::Invalid(error) => Self::fields(vec![error]),
            ApplicationError::Reach(error) => error.into(),
            ApplicationError::Store(error) => error.into(),
        }
    }
}

impl From<BuildError> for ApiProblem {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::NotFound(what) => Self::not_found(what),
            BuildError::Invalid(errors) => Self::fields(errors),
            BuildError::Forbidden(words) => Self::new(ProblemCode::Forbidden, words),
            BuildError::HasEnded => Self::new(ProblemCode::StateForbids, error.to_string()),
            BuildError::KeyReused => Self::new(ProblemCode::IdempotencyKeyReused, error.to_string()),
            BuildError::PageToken(error) => error.into(),
            BuildError::Reach(error) => error.into(),
            BuildError::Store(error) => error.into(),
        }
    }
}

impl From<ScriptError> for ApiProblem {
    fn from(error: ScriptError) -> Self {
        match error {
            ScriptError::NotFound => Self::not_found("script"),
            ScriptError::NoRevision(number) => Self::not_found(&format!("revision {number}")),
            ScriptError::Forbidden(words) => Self::new(ProblemCode::Forbidden, words),
            ScriptError::NameTaken(_) => Self::new(ProblemCode::AlreadyExists, error.to_string()),
            ScriptError::Conflict(current) => Self {
                current: Some(current),
                ..Self::new(
                    ProblemCode::RevisionConflict,
                    "nothing was saved and nothing is lost: merge your changes into `current`, and save them as made from it",
                )
            },
            ScriptError::Invalid(error) => Self::fields(vec![error]),
            ScriptError::PageToken(error) => error.into(),
            ScriptError::Store(error) => error.into(),
        }
    }
}

/// The errors among a script's findings, as fields of a request whose script stands at `/script`.
fn script_fields(findings: Vec<Diagnostic>) -> Vec<FieldError> {
    findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| FieldError {
            pointer: format!("/script{}", finding.pointer),
            code: finding.code,
            message: if finding.advice.is_empty() {
                finding.message
            } else {
                format!("{}; {}", finding.message, finding.advice)
            },
        })
        .collect()
}

impl From<SubmitError> for ApiProblem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Script(findings) => {
                Self { code: ProblemCode::InvalidScript, ..Self::fields(script_fields(findings)) }
            }
            SubmitError::Invalid(errors) => Self::fields(errors),
            SubmitError::Origin(error) => (*error).into(),
            SubmitError::Member { position, source } => {
                let mut problem = Self::from(*source);
                for error in &mut problem.errors {
                    error.pointer = format!("/jobs/{position}/submit{}", error.pointer);
                }
                problem
            }
            SubmitError::KeyReused => Self::new(ProblemCode::IdempotencyKeyReused, error.to_string()),
            SubmitError::Reach(error) => error.into(),
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<JobError> for ApiProblem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::NotFound => Self::not_found("job"),
            JobError::OthersJobs => Self::new(ProblemCode::Forbidden, error.to_string()),
            JobError::UnknownState(error) => Self::field("/state", "state.unknown", error.to_string()),
            JobError::PageToken(error) => error.into(),
            JobError::Invalid(error) => Self::fields(vec![error]),
            JobError::NoOutput(words) => Self::new(ProblemCode::NotFound, words),
            JobError::Reach(error) => error.into(),
            JobError::Store(error) => error.into(),
        }
    }
}

impl From<SteerError> for ApiProblem {
    fn from(error: SteerError) -> Self {
        match error {
            SteerError::NotFound(what) => Self::not_found(what),
            SteerError::StateForbids(words) => Self::new(ProblemCode::StateForbids, words),
            SteerError::Invalid(errors) => Self::fields(errors),
            SteerError::KeyReused => Self::new(ProblemCode::IdempotencyKeyReused, error.to_string()),
            SteerError::Refused { meaning, words } => refused(meaning, words),
            SteerError::NotSent(words) => Self::new(ProblemCode::HostUnreachable, words).retry_after(10),
            SteerError::PageToken(error) => error.into(),
            SteerError::Reach(error) => error.into(),
            SteerError::Store(error) => error.into(),
        }
    }
}

/// The scheduler's refusal, word for word, under the code that its exit status means.
fn refused(meaning: Meaning, words: String) -> ApiProblem {
    match meaning {
        Meaning::HasFinished | Meaning::UnknownJob | Meaning::WrongState => {
            ApiProblem::new(ProblemCode::StateForbids, words)
        }
        Meaning::NotAllowed => ApiProblem::new(ProblemCode::Forbidden, words),
        Meaning::ServerUnreachable | Meaning::NoAnswer | Meaning::NodeUnreachable | Meaning::Uncertain => {
            ApiProblem::new(ProblemCode::HostUnreachable, words).retry_after(10)
        }
        Meaning::Done | Meaning::BadRequest | Meaning::LimitReached | Meaning::NoCommand => {
            ApiProblem::new(ProblemCode::HostCommandFailed, words)
        }
    }
}

impl From<SearchError> for ApiProblem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::NotFound => Self::not_found("search"),
            SearchError::NameTaken(_) => Self::new(ProblemCode::AlreadyExists, error.to_string()),
            SearchError::Invalid(error) => Self::fields(vec![error]),
            SearchError::Store(error) => error.into(),
        }
    }
}

impl From<GroupError> for ApiProblem {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::NotFound(what) => Self::not_found(what),
            GroupError::NotManager => Self::new(ProblemCode::Forbidden, error.to_string()),
            GroupError::LastManager | GroupError::Full => {
                Self::new(ProblemCode::StateForbids, error.to_string())
            }
            GroupError::NameTaken(_) => Self::new(ProblemCode::AlreadyExists, error.to_string()),
            GroupError::Invalid(error) => Self::fields(vec![error]),
            GroupError::Store(error) => error.into(),
        }
    }
}
