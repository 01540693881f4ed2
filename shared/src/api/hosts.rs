//! Hosts as rows: what administrators set, and each user's account on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::host::{Dialect, HostHealth};
use crate::ids::HostId;
use crate::job::JobState;
use crate::names::{HostName, LoginName, UserName};
use crate::words::words;

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Its short name.
    pub name: HostName,
    /// A line about it.
    pub description: String,
    /// The name or address of the login node.
    pub address: String,
    /// The port of its sshd.
    pub port: u16,
    /// Reached through this other host (`ProxyJump`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump_host: Option<HostId>,
    /// Its scheduler.
    pub dialect: Dialect,
    /// Where the scheduler's commands are; empty: found at the check, or on the PATH.
    pub bin_folder: String,
    /// The queues offered in forms; empty: all that are enabled.
    pub offered_queues: Vec<String>,
    /// Whether the site lets jobs write output in place (`-k oed`), so that it can be followed.
    pub keeps_output_in_place: bool,
    /// In use; a disabled one gets no traffic at all.
    pub is_enabled: bool,
    /// The keys that were confirmed; without one, nothing is sent to the host.
    pub host_keys: Vec<HostKey>,
    /// The user whose account lists it for everybody, while that one is usable; absent: an administrator's, else the one
    /// checked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_by: Option<UserName>,
    /// How it is.
    pub health: HostHealth,
    /// The caller's own account there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<HostAccount>,
}

/// A public key of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostKey {
    /// The key as in `known_hosts`: algorithm and base64.
    pub line: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

words! {
    /// In which order a host's jobs are listed.
    ListedOrder, "order" {
        /// The scheduler's.
        Scheduler = "scheduler",
        /// The caller's own first, else the scheduler's.
        Own = "own",
        /// By the number in the id, then by the id.
        Id = "id",
        /// By name.
        Name = "name",
        /// By owner.
        Owner = "owner",
        /// By queue.
        Queue = "queue",
        /// By state.
        State = "state",
        /// By the start, or before it by when it was queued.
        Since = "since",
    }
}

words! {
    /// By what a host's jobs stand together.
    ListedGroup, "group" {
        /// By owner.
        Owner = "owner",
        /// By queue.
        Queue = "queue",
        /// By state.
        State = "state",
    }
}

/// Which of a host's jobs, in which order, and which part of that. Without any of it: all, in the scheduler's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct HostJobsQuery {
    /// Only the caller's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// With each of these words in the name, owner, queue, id or comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In this order; what is alike in it stays in the scheduler's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<ListedOrder>,
    /// From the end of that order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
    /// Standing together by this, each group in that order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ListedGroup>,
    /// Without so many of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// At most so many; all when absent. Parts fit together as long as `as_of` stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The key that a host offers now, beside those that were confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostKeyScan {
    /// What the host offers.
    pub offered: HostKey,
    /// It is one of the confirmed ones.
    pub is_confirmed: bool,
    /// What was confirmed so far.
    pub confirmed: Vec<HostKey>,
}

/// A host to add. It is usable after its key was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HostCreate {
    /// Its short name.
    pub name: String,
    /// A line about it.
    #[serde(default)]
    pub description: String,
    /// The name or address of the login node.
    pub address: String,
    /// The port of its sshd; 22 when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Reached through this other host.
    #[serde(default)]
    pub jump_host: Option<HostId>,
    /// Its scheduler; `openpbs` when absent.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// Where the scheduler's commands are; empty: found at the check.
    #[serde(default)]
    pub bin_folder: String,
    /// The queues offered in forms; empty: all that are enabled.
    #[serde(default)]
    pub offered_queues: Vec<String>,
    /// Whether `-k oed` may be used; true when absent.
    #[serde(default)]
    pub keeps_output_in_place: Option<bool>,
    /// The keys that are known to be the host's, as in `known_hosts` (algorithm and base64).
    #[serde(default)]
    pub host_keys: Vec<String>,
}

/// Changes to a host; what is absent stays. They hold from the next exchange on; nothing is restarted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct HostUpdate {
    /// Its short name.
    pub name: Option<String>,
    /// A line about it.
    pub description: Option<String>,
    /// The name or address of the login node.
    pub address: Option<String>,
    /// The port of its sshd.
    pub port: Option<u16>,
    /// Reached through this other host; `null` for directly, absent for no change.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<HostId>))]
    pub jump_host: Option<Option<HostId>>,
    /// Where the scheduler's commands are.
    pub bin_folder: Option<String>,
    /// The queues offered in forms.
    pub offered_queues: Option<Vec<String>>,
    /// Whether `-k oed` may be used.
    pub keeps_output_in_place: Option<bool>,
    /// The user whose account lists it for everybody; empty: whoever can.
    pub listed_by: Option<String>,
    /// In use or not.
    pub is_enabled: Option<bool>,
    /// The confirmed keys, replacing those before.
    pub host_keys: Option<Vec<String>>,
}

/// Tells `null` from absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<HostId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The caller's own login name on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HostAccountPut {
    /// The Unix login name there.
    pub login: String,
}

/// The caller's account on a host, and what the last check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostAccount {
    /// The Unix login name there.
    pub login: LoginName,
    /// A check went well, so that builds and submissions can be tried.
    pub is_usable: bool,
    /// The last check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckReport>,
}

/// What a check of an account found, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// When it was made.
    pub checked_at: DateTime<Utc>,
    /// All that is needed works.
    pub is_ok: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was found, in the order it was tried; the first failure ends the list.
    pub findings: Vec<CheckFinding>,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckFinding {
    /// What was looked at: `connection`, `host_key`, `login`, `home`, `shell`, `scheduler`, `write_access`, `clock`, …
    pub topic: String,
    /// Good or not.
    pub verdict: Verdict,
    /// What was found, in plain words.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    #[serde(default)]
    pub advice: String,
}

words! {
    /// How good a finding is.
    Verdict, "verdict" {
        /// As it should be.
        Good = "good",
        /// Works, but worth knowing.
        Warning = "warning",
        /// Must be mended first.
        Failed = "failed",
    }
}
