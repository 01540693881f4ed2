//! How a finished job ended, read from its record.
//!
//! Sources: the recording `qstat-x-f`; for negative statuses the special exit values of the PBS
//! administrator's guide ("Job Exit Status Codes").

use pbsweb_shared::job::JobState;

use crate::scheduler::records::{JobEnd, JobRecord};

/// Substates of finished jobs: 91 deleted, 92 ended with 0 (or removed because of a dependency), 93 failed.
const TERMINATED: u32 = 91;
const FAILED: u32 = 93;

/// How the job of a record in state `F` (or a subjob in `X`) ended. A job that has no exit status never ran, and
/// is never a success.
#[must_use]
pub fn classify_end(record: &JobRecord) -> JobEnd {
    let (state, signal, reason) = match record.exit_status {
        None => (JobState::Deleted, None, Some(why_it_never_ran(record))),
        Some(status) if record.substate == Some(TERMINATED) => {
            (JobState::Deleted, signal_of(status), record.comment.clone())
        }
        Some(0) if record.substate == Some(FAILED) => {
            let reason = if record.is_array {
                "at least one job of the array failed".to_owned()
            } else {
                record.comment.clone().unwrap_or_else(|| "the scheduler calls it failed".to_owned())
            };
            (JobState::Failed, None, Some(reason))
        }
        Some(0) => (JobState::Completed, None, None),
        Some(status) if status < 0 => {
            let (state, words) = special(status);
            let reason = match &record.comment {
                Some(comment) => format!("{words} ({comment})"),
                None => words.to_owned(),
            };
            (state, None, Some(reason))
        }
        Some(status) => match signal_of(status) {
            Some(signal) => (JobState::Failed, Some(signal), Some(signal_words(status, signal))),
            None => (JobState::Failed, None, None),
        },
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
        exit_status: record.exit_status,
        signal,
        reason,
        started_at: record.started_at,
        ended_at: record.ended_at.or(record.modified_at),
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

fn why_it_never_ran(record: &JobRecord) -> String {
    match (&record.depend, record.substate) {
        // Looks like a success (92) but has no exit status, start or end: after_ok in `qstat-x-f`.
        (Some(depend), substate) if substate != Some(TERMINATED) => {
            format!("removed by the scheduler: its dependency {depend} can no longer be met")
        }
        (Some(_) | None, _) => match &record.comment {
            Some(comment) => format!("taken away before it ran ({comment})"),
            None => "taken away before it ran".to_owned(),
        },
    }
}

/// `JOB_EXEC_*` of the administrator's guide.
fn special(status: i32) -> (JobState, &'static str) {
    match status {
        -1 => (JobState::Failed, "it could not be started (before its files were set up)"),
        -2 => (JobState::Failed, "it could not be started (after its files were set up)"),
        -3 => (JobState::Failed, "it could not be started; the scheduler was to try again"),
        -6..=-4 => (JobState::Failed, "aborted when the execution daemon of its node was restarted"),
        -7 => (JobState::Failed, "its restart from a checkpoint failed"),
        -10 => (JobState::Failed, "the account is not valid on the node"),
        -11 | -14 => (JobState::Failed, "it was to be run again"),
        -12 => (JobState::Deleted, "checkpointed and ended"),
        -13 => (JobState::Failed, "the account's password was not accepted"),
        -15 => (JobState::Failed, "it was to be restarted from its checkpoint"),
        -19..=-16 | -22 => (JobState::Failed, "refused by a hook of the site"),
        -20 => (JobState::Failed, "the connection to its first node was lost"),
        -21 => (JobState::Failed, "the node's PBS folders are not safe"),
        -23 => (JobState::Failed, "no Kerberos credentials were supplied"),
        -24 | -25 => (JobState::Expired, "it used more processors than it asked for"),
        -26 => (JobState::Expired, "it used more virtual memory than it asked for"),
        -27 => (JobState::Expired, "it used more memory than it asked for"),
        -28 => (JobState::Expired, "it used more processor time than it asked for"),
        -29 => (JobState::Expired, "it used more walltime than it asked for"),
        _ => (JobState::Failed, "ended by PBS with a status of its own"),
    }
}
