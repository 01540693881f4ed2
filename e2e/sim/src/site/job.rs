//! A job: what was asked of it and how its run or its subjobs stand.
//!
//! States and substates are those of the recordings. A subjob is a [`Run`] of its own; everything else it shares
//! with its array.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The state of a job, by the letter of OpenPBS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Q
    Queued,
    /// H
    Held,
    /// W
    Waiting,
    /// R
    Running,
    /// S
    Suspended,
    /// E
    Exiting,
    /// B, an array of which something has started
    Begun,
    /// X, a subjob that is done while its array is not
    Expired,
    /// F
    Finished,
}

impl State {
    /// The letter in listings.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Queued => 'Q',
            Self::Held => 'H',
            Self::Waiting => 'W',
            Self::Running => 'R',
            Self::Suspended => 'S',
            Self::Exiting => 'E',
            Self::Begun => 'B',
            Self::Expired => 'X',
            Self::Finished => 'F',
        }
    }
}

/// A part of a node given to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The node.
    pub node: String,
    /// Its processors.
    pub ncpus: u32,
    /// Lines in the node file.
    pub processes: u32,
    /// The number that `exec_host` gives it on the node.
    pub task: u32,
}

/// Why a run was ended from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// `qdel`, by this user.
    Deleted(String),
    /// Over its walltime.
    Walltime,
    /// Over its memory.
    Memory,
    /// Its node failed, and it may not be run again.
    NodeFailed,
    /// `qrerun`: back to the queue.
    Requeue,
}

/// One run of a job or of a subjob.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// State.
    pub state: State,
    /// Substate.
    pub substate: u16,
    /// Comment of the scheduler.
    pub comment: Option<String>,
    /// Processors it has.
    pub placements: Vec<Placement>,
    /// Session of its processes.
    pub session: Option<u32>,
    /// When it started, in milliseconds: walltime needs them.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
    /// How often it was started.
    pub run_count: u32,
    /// How it ended.
    pub exit_status: Option<i32>,
    /// Whether its output was delivered.
    pub stageout: Option<i32>,
    /// Seconds of walltime used, once it ended.
    pub walltime_used: u64,
    /// Why it was ended.
    pub ending: Option<Ending>,
    /// When it was told to end, in milliseconds.
    pub signalled_ms: Option<i64>,
    /// Last change.
    pub mtime: i64,
    /// When it went to the history.
    pub history_timestamp: Option<i64>,
}

impl Run {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            state: State::Queued,
            substate: 10,
            comment: None,
            placements: Vec::new(),
            session: None,
            started_ms: None,
            ended: None,
            run_count: 0,
            exit_status: None,
            stageout: None,
            walltime_used: 0,
            ending: None,
            signalled_ms: None,
            mtime: now,
            history_timestamp: None,
        }
    }

    pub(crate) fn set(&mut self, state: State, substate: u16, now: i64) {
        self.state = state;
        self.substate = substate;
        self.mtime = now;
    }

    /// Whether processes of it may exist.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Running | State::Suspended | State::Exiting)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Expired | State::Finished)
    }
}

/// How one job waits for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// `after`, `afterok`, `afternotok` or `afterany`.
    pub kind: String,
    /// The sequence number of the other.
    pub on: u64,
    /// Its id as it is shown.
    pub shown: String,
}

/// The part that only an array has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Array {
    /// As it was asked for.
    pub range: String,
    /// Its subjobs.
    pub subjobs: BTreeMap<u32, Run>,
}

/// Which run is meant: a job's own or a subjob's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunKey {
    /// Sequence number.
    pub sequence: u64,
    /// Index of the subjob.
    pub index: Option<u32>,
}

