//! What can be done to a job that the scheduler has: the actions with what each needs, the attributes that may be
//! altered, and what the scheduler's answer means.
//!
//! Whether an action fits a job is decided by [`Steering::fits`], for the button, the preview and the server alike.

mod alter;
mod bodies;
mod meaning;

use serde::{Deserialize, Serialize};

use crate::job::{JobAction, JobState};
use crate::names::PbsJobId;
use crate::problem::FieldError;
use crate::script::values::QueueName;

pub use alter::{Attribute, JobAlter, RUNNING_RESOURCES};
pub use bodies::{HoldKind, JobDelete, JobHold, JobMessage, JobMove, JobOrder, JobRerun, JobSignal, SIGNALS};
pub use meaning::Meaning;

/// An action with what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Steering {
    /// `qdel`
    Delete(JobDelete),
    /// `qhold`
    Hold(JobHold),
    /// `qrls`
    Release(JobHold),
    /// `qalter`
    Alter(JobAlter),
    /// `qmove`
    Move(JobMove),
    /// `qrerun`
    Rerun(JobRerun),
    /// `qsig`
    Signal(JobSignal),
    /// `qmsg`
    Message(JobMessage),
    /// `qorder`
    Order(JobOrder),
}

/// Longest message: it travels as an argument of a command, once for each job.
const MOST_MESSAGE_BYTES: usize = 2000;

impl Steering {
    /// Which action it is.
    #[must_use]
    pub const fn action(&self) -> JobAction {
        match self {
            Self::Delete(_) => JobAction::Delete,
            Self::Hold(_) => JobAction::Hold,
            Self::Release(_) => JobAction::Release,
            Self::Alter(_) => JobAction::Alter,
            Self::Move(_) => JobAction::Move,
            Self::Rerun(_) => JobAction::Rerun,
            Self::Signal(_) => JobAction::Signal,
            Self::Message(_) => JobAction::Message,
            Self::Order(_) => JobAction::Order,
        }
    }

    /// Asked twice, it does the same as asked once: it may be sent again when its answer was lost.
    #[must_use]
    pub const fn is_repeatable(&self) -> bool {
        match self {
            Self::Delete(_) | Self::Hold(_) | Self::Release(_) | Self::Alter(_) | Self::Move(_) => true,
            Self::Rerun(_) | Self::Signal(_) | Self::Message(_) | Self::Order(_) => false,
        }
    }

    /// What takes it back, if anything does.
    #[must_use]
    pub fn undo(&self) -> Option<Self> {
        match self {
            Self::Hold(hold) => Some(Self::Release(hold.clone())),
            Self::Release(hold) => Some(Self::Hold(hold.clone())),
            Self::Delete(_)
            | Self::Alter(_)
            | Self::Move(_)
            | Self::Rerun(_)
            | Self::Signal(_)
            | Self::Message(_)
            | Self::Order(_) => None,
        }
    }

    /// Which subjobs of an array are meant, if not the whole.
    #[must_use]
    pub fn subjobs(&self) -> Option<&str> {
        let subjobs = match self {
            Self::Delete(JobDelete { subjobs, .. })
            | Self::Rerun(JobRerun { subjobs })
            | Self::Signal(JobSignal { subjobs, .. }) => subjobs.as_deref(),
            Self::Hold(_)
            | Self::Release(_)
            | Self::Alter(_)
            | Self::Move(_)
            | Self::Message(_)
            | Self::Order(_) => None,
        };
        subjobs.map(str::trim).filter(|text| !text.is_empty())
    }

    /// In a few words, for records and headings.
    #[must_use]
    pub fn words(&self) -> String {
        let words = match self {
            Self::Delete(JobDelete { force: true, .. }) => "delete by force".to_owned(),
            Self::Delete(_) => "delete".to_owned(),
            Self::Hold(JobHold { kind }) => format!("hold ({kind})"),
            Self::Release(JobHold { kind }) => format!("release ({kind} hold)"),
            Self::Alter(alter) => format!("alter {}", alter.names().join(", ")),
            Self::Move(JobMove { destination }) => format!("move to {destination}"),
            Self::Rerun(_) => "run again".to_owned(),
            Self::Signal(JobSignal { signal, .. }) => format!("signal {signal}"),
            Self::Message(_) => "message".to_owned(),
            Self::Order(_) => "exchange places".to_owned(),
        };
        match self.subjobs() {
            Some(subjobs) => format!("{words}, subjobs {subjobs}"),
            None => words,
        }
    }

