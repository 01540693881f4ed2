//! What a host said about all its jobs and queues at one moment, and how the API shows it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use pbsweb_shared::host::ListedJob;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::PbsJobId;

use crate::scheduler::records::{JobRecord, ListingReply, QueueRecord, ServerRecord, parse_duration};

/// Whether the scheduler answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchedulerStatus {
    /// It did, and the snapshot's jobs are all it has.
    Up,
    /// It did not; the snapshot says nothing about jobs.
    Down {
        /// In the scheduler's words.
        words: String,
    },
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSnapshot {
    /// Our clock just before the host was asked: what we learned later, the snapshot may not know.
    pub taken_at: DateTime<Utc>,
    /// Whether it counts.
    pub scheduler_status: SchedulerStatus,
    /// All jobs of the host.
    pub jobs: Vec<JobRecord>,
    /// Jobs that are there, but whose details could not be read.
    pub unreadable: Vec<PbsJobId>,
    /// All queues; empty when they were not asked for.
    pub queues: Vec<QueueRecord>,
    /// The server; absent when it was not asked for.
    pub server: Option<ServerRecord>,
    /// What could not be read.
    pub problems: Vec<String>,
}

impl HostSnapshot {
    /// Makes a snapshot of what the dialect read.
    #[must_use]
    pub fn new(taken_at: DateTime<Utc>, reply: ListingReply) -> Self {
        match reply {
            ListingReply::Listed(listing) => Self {
                taken_at,
                scheduler_status: SchedulerStatus::Up,
                jobs: listing.jobs,
                unreadable: listing.unreadable,
                queues: listing.queues,
                server: listing.server,
                problems: listing.problems,
            },
            ListingReply::Unavailable(unavailable) => Self {
                taken_at,
                scheduler_status: SchedulerStatus::Down { words: unavailable.words },
                jobs: Vec::new(),
                unreadable: Vec::new(),
                queues: Vec::new(),
                server: None,
                problems: Vec::new(),
            },
        }
    }
}

/// A job of the snapshot as the API shows it to somebody whose login name here is `own_login`.
#[must_use]
pub fn listed_job(record: &JobRecord, own_login: Option<&str>, job: Option<JobId>) -> ListedJob {
    ListedJob {
        pbs_id: record.pbs_id.clone(),
        name: record.name.clone(),
        owner: record.owner.clone(),
        queue: record.queue.clone(),
        state: record.state.or(record.end.as_ref().map(|end| end.state)),
        state_letter: record.state_letter.clone(),
        ncpus: record.requested("ncpus").and_then(|n| n.parse().ok()),
        nodect: record.requested("nodect").and_then(|n| n.parse().ok()),
        walltime_seconds: record.requested("walltime").and_then(parse_duration),
        used_walltime_seconds: record.used("walltime").and_then(parse_duration),
        queued_at: record.queued_at,
        started_at: record.started_at,
        comment: record.comment.clone(),
        hold_types: record.hold_types.clone().filter(|kinds| kinds != "n"),
        depend: record.depend.clone(),
        estimated_start_at: record.estimated_start_at,
        array_states: record.array_state_count.clone(),
        place: None,
        is_own: own_login == Some(record.owner.as_str()),
        job,
    }
}

/// All jobs of a whole snapshot as the API shows them. Those that cannot be read are there too, with what was known of them before.
#[must_use]
pub fn shown_jobs(snapshot: &HostSnapshot, known: &[ListedJob]) -> Vec<ListedJob> {
    let unreadable: HashSet<&PbsJobId> = snapshot.unreadable.iter().collect();
    let known: HashMap<&PbsJobId, &ListedJob> =
        known.iter().map(|job| (&job.pbs_id, job)).filter(|(id, _)| unreadable.contains(id)).collect();
    let unreadable = snapshot
        .unreadable
        .iter()
        .map(|id| known.get(id).map_or_else(|| unreadable_job(id.clone()), |job| ListedJob::clone(job)));
    snapshot.jobs.iter().map(|record| listed_job(record, None, None)).chain(unreadable).collect()
}

/// A job of which its id is all that could be read.
pub(super) fn unreadable_job(pbs_id: PbsJobId) -> ListedJob {
    ListedJob {
        pbs_id,
        name: String::new(),
        owner: String::new(),
        queue: String::new(),
        state: None,
        state_letter: "?".to_owned(),
        ncpus: None,
        nodect: None,
        walltime_seconds: None,
        used_walltime_seconds: None,
        queued_at: None,
        started_at: None,
        comment: Some("What its scheduler says of it could not be read.".to_owned()),
        hold_types: None,
        depend: None,
        estimated_start_at: None,
        array_states: None,
        place: None,
        is_own: false,
        job: None,
    }
}
