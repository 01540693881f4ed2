//! What can go wrong on the way to a host and back, and what that means for trying again.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::endpoint::HostKey;
use super::program::ProgramError;
use super::sftp::SftpFailure;

/// Why an exchange with a host failed. Cheap to clone, so that all who wait for one connection hear why it failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// Nobody has confirmed a key of this host.
    #[error("the key of {address} is not known: it offered {}", offered.fingerprint())]
    HostKeyUnknown {
        /// The host that offered it; may be the jump host.
        address: String,
        /// What an administrator may confirm.
        offered: HostKey,
    },
    /// The host shows another key than the confirmed ones.
    #[error(
        "the key of {address} has changed: expected {}, was offered {}",
        pinned.iter().map(HostKey::fingerprint).collect::<Vec<_>>().join(" or "),
        offered.fingerprint()
    )]
    HostKeyChanged {
        /// The host that offered it; may be the jump host.
        address: String,
        /// The keys that were confirmed.
        pinned: Vec<HostKey>,
        /// The key that was shown instead.
        offered: HostKey,
    },
    /// The account does not list PBSWeb's key, or does not exist.
    #[error("{address} does not accept the key for {login}")]
    KeyNotAccepted {
        /// The host that refused; may be the jump host.
        address: String,
        /// The account that was asked for.
        login: String,
    },
    /// The key was right, and the host wants a password or code on top.
    #[error("{address} accepts the key for {login} and asks for a second factor")]
    SecondFactorWanted {
        /// The host that asks; may be the jump host.
        address: String,
        /// The account that was asked for.
        login: String,
    },
    /// No connection could be made, or the host is being left alone after such failures.
    #[error("cannot reach {address}")]
    Unreachable {
        /// The host that was tried; may be the jump host.
        address: String,
        /// Why.
        #[source]
        cause: UnreachableCause,
        /// When the next attempt will be made, if this one was not.
        retry_after: Option<Duration>,
    },
    /// The deadline passed.
    #[error("gave up after {} s while {step}", after.as_secs_f32())]
    TimedOut {
        /// The time that was allowed.
        after: Duration,
        /// What was going on.
        step: Step,
    },
    /// The connection ended after the program was sent: whether it ran, and how far, is not known.
    #[error("the connection was lost while {step}")]
    Cut {
        /// What was going on.
        step: Step,
    },
    /// The account's login shell did not start our program: disabled account, forced command, or a start-up file
    /// that ends the shell. The program did not run.
    #[error("the login shell did not start the program{}", Said(said))]
    ShellRefused {
        /// The first of what it said instead.
        said: String,
    },
    /// The program began and its answer ended early.
    #[error("the answer ended early")]
    Truncated,
    /// The program said more than was allowed and was stopped.
    #[error("the answer is larger than {limit} bytes")]
    TooMuchOutput {
        /// The bytes allowed.
        limit: u64,
    },
    /// As many exchanges as one connection may have are under way and enough callers wait.
    #[error("too many exchanges with {address} are waiting")]
    Busy {
        /// The host.
        address: String,
    },
    /// The host refused a file operation.
    #[error("cannot {action} {path}")]
    Sftp {
        /// The verb: open, read, write, …
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The host's reason.
        #[source]
        failure: SftpFailure,
    },
    /// More bytes came for a file than it may have, or more entries were in a folder than asked for.
    #[error("{path} is larger than {limit}")]
    TooLarge {
        /// The file or folder on the host.
        path: String,
        /// Bytes or entries allowed.
        limit: u64,
    },
    /// What was to be sent could not be read to its end; nothing is wrong with the host.
    #[error("cannot read what was to be sent")]
    Source(#[source] Arc<io::Error>),
    /// The program cannot be written down; a mistake of the caller.
    #[error("cannot write the program")]
    BadProgram(#[from] ProgramError),
    /// The server is going down, or the host's connections were closed on purpose.
    #[error("the connection was closed by PBSWeb")]
    Closed,
}

/// Why a host could not be reached.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UnreachableCause {
    /// DNS does not know the name, or did not answer.
    #[error("its name does not resolve")]
    NameNotResolved(#[source] Arc<io::Error>),
    /// Nothing listens on the port.
    #[error("the connection was refused")]
    Refused(#[source] Arc<io::Error>),
    /// No network leads there.
    #[error("no route leads there")]
    NoRoute(#[source] Arc<io::Error>),
    /// No answer within the time allowed.
    #[error("it does not answer")]
    TimedOut,
    /// Another error of the network.
    #[error("the network failed")]
    Network(#[source] Arc<io::Error>),
    /// Something answers that does not speak SSH as we do, or closed the connection before the login.
    #[error("the SSH handshake failed")]
    Handshake(#[source] Arc<russh::Error>),
    /// The jump host could not or would not connect to the host behind it.
    #[error("the jump host does not connect to it")]
    JumpRefused(#[source] Arc<russh::Error>),
    /// The connection ended before anything was asked.
    #[error("it closed the connection")]
    ClosedEarly,
}

/// What an exchange was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Waiting for a turn, connecting, logging in.
    Connecting,
    /// Opening a channel and sending the program, which does nothing until it is whole.
    Sending,
    /// The program may be running.
    Running,
    /// Reading a file or folder.
    Reading,
    /// Writing a file.
    Writing,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Sending => "sending the program",
            Self::Running => "waiting for the answer",
            Self::Reading => "reading a file",
            Self::Writing => "writing a file",
        })
    }
}

struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl TransportError {
    /// Whether the same attempt may succeed later without anybody changing anything. Look at
    /// [`outcome_unknown`](Self::outcome_unknown) before repeating what has an effect.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Cut { .. }
            | Self::Truncated
            | Self::Busy { .. }
            | Self::Closed => true,
            Self::Sftp { failure, .. } => failure.is_retryable(),
            Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::KeyNotAccepted { .. }
            | Self::SecondFactorWanted { .. }
            | Self::ShellRefused { .. }
            | Self::TooMuchOutput { .. }
            | Self::TooLarge { .. }
            | Self::Source(_)
            | Self::BadProgram(_) => false,
        }
    }

    /// Whether the program may have run, wholly or in part, although its answer is missing.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::TimedOut { step, .. } | Self::Cut { step } => match step {
                Step::Running | Step::Writing => true,
                Step::Connecting | Step::Sending | Step::Reading => false,
            },
            Self::Truncated | Self::TooMuchOutput { .. } => true,
            Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::KeyNotAccepted { .. }
            | Self::SecondFactorWanted { .. }
            | Self::Unreachable { .. }
            | Self::ShellRefused { .. }
            | Self::Busy { .. }
            | Self::Sftp { .. }
            | Self::TooLarge { .. }
            | Self::Source(_)
            | Self::BadProgram(_)
            | Self::Closed => false,
        }
    }

    /// How long to wait before another attempt makes sense, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_after, .. } => *retry_after,
            Self::Busy { .. } => Some(Duration::from_secs(1)),
            Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::KeyNotAccepted { .. }
            | Self::SecondFactorWanted { .. }
            | Self::TimedOut { .. }
            | Self::Cut { .. }
            | Self::ShellRefused { .. }
            | Self::Truncated
            | Self::TooMuchOutput { .. }
            | Self::Sftp { .. }
            | Self::TooLarge { .. }
            | Self::Source(_)
            | Self::BadProgram(_)
            | Self::Closed => None,
        }
    }
}
