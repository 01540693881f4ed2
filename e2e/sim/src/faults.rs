//! Faults of the simulated host that can be switched while it runs.
//!
//! They are kept in `site/faults.json`, so that they can also be set by editing that file; a fault with a number of
//! times goes away when it is used up. Where a fault takes effect is written at its variant. The parts of the
//! simulator ask for them by [`Faults::take`]; nothing in here acts.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The scheduler is stopped: every command answers `Connection refused`.
    ServerDown,
    /// The scheduler takes every request and never answers, until the fault is cleared.
    ServerHangs,
    /// Listings (`qstat`, `qselect`, `pbsnodes`) never answer, until the fault is cleared.
    ListingHangs,
    /// Requests are answered late.
    Delay {
        /// Only those of this command; of all when it is missing.
        #[serde(default)]
        command: Option<String>,
        /// How late.
        ms: u64,
    },
    /// The scheduler refuses submissions.
    SubmitRefused {
        /// The text after `qsub: `.
        text: String,
        /// The exit status of `qsub`.
        status: u32,
    },
    /// The submission is accepted, but `qsub` ends with status 0 and without a word.
    SubmitSilent,
    /// The submission is accepted, but `qsub` does not return until the fault is cleared.
    SubmitHangs,
    /// The SSH connection is cut.
    Cut {
        /// When.
        at: CutPoint,
        /// For the first two points: only executions whose command or standard input contains this text.
        #[serde(default)]
        matching: Option<String>,
    },
    /// New SSH connections are closed as soon as they are accepted.
    ConnectionsRefused,
    /// New SSH connections are accepted and never get a byte.
    ConnectionsIgnored,
    /// A job is missing from listings.
    JobHidden {
        /// Its id, without the server's name.
        id: String,
    },
    /// New jobs are missing from listings for a time.
    NewJobsHidden {
        /// How long after their submission.
        ms: u64,
    },
}

/// When a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutPoint {
    /// An execution is asked for, and never starts.
    BeforeExec,
    /// The process has started and has got its standard input up to here.
    AfterExecStart,
    /// `qsub`, or a command that steers jobs, has reached the scheduler, which has not decided yet; it will, and the remote
    /// command goes on.
    BeforeSubmit,
    /// The scheduler did it, but the command does not know it yet; it will, and the remote command goes on.
    AfterSubmit,
    /// The remote command with the `qsub` has ended; its output from then on is withheld.
    BeforeAnswer,
}

/// A change to the faults, from `pbs-sim fault`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FaultChange {
    /// Switch one on.
    Arm {
        /// Which.
        fault: Fault,
        /// For so many times; without end when missing.
        times: Option<u32>,
    },
    /// Switch all off.
    Clear,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Armed {
    fault: Fault,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

#[derive(Debug, Default)]
struct List {
    armed: Vec<Armed>,
    file_time: Option<SystemTime>,
}

/// The faults that are switched on.
#[derive(Debug)]
pub struct Faults {
    file: PathBuf,
    list: Mutex<List>,
    changed: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, list: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Switches a fault on, until it is cleared.
    pub fn arm(&self, fault: Fault) {
        self.change(FaultChange::Arm { fault, times: None });
    }

    /// Switches a fault on for its next `times` occasions.
    pub fn arm_times(&self, fault: Fault, times: u32) {
        self.change(FaultChange::Arm { fault, times: Some(times) });
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.change(FaultChange::Clear);
    }

    /// The faults that are on and not used up.
    #[must_use]
    pub fn armed(&self) -> Vec<Fault> {
        self.list().armed.iter().map(|armed| armed.fault.clone()).collect()
    }

    pub(crate) fn change(&self, change: FaultChange) {
        let mut list = self.list();
        match change {
            FaultChange::Arm { fault, times: Some(0) } => list.armed.retain(|armed| armed.fault != fault),
            FaultChange::Arm { fault, times } => list.armed.push(Armed { fault, times }),
            FaultChange::Clear => list.armed.clear(),
        }
        self.save(&mut list);
    }

    /// The first fault that fits, counted as used.
    pub(crate) fn take<T>(&self, fits: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut list = self.list();
        let (position, found) = list
            .armed
            .iter()
            .enumerate()
            .find_map(|(position, armed)| Some((position, fits(&armed.fault)?)))?;
        let armed = list.armed.get_mut(position)?;
        if let Some(times) = &mut armed.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                list.armed.remove(position);
            }
            self.save(&mut list);
        }
        Some(found)
    }

    /// Whether a fault is on, without using it.
    pub(crate) fn is_on(&self, fits: impl Fn(&Fault) -> bool) -> bool {
        self.list().armed.iter().any(|armed| fits(&armed.fault))
    }

    /// Waits until no such fault is on.
    pub(crate) async fn wait_while(&self, fits: impl Fn(&Fault) -> bool) {
        let mut changed = self.changed.subscribe();
        while self.is_on(&fits) {
            // The file may be changed by hand, which nobody announces.
            let again = tokio::time::timeout(std::time::Duration::from_millis(200), changed.changed());
            if let Ok(Err(_)) = again.await {
                return;
            }
        }
    }

    /// The list, read again when the file was changed by somebody else.
    fn list(&self) -> MutexGuard<'_, List> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let file_time = std::fs::metadata(&self.file).and_then(|m| m.modified()).ok();
        if file_time.is_some() && file_time != list.file_time {
            list.file_time = file_time;
            match std::fs::read(&self.file).map(|text| serde_json::from_slice(&text)) {
                Ok(Ok(armed)) => list.armed = armed,
                Ok(Err(error)) => tracing::warn!(%error, "the file of faults cannot be read"),
                Err(_) => {}
            }
        }
        list
    }

    fn save(&self, list: &mut List) {
        let text = serde_json::to_vec_pretty(&list.armed).unwrap_or_default();
        if let Err(error) = crate::folder::write_whole(&self.file, &text) {
            tracing::warn!(%error, "the file of faults cannot be written");
        }
        list.file_time = std::fs::metadata(&self.file).and_then(|m| m.modified()).ok();
        self.changed.send_modify(|count| *count += 1);
    }
}

/// Reads a fault as it is typed: `name` or `name key=value …`.
///
/// # Errors
/// A fault or key that does not exist, a value of the wrong kind.
pub fn parse_fault(words: &[String]) -> Result<Fault, serde_json::Error> {
    let name = words.first().cloned().unwrap_or_default();
    let mut fields = serde_json::Map::new();
    for word in words.iter().skip(1) {
        let (key, value) = word.split_once('=').unwrap_or((word, "true"));
        let number = value.parse::<u64>().ok().filter(|_| ["ms", "status"].contains(&key));
        let value = number.map_or_else(|| value.into(), serde_json::Value::from);
        fields.insert(key.to_owned(), value);
    }
    if fields.is_empty() && !["cut", "delay"].contains(&name.as_str()) {
        return serde_json::from_value(name.into());
    }
    let mut fault = serde_json::Map::new();
    fault.insert(name, fields.into());
    serde_json::from_value(fault.into())
}
