//! How a job that is no longer listed ended: first what the scheduler remembers, then what the job's own epilogue left,
//! else it is lost. Nothing here takes silence for success.

use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::Observed;
use crate::scheduler::records::{EpilogueFacts, FinishedReply, JobEnd, JobRecord};

/// What a look-up came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It ended so, and this is how we know.
    Ended {
        /// How.
        end: JobEnd,
        /// From the scheduler or from the epilogue.
        source: StateSource,
        /// What else the scheduler's record says.
        observed: Option<Observed>,
    },
    /// The scheduler has it still (or again).
    Present {
        /// Its state.
        state: JobState,
        /// What else is known.
        observed: Observed,
    },
    /// The scheduler does not know it, and it left no end behind: lost, until somebody learns more.
    Lost,
    /// The scheduler did not answer: nothing changes, the next snapshot asks again.
    Unknown,
}

/// Resolves one job of a look-up's reply.
#[must_use]
pub fn resolve(job: JobId, pbs_id: &PbsJobId, reply: &FinishedReply) -> Resolution {
    let record = reply.records.iter().find(|record| record.pbs_id == *pbs_id);
    let epilogue = reply.epilogues.iter().find(|(whose, _)| *whose == job).map(|(_, facts)| facts);
    resolve_missing(record, reply.unknown.contains(pbs_id), epilogue)
}

/// Resolves a job from the scheduler's record, or its denial, and the epilogue's facts.
#[must_use]
pub fn resolve_missing(
    record: Option<&JobRecord>,
    is_unknown_to_scheduler: bool,
    epilogue: Option<&EpilogueFacts>,
) -> Resolution {
    if let Some(record) = record {
        return match (&record.end, record.state) {
            (Some(end), _) => Resolution::Ended {
                end: end.clone(),
                source: StateSource::Accounting,
                observed: Some(Observed::of(record)),
            },
            (None, Some(state)) => Resolution::Present { state, observed: Observed::of(record) },
            // Moved to another server, or a letter that we do not know.
            (None, None) => Resolution::Lost,
        };
    }
    if !is_unknown_to_scheduler {
        return Resolution::Unknown;
    }
    match epilogue.and_then(end_of_epilogue) {
        Some(end) => Resolution::Ended { end, source: StateSource::Epilogue, observed: None },
        None => Resolution::Lost,
    }
}

/// The end that a job itself recorded. A trap runs also when the job is deleted or over its walltime: the exit status
/// then says by which signal, and not who sent it.
fn end_of_epilogue(facts: &EpilogueFacts) -> Option<JobEnd> {
    let ended_at = facts.ended_at?;
    if let Some(n_subjobs) = facts.n_subjobs {
        return end_of_array(facts, n_subjobs);
    }
    let status = facts.exit_status?;
    let signal = Some(status - 128).filter(|signal| (1..=64).contains(signal));
    let (state, reason) = match signal {
        _ if status == 0 => (JobState::Completed, None),
        Some(15) => (
            JobState::Failed,
            Some("ended by SIGTERM: deleted, over its walltime, or by its own doing".to_owned()),
        ),
        Some(signal) => (JobState::Failed, Some(format!("exit status {status}, perhaps signal {signal}"))),
        None => (JobState::Failed, None),
    };
    Some(JobEnd {
        state,
        exit_status: Some(status),
        signal,
        reason,
        started_at: facts.began_at,
        ended_at: Some(ended_at),
    })
}

/// An array has ended by itself when every subjob left its end; else some were taken away, and what of is not known.
fn end_of_array(facts: &EpilogueFacts, n_subjobs: u32) -> Option<JobEnd> {
    if facts.n_subjobs_ended != n_subjobs {
        return None;
    }
    let n_failed = facts.n_subjobs_failed;
    let (state, exit_status, reason) = if n_failed == 0 {
        (JobState::Completed, Some(0), None)
    } else {
        (JobState::Failed, None, Some(format!("{n_failed} of {n_subjobs} jobs of the array failed")))
    };
    Some(JobEnd {
        state,
        exit_status,
        signal: None,
        reason,
        started_at: facts.began_at,
        ended_at: facts.ended_at,
    })
}
