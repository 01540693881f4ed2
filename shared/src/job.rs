//! The states of a job, how we know them, and what may be done in which.
//!
//! A state is never better than what is known: it carries the moment it was seen and where it was seen. That the
//! host cannot be reached is a fact about the host and is no state of a job.

use crate::words::words;

words! {
    /// Where a job is, as far as is known.
    JobState, "job state" {
        /// Stored; whether the scheduler has it is being found out.
        Submitting = "submitting",
        /// The scheduler (or the host) refused it; it never ran.
        Rejected = "rejected",
        /// In a queue, may start (PBS: Q).
        Queued = "queued",
        /// Held back by a hold or a dependency (PBS: H).
        Held = "held",
        /// Waits for its start time or for its files (PBS: W).
        Waiting = "waiting",
        /// Running; an array with a subjob that has begun (PBS: R, B).
        Running = "running",
        /// Stopped by the scheduler, may resume (PBS: S, U).
        Suspended = "suspended",
        /// Its script has ended, its output is being delivered (PBS: E).
        Exiting = "exiting",
        /// Ended by itself with exit status 0.
        Completed = "completed",
        /// Ended by itself with another exit status or by a signal.
        Failed = "failed",
        /// Taken away before its own end.
        Deleted = "deleted",
        /// Stopped by the scheduler at a limit (walltime, memory).
        Expired = "expired",
        /// The scheduler no longer lists it, and how it ended is not known.
        Lost = "lost",
    }
}

impl JobState {
    /// Nothing more will happen to the job. A lost one has not ended: it is still being looked for.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Rejected | Self::Completed | Self::Failed | Self::Deleted | Self::Expired => true,
            Self::Submitting
            | Self::Queued
            | Self::Held
            | Self::Waiting
            | Self::Running
            | Self::Suspended
            | Self::Exiting
            | Self::Lost => false,
        }
    }

    /// The scheduler is expected to list the job.
    #[must_use]
    pub const fn is_listed(self) -> bool {
        match self {
            Self::Queued | Self::Held | Self::Waiting | Self::Running | Self::Suspended | Self::Exiting => {
                true
            }
            Self::Submitting
            | Self::Rejected
            | Self::Completed
            | Self::Failed
            | Self::Deleted
            | Self::Expired
            | Self::Lost => false,
        }
    }

    /// The scheduler has begun to run it, and its run is not over.
    #[must_use]
    pub const fn is_active(self) -> bool {
        match self {
            Self::Running | Self::Suspended | Self::Exiting => true,
            Self::Submitting
            | Self::Rejected
            | Self::Queued
            | Self::Held
            | Self::Waiting
            | Self::Completed
            | Self::Failed
            | Self::Deleted
            | Self::Expired
            | Self::Lost => false,
        }
    }

    /// Whether what `source` says may move a job from this state to `to`: the one table behind every change of a state.
    ///
    /// - an end stays, whatever is said later; only a job's id outweighs a rejection that came without one;
    /// - a listing shows where a job is, or that it is gone, and never how it ended, except that it is gone as was asked for;
    /// - an exit status comes from the scheduler's record or from the job itself;
    /// - a submission is answered by its scheduler or found in a listing; a job without an id cannot be lost.
    #[must_use]
    pub const fn may_become(self, to: Self, source: StateSource) -> bool {
        if self as u8 == to as u8 {
            return true;
        }
        let may_be_there = self.is_listed() || matches!(self, Self::Lost);
        match source {
            StateSource::Operator => true,
            StateSource::Submission => match to {
                Self::Queued => matches!(self, Self::Submitting | Self::Rejected),
                Self::Rejected => matches!(self, Self::Submitting),
                Self::Submitting
                | Self::Held
                | Self::Waiting
                | Self::Running
                | Self::Suspended
                | Self::Exiting
                | Self::Completed
                | Self::Failed
                | Self::Deleted
                | Self::Expired
                | Self::Lost => false,
            },
            StateSource::Listing if to.is_listed() => may_be_there || matches!(self, Self::Submitting),
            StateSource::Listing => may_be_there && matches!(to, Self::Lost | Self::Deleted),
            StateSource::Accounting | StateSource::Epilogue => {
                may_be_there && to.has_ended() && !matches!(to, Self::Rejected)
            }
        }
    }

    /// What `action` does to a job in this state, or why it makes no sense now: for the button, the preview and the answer.
    ///
    /// Source of the limits: `qdel(1B)`, `qhold(1B)`, `qrls(1B)`, `qalter(1B)`, `qmove(1B)`, `qrerun(1B)`, `qsig(1B)`, `qmsg(1B)`,
    /// `qorder(1B)`, and the recorded refusals (status 168, "Request invalid for state of job").
    ///
    /// # Errors
    /// The reason why the state forbids the action.
    pub const fn allows(self, action: JobAction) -> Result<&'static str, &'static str> {
        use JobAction as A;
        match self {
            Self::Submitting => Err("the scheduler has not confirmed the job yet"),
            Self::Rejected => Err("the scheduler refused the job; it does not exist there"),
            Self::Completed | Self::Failed | Self::Deleted | Self::Expired => Err("the job has ended"),
            Self::Lost => match action {
                A::Delete => Ok("it is taken away, if the scheduler still has it"),
                A::Hold | A::Release | A::Alter | A::Move | A::Rerun | A::Signal | A::Message | A::Order => {
                    Err("the scheduler does not list the job; it is being looked for")
                }
            },
            Self::Exiting => match action {
                A::Delete
                | A::Hold
                | A::Release
                | A::Alter
                | A::Move
                | A::Rerun
                | A::Signal
                | A::Message
                | A::Order => Err("the job is ending; its output is being delivered"),
            },
            Self::Queued | Self::Held | Self::Waiting => match action {
                A::Delete => Ok("it is taken out of its queue and never runs"),
                A::Hold => Ok("it does not start until the hold is taken away"),
                A::Release => Ok("it may start once no other hold and no dependency is left"),
                A::Alter => Ok("it starts with what is changed"),
                A::Move => Ok("it waits in the other queue from then on"),
                A::Order => Ok("it changes places with the other job"),
                A::Rerun => Err("only a running job can be run again"),
                A::Signal => Err("only a running job can be signalled"),
                A::Message => Err("only a running job has an output file to write to"),
            },
            Self::Running | Self::Suspended => match action {
                A::Delete => Ok("it is ended, and what it is doing is lost; its files stay"),
                A::Hold => Ok("it runs on; should it be run again, it is held then"),
                A::Release => Ok("it runs on, without the hold"),
                A::Alter => Ok(
                    "it is changed; owners may only lower time limits, and some changes are for a next run",
                ),
                A::Rerun => Ok("it is ended, goes back into its queue, and begins anew"),
                A::Signal => Ok("all its processes get the signal"),
                A::Message => Ok("the text is written into its output"),
                A::Move => Err("a running job cannot be moved"),
                A::Order => Err("a running job has no place in the queue"),
            },
        }
    }
}