/// A job or an array of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Sequence number.
    pub sequence: u64,
    /// Name.
    pub name: String,
    /// `queue@server` when it was moved to [`super::job_id::OTHER_SERVER`].
    #[serde(default)]
    pub moved_to: Option<String>,
    /// Login name of the owner.
    pub owner: String,
    /// Home folder of the owner.
    pub home: String,
    /// Login shell of the owner.
    pub shell: String,
    /// Queue.
    pub queue: String,
    /// Creation time.
    pub ctime: i64,
    /// Since when it is eligible.
    pub etime: Option<i64>,
    /// Rank in the queue; `qorder` changes it.
    pub rank: u64,
    /// Where output goes, `HOST:PATH`.
    pub output_path: String,
    /// Where errors go, `HOST:PATH`.
    pub error_path: String,
    /// Letters of user holds.
    pub holds: BTreeSet<char>,
    /// What it waits for.
    pub depends: Vec<Dependency>,
    /// Resources, complete.
    pub resources: BTreeMap<String, String>,
    /// All variables.
    pub variables: Vec<(String, String)>,
    /// Script.
    pub script: Vec<u8>,
    /// Executable with arguments.
    pub executable: Vec<String>,
    /// `-j`
    pub join: String,
    /// `-k`
    pub keep: String,
    /// `-R`
    pub remove: Option<String>,
    /// `-m`
    pub mail_points: String,
    /// `-M`
    pub mail_users: Option<String>,
    /// `-A`
    pub account: Option<String>,
    /// `-P`
    pub project: String,
    /// `-p`
    pub priority: i32,
    /// `-r`
    pub rerunable: bool,
    /// `-c`
    pub checkpoint: String,
    /// `-a`
    pub execution_time: Option<i64>,
    /// `-S`
    pub shell_path: Option<String>,
    /// `-u`
    pub user_list: Option<String>,
    /// `-W umask`
    pub umask: Option<String>,
    /// Other `-W` attributes.
    pub other: Vec<(String, String)>,
    /// Arguments of `qsub`.
    pub submit_arguments: String,
    /// Host of `qsub`.
    pub submit_host: String,
    /// Its run, or how the array as a whole stands.
    pub run: Run,
    /// Its subjobs.
    pub array: Option<Array>,
}

impl Job {
    /// The id without the server's name: `12` or `12[]`.
    #[must_use]
    pub fn short_id(&self) -> String {
        if self.array.is_some() { format!("{}[]", self.sequence) } else { self.sequence.to_string() }
    }

    /// One of its runs.
    #[must_use]
    pub fn run_of(&self, index: Option<u32>) -> Option<&Run> {
        match index {
            None => Some(&self.run),
            Some(index) => self.array.as_ref()?.subjobs.get(&index),
        }
    }

    pub(crate) fn run_of_mut(&mut self, index: Option<u32>) -> Option<&mut Run> {
        match index {
            None => Some(&mut self.run),
            Some(index) => self.array.as_mut()?.subjobs.get_mut(&index),
        }
    }

    /// The value of a variable that was given to it.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Its walltime in seconds.
    #[must_use]
    pub fn walltime(&self) -> Option<u64> {
        self.resources.get("walltime").and_then(|text| super::resources::parse_duration(text))
    }

    /// Whether this server has it in a queue: it has not ended, and is at no other server.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.moved_to.is_none() && !self.is_finished()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.run.state == State::Finished
    }
}

/// Reads the range of `-J`: `X-Y[:Z]`.
#[must_use]
pub fn parse_range(text: &str) -> Option<Vec<u32>> {
    let (range, step) = match text.split_once(':') {
        Some((range, step)) => (range, step.parse::<u32>().ok().filter(|s| *s > 0)?),
        None => (text, 1),
    };
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?),
        None => return None,
    };
    if first >= last || last > 100_000_000 {
        return None;
    }
    let step = usize::try_from(step).ok()?;
    Some((first..=last).step_by(step).collect())
}

/// Indices as OpenPBS writes them: `1-5`, `1-9:2`, `3,5-7`, and `-` for none.
#[must_use]
pub fn format_indices(indices: &[u32]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = indices;
    while let [first, tail @ ..] = rest {
        let step = tail.first().map_or(1, |second| second - first);
        let mut length = 1;
        while let (Some(a), Some(b)) = (rest.get(length - 1), rest.get(length)) {
            if b - a != step {
                break;
            }
            length += 1;
        }
        if length == 2 && step != 1 {
            length = 1;
        }
        let last = rest.get(length - 1).copied().unwrap_or(*first);
        parts.push(match (length, step) {
            (1, _) => first.to_string(),
            (_, 1) => format!("{first}-{last}"),
            _ => format!("{first}-{last}:{step}"),
        });
        rest = rest.get(length..).unwrap_or_default();
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(",") }
}

#[cfg(test)]
mod tests {
    use super::{format_indices, parse_range};

    #[test]
    fn ranges_are_read_and_written() {
        for range in ["1-5", "1-9:2", "0-1", "3-11:4"] {
            assert_eq!(format_indices(&parse_range(range).unwrap()), range);
        }
        for wrong in ["1-1", "5-1", "abc", "3", "1-5:0", "-3", "1-"] {
            assert_eq!(parse_range(wrong), None, "{wrong}");
        }
        assert_eq!(format_indices(&[]), "-");
        assert_eq!(format_indices(&[5]), "5");
        assert_eq!(format_indices(&[3, 5, 6, 7]), "3,5-7");
    }
}