    /// A right that it needs beyond being the job's owner, as far as is known beforehand. The scheduler decides.
    #[must_use]
    pub fn privilege(&self) -> Option<&'static str> {
        match self {
            Self::Hold(JobHold { kind }) | Self::Release(JobHold { kind }) => match kind {
                HoldKind::User => None,
                HoldKind::Operator | HoldKind::System => Some(kind.rule()),
            },
            Self::Rerun(_) => Some("Only operators and managers of the scheduler may run a job again."),
            Self::Signal(JobSignal { signal, .. })
                if ["suspend", "resume", "admin-suspend", "admin-resume"].contains(&signal.as_str()) =>
            {
                Some("Only operators and managers of the scheduler may suspend and resume jobs.")
            }
            Self::Delete(_)
            | Self::Alter(_)
            | Self::Move(_)
            | Self::Signal(_)
            | Self::Message(_)
            | Self::Order(_) => None,
        }
    }

    /// What is wrong with it by itself, whatever the job. Pointers begin at the action.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, code: &str, message: &str| {
            errors.push(FieldError {
                pointer: format!("/{field}"),
                code: format!("{field}.{code}"),
                message: message.to_owned(),
            });
        };
        match self {
            Self::Delete(_) | Self::Hold(_) | Self::Release(_) | Self::Rerun(_) | Self::Order(_) => {}
            Self::Alter(alter) => return alter.check(),
            Self::Move(JobMove { destination }) => {
                if let Err(error) = destination.parse::<QueueName>() {
                    wrong("destination", error.kind(), &error.to_string());
                }
            }
            Self::Signal(JobSignal { signal, .. }) => {
                let is_good = (1..=32).contains(&signal.len())
                    && signal.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && signal.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+_".contains(&b));
                if !is_good {
                    wrong("signal", "syntax", "must be a signal's name, such as SIGUSR1, or its number");
                }
            }
            Self::Message(JobMessage { text, .. }) => {
                if text.trim().is_empty() {
                    wrong("text", "missing", "needs a text");
                } else if text.len() > MOST_MESSAGE_BYTES {
                    wrong("text", "range", "is longer than 2000 bytes");
                } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
                    wrong("text", "syntax", "may hold no control characters");
                }
            }
        }
        if let Some(Err(message)) = self.subjobs().map(read_subjobs) {
            wrong("subjobs", "syntax", message);
        }
        errors
    }

    /// Whether it makes sense for a job in this state: what will happen, or why it is not possible.
    ///
    /// # Errors
    /// The reason, in words that follow "not possible:".
    pub fn fits(&self, state: JobState, is_array: bool) -> Result<&'static str, &'static str> {
        let effect = match (self, state) {
            // The scheduler drops its record whatever the node does.
            (Self::Delete(JobDelete { force: true, .. }), JobState::Exiting) => {
                "the scheduler forgets it, even if its node does not answer"
            }
            (Self::Delete(JobDelete { force: true, .. }), JobState::Running | JobState::Suspended) => {
                "the scheduler ends and forgets it, even if its node does not answer; processes may go on there"
            }
            _ => state.allows(self.action())?,
        };
        if self.subjobs().is_some() && !is_array {
            return Err("it is no array and has no subjobs");
        }
        match self {
            Self::Message(_) if is_array => Err("the scheduler takes no messages for arrays"),
            Self::Alter(alter) if matches!(state, JobState::Running | JobState::Suspended) => {
                alter.fits_running().map(|()| effect)
            }
            Self::Delete(_)
            | Self::Hold(_)
            | Self::Release(_)
            | Self::Alter(_)
            | Self::Move(_)
            | Self::Rerun(_)
            | Self::Signal(_)
            | Self::Message(_)
            | Self::Order(_) => Ok(effect),
        }
    }
}

/// Indices and ranges of subjobs, each as it stands between the brackets.
fn read_subjobs(text: &str) -> Result<Vec<&str>, &'static str> {
    const WRONG: &str = "must be indices and ranges such as 3, 1-5 or 1-9:2";
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |text: &str| -> Option<u32> {
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    let is_good = |part: &&str| match part.split_once('-') {
        Some((first, rest)) => {
            let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
            number(first).zip(number(last)).is_some_and(|(first, last)| first < last)
                && number(step).is_some_and(|step| step > 0)
        }
        None => number(part).is_some(),
    };
    if parts.len() > 50 {
        return Err("names more than 50 ranges");
    }
    if parts.iter().all(is_good) { Ok(parts) } else { Err(WRONG) }
}

/// The scheduler's ids for a job, or for some subjobs of it: `12[].vm` with `1-5:2,9` is `12[1-5:2].vm` and `12[9].vm`.
///
/// # Errors
/// The subjobs cannot be read, or the job is no array.
pub fn target_ids(job: &PbsJobId, subjobs: Option<&str>) -> Result<Vec<PbsJobId>, &'static str> {
    let Some(subjobs) = subjobs else { return Ok(vec![job.clone()]) };
    let (number, server) = job.as_str().split_once("[]").ok_or("it is no array and has no subjobs")?;
    read_subjobs(subjobs)?
        .into_iter()
        .map(|part| format!("{number}[{part}]{server}").parse().map_err(|_| "is too long"))
        .collect()
}

