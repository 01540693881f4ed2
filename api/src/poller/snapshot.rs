//! What a host said about all its jobs and queues at one moment, and how the API shows it.

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
