//! A queue's attributes as the rules that scripts are checked against, and as pages show them.

use pbsweb_shared::host::Queue;
use pbsweb_shared::script::{HostRules, QueueRules, ResourceLimits};

use crate::scheduler::QueueRecord;
use crate::store::hosts::HostRecord;

fn limits(listed: &[(String, String)]) -> ResourceLimits {
    let mut limits = ResourceLimits::default();
    for (name, value) in listed {
        // What is no bound of ours stays the scheduler's own business.
        limits.set(name, value);
    }
    limits
}

/// The members of a queue's access list, if it is switched on.
fn access_list(queue: &QueueRecord, switch: &str, list: &str) -> Option<Vec<String>> {
    let attribute =
        |name: &str| queue.other.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    let is_on = attribute(switch).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let members =
        attribute(list).unwrap_or_default().split(',').map(str::trim).filter(|member| !member.is_empty());
    is_on.then(|| members.map(ToOwned::to_owned).collect())
}

/// The rules of a host, for somebody with this login name there.
#[must_use]
pub fn host_rules(queues: &[QueueRecord], default_queue: Option<&str>, login: Option<String>) -> HostRules {
    let queues = queues.iter().map(|queue| QueueRules {
        name: queue.name.clone(),
        enabled: queue.is_enabled,
        started: queue.is_started,
        is_default: default_queue == Some(queue.name.as_str()),
        is_route: queue.is_route,
        acl_users: access_list(queue, "acl_user_enable", "acl_users"),
        acl_groups: access_list(queue, "acl_group_enable", "acl_groups"),
        max: limits(&queue.max),
        min: limits(&queue.min),
        default: limits(&queue.default),
        max_array_size: queue
            .other
            .iter()
            .find(|(name, _)| name == "max_array_size")
            .and_then(|(_, value)| value.parse().ok()),
    });
    HostRules { queues: queues.collect(), login, ..HostRules::default() }
}

/// A queue as pages show it.
#[must_use]
pub fn shown_queue(host: &HostRecord, queue: &QueueRecord, default_queue: Option<&str>) -> Queue {
    let (max, min, default) = (limits(&queue.max), limits(&queue.min), limits(&queue.default));
    Queue {
        name: queue.name.clone(),
        is_enabled: queue.is_enabled,
        is_started: queue.is_started,
        is_default: default_queue == Some(queue.name.as_str()),
        is_offered: queue.is_enabled
            && (host.offered_queues.is_empty() || host.offered_queues.contains(&queue.name)),
        n_queued: ["Queued", "Held", "Waiting", "Transit"].iter().filter_map(|word| queue.count(word)).sum(),
        n_running: ["Running", "Exiting", "Begun"].iter().filter_map(|word| queue.count(word)).sum(),
        max_walltime_seconds: max.walltime.map(|walltime| walltime.seconds()),
        default_walltime_seconds: default.walltime.map(|walltime| walltime.seconds()),
        max_ncpus: max.ncpus,
        min_ncpus: min.ncpus,
    }
}
