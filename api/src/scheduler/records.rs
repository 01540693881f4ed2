//! What a listing says, in fields: the same for every dialect.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{EndCause, JobState};
use pbsweb_shared::names::PbsJobId;

/// A job as a scheduler lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// The scheduler's id, whole.
    pub pbs_id: PbsJobId,
    /// `Job_Name`
    pub name: String,
    /// `Job_Owner` before the `@`: the login name.
    pub owner: String,
    /// `Job_Owner` behind the `@`: where it was submitted.
    pub owner_host: String,
    /// `job_state` as printed.
    pub state_letter: String,
    /// Its state in our words; nothing if the letter is unknown, or says that the job has ended (see `end`).
    pub state: Option<JobState>,
    /// `substate`
    pub substate: Option<u32>,
    /// How it ended, if this record says that it has.
    pub end: Option<JobEnd>,
    /// `queue`
    pub queue: String,
    /// `server`
    pub server: String,
    /// `exec_host`
    pub exec_host: Option<String>,
    /// `exec_vnode`
    pub exec_vnode: Option<String>,
    /// `Resource_List.*`, by name.
    pub requested: Vec<(String, String)>,
    /// `resources_used.*`, by name; up to two minutes old.
    pub used: Vec<(String, String)>,
    /// `comment`
    pub comment: Option<String>,
    /// `Hold_Types`, such as `us`; `n` means none.
    pub hold_types: Option<String>,
    /// `Exit_status`; a running array has one too.
    pub exit_status: Option<i32>,
    /// `ctime`: created.
    pub created_at: Option<DateTime<Utc>>,
    /// `qtime`: came to its queue.
    pub queued_at: Option<DateTime<Utc>>,
    /// `etime`: became able to run.
    pub eligible_at: Option<DateTime<Utc>>,
    /// `stime`: started.
    pub started_at: Option<DateTime<Utc>>,
    /// `estimated.start_time`: when the scheduler expects to start it.
    pub estimated_start_at: Option<DateTime<Utc>>,
    /// `mtime`: last changed.
    pub modified_at: Option<DateTime<Utc>>,
    /// `obittime`: its end was reported.
    pub ended_at: Option<DateTime<Utc>>,
    /// `Output_Path`, with its host.
    pub output_path: Option<String>,
    /// `Error_Path`, with its host.
    pub error_path: Option<String>,
    /// The job of ours that it says it is (`PBSWEB_JOB` in `Variable_List`). Anybody can write anything there: it
    /// counts only together with the owner.
    pub tag: Option<JobId>,
    /// `array`
    pub is_array: bool,
    /// `array_indices_submitted`
    pub array_indices: Option<String>,
    /// `array_indices_remaining`
    pub array_remaining: Option<String>,
    /// `array_state_count`, such as `Queued:1 Running:3 Exiting:0 Expired:1`.
    pub array_state_count: Option<String>,
    /// `array_id`: of a subjob that has a record of its own. Without it, what stands there is its array's.
    pub array_id: Option<PbsJobId>,
    /// `depend`
    pub depend: Option<String>,
    /// `run_count`
    pub run_count: Option<u32>,
    /// `Stageout_status`: 0 means that the output could not be delivered.
    pub stageout_status: Option<i32>,
}

impl JobRecord {
    /// The server that it was handed on to: of such a job the queue stands as `queue@server`.
    #[must_use]
    pub fn moved_to(&self) -> Option<&str> {
        if self.state_letter != "M" {
            return None;
        }
        placed_at(&self.queue)
    }

    /// A resource that was asked for.
    #[must_use]
    pub fn requested(&self, name: &str) -> Option<&str> {
        find(&self.requested, name)
    }

    /// A resource that was used.
    #[must_use]
    pub fn used(&self, name: &str) -> Option<&str> {
        find(&self.used, name)
    }
}

/// A job as the light listing shows it: enough to tell whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightRow {
    /// The scheduler's id, or as much of it as fits its column.
    pub printed_id: String,
    /// There may be more of the id.
    pub is_cut: bool,
    /// Its state as printed.
    pub state_letter: String,
    /// Its state in our words; nothing if the letter is unknown, or says that the job has ended.
    pub state: Option<JobState>,
    /// Its queue, or as much of the name as fits its column.
    pub queue: String,
}

