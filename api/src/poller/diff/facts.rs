//! What a listing or a look-up makes of what is stored of a job. Pure, and the only place where it is decided; that no source
//! says more than it can know is one table, `JobState::may_become`, which the store holds against every change.

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::job::{EndCause, JobState, StateSource};

use super::{Observed, Resolution};
use crate::scheduler::JobEnd;
use crate::store::jobs::JobFacts;

/// A listing that was asked for at `taken_at` shows the job in a state.
pub fn found(facts: &mut JobFacts, state: JobState, observed: &Observed, taken_at: DateTime<Utc>) {
    let is_put_back =
        matches!(state, JobState::Queued | JobState::Held | JobState::Waiting) && facts.started_at.is_some();
    if is_put_back {
        // What was known of its run is in the record; of the next one nothing is known yet.
        facts.started_at = None;
        facts.exec_host = None;
        facts.used_walltime_seconds = None;
        facts.used_memory_bytes = None;
        facts.run_count = facts.run_count.max(1);
    }
    facts.state = state;
    facts.source = StateSource::Listing;
    facts.as_of = taken_at;
    facts.is_found();
    observe(facts, observed);
}

/// Keeps what else is known of a job; what is not said stays.
fn observe(facts: &mut JobFacts, observed: &Observed) {
    facts.reason = observed.comment.clone();
    facts.queue = observed.queue.clone().or_else(|| facts.queue.take());
    facts.exec_host = observed.exec_host.clone().or_else(|| facts.exec_host.take());
    facts.started_at = observed.started_at.or(facts.started_at);
    let used = observed.used_walltime_seconds.and_then(|seconds| i64::try_from(seconds).ok());
    facts.used_walltime_seconds = used.or(facts.used_walltime_seconds);
    facts.used_memory_bytes = observed.used_memory_bytes.or(facts.used_memory_bytes);
    facts.run_count = observed.run_count.unwrap_or(0).max(facts.run_count);
}

/// A look-up of a job that its listing does not show came to this. A scheduler that did not answer changes nothing about it.
pub fn settle(facts: &mut JobFacts, resolution: Resolution, now: DateTime<Utc>) {
    match resolution {
        Resolution::Ended { end, source, observed } => {
            if let Some(observed) = &observed {
                observe(facts, observed);
            }
            ended(facts, end, source, now);
        }
        Resolution::Present { state, observed } => found(facts, state, &observed, now),
        // The scheduler took the deletion and knows the job no more: it is deleted.
        Resolution::Lost if facts.is_delete_requested => {
            facts.state = JobState::Deleted;
            facts.end_cause = Some(EndCause::Deleted);
            facts.source = StateSource::Listing;
            facts.as_of = now;
            facts.ended_at = Some(now);
            facts.reason = Some("deleted on request; the scheduler no longer lists it".to_owned());
            facts.is_found();
        }
        Resolution::Lost => {
            facts.n_looks = facts.n_looks.saturating_add(1);
            let tried = "asked for the scheduler's record, the note in the job's folder, and the accounting if it may be read: \
                         the scheduler does not know the job, and it left no end behind";
            facts.still_looking(tried, now, wait_before(facts.n_looks));
            // The first time the epilogue may still be on its way from the node.
            if facts.n_looks > 1 && facts.state != JobState::Lost {
                let seen = facts.as_of.format("%Y-%m-%d %H:%M:%S UTC");
                facts.reason = Some(format!(
                    "the scheduler no longer lists it and it left no end behind; last seen {seen}; still looking"
                ));
                facts.state = JobState::Lost;
                facts.source = StateSource::Listing;
            }
        }
        Resolution::Unknown(words) => facts.still_looking(&words, now, ASK_AGAIN),
    }
}

/// A scheduler that did not answer a look-up is asked again after this time.
pub const ASK_AGAIN: TimeDelta = TimeDelta::seconds(5);

fn ended(facts: &mut JobFacts, end: JobEnd, source: StateSource, now: DateTime<Utc>) {
    facts.started_at = end.started_at.or(facts.started_at);
    facts.ended_at = end.ended_at.or(Some(now));
    facts.state = end.state;
    facts.end_cause = Some(end.cause);
    facts.source = source;
    facts.as_of = now;
    facts.exit_status = end.exit_status;
    facts.signal = end.signal;
    facts.reason = end.reason;
    facts.queue = end.queue.or_else(|| facts.queue.take());
    facts.is_found();
    if facts.started_at.is_some() {
        facts.run_count = facts.run_count.max(1);
    }
    // An epilogue knows the signal, not who sent it: what else is known tells.
    if source == StateSource::Epilogue && end.signal == Some(15) {
        let ran = facts.started_at.zip(facts.ended_at).map(|(start, end)| (end - start).num_seconds());
        let is_at_limit = ran.zip(facts.walltime_seconds).is_some_and(|(ran, limit)| ran >= limit);
        if facts.is_delete_requested {
            facts.state = JobState::Deleted;
            facts.end_cause = Some(EndCause::Deleted);
            facts.reason = Some("deleted on request while it ran".to_owned());
        } else if is_at_limit {
            facts.state = JobState::Expired;
            facts.end_cause = Some(EndCause::Walltime);
            facts.reason = Some("ended by SIGTERM when its walltime was over".to_owned());
        }
    }
}

/// How long a job that was looked for so often is left alone.
#[must_use]
pub fn wait_before(n_looks: i32) -> TimeDelta {
    match n_looks {
        ..=1 => TimeDelta::seconds(1),
        2..=5 => TimeDelta::seconds(30),
        6..=20 => TimeDelta::minutes(5),
        _ => TimeDelta::hours(1),
    }
}
