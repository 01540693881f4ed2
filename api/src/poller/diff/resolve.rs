//! How a job that is no longer listed ended: first what the scheduler remembers, then what the job's own epilogue left, then
//! the scheduler's accounting, else it is lost. Nothing here takes silence for success.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::api::jobs::Subjob;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::Observed;
use super::subjobs::end_of_array;
use crate::scheduler::records::{EpilogueFacts, FinishedReply, JobEnd, JobRecord, RunNote};

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
    /// The scheduler did not answer, and why: nothing changes, and it is asked again.
    Unknown(String),
}

/// What is known of a job's runs, and what was wished for it, when it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownRuns {
    /// How often it was started.
    pub run_count: u32,
    /// It was seen waiting for its next run at this moment, by the host's clock; nothing if it was seen running last.
    pub waiting_at: Option<DateTime<Utc>>,
    /// Its owner asked for its deletion, and the scheduler took the request.
    pub is_delete_requested: bool,
}

/// Clocks of a cluster differ by so much at most.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);

impl KnownRuns {
    /// A note is of a run that is known to be over when the job was seen waiting after that run had begun: whatever the note
    /// says, the scheduler took it for no end and put the job back into its queue.
    fn is_former(&self, note: &RunNote) -> bool {
        let begun_and_waiting = note.began_at.zip(self.waiting_at);
        self.run_count > 0
            && begun_and_waiting.is_some_and(|(began, waiting)| began + CLOCK_TOLERANCE < waiting)
    }
}

/// Resolves one job of a look-up's reply; `subjobs` is what is known of its own jobs, if it is an array.
#[must_use]
pub fn resolve(
    job: JobId,
    pbs_id: &PbsJobId,
    runs: KnownRuns,
    subjobs: &BTreeMap<u32, Subjob>,
    reply: &FinishedReply,
) -> Resolution {
    let epilogue = reply.epilogues.iter().find(|(whose, _)| *whose == job).map(|(_, facts)| facts);
    let accounted = reply.accounted.iter().find(|(whose, _)| *whose == job).map(|(_, end)| end);
    if let Some(record) = reply.records.iter().find(|record| record.pbs_id == *pbs_id) {
        // The server that has it now was asked and did not tell: the job's own notes may.
        if record.moved_to().is_some()
            && let ended @ Resolution::Ended { .. } = resolve_forgotten(runs, epilogue, None)
        {
            return ended;
        }
        return resolve_record(record);
    }
    if !reply.unknown.contains(pbs_id) {
        let words = reply.unavailable.as_ref().map_or("it said nothing of this job", |found| &found.words);
        return Resolution::Unknown(format!("the scheduler did not answer: {}", words.trim()));
    }
    if let Some(end) = end_of_array(subjobs, runs.is_delete_requested) {
        return Resolution::Ended { end, source: StateSource::Epilogue, observed: None };
    }
    resolve_forgotten(runs, epilogue, accounted)
}

/// Resolves a job from the scheduler's own record.
#[must_use]
pub fn resolve_record(record: &JobRecord) -> Resolution {
    match (&record.end, record.state) {
        (Some(end), _) => Resolution::Ended {
            end: end.clone(),
            source: StateSource::Accounting,
            observed: Some(Observed::of(record)),
        },
        (None, Some(state)) => Resolution::Present { state, observed: Observed::of(record) },
        // Moved to another server, which could not tell. A server without history has no such records: there qstat follows the
        // job by itself.
        (None, None) if record.state_letter == "M" => Resolution::Unknown(format!(
            "the scheduler has handed it on to {}, which tells nothing of it",
            record.queue
        )),
        // A letter that we do not know: it is there, and nothing else is known.
        (None, None) => {
            Resolution::Unknown(format!("the scheduler lists it in state {}", record.state_letter))
        }
    }
}

/// Resolves a job that the scheduler says it does not know. The accounting is asked last, but who sent a signal is known to it
/// alone.
#[must_use]
pub fn resolve_forgotten(
    runs: KnownRuns,
    epilogue: Option<&EpilogueFacts>,
    accounted: Option<&JobEnd>,
) -> Resolution {
    let noted = epilogue.and_then(|facts| end_of_epilogue(runs, facts));
    let (end, source) = match (noted, accounted) {
        (Some(noted), Some(accounted)) if noted.cause != EndCause::Exit => {
            (accounted.clone(), StateSource::Accounting)
        }
        (Some(noted), _) => (noted, StateSource::Epilogue),
        (None, Some(accounted)) => (accounted.clone(), StateSource::Accounting),
        (None, None) => return Resolution::Lost,
    };
    Resolution::Ended { end, source, observed: None }
}

/// The end that a job itself recorded. A trap runs also when the job is deleted or over its walltime: the exit status
/// then says by which signal, and not who sent it.
fn end_of_epilogue(runs: KnownRuns, facts: &EpilogueFacts) -> Option<JobEnd> {
    if !facts.indices.is_empty() {
        // The end of an array is that of its jobs (`subjobs`).
        return None;
    }
    let note = Some(&facts.run).filter(|note| !runs.is_former(note))?;
    end_of_run(note).or_else(|| end_of_killed(note, facts.killed.as_deref()?))
}

/// The end that one run noted.
pub(super) fn end_of_run(note: &RunNote) -> Option<JobEnd> {
    let (ended_at, status) = note.ended_at.zip(note.exit_status)?;
    let signal = Some(status - 128).filter(|signal| (1..=64).contains(signal));
    let (state, cause, reason) = match signal {
        None if status == 0 => (JobState::Completed, EndCause::Exit, None),
        None => (JobState::Failed, EndCause::Exit, None),
        Some(15) => (
            JobState::Failed,
            EndCause::Signal,
            Some("ended by SIGTERM: deleted, over its walltime, or by its own doing".to_owned()),
        ),
        Some(signal) => (
            JobState::Failed,
            EndCause::Signal,
            Some(format!("exit status {status}, perhaps signal {signal}")),
        ),
    };
    Some(JobEnd {
        state,
        cause,
        exit_status: Some(status),
        signal,
        reason,
        started_at: note.began_at,
        ended_at: Some(ended_at),
        queue: note.queue.clone(),
    })
}

/// `=>> PBS: job killed: walltime 61 exceeded limit 60`, which the execution daemon writes into the job's errors.
fn end_of_killed(note: &RunNote, line: &str) -> Option<JobEnd> {
    let (_, why) = line.split_once("job killed: ")?;
    let cause = match why.split_ascii_whitespace().next()? {
        "walltime" => EndCause::Walltime,
        "mem" | "vmem" | "pmem" | "pvmem" => EndCause::Memory,
        _ => EndCause::Limit,
    };
    Some(JobEnd {
        state: JobState::Expired,
        cause,
        exit_status: None,
        signal: None,
        reason: Some(format!("PBS wrote into its errors: job killed: {}", why.trim())),
        started_at: note.began_at,
        ended_at: None,
        queue: note.queue.clone(),
    })
}
