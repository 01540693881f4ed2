//! What a look at an array says of each of its jobs. Pure, and as careful as with whole jobs: an end stays, a job is over when the
//! scheduler's own record or its own note says so, and one that merely vanished is lost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use pbsweb_shared::api::jobs::Subjob;
use pbsweb_shared::job::{EndCause, JobState, StateSource};

use super::resolve::end_of_run;
use crate::scheduler::JobEnd;
use crate::scheduler::records::{EpilogueFacts, JobRecord};

/// What was found out about an array's jobs.
#[derive(Debug, Clone, Copy)]
pub struct ArrayEvidence<'a> {
    /// Their records, of those that the scheduler has.
    pub records: &'a [&'a JobRecord],
    /// Their notes.
    pub notes: Option<&'a EpilogueFacts>,
    /// The array is held: its jobs are listed as queued all the same (`qstat-ft-json`).
    pub is_held: bool,
    /// Its owner asked for the deletion of the whole array.
    pub is_delete_requested: bool,
}

/// Looks at every job of an array: what is known of each afterwards.
#[must_use]
pub fn look(
    known: BTreeMap<u32, Subjob>,
    evidence: ArrayEvidence<'_>,
    now: DateTime<Utc>,
) -> BTreeMap<u32, Subjob> {
    let records: BTreeMap<u32, &JobRecord> =
        evidence.records.iter().filter_map(|record| Some((record.pbs_id.subjob()?.1, *record))).collect();
    let noted = evidence.notes.map(|facts| facts.indices.as_slice()).unwrap_or_default();
    let indices: BTreeSet<u32> = known.keys().chain(records.keys()).chain(noted).copied().collect();
    let mut known = known;
    let look_at = |index: u32| {
        let mut subjob = known.remove(&index).unwrap_or_else(|| unseen(index, now));
        let record = records.get(&index).copied();
        if let Some(record) = record {
            listed(&mut subjob, record, evidence.is_held, now);
        }
        let is_over = record.is_none_or(|record| record.state.is_none());
        let note = evidence.notes.and_then(|facts| facts.subjobs.get(&index)).filter(|_| is_over);
        if let Some(mut end) = note.and_then(end_of_run) {
            // A note knows the signal; who sent it is told by what was asked for.
            if end.signal == Some(15) && evidence.is_delete_requested {
                end.state = JobState::Deleted;
                end.cause = EndCause::Deleted;
                end.reason = Some("deleted on request while it ran".to_owned());
            }
            ended(&mut subjob, &end, StateSource::Epilogue, now);
        }
        (index, subjob)
    };
    indices.into_iter().map(look_at).collect()
}

/// What the array's own state says of those of its jobs that nothing else is known of: with it, they are taken away or lost.
pub fn follow_array(
    subjobs: &mut BTreeMap<u32, Subjob>,
    array: JobState,
    cause: Option<EndCause>,
    now: DateTime<Utc>,
) {
    for subjob in subjobs.values_mut().filter(|subjob| !subjob.state.has_ended()) {
        let (to, cause, words) = match array {
            JobState::Deleted => (JobState::Deleted, cause, "taken away with its array"),
            JobState::Completed | JobState::Failed | JobState::Expired | JobState::Lost => {
                (JobState::Lost, None, "its array is gone, and how this job ended is not known")
            }
            JobState::Submitting
            | JobState::Rejected
            | JobState::Queued
            | JobState::Held
            | JobState::Waiting
            | JobState::Running
            | JobState::Suspended
            | JobState::Exiting => return,
        };
        if subjob.state != to {
            subjob.state = to;
            subjob.source = StateSource::Listing;
            subjob.as_of = now;
            subjob.end_cause = cause;
            subjob.reason = Some(words.to_owned());
            subjob.ended_at = to.has_ended().then_some(now);
        }
    }
}

/// How an array ended that the scheduler has forgotten: only when every job of it has.
#[must_use]
pub fn end_of_array(subjobs: &BTreeMap<u32, Subjob>, is_delete_requested: bool) -> Option<JobEnd> {
    if subjobs.is_empty() || !subjobs.values().all(|subjob| subjob.state.has_ended()) {
        return None;
    }
    let n_other = subjobs.values().filter(|subjob| subjob.state != JobState::Completed).count();
    let is_deleted = |subjob: &Subjob| subjob.state == JobState::Deleted;
    let is_deleted =
        subjobs.values().all(is_deleted) || is_delete_requested && subjobs.values().any(is_deleted);
    let (state, cause, exit_status, reason) = if n_other == 0 {
        (JobState::Completed, EndCause::Exit, Some(0), None)
    } else if is_deleted {
        (JobState::Deleted, EndCause::Deleted, None, Some("the jobs of the array were deleted".to_owned()))
    } else {
        let reason = format!("{n_other} of {} jobs of the array failed", subjobs.len());
        (JobState::Failed, EndCause::Subjobs, None, Some(reason))
    };
    Some(JobEnd {
        state,
        cause,
        exit_status,
        signal: None,
        reason,
        started_at: subjobs.values().filter_map(|subjob| subjob.started_at).min(),
        ended_at: subjobs.values().filter_map(|subjob| subjob.ended_at).max(),
        queue: None,
    })
}

fn unseen(index: u32, now: DateTime<Utc>) -> Subjob {
    Subjob {
        index,
        state: JobState::Queued,
        source: StateSource::Listing,
        as_of: now,
        reason: None,
        exit_status: None,
        signal: None,
        end_cause: None,
        run_count: 0,
        started_at: None,
        ended_at: None,
    }
}

/// The scheduler lists it.
fn listed(subjob: &mut Subjob, record: &JobRecord, is_held: bool, now: DateTime<Utc>) {
    let run_count = record.run_count.unwrap_or(0);
    if let Some(end) = &record.end {
        ended(subjob, end, StateSource::Accounting, now);
        subjob.run_count = subjob.run_count.max(run_count);
        return;
    }
    let Some(state) = record.state else { return };
    // Only a run of later than the one that ended makes an ended job run again.
    if subjob.state.has_ended() && run_count <= subjob.run_count {
        return;
    }
    let state = if is_held && state == JobState::Queued { JobState::Held } else { state };
    let started_at = record.started_at.filter(|_| state.is_active());
    if (subjob.state, subjob.started_at) != (state, started_at) {
        subjob.state = state;
        subjob.source = StateSource::Listing;
        subjob.as_of = now;
        subjob.reason = None;
        subjob.exit_status = None;
        subjob.signal = None;
        subjob.end_cause = None;
        subjob.started_at = started_at;
        subjob.ended_at = None;
    }
    subjob.run_count = subjob.run_count.max(run_count);
}

fn ended(subjob: &mut Subjob, end: &JobEnd, source: StateSource, now: DateTime<Utc>) {
    if subjob.state.has_ended() {
        return;
    }
    subjob.state = end.state;
    subjob.source = source;
    subjob.as_of = now;
    subjob.reason.clone_from(&end.reason);
    subjob.exit_status = end.exit_status;
    subjob.signal = end.signal;
    subjob.end_cause = Some(end.cause);
    subjob.started_at = end.started_at.or(subjob.started_at);
    subjob.ended_at = end.ended_at.or(Some(now));
    subjob.run_count = subjob.run_count.max(u32::from(subjob.started_at.is_some()));
}
