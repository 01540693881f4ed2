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
