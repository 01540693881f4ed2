//! What is known of a job, in plain words.

use chrono::{DateTime, Utc};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::StateSource;

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
    fn every_source_has_words() {
        for source in StateSource::ALL {
            assert!(!source_words(*source).is_empty());
        }
    }
}
