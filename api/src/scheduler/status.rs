//! What an exit status of a scheduler's command means for the job and for what to do next.

use pbsweb_shared::job::JobAction;
pub use pbsweb_shared::steering::Meaning;

/// A status in the scheduler's words and in ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it means.
    pub meaning: Meaning,
    /// The exit status, if the command came to its end.
    pub status: Option<i32>,
    /// What the command printed, verbatim but for bytes that are no UTF-8.
    pub words: String,
}

/// What became of one target of a command that was given several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Steered {
    /// The scheduler said so of this target.
    Answered(Explanation),
    /// A complaint names none of the targets: which of them it means is told only by asking about each alone.
    Unclear,
}

/// Which command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// `qsub`
    Submit,
    /// `qstat`, `qselect`, `pbsnodes`
    List,
    /// One of the commands that steer a job.
    Steer(JobAction),
}
