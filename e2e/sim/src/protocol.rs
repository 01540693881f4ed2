//! What the q-commands and the scheduler say to each other over the site's unix socket.
//!
//! One connection carries any number of exchanges, each one line of JSON in both directions. The commands parse
//! their arguments and print; the scheduler decides. Attribute values travel as the text that OpenPBS itself
//! sends, times as seconds since the epoch: only the command knows the time zone it has to print.

use serde::{Deserialize, Serialize};

use crate::faults::FaultChange;
use crate::site::submission::Submission;

/// One request with what the scheduler must know about the process that makes it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The name of the command, for counting and for faults.
    pub command: String,
    /// The login name of the caller.
    pub user: String,
    /// The remote execution of the simulated SSH server that the caller belongs to.
    pub execution: Option<u64>,
    /// What is asked.
    pub request: Request,
}

/// What may be asked of the scheduler.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// `qsub`
    Submit(Box<Submission>),
    /// `qstat` of jobs: one job, the jobs of one queue, or all.
    JobStatus {
        /// Which jobs.
        target: JobTarget,
        /// Finished jobs too (`-x`).
        history: bool,
        /// The subjobs of arrays as well (`-t`).
        subjobs: bool,
    },
    /// `qstat -Q`
    QueueStatus {
        /// One queue, or all.
        queue: Option<String>,
    },
    /// `qstat -B`
    ServerStatus,
    /// `pbsnodes`
    NodeStatus {
        /// One node, or all.
        node: Option<String>,
    },
    /// `qdel`
    Delete {
        /// The job, array, subjob or range.
        id: String,
        /// Without waiting for the processes (`-W force`).
        force: bool,
        /// Take it out of the history as well (`-x`).
        history: bool,
    },
    /// `qhold`
    Hold {
        /// The job or array.
        id: String,
        /// Letters of the holds.
        holds: String,
    },
    /// `qrls`
    Release {
        /// The job or array.
        id: String,
        /// Letters of the holds.
        holds: String,
    },
    /// `qalter`
    Alter {
        /// The job or array.
        id: String,
        /// What changes.
        changes: Vec<Change>,
    },
    /// `qsig`
    Signal {
        /// The job or subjob.
        id: String,
        /// A signal's name or number, `suspend` or `resume`.
        signal: String,
    },
    /// `qmove`
    Move {
        /// The job or array.
        id: String,
        /// The queue it goes to.
        queue: String,
    },
    /// `qrerun`
    Rerun {
        /// The job or subjob.
        id: String,
    },
    /// `qmsg`
    Message {
        /// The job.
        id: String,
        /// The text.
        text: String,
        /// To standard output rather than standard error.
        to_output: bool,
    },
    /// `qorder`
    Order {
        /// The two jobs that change places.
        ids: [String; 2],
    },
    /// `pbs-sim fault`
    Fault(FaultChange),
}

/// Which jobs a listing is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobTarget {
    /// All of them.
    All,
    /// A job, an array, a subjob or a range of subjobs.
    Id(String),
    /// Those of a queue.
    Queue(String),
    /// Those of these users.
    Owners(Vec<String>),
}

/// One attribute that `qalter` sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Name of the attribute.
    pub attribute: String,
    /// Name of the resource within it.
    pub resource: Option<String>,
    /// The new value.
    pub value: String,
}

/// What the scheduler answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Done, nothing to say.
    Done,
    /// The id of the accepted job.
    Submitted(String),
    /// A listing.
    Items(Vec<Item>),
    /// Refused.
    Refused(Refusal),
    /// What a stopped server looks like: the connection was refused.
    Down,
    /// Accepted, and the command must end without a word (a fault).
    Silent,
}

/// A refusal as the commands print it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The server's error number, of which the exit status is the low byte.
    pub code: u32,
    /// The text that goes with it.
    pub text: String,
}

impl Refusal {
    /// The exit status of the command that reports it.
    #[must_use]
    pub fn exit_status(&self) -> i32 {
        i32::try_from(self.code % 256).unwrap_or(255)
    }
}

/// One thing in a listing with its attributes in the order of OpenPBS.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Item {
    /// Its name or id.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Item {
    /// The value of an attribute without resource.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name && a.resource.is_none()).map(|a| a.value.as_str())
    }

    /// The value of a resource of an attribute.
    #[must_use]
    pub fn resource(&self, name: &str, resource: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.name == name && a.resource.as_deref() == Some(resource))
            .map(|a| a.value.as_str())
    }
}

/// One attribute, or one resource of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The resource within it.
    pub resource: Option<String>,
    /// Its value as text.
    pub value: String,
}
