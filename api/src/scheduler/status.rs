//! What an exit status of a scheduler's command means for the job and for what to do next.

use pbsweb_shared::job::JobAction;

/// What a status means. The scheduler's own words stay beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Done as asked. (Of `qdel`: a job that ignores SIGTERM may run on for a while.)
    Done,
    /// The job has ended already; the next listing or look-up shows how.
    HasFinished,
    /// The scheduler does not know the job (any more).
    UnknownJob,
    /// The account may not do this.
    NotAllowed,
    /// Not in the state that the job is in now; a moment later it may be possible.
    WrongState,
    /// Something in the request is wrong: an option, a queue, a resource, a limit.
    BadRequest,
    /// A limit on the number of jobs: it may go later.
    LimitReached,
    /// The scheduler's server was not reached; the request never arrived there.
    ServerUnreachable,
    /// The scheduler stumbled: the request may or may not have been carried out.
    Uncertain,
    /// The node of the job does not answer.
    NodeUnreachable,
    /// The command could not be run at all.
    NoCommand,
    /// The command's end is not known: the output was cut.
    NoAnswer,
}

impl Meaning {
    /// The same request may succeed later, unchanged. For a submission: after a look-up, and only then.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::ServerUnreachable | Self::Uncertain | Self::NoAnswer => true,
            Self::Done
            | Self::HasFinished
            | Self::UnknownJob
            | Self::NotAllowed
            | Self::WrongState
            | Self::BadRequest
            | Self::LimitReached
            | Self::NodeUnreachable
            | Self::NoCommand => false,
        }
    }

    /// The request may have been carried out although the command did not say so.
    #[must_use]
    pub const fn may_have_happened(self) -> bool {
        match self {
            Self::Done | Self::Uncertain | Self::NoAnswer => true,
            Self::HasFinished
            | Self::UnknownJob
            | Self::NotAllowed
            | Self::WrongState
            | Self::BadRequest
            | Self::LimitReached
            | Self::ServerUnreachable
            | Self::NodeUnreachable
            | Self::NoCommand => false,
        }
    }

    /// A sentence for the user.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Done => "The scheduler did it.",
            Self::HasFinished => "The job has already ended.",
            Self::UnknownJob => "The scheduler does not know this job any more.",
            Self::NotAllowed => "The scheduler does not allow this account to do that.",
            Self::WrongState => "The scheduler cannot do that in the state the job is in now.",
            Self::BadRequest => "The scheduler refused the request.",
            Self::LimitReached => "A limit on the number of jobs is reached.",
            Self::ServerUnreachable => "The scheduler's server cannot be reached from the host.",
            Self::Uncertain => "The scheduler did not say whether it did that; it is being looked up.",
            Self::NodeUnreachable => "The node on which the job runs does not answer.",
            Self::NoCommand => "The scheduler's command could not be run on the host.",
            Self::NoAnswer => "The answer of the host was cut off; what happened is being looked up.",
        }
    }
}

/// A status in the scheduler's words and in ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it means.
    pub meaning: Meaning,
    /// The exit status, if the command came to its end.
    pub status: Option<i32>,
    /// What the command printed, verbatim but for bytes that are no UTF-8.
    pub words: String,
}

/// Which command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// `qsub`
    Submit,
    /// `qstat`, `qselect`, `pbsnodes`
    List,
    /// One of the commands that steer a job.
    Steer(JobAction),
}
