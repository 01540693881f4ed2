//! What came of one run of the submission program.

use pbsweb_shared::names::PbsJobId;

use super::status::Explanation;

/// The reply to a submission. Only `Accepted` and a settled refusal are ends; after everything else the truth is looked
/// up before anything is done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmissionReply {
    /// The scheduler has the job.
    Accepted {
        /// Under this id.
        pbs_id: PbsJobId,
        /// What qsub said besides, such as warnings on standard error.
        words: String,
    },
    /// qsub ended with an error.
    Refused {
        /// In its own words and in ours; `explanation.meaning.is_retryable()` says whether a look-up may lead to
        /// another attempt. If not, the refusal is final.
        explanation: Explanation,
    },
    /// qsub ended with success, and printed no job id: only a look-up can tell.
    NoId {
        /// What it printed instead.
        words: String,
    },
    /// Another run of the program is at it, or died while it was; its answer did not come in time.
    InProgress(Progress),
    /// qsub was not started by this run, nor by any other before it: trying again is safe.
    NotStarted {
        /// What kind of trouble.
        reason: NotStarted,
        /// In the host's words.
        words: String,
    },
    /// The program's output is cut or strange: only a look-up can tell.
    Unreadable,
}

/// Why qsub was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted {
    /// The job's folder cannot be made.
    Folder,
    /// The script or the place for the answer cannot be written: disk full, quota, read-only.
    Disk,
    /// There is no qsub at the place given or on the PATH.
    NoQsub,
    /// The folder where qsub is to run cannot be entered.
    WorkingFolder,
}

/// What is known of a run that has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The host where it began.
    pub host: Option<String>,
    /// The host that was asked; login names may stand for several machines.
    pub asked_host: Option<String>,
    /// When it began, in seconds since 1970 by the host's clock.
    pub since: Option<i64>,
    /// The host's clock now.
    pub now: Option<i64>,
    /// Whether it still runs; nothing if that cannot be seen from the host that was asked.
    pub is_alive: Option<bool>,
}