impl LightRow {
    /// An id that the scheduler understands: its number, when the rest is cut.
    #[must_use]
    pub fn shortest_id(&self) -> Option<PbsJobId> {
        let id = match self.printed_id.split_once('.') {
            Some((number, _)) if self.is_cut => number,
            Some(_) | None => &self.printed_id,
        };
        id.parse().ok()
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// Completed, failed, deleted or expired.
    pub state: JobState,
    /// What ended it.
    pub cause: EndCause,
    /// The scheduler's exit status, verbatim; absent if the job never ran.
    pub exit_status: Option<i32>,
    /// The signal that ended it, if the exit status says so.
    pub signal: Option<i32>,
    /// In words.
    pub reason: Option<String>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The queue from which it was run, if its source knows.
    pub queue: Option<String>,
}

/// A queue as a scheduler lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct QueueRecord {
    /// Its name.
    pub name: String,
    /// `queue_type = Route`: it only hands jobs on.
    pub is_route: bool,
    /// `enabled`
    pub is_enabled: bool,
    /// `started`
    pub is_started: bool,
    /// `total_jobs`
    pub total_jobs: Option<u32>,
    /// `state_count`, such as `Queued` and 2.
    pub state_count: Vec<(String, u32)>,
    /// `resources_max.*`
    pub max: Vec<(String, String)>,
    /// `resources_min.*`
    pub min: Vec<(String, String)>,
    /// `resources_default.*`
    pub default: Vec<(String, String)>,
    /// `resources_assigned.*`
    pub assigned: Vec<(String, String)>,
    /// Every other attribute, by name.
    pub other: Vec<(String, String)>,
}

impl QueueRecord {
    /// How many jobs are in a state, by the scheduler's word.
    #[must_use]
    pub fn count(&self, word: &str) -> Option<u32> {
        self.state_count.iter().find(|(name, _)| name == word).map(|(_, n)| *n)
    }
}

/// The server's own record (`qstat -Bf`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerRecord {
    /// Its name.
    pub name: String,
    /// `server_state`, such as `Active` or `Idle`.
    pub state: String,
    /// `pbs_version`; builds with different behaviour share one.
    pub version: Option<String>,
    /// `default_queue`
    pub default_queue: Option<String>,
    /// `scheduling`: jobs are being started.
    pub is_scheduling: Option<bool>,
    /// `job_history_enable`: finished jobs are kept.
    pub has_history: bool,
    /// `job_history_duration`, in seconds.
    pub history_seconds: Option<u64>,
    /// `max_array_size`
    pub max_array_size: Option<u64>,
    /// Every other attribute, by name.
    pub other: Vec<(String, String)>,
}

/// A node as a scheduler lists it (`pbsnodes -a`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeRecord {
    /// Its name.
    pub name: String,
    /// `state`, such as `free`, `job-busy` or `down,offline`.
    pub state: String,
    /// `jobs`: ids with the slot each has.
    pub jobs: Vec<String>,
    /// `resources_available.*`
    pub available: Vec<(String, String)>,
    /// `resources_assigned.*`
    pub assigned: Vec<(String, String)>,
    /// `comment`
    pub comment: Option<String>,
    /// Every other attribute, by name.
    pub other: Vec<(String, String)>,
}

/// The scheduler did not answer the question: this says nothing about any job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Exit status of the command, if it came to its end.
    pub status: Option<i32>,
    /// Its own words, or what is missing.
    pub words: String,
}

/// A whole listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The jobs, in the scheduler's order.
    pub jobs: Vec<JobRecord>,
    /// Jobs that are listed, but whose details cannot be trusted: broken, or listed twice with different words.
    pub unreadable: Vec<PbsJobId>,
    /// The queues; empty when they were not asked for, or `problems` says why.
    pub queues: Vec<QueueRecord>,
    /// The server; absent when it was not asked for, or `problems` says why.
    pub server: Option<ServerRecord>,
    /// What could not be read, in words for the administrator.
    pub problems: Vec<String>,
}

/// What a listing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingReply {
    /// The scheduler answered, whole.
    Listed(Box<Listing>),
    /// It did not.
    Unavailable(Unavailable),
}

