//! What each action needs, as it travels; alterations, which need more, are beside it.

use serde::{Deserialize, Serialize};

use crate::ids::JobId;
use crate::words::words;

words! {
    /// A kind of hold, `qhold(1B)`.
    HoldKind, "hold kind" {
        /// `u`: the owner's own.
        User = "user",
        /// `o`: an operator's.
        Operator = "operator",
        /// `s`: the system's.
        System = "system",
    }
}

impl HoldKind {
    /// The letter of `-h` and of `Hold_Types`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::User => "u",
            Self::Operator => "o",
            Self::System => "s",
        }
    }

    /// Who may set it and take it away.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::User => "Set and taken away by the job's owner, by operators and by managers.",
            Self::Operator => "Set and taken away only by operators and managers of the scheduler.",
            Self::System => {
                "Set and taken away only by managers of the scheduler; the scheduler itself sets it for dependencies."
            }
        }
    }
}

/// Signals that are offered by name, and what they are for. Any other name or number may be given too.
pub const SIGNALS: &[(&str, &str)] = &[
    ("SIGTERM", "asks it to end"),
    ("SIGINT", "as Ctrl-C does"),
    ("SIGKILL", "ends it at once"),
    ("SIGHUP", "hang-up; many programs read their settings again"),
    ("SIGUSR1", "what the program makes of it"),
    ("SIGUSR2", "what the program makes of it"),
    ("SIGSTOP", "stops its processes; the scheduler still counts it as running"),
    ("SIGCONT", "lets stopped processes go on"),
    ("0", "no signal: only tells whether its processes can be reached"),
    ("suspend", "the scheduler suspends it and frees its processors; for operators"),
    ("resume", "the scheduler resumes it; for operators"),
];

/// `qdel`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobDelete {
    /// Also when the job's node does not answer (`-W force`): the scheduler forgets the job, its processes may go on.
    pub force: bool,
    /// Of an array only these: indices and ranges, such as `3`, `1-5,9` or, every second, `1-9:2`; absent: the whole job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjobs: Option<String>,
}

/// `qhold` and `qrls`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobHold {
    /// Which hold.
    pub kind: HoldKind,
}

impl Default for JobHold {
    fn default() -> Self {
        Self { kind: HoldKind::User }
    }
}

/// `qmove`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobMove {
    /// `queue`, `queue@server` or `@server`.
    pub destination: String,
}

/// `qrerun`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobRerun {
    /// Of an array only these; absent: the whole job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjobs: Option<String>,
}

/// `qsig`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobSignal {
    /// A name with or without `SIG`, a number, or `suspend` and `resume` for operators.
    pub signal: String,
    /// Of an array only these; absent: the whole job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjobs: Option<String>,
}

/// `qmsg`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobMessage {
    /// What is written into the job's output.
    pub text: String,
    /// Into the file of standard error; else into that of standard output.
    pub to_stderr: bool,
}

/// `qorder`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// The job to change places with, on the same host.
    pub with: JobId,
}
