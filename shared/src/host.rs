//! Hosts as everybody sees them: how they are, their queues, and what they list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{HostId, JobId};
use crate::job::JobState;
use crate::names::PbsJobId;
use crate::script::HostRules;
use crate::waiting::Place;
use crate::words::words;

words! {
    /// The family of schedulers a host runs.
    Dialect, "dialect" {
        /// OpenPBS and PBS Professional.
        OpenPbs = "openpbs",
    }
}

words! {
    /// How a host is, as far as the last try to ask it showed.
    HostStatus, "host status" {
        /// Not asked yet, or nobody has a usable account to ask it with.
        Unknown = "unknown",
        /// It answers, and so does its scheduler.
        Up = "up",
        /// It answers, its scheduler does not.
        SchedulerDown = "scheduler_down",
        /// It cannot be reached, or does not answer.
        Unreachable = "unreachable",
        /// Its key is not the confirmed one; nothing is sent to it.
        KeyMismatch = "key_mismatch",
        /// An administrator switched it off.
        Disabled = "disabled",
    }
}

/// What is known of a host's health, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostHealth {
    /// How it is.
    pub status: HostStatus,
    /// In words, such as the scheduler's own message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When the status was last found so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<DateTime<Utc>>,
    /// When the last whole listing was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_at: Option<DateTime<Utc>>,
    /// Most listings a minute that PBSWeb asks of this host's scheduler, however many people watch.
    pub max_listings_per_minute: u32,
    /// Listings that were asked in the last 60 seconds.
    pub listings_last_minute: u32,
    /// How long the host took to answer the last time it did, in milliseconds: the way there and back, and its scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// Commands of its scheduler that PBSWeb ran in the last 60 seconds to watch it, for everybody together.
    #[serde(default)]
    pub calls_last_minute: u32,
}

/// How a host was at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthSample {
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// How it was.
    pub status: HostStatus,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long it took to answer, in milliseconds; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
}

/// How a host was over the last days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostHistory {
    /// The host.
    pub host: HostId,
    /// How it is now.
    pub health: HostHealth,
    /// Changes, and a sample every five minutes in between; the newest first.
    pub samples: Vec<HealthSample>,
}

/// A queue of a host, as the last snapshot shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Jobs may be submitted to it.
    pub is_enabled: bool,
    /// Its jobs may start.
    pub is_started: bool,
    /// Jobs that name no queue go here.
    pub is_default: bool,
    /// The administrator offers it in forms.
    pub is_offered: bool,
    /// Jobs waiting in it.
    pub n_queued: u32,
    /// Jobs running from it.
    pub n_running: u32,
    /// Its longest walltime, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_walltime_seconds: Option<u64>,
    /// The walltime of a job that asks for none, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_walltime_seconds: Option<u64>,
    /// Most processors for one job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ncpus: Option<u64>,
    /// Fewest processors for one job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ncpus: Option<u64>,
    /// How many jobs may wait or run at once, and with how much, in words, such as `jobs of one user: at most 5 run at once`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
}

/// A host's queues, with the rules that a script is checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostQueues {
    /// The host.
    pub host: HostId,
    /// When the scheduler said so; absent before the first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// The queues, by name.
    pub queues: Vec<Queue>,
    /// Limits and defaults for `script::check`.
    pub rules: HostRules,
}

/// Jobs that a host's scheduler listed, whoever owns them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostJobs {
    /// The host.
    pub host: HostId,
    /// How the host is now; a listing may be older.
    pub health: HostHealth,
    /// When the scheduler was asked; absent before the first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// How many jobs are listed in all.
    #[serde(default)]
    pub n_listed: u32,
    /// How many of them are the caller's own.
    #[serde(default)]
    pub n_own: u32,
    /// How many of them the filters let through.
    #[serde(default)]
    pub n_matching: u32,
    /// Those that were asked for, in the order that was asked for.
    pub jobs: Vec<ListedJob>,
}

/// A job in a scheduler's listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListedJob {
    /// The scheduler's id, whole.
    pub pbs_id: PbsJobId,
    /// Its name.
    pub name: String,
    /// The login name of its owner on the host.
    pub owner: String,
    /// Its queue.
    pub queue: String,
    /// Its state in our words; absent when the scheduler's letter is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// The scheduler's own letter.
    pub state_letter: String,
    /// Processors asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ncpus: Option<u64>,
    /// Nodes asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodect: Option<u64>,
    /// Walltime asked for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walltime_seconds: Option<u64>,
    /// Walltime used, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_walltime_seconds: Option<u64>,
    /// When it was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<DateTime<Utc>>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// The scheduler's comment, such as why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who holds it, such as `us`: `u` its owner, `o` an operator, `s` the system. Absent when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_types: Option<String>,
    /// The jobs that it waits for, or that wait for it, in the scheduler's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depend: Option<String>,
    /// When the scheduler expects it to start, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_start_at: Option<DateTime<Utc>>,
    /// Of an array: how many of its jobs are in which state, such as `Queued:1 Running:3 Exiting:0 Expired:1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array_states: Option<String>,
    /// While it is queued: where it stands among those that are queued in its queue, in the scheduler's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// It runs under the caller's own login name on that host.
    pub is_own: bool,
    /// The caller's job here, if it was submitted through PBSWeb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}