/// What a job's own script noted about one run of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunNote {
    /// When the script began, its latest run.
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended; absent while the latest run has not.
    pub ended_at: Option<DateTime<Utc>>,
    /// The exit status of the script.
    pub exit_status: Option<i32>,
    /// The queue from which it was run.
    pub queue: Option<String>,
}

/// What a job's own epilogue left in its folder on the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EpilogueFacts {
    /// What the job noted; of an array nothing.
    pub run: RunNote,
    /// The scheduler's id, as the job itself knew it.
    pub pbs_id: Option<PbsJobId>,
    /// What PBS wrote into its error file when it killed it, if that is there and the script noted no end.
    pub killed: Option<String>,
    /// The indices of the array, if it is one.
    pub indices: Vec<u32>,
    /// What its subjobs noted.
    pub subjobs: BTreeMap<u32, RunNote>,
}

/// What the scheduler and the epilogues know of jobs that a listing no longer shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinishedReply {
    /// Records of the jobs that the scheduler knows, ended or not.
    pub records: Vec<JobRecord>,
    /// Records of the subjobs of the arrays among them.
    pub subjobs: Vec<JobRecord>,
    /// Jobs that the scheduler says it does not know.
    pub unknown: Vec<PbsJobId>,
    /// The scheduler gave no answer for the jobs that are neither in `records` nor in `unknown`, and this is why.
    pub unavailable: Option<Unavailable>,
    /// What the jobs' own epilogues left.
    pub epilogues: Vec<(JobId, EpilogueFacts)>,
    /// How the scheduler's accounting says that they ended, where the account may read it.
    pub accounted: Vec<(JobId, JobEnd)>,
    /// The host's clock when it was asked.
    pub host_clock: Option<DateTime<Utc>>,
    /// Commands of the scheduler that were run.
    pub n_calls: u32,
}

impl FinishedReply {
    /// The jobs that went to other servers: those servers, and which jobs to ask them about.
    #[must_use]
    pub fn moved(&self, asked: &[(JobId, PbsJobId)]) -> BTreeMap<String, Vec<(JobId, PbsJobId)>> {
        let mut by_server: BTreeMap<String, Vec<(JobId, PbsJobId)>> = BTreeMap::new();
        for record in &self.records {
            let job = asked.iter().find(|(_, pbs_id)| *pbs_id == record.pbs_id);
            if let (Some(server), Some(job)) = (record.moved_to(), job) {
                by_server.entry(server.to_owned()).or_default().push(job.clone());
            }
        }
        by_server
    }

    /// Takes what the server said that has these jobs now. Of a job that it does not tell, the former server's word stays. Their
    /// queues stand as `queue@server`, as [`placed_at`] reads them.
    pub fn follow(&mut self, server: &str, there: Self) {
        self.n_calls += there.n_calls;
        for mut record in there.records {
            // One that went on from there names its next server itself.
            if record.moved_to().is_none() {
                record.queue = format!("{}@{server}", record.queue);
            }
            self.records.retain(|before| before.pbs_id != record.pbs_id);
            self.records.push(record);
        }
        self.subjobs.extend(there.subjobs);
    }
}

/// The server in `queue@server`: where a job is that was moved to another one.
#[must_use]
pub fn placed_at(queue: &str) -> Option<&str> {
    queue.rsplit_once('@').map(|(_, server)| server).filter(|server| !server.is_empty())
}

/// A value by its name.
#[must_use]
pub fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Seconds of a PBS duration: `SS`, `MM:SS` or `HH:MM:SS`, hours above 24 included; fractions are cut.
#[must_use]
pub fn parse_duration(text: &str) -> Option<u64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut seconds: u64 = 0;
    let mut fields = 0;
    for field in whole.split(':') {
        fields += 1;
        if fields > 3 || field.is_empty() || !field.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(field.parse().ok()?)?;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn durations() {
        for (text, seconds) in
            [("90", 90), ("02:00", 120), ("24:00:00", 86_400), ("100:00:01", 360_001), ("1.5", 1)]
        {
            assert_eq!(parse_duration(text), Some(seconds), "{text}");
        }
        for text in ["", ":", "1:2:3:4", "-1", "1d", "99999999999999999999"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
