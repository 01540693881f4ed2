//! How a finished job ended, read from its record.
//!
//! Sources: the recording `qstat-x-f`; for negative statuses the special exit values of the PBS
//! administrator's guide ("Job Exit Status Codes").

use pbsweb_shared::job::{EndCause, JobState};

use crate::scheduler::records::{JobEnd, JobRecord};

/// Substates of finished jobs: 91 deleted, 92 ended with 0 (or removed because of a dependency), 93 failed.
const TERMINATED: u32 = 91;
const FAILED: u32 = 93;

/// A state, what led to it, the signal, and words.
type Verdict = (JobState, EndCause, Option<i32>, Option<String>);

/// How the job of a record in state `F` (or a subjob in `X`) ended. A job that has no exit status never ran, and
/// is never a success.
#[must_use]
pub fn classify_end(record: &JobRecord) -> JobEnd {
    let (state, cause, signal, reason) = match record.exit_status {
        None => why_it_never_ran(record),
        Some(status) if record.substate == Some(TERMINATED) => {
            (JobState::Deleted, EndCause::Deleted, signal_of(status), record.comment.clone())
        }
        Some(0) if record.substate == Some(FAILED) && record.is_array => {
            let reason = "at least one job of the array failed".to_owned();
            (JobState::Failed, EndCause::Subjobs, None, Some(reason))
        }
        Some(0) if record.substate == Some(FAILED) => {
            let reason = record.comment.clone().unwrap_or_else(|| "the scheduler calls it failed".to_owned());
            (JobState::Failed, EndCause::Unknown, None, Some(reason))
        }
        Some(status) => verdict_of(status, record.comment.as_deref()),
    };
    let reason = match record.stageout_status {
        Some(0) => {
            let undelivered = "its output could not be delivered and is still on the node";
            Some(reason.map_or_else(|| undelivered.to_owned(), |reason| format!("{reason}; {undelivered}")))
        }
        Some(_) | None => reason,
    };
    JobEnd {
        state,
        cause,
        exit_status: record.exit_status,
        signal,
        reason,
        started_at: record.started_at,
        ended_at: record.ended_at.or(record.modified_at),
        queue: Some(record.queue.clone()).filter(|queue| !queue.is_empty()),
    }
}

/// What an exit status alone says, with the scheduler's comment where it explains.
pub(super) fn verdict_of(status: i32, comment: Option<&str>) -> Verdict {
    match status {
        0 => (JobState::Completed, EndCause::Exit, None, None),
        ..0 => {
            let (state, cause, words) = special(status);
            let reason = comment.map_or_else(|| words.to_owned(), |comment| format!("{words} ({comment})"));
            (state, cause, None, Some(reason))
        }
        _ => match signal_of(status) {
            Some(signal) => {
                (JobState::Failed, EndCause::Signal, Some(signal), Some(signal_words(status, signal)))
            }
            None => (JobState::Failed, EndCause::Exit, None, None),
        },
    }
}

/// 256 and more: PBS reports the signal itself; 129 to 192: the shell's way of saying it.
pub(super) fn signal_of(status: i32) -> Option<i32> {
    match status {
        257..=320 => Some(status - 256),
        129..=192 => Some(status - 128),
        _ => None,
    }
}

/// The exit status as a shell reports a signal may also be the script's own choice.
pub(super) fn signal_words(status: i32, signal: i32) -> String {
    let name = match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL; often the memory limit)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        24 => " (SIGXCPU)",
        25 => " (SIGXFSZ)",
        _ => "",
    };
    if status >= 256 {
        format!("ended by signal {signal}{name}")
    } else {
        format!("exit status {status}, with which shells report signal {signal}{name}")
    }
}

fn why_it_never_ran(record: &JobRecord) -> Verdict {
    let (cause, reason) = match (&record.depend, record.substate) {
        // Looks like a success (92) but has no exit status, start or end: after_ok in `qstat-x-f`.
        (Some(depend), substate) if substate != Some(TERMINATED) => (
            EndCause::Dependency,
            format!("removed by the scheduler: its dependency {depend} can no longer be met"),
        ),
        (Some(_) | None, _) => (
            EndCause::Deleted,
            match &record.comment {
                Some(comment) => format!("taken away before it ran ({comment})"),
                None => "taken away before it ran".to_owned(),
            },
        ),
    };
    (JobState::Deleted, cause, None, Some(reason))
}

/// `JOB_EXEC_*` of the administrator's guide.
fn special(status: i32) -> (JobState, EndCause, &'static str) {
    use EndCause::{Limit, Memory, Node, NotStarted, Walltime};
    use JobState::{Deleted, Expired, Failed};
    match status {
        -1 => (Failed, NotStarted, "it could not be started (before its files were set up)"),
        -2 => (Failed, NotStarted, "it could not be started (after its files were set up)"),
        -3 => (Failed, NotStarted, "it could not be started; the scheduler was to try again"),
        -6..=-4 => (Failed, Node, "aborted when the execution daemon of its node was restarted"),
        -7 => (Failed, NotStarted, "its restart from a checkpoint failed"),
        -10 => (Failed, NotStarted, "the account is not valid on the node"),
        -11 | -14 => (Failed, Node, "it was to be run again"),
        -12 => (Deleted, EndCause::Deleted, "checkpointed and ended"),
        -13 => (Failed, NotStarted, "the account's password was not accepted"),
        -15 => (Failed, NotStarted, "it was to be restarted from its checkpoint"),
        -19..=-16 | -22 => (Failed, NotStarted, "refused by a hook of the site"),
        -20 => (Failed, Node, "the connection to its first node was lost"),
        -21 => (Failed, NotStarted, "the node's PBS folders are not safe"),
        -23 => (Failed, NotStarted, "no Kerberos credentials were supplied"),
        -24 | -25 => (Expired, Limit, "it used more processors than it asked for"),
        -26 => (Expired, Memory, "it used more virtual memory than it asked for"),
        -27 => (Expired, Memory, "it used more memory than it asked for"),
        -28 => (Expired, Limit, "it used more processor time than it asked for"),
        -29 => (Expired, Walltime, "it used more walltime than it asked for"),
        _ => (Failed, EndCause::Unknown, "ended by PBS with a status of its own"),
    }
}