words! {
    /// What a user may do to a job, one for each command of the scheduler.
    JobAction, "job action" {
        /// `qdel`
        Delete = "delete",
        /// `qhold`
        Hold = "hold",
        /// `qrls`
        Release = "release",
        /// `qalter`
        Alter = "alter",
        /// `qmove`
        Move = "move",
        /// `qrerun`
        Rerun = "rerun",
        /// `qsig`
        Signal = "signal",
        /// `qmsg`
        Message = "message",
        /// `qorder`
        Order = "order",
    }
}

words! {
    /// How a state came to be known.
    StateSource, "state source" {
        /// From the answer to the submission itself.
        Submission = "submission",
        /// From a listing of the scheduler.
        Listing = "listing",
        /// From the scheduler's record of finished jobs.
        Accounting = "accounting",
        /// From the file that the job's own epilogue left.
        Epilogue = "epilogue",
        /// Set by hand by an administrator.
        Operator = "operator",
    }
}

words! {
    /// What ended a job, as far as it is known. The words beside it (`reason`) say more.
    EndCause, "end cause" {
        /// Its script came to its end; the exit status tells how.
        Exit = "exit",
        /// A signal that nobody is known to have sent.
        Signal = "signal",
        /// It used more walltime than it asked for.
        Walltime = "walltime",
        /// It used more memory than it asked for.
        Memory = "memory",
        /// It used more of something else than it asked for.
        Limit = "limit",
        /// Its node failed, or the scheduler's daemon there.
        Node = "node",
        /// It was deleted (`qdel`), here or elsewhere.
        Deleted = "deleted",
        /// What it waited for can no longer happen: it was removed and never ran.
        Dependency = "dependency",
        /// The scheduler could not start it.
        NotStarted = "not_started",
        /// Of an array: some of its subjobs failed.
        Subjobs = "subjobs",
        /// The scheduler says that it is over and not why.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_what_they_print() {
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
        }
        assert_eq!("gone".parse::<JobState>().unwrap_err().to_string(), "unknown job state \"gone\"");
    }

    #[test]
    fn an_ended_job_allows_nothing_and_is_not_listed() {
        for state in JobState::ALL.iter().filter(|state| state.has_ended()) {
            assert!(!state.is_listed());
            for action in JobAction::ALL {
                assert!(state.allows(*action).is_err(), "{state} allows {action}");
            }
        }
    }

    #[test]
    fn what_is_listed_can_be_deleted_unless_it_is_exiting() {
        for state in JobState::ALL.iter().filter(|state| state.is_listed()) {
            assert_eq!(state.allows(JobAction::Delete).is_ok(), *state != JobState::Exiting, "{state}");
        }
    }

    /// Every state, every state after it, every source.
    #[test]
    fn no_source_says_more_than_it_can_know() {
        use JobState::{Completed, Deleted, Failed, Lost, Queued, Rejected, Submitting};
        for from in JobState::ALL.iter().copied() {
            for to in JobState::ALL.iter().copied() {
                for source in StateSource::ALL.iter().copied() {
                    let may = from.may_become(to, source);
                    let case = format!("{from} -> {to} by {source}");
                    if from == to || source == StateSource::Operator {
                        assert!(may, "{case}");
                        continue;
                    }
                    // An end stays.
                    assert!(
                        !may || !from.has_ended()
                            || (from, to, source) == (Rejected, Queued, StateSource::Submission),
                        "{case}"
                    );
                    // How it ended is told by records and by the job, never by a listing or an answer.
                    let is_end = to.has_ended() && to != Rejected;
                    let is_gone_as_asked = to == Deleted && source == StateSource::Listing;
                    assert!(
                        !may || !is_end
                            || is_gone_as_asked
                            || matches!(source, StateSource::Accounting | StateSource::Epilogue),
                        "{case}"
                    );
                    // Who was never known to be there is neither lost nor over.
                    assert!(!may || from != Submitting || to.is_listed() || to == Rejected, "{case}");
                    // Nothing is submitted twice.
                    assert!(!may || to != Submitting, "{case}");
                }
            }
        }
        assert!(Lost.may_become(Completed, StateSource::Epilogue));
        assert!(Lost.may_become(Queued, StateSource::Listing));
        assert!(!Submitting.may_become(Failed, StateSource::Epilogue));
    }
}
