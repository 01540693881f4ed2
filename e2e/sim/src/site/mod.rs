//! The simulated site: jobs, queues, nodes and the rules by which they change.
//!
//! Nothing in here starts a process, reads the clock or knows a socket; time comes in as an argument and what has
//! to be done in the world goes out as [`Effect`]s. Only [`crate::scheduler`] drives it.

pub(crate) mod attributes;
mod control;
mod cycle;
mod depend;
pub mod job;
pub mod job_id;
pub mod node;
pub mod queue;
pub(crate) mod refusal;
pub(crate) mod resources;
mod signal;
mod status;
pub mod submission;
mod submit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use cycle::Exit;
use job::{Job, RunKey};
use node::Node;
use queue::Queue;

/// What the scheduler has to do after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Start the processes of a run.
    Start(RunKey),
    /// Send a signal to all processes of a run.
    Signal(RunKey, i32),
    /// Write a line into a job's output or errors.
    Message { run: RunKey, text: String, to_output: bool },
}

/// The whole state of a site, as it is kept on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Site {
    /// Name of the server and of the host that jobs see.
    pub(crate) name: String,
    pub(crate) next_sequence: u64,
    pub(crate) jobs: BTreeMap<u64, Job>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) default_queue: String,
    pub(crate) max_array_size: usize,
    /// `job_history_enable`
    pub(crate) history: bool,
    pub(crate) scheduling: bool,
    /// Users beside root who are operators.
    #[serde(default)]
    pub(crate) operators: Vec<String>,
    /// Milliseconds between SIGTERM and SIGKILL.
    pub(crate) kill_delay_ms: i64,
    /// Everything ever accepted, for tests that count.
    pub(crate) accepted: Vec<Accepted>,
}

/// A submission that the scheduler accepted; it stays known when the job is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The id that `qsub` got.
    pub id: String,
    /// Job name.
    pub name: String,
    /// Login name of the owner.
    pub owner: String,
    /// Queue.
    pub queue: String,
    /// The variables given to the job.
    pub variables: Vec<(String, String)>,
}

impl Accepted {
    /// The value of one of its variables.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

impl Site {
    pub(crate) fn new(name: &str, queues: Vec<Queue>, nodes: Vec<Node>) -> Self {
        let default_queue = queues.first().map_or_else(|| "workq".to_owned(), |q| q.name.clone());
        Self {
            name: name.to_owned(),
            next_sequence: 1,
            jobs: BTreeMap::new(),
            queues,
            nodes,
            default_queue,
            max_array_size: 10_000,
            history: false,
            scheduling: true,
            operators: Vec::new(),
            kill_delay_ms: 5_000,
            accepted: Vec::new(),
        }
    }

    pub(crate) fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|q| q.name == name)
    }

    /// After a restart: whatever ran has lost its processes and goes back to its queue.
    pub(crate) fn requeue_after_restart(&mut self, now: i64) {
        for job in self.jobs.values_mut() {
            let runs = job.array.iter_mut().flat_map(|a| a.subjobs.values_mut());
            for run in runs.chain(std::iter::once(&mut job.run)).filter(|run| run.is_active()) {
                run.set(job::State::Queued, 10, now);
                run.placements.clear();
                run.session = None;
                run.started_ms = None;
                run.exit_status = None;
                run.ending = None;
                run.signalled_ms = None;
                run.comment = None;
            }
        }
    }
}