/// The scheduler's id names an array as a whole.
#[must_use]
pub fn is_array_id(job: &PbsJobId) -> bool {
    job.as_str().contains("[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(subjobs: &str) -> Steering {
        Steering::Delete(JobDelete { force: false, subjobs: Some(subjobs.to_owned()) })
    }

    #[test]
    fn an_action_reads_what_it_prints() {
        for (json, words) in [
            (r#"{"type":"delete"}"#, "delete"),
            (r#"{"type":"delete","force":true,"subjobs":"3-5"}"#, "delete by force, subjobs 3-5"),
            (r#"{"type":"hold"}"#, "hold (user)"),
            (r#"{"type":"release","kind":"system"}"#, "release (system hold)"),
            (r#"{"type":"move","destination":"long@pbs2"}"#, "move to long@pbs2"),
            (r#"{"type":"signal","signal":"SIGUSR1"}"#, "signal SIGUSR1"),
        ] {
            let steering: Steering = serde_json::from_str(json).unwrap();
            assert_eq!(steering.words(), words);
            let again = serde_json::to_string(&steering).unwrap();
            assert_eq!(serde_json::from_str::<Steering>(&again).unwrap(), steering, "{again}");
        }
        for json in [r#"{"type":"delete","forced":true}"#, r#"{"type":"explode"}"#, r#"{"force":true}"#] {
            assert!(serde_json::from_str::<Steering>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn subjobs_become_ids() {
        let array: PbsJobId = "12[].vm".parse().unwrap();
        let ids = |text| {
            target_ids(&array, text)
                .map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ids(None), Ok("12[].vm".to_owned()));
        assert_eq!(ids(Some("1-5, 9")), Ok("12[1-5].vm 12[9].vm".to_owned()));
        assert_eq!(ids(Some("1-9:2")), Ok("12[1-9:2].vm".to_owned()));
        for wrong in
            ["", "x", "5-1", "3-3", "1-", "-1", "1;2", "99999999999", "1-9:0", "1-9:", "1:2", "1-9:2:3"]
        {
            assert!(ids(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(target_ids(&"12.vm".parse().unwrap(), Some("1")).is_err());
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let wrong = |steering: Steering| {
            steering.check().into_iter().map(|error| (error.pointer, error.code)).collect::<Vec<_>>()
        };
        let pair = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        assert_eq!(wrong(delete("a")), pair("/subjobs", "subjobs.syntax"));
        let to = |destination: &str| Steering::Move(JobMove { destination: destination.to_owned() });
        assert_eq!(wrong(to("-x")), pair("/destination", "destination.syntax"));
        assert_eq!(wrong(to("long@pbs2")), []);
        let signal =
            |signal: &str| Steering::Signal(JobSignal { signal: signal.to_owned(), ..JobSignal::default() });
        assert_eq!(wrong(signal("-9")), pair("/signal", "signal.syntax"));
        assert_eq!(wrong(signal("9")), []);
        let message = |text: &str| Steering::Message(JobMessage { text: text.to_owned(), to_stderr: false });
        assert_eq!(wrong(message(" ")), pair("/text", "text.missing"));
        assert_eq!(wrong(message("a\u{1b}[31m")), pair("/text", "text.syntax"));
        assert_eq!(wrong(message("it's\n-- \"here\"")), []);
    }

    #[test]
    fn every_action_says_what_it_does_or_why_not_in_every_state() {
        let all = [
            Steering::Delete(JobDelete::default()),
            Steering::Hold(JobHold::default()),
            Steering::Release(JobHold::default()),
            Steering::Alter(JobAlter::default()),
            Steering::Move(JobMove::default()),
            Steering::Rerun(JobRerun::default()),
            Steering::Signal(JobSignal::default()),
            Steering::Message(JobMessage::default()),
        ];
        for steering in &all {
            for state in JobState::ALL {
                let (Ok(words) | Err(words)) = steering.fits(*state, false);
                assert!(!words.is_empty() && !words.ends_with('.'), "{steering:?} {state}");
                assert_eq!(state.allows(steering.action()).is_ok(), steering.fits(*state, false).is_ok());
            }
        }
    }

    #[test]
    fn force_deletes_what_is_ending_and_arrays_take_no_messages() {
        let forced = Steering::Delete(JobDelete { force: true, subjobs: None });
        assert!(forced.fits(JobState::Exiting, false).is_ok());
        assert!(Steering::Delete(JobDelete::default()).fits(JobState::Exiting, false).is_err());
        assert!(forced.fits(JobState::Completed, false).is_err());
        assert!(Steering::Message(JobMessage::default()).fits(JobState::Running, true).is_err());
        assert!(delete("1").fits(JobState::Running, false).is_err());
        assert!(delete("1").fits(JobState::Running, true).is_ok());
    }

    #[test]
    fn only_hold_and_release_can_be_taken_back() {
        let hold = Steering::Hold(JobHold { kind: HoldKind::Operator });
        assert_eq!(hold.undo().and_then(|undo| undo.undo()), Some(hold));
        assert_eq!(delete("1").undo(), None);
    }
}
