//! What a snapshot changes about the jobs that we know. Pure: the same three values give the same transitions.
//!
//! The rules that keep states from lying:
//! - a scheduler that did not answer changes nothing;
//! - a snapshot that was asked for before we learned something else about a job changes nothing about it;
//! - a job that is not listed has not ended: it is to be looked up ([`resolve`]);
//! - a job that has ended stays so, whatever a listing says;
//! - a tag counts only on a job of the account that submitted it: anybody can write one.

pub mod facts;
pub mod resolve;
pub mod subjobs;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::names::{LoginName, PbsJobId};

use super::snapshot::{HostSnapshot, SchedulerStatus};
use crate::scheduler::records::{JobRecord, parse_duration};

pub use resolve::{KnownRuns, Resolution};

/// What a listing tells of a job beside its state, as it is stored with the job. Resources used are two minutes old at times,
/// and change with every listing: of them the walltime alone is kept, in whole minutes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Its queue now.
    pub queue: Option<String>,
    /// The scheduler's comment.
    pub comment: Option<String>,
    /// Where it runs.
    pub exec_host: Option<String>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// Walltime used, in seconds, whole minutes.
    pub used_walltime_seconds: Option<u64>,
    /// Memory used, in bytes. It alone is no news.
    pub used_memory_bytes: Option<i64>,
    /// `run_count`
    pub run_count: Option<i32>,
}

impl Observed {
    /// Takes from a record what is stored.
    #[must_use]
    pub fn of(record: &JobRecord) -> Self {
        // Of a job that was put back into its queue the record may still hold the start of its former run.
        let is_waiting = matches!(record.state, Some(JobState::Queued | JobState::Held | JobState::Waiting));
        Self {
            queue: Some(record.queue.clone()).filter(|queue| !queue.is_empty()),
            comment: record.comment.clone(),
            exec_host: record.exec_host.clone().filter(|_| !is_waiting),
            started_at: record.started_at.filter(|_| !is_waiting),
            used_walltime_seconds: record
                .used("walltime")
                .and_then(parse_duration)
                .map(|seconds| seconds / 60 * 60)
                .filter(|_| !is_waiting),
            used_memory_bytes: record.used("mem").and_then(memory_bytes).filter(|_| !is_waiting),
            run_count: record.run_count.and_then(|count| count.try_into().ok()),
        }
    }

    /// Whether something differs of what is kept in the job's row. What a listing does not say stays as it is.
    fn is_news(&self, known: &Self) -> bool {
        let differs = |seen: &Option<String>, known: &Option<String>| seen.is_some() && seen != known;
        self.comment != known.comment
            || differs(&self.queue, &known.queue)
            || differs(&self.exec_host, &known.exec_host)
            || (self.run_count.is_some() && self.run_count != known.run_count)
            || (self.started_at.is_some() && self.started_at != known.started_at)
            || (self.used_walltime_seconds.is_some()
                && self.used_walltime_seconds != known.used_walltime_seconds)
    }
}

/// `resources_used.mem`, such as `1024kb`.
fn memory_bytes(text: &str) -> Option<i64> {
    let size: pbsweb_shared::script::values::MemorySize = text.parse().ok()?;
    i64::try_from(size.bytes()).ok()
}

/// A job of ours on the host, as it is stored. Ended ones need not be given, except those whose id might come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownJob {
    /// Which.
    pub job: JobId,
    /// The scheduler's id; nothing while it is being submitted.
    pub pbs_id: Option<PbsJobId>,
    /// The account that submitted it.
    pub login: LoginName,
    /// Its state.
    pub state: JobState,
    /// When that was last known to be so: the moment of the submission's answer, or `taken_at` of the last snapshot that
    /// listed it.
    pub as_of: DateTime<Utc>,
    /// What is stored of it.
    pub observed: Observed,
}

/// One consequence of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// The job is in another state now; also one that was lost and is listed again.
    StateChanged {
        /// Which.
        job: JobId,
        /// The state it was in.
        from: JobState,
        /// The state it is in.
        to: JobState,
        /// What else is known now.
        observed: Observed,
    },
    /// The state is the same, something else changed.
    Observed {
        /// Which.
        job: JobId,
        /// What is known now.
        observed: Observed,
    },
    /// The job is not listed any more, or listed as ended: it is to be looked up. That is no end by itself; if the
    /// look-up finds nothing, it is lost.
    Missing {
        /// Which.
        job: JobId,
        /// Its id.
        pbs_id: PbsJobId,
        /// When it was last known to be there.
        last_seen: DateTime<Utc>,
    },
    /// A job that is being submitted is listed: its answer was lost, and this is its id.
    Adopt {
        /// Which.
        job: JobId,
        /// Its id.
        pbs_id: PbsJobId,
        /// Its state.
        state: JobState,
        /// What else is known now.
        observed: Observed,
    },
    /// The listing contradicts what is stored, and a person should know; nothing is changed.
    Contradiction {
        /// Which.
        job: JobId,
        /// The listed job.
        pbs_id: PbsJobId,
        /// What does not fit.
        words: String,
    },
}

