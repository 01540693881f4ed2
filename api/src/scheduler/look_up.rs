//! Evidence about a submission whose answer is not known.

use pbsweb_shared::names::PbsJobId;

use super::records::{EpilogueFacts, Unavailable};
use super::submission::SubmissionReply;

/// All that could be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// The job's folder on the host.
    pub folder: FolderFacts,
    /// The scheduler's listing, taken after the folder was read.
    pub listing: ListingEvidence,
    /// The host's clock, in seconds since 1970; nothing if the output was cut.
    pub now: Option<i64>,
}

/// What the job's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderFacts {
    /// It could not be read, or the answer was cut: it proves nothing.
    Unreadable,
    /// There is none.
    Absent,
    /// It is there.
    Present {
        /// The attempts, in their order.
        tries: Vec<TryFacts>,
        /// What the job itself left.
        epilogue: Option<EpilogueFacts>,
    },
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryFacts {
    /// Its number.
    pub attempt: u32,
    /// Somebody began it, and alone may run qsub. If not, qsub was not started in this attempt.
    pub has_begun: bool,
    /// The program or its qsub still runs; nothing if that cannot be seen.
    pub is_alive: Option<bool>,
    /// The host where it began.
    pub host: Option<String>,
    /// When it began, by that host's clock.
    pub since: Option<i64>,
    /// When a look first saw that its qsub had ended, by the clock of the host that was asked.
    pub gone_since: Option<i64>,
    /// A job id that qsub printed, though the answer was not completed.
    pub printed_id: Option<PbsJobId>,
    /// The completed answer: accepted, refused, or without an id.
    pub answer: Option<SubmissionReply>,
}

/// What the scheduler said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingEvidence {
    /// It did not answer, or not whole.
    Unavailable(Unavailable),
    /// It listed all jobs of the account.
    Complete {
        /// Those that carry the tag and belong to the account.
        tagged: Vec<PbsJobId>,
        /// For how many seconds finished jobs are kept, and listed here; nothing if they are not.
        history_seconds: Option<u64>,
        /// Listed jobs whose details could not be read: any of them may be the one.
        n_unreadable: usize,
    },
}
