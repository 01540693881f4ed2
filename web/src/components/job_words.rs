//! What is known of a job, in plain words.

use chrono::{DateTime, Utc};
use pbsweb_shared::api::jobs::{Job, Looking};
use pbsweb_shared::job::{EndCause, StateSource};

use crate::ui::format;

/// Where a state is known from, to go on after "from".
pub(crate) const fn source_words(source: StateSource) -> &'static str {
    match source {
        StateSource::Submission => "the answer to the submission",
        StateSource::Listing => "the scheduler's listing",
        StateSource::Accounting => "the scheduler's record of finished jobs",
        StateSource::Epilogue => "the note that the job left on the host",
        StateSource::Operator => "an administrator, by hand",
    }
}

/// The moment that matters most for a job: its end, else its start, else its submission.
pub(crate) fn telling_moment(job: &Job) -> (&'static str, DateTime<Utc>) {
    match (job.ended_at, job.started_at) {
        (Some(ended), _) => ("ended", ended),
        (None, Some(started)) => ("started", started),
        (None, None) => ("submitted", job.submitted_at),
    }
}

/// What ended a job.
pub(crate) const fn end_cause_words(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Exit => "its own end",
        EndCause::Signal => "a signal",
        EndCause::Walltime => "its walltime limit",
        EndCause::Memory => "its memory limit",
        EndCause::Limit => "a limit on what it may use",
        EndCause::Node => "a failure of its node",
        EndCause::Deleted => "deletion",
        EndCause::Dependency => "a dependency that can no longer be met",
        EndCause::NotStarted => "the scheduler could not start it",
        EndCause::Subjobs => "failures among its jobs",
        EndCause::Unknown => "not told by the scheduler",
    }
}

/// When a job that is being looked for is looked for next.
pub(crate) fn next_try_words(looking: &Looking, now: DateTime<Utc>) -> String {
    match looking.next_try_at {
        Some(at) if at > now => format!("next try in {}", format::duration_ms(until_ms(at, now))),
        Some(_) | None => "being looked for now".to_owned(),
    }
}

fn until_ms(at: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    // Whole seconds: the page's clock moves in larger steps than that.
    u64::try_from((at - now).num_seconds().max(1) * 1000).unwrap_or(0)
}

/// How a job ended, as far as it is known: `exit status 2`, `signal 9`.
pub(crate) fn ending_words(job: &Job) -> Option<String> {
    match (job.signal, job.exit_status) {
        (Some(signal), _) => Some(format!("signal {signal}")),
        (None, Some(status)) => Some(format!("exit status {status}")),
        (None, None) => None,
    }
}

/// An exit status: `2`, `265 (signal 9)`.
pub(crate) fn exit_words(status: Option<i32>, signal: Option<i32>) -> Option<String> {
    match (status, signal) {
        (Some(status), Some(signal)) => Some(format!("{status} (signal {signal})")),
        (Some(status), None) => Some(status.to_string()),
        (None, Some(signal)) => Some(format!("signal {signal}")),
        (None, None) => None,
    }
}

/// What an exit status means by the convention of shells, which add 128 to the signal that ended their last command; or what a
/// signal means.
pub(crate) const fn exit_meaning(status: Option<i32>, signal: Option<i32>) -> Option<&'static str> {
    let signal = match (status, signal) {
        (_, Some(signal)) => signal,
        (Some(126), None) => return Some("a command could not be run"),
        (Some(127), None) => return Some("a command was not found"),
        (Some(status @ 129..=159), None) => status - 128,
        (Some(_) | None, None) => return None,
    };
    match signal {
        2 => Some("it was interrupted"),
        4 => Some("it was built for another processor"),
        6 => Some("it gave up by itself (abort)"),
        7 => Some("it met memory that cannot be read (bus error)"),
        8 => Some("it calculated what has no result (arithmetic error)"),
        9 => Some("it was killed"),
        11 => Some("it used memory that is not its own (segmentation fault)"),
        13 => Some("nobody read what it wrote (broken pipe)"),
        15 => Some("it was asked to end"),
        24 => Some("its processor time was used up"),
        25 => Some("a file became too large"),
        _ => None,
    }
}

/// The time used of the time asked for: `0:03:05 of 1:00:00`.
pub(crate) fn walltime_words(used: Option<i64>, asked: Option<i64>) -> Option<String> {
    match (used, asked) {
        (Some(used), Some(asked)) => {
            Some(format!("{} of {}", format::walltime(used), format::walltime(asked)))
        }
        (Some(used), None) => Some(format::walltime(used)),
        (None, Some(asked)) => Some(format!("up to {}", format::walltime(asked))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walltimes_in_words() {
        assert_eq!(walltime_words(Some(185), Some(3600)).as_deref(), Some("0:03:05 of 1:00:00"));
        assert_eq!(walltime_words(None, Some(60)).as_deref(), Some("up to 0:01:00"));
        assert_eq!(walltime_words(None, None), None);
    }

    #[test]
    fn ends_in_words() {
        assert_eq!(exit_words(Some(265), Some(9)).as_deref(), Some("265 (signal 9)"));
        assert_eq!(exit_words(None, None), None);
        assert_eq!(exit_meaning(Some(127), None), Some("a command was not found"));
        assert_eq!(exit_meaning(Some(137), None), exit_meaning(Some(265), Some(9)));
        assert_eq!(exit_meaning(Some(1), None), None);
    }

    #[test]
    fn the_next_try_in_words() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let looking = |next_try_at| Looking {
            since: DateTime::UNIX_EPOCH,
            tries: 3,
            last_try_at: DateTime::UNIX_EPOCH,
            last_try: String::new(),
            next_try_at,
        };
        for (next, words) in [
            (at(120), "next try in 20 s"),
            (at(400), "next try in 5 min 0 s"),
            (at(90), "being looked for now"),
            (None, "being looked for now"),
        ] {
            assert_eq!(next_try_words(&looking(next), at(100).unwrap()), words);
        }
    }

    #[test]
    fn every_cause_has_words() {
        for cause in EndCause::ALL {
            assert!(!end_cause_words(*cause).is_empty());
        }
    }

    #[test]
    fn every_source_has_words() {
        for source in StateSource::ALL {
            assert!(!source_words(*source).is_empty());
        }
    }
}