/// What a snapshot changes. `now` is our clock; a snapshot from the future (a clock was set back) is as good as one of
/// now.
#[must_use]
pub fn diff(known: &[KnownJob], snapshot: &HostSnapshot, now: DateTime<Utc>) -> Vec<Transition> {
    match &snapshot.scheduler_status {
        SchedulerStatus::Down { .. } => return Vec::new(),
        SchedulerStatus::Up => {}
    }
    let taken_at = snapshot.taken_at.min(now);
    let by_id: HashMap<&PbsJobId, &JobRecord> =
        snapshot.jobs.iter().map(|record| (&record.pbs_id, record)).collect();
    let mut by_tag: HashMap<JobId, Vec<&JobRecord>> = HashMap::new();
    for record in &snapshot.jobs {
        if let Some(tag) = record.tag {
            by_tag.entry(tag).or_default().push(record);
        }
    }
    let unreadable: HashSet<&PbsJobId> = snapshot.unreadable.iter().collect();
    let mut transitions = Vec::new();
    for known in known {
        let tagged: Vec<&JobRecord> = by_tag
            .get(&known.job)
            .into_iter()
            .flatten()
            .copied()
            .filter(|record| record.owner == known.login.as_str() && record.end.is_none())
            .collect();
        transitions.extend(match &known.pbs_id {
            _ if known.state.has_ended() => contradiction(known, &tagged),
            _ if taken_at < known.as_of => None,
            None => adopt(known, &tagged),
            Some(pbs_id) => match by_id.get(pbs_id) {
                _ if unreadable.contains(pbs_id) => None,
                Some(record) => compare(known, pbs_id, record),
                None => Some(missing(known, pbs_id)),
            },
        });
    }
    transitions
}

/// Whether a listed record is this job's: its number may be another job's by now.
#[must_use]
pub fn is_record_of(record: &JobRecord, job: JobId, login: &LoginName) -> bool {
    record.owner == login.as_str() && record.tag.is_none_or(|tag| tag == job)
}

/// A job with this id is listed.
fn compare(known: &KnownJob, pbs_id: &PbsJobId, record: &JobRecord) -> Option<Transition> {
    if record.owner != known.login.as_str() {
        // The server's numbers were set back, or somebody's variable holds a forged record.
        return Some(Transition::Contradiction {
            job: known.job,
            pbs_id: pbs_id.clone(),
            words: format!("{pbs_id} belongs to {}, not to {}", record.owner, known.login),
        });
    }
    if record.tag.is_some_and(|tag| tag != known.job) {
        return Some(Transition::Contradiction {
            job: known.job,
            pbs_id: pbs_id.clone(),
            words: format!("{pbs_id} is listed as another job of PBSWeb"),
        });
    }
    if record.end.is_some() {
        return Some(missing(known, pbs_id));
    }
    let observed = Observed::of(record);
    match record.state {
        Some(to) if to != known.state => {
            Some(Transition::StateChanged { job: known.job, from: known.state, to, observed })
        }
        // An unknown letter: the job is there, and nothing else is known.
        Some(_) | None if observed.is_news(&known.observed) => {
            Some(Transition::Observed { job: known.job, observed })
        }
        Some(_) | None => None,
    }
}

fn missing(known: &KnownJob, pbs_id: &PbsJobId) -> Transition {
    Transition::Missing { job: known.job, pbs_id: pbs_id.clone(), last_seen: known.as_of }
}

/// A job without an id is listed with its tag. Two with the same tag prove nothing; the look-up tells them apart.
fn adopt(known: &KnownJob, tagged: &[&JobRecord]) -> Option<Transition> {
    match tagged {
        [] => None,
        [record] => Some(Transition::Adopt {
            job: known.job,
            pbs_id: record.pbs_id.clone(),
            state: record.state.unwrap_or(JobState::Queued),
            observed: Observed::of(record),
        }),
        [first, ..] => Some(Transition::Contradiction {
            job: known.job,
            pbs_id: first.pbs_id.clone(),
            words: format!("{} jobs say that they are this one", tagged.len()),
        }),
    }
}

/// A job that was rejected, or has ended, is listed under its tag.
fn contradiction(known: &KnownJob, tagged: &[&JobRecord]) -> Option<Transition> {
    let record = tagged.iter().find(|record| Some(&record.pbs_id) != known.pbs_id.as_ref())?;
    Some(Transition::Contradiction {
        job: known.job,
        pbs_id: record.pbs_id.clone(),
        words: format!("the job is {} here, and the scheduler lists {} for it", known.state, record.pbs_id),
    })
}
