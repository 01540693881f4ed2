//! What the scheduler's answer to a command means for the job and for what to do next.

use crate::words::words;

words! {
    /// What the exit status of a scheduler's command means. The scheduler's own words stay beside it.
    Meaning, "meaning" {
        /// Done as asked. (Of `qdel`: a job that ignores SIGTERM may run on for a while.)
        Done = "done",
        /// The job has ended already; the next listing or look-up shows how.
        HasFinished = "has_finished",
        /// The scheduler does not know the job (any more).
        UnknownJob = "unknown_job",
        /// The account may not do this.
        NotAllowed = "not_allowed",
        /// Not in the state that the job is in now; a moment later it may be possible.
        WrongState = "wrong_state",
        /// Something in the request is wrong: an option, a queue, a resource, a limit.
        BadRequest = "bad_request",
        /// A limit on the number of jobs: it may go later.
        LimitReached = "limit_reached",
        /// The scheduler's server was not reached; the request never arrived there.
        ServerUnreachable = "server_unreachable",
        /// The scheduler stumbled: the request may or may not have been carried out.
        Uncertain = "uncertain",
        /// The node of the job does not answer.
        NodeUnreachable = "node_unreachable",
        /// The command could not be run at all.
        NoCommand = "no_command",
        /// The command's end is not known: the output was cut.
        NoAnswer = "no_answer",
    }
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
            Self::Uncertain => "The scheduler did not say whether it did that.",
            Self::NodeUnreachable => "The node on which the job runs does not answer.",
            Self::NoCommand => "The scheduler's command could not be run on the host.",
            Self::NoAnswer => "The answer of the host was cut off.",
        }
    }
}
