//! What attempts and looks come to, and what of it may be written into a job's row. Pure: the model of the protocol
//! (api/tests/protocol) explores these very functions.

use pbsweb_shared::job::JobState;
use pbsweb_shared::names::PbsJobId;

use crate::scheduler::{NotStarted, SubmissionReply};

/// What an attempt or a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The scheduler has it.
    Accepted(PbsJobId),
    /// It is certain that it never ran and will not: qsub's refusal.
    Refused(String),
    /// The host could not take it, so that this attempt did not start qsub.
    NotStarted(String),
    /// Not known yet: why, in words for the owner.
    Unknown(String),
}

/// How a job stands when an outcome comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: JobState,
    /// The scheduler's id is known.
    pub has_id: bool,
    /// The outcome is the first attempt's, and no reconciler has taken the job meanwhile: no other attempt can be under way.
    pub is_first_alone: bool,
}

/// What is kept of an outcome: nothing when another has settled the job meanwhile.
#[must_use]
pub fn kept(known: Standing, outcome: Outcome) -> Option<Outcome> {
    let is_open = known.state == JobState::Submitting;
    match outcome {
        Outcome::NotStarted(words) if is_open && known.is_first_alone => Some(Outcome::Refused(words)),
        // A program of another attempt may still be on its way, and find room where this one found none.
        Outcome::NotStarted(words) if is_open => Some(Outcome::Unknown(words)),
        outcome if is_open => Some(outcome),
        // An id proves more than a rejection that came without one.
        Outcome::Accepted(id) if known.state == JobState::Rejected && !known.has_id => {
            Some(Outcome::Accepted(id))
        }
        Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::NotStarted(_) | Outcome::Unknown(_) => None,
    }
}

/// What a reply means: only qsub's own word, or the proof that it never started, is an end.
#[must_use]
pub fn read_reply(reply: SubmissionReply) -> Outcome {
    match reply {
        SubmissionReply::Accepted { pbs_id, .. } => Outcome::Accepted(pbs_id),
        SubmissionReply::Refused { explanation }
            if explanation.meaning.is_retryable() || explanation.meaning.may_have_happened() =>
        {
            Outcome::Unknown(format!("qsub said: {}", explanation.words.trim()))
        }
        SubmissionReply::Refused { explanation } => Outcome::Refused(refusal(&explanation)),
        SubmissionReply::NoId { words } => {
            Outcome::Unknown(format!("qsub ended well and printed no job id, but: {}", words.trim()))
        }
        SubmissionReply::InProgress(_) => {
            Outcome::Unknown("qsub runs on the host and has not answered yet".to_owned())
        }
        SubmissionReply::NotStarted { reason, words } => {
            let what = match reason {
                NotStarted::Folder => "the job's folder could not be made on the host",
                NotStarted::Disk => {
                    "the job script could not be written on the host; is the disk or the quota full?"
                }
                NotStarted::NoQsub => "there is no qsub where the host's row says; check the account again",
                NotStarted::WorkingFolder => {
                    "the folder that the job should run in is gone; upload the application again"
                }
            };
            Outcome::NotStarted(format!("{what}: {}", words.trim()))
        }
        SubmissionReply::Unreadable => Outcome::Unknown("the host's answer was cut off".to_owned()),
    }
}

/// qsub's own words, with its exit status.
pub(super) fn refusal(explanation: &crate::scheduler::Explanation) -> String {
    let words = explanation.words.trim();
    match explanation.status {
        Some(status) if words.is_empty() => format!("qsub ended with status {status}"),
        Some(status) => format!("{words} (status {status})"),
        None => words.to_owned(),
    }
}
