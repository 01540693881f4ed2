//! The remote commands that run, so that a fault at the scheduler can reach the connection it came over.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// One remote command.
#[derive(Debug)]
pub(crate) struct Execution {
    /// Cuts the connection it came over.
    pub(crate) cut: CancellationToken,
    /// Its output is withheld, and the connection is cut when it ends.
    pub(crate) mute: AtomicBool,
    /// Its process group, 0 before it exists.
    pub(crate) group: AtomicU64,
}

/// All remote commands, by the number in their `PBS_SIM_EXECUTION`.
#[derive(Debug, Default)]
pub(crate) struct Executions {
    next: AtomicU64,
    running: Mutex<HashMap<u64, Arc<Execution>>>,
}

impl Executions {
    fn running(&self) -> MutexGuard<'_, HashMap<u64, Arc<Execution>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, cut: CancellationToken) -> (u64, Arc<Execution>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let execution = Execution { cut, mute: AtomicBool::new(false), group: AtomicU64::new(0) };
        let execution = Arc::new(execution);
        self.running().insert(number, Arc::clone(&execution));
        (number, execution)
    }

    pub(crate) fn remove(&self, number: u64) {
        self.running().remove(&number);
    }

    /// Cuts the connection of a remote command; nothing when it did not come over SSH.
    pub(crate) fn cut(&self, number: Option<u64>) {
        if let Some(execution) = number.and_then(|number| self.running().get(&number).cloned()) {
            execution.cut.cancel();
        }
    }

    /// Lets a remote command end unheard.
    pub(crate) fn mute(&self, number: Option<u64>) {
        if let Some(execution) = number.and_then(|number| self.running().get(&number).cloned()) {
            execution.mute.store(true, Ordering::Release);
        }
    }

    pub(crate) fn kill_all(&self) {
        for execution in self.running().values() {
            let group = execution.group.load(Ordering::Acquire);
            if let Some(pid) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
                // The group may be gone already.
                let _gone = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            }
        }
    }
}
