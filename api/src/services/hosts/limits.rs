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

/// A queue as pages show it, to somebody with this login name there.
#[must_use]
pub fn shown_queue(
    host: &HostRecord,
    queue: &QueueRecord,
    default_queue: Option<&str>,
    login: Option<&str>,
) -> Queue {
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
        limits: queue.other.iter().flat_map(|(name, value)| together(name, value, login)).collect(),
    }
}

/// What an attribute of a queue says about all jobs, or those of a user, a group or a project, together: the limit attributes of
/// pbs_queue_attributes(7B), and the older ones that they replace. What is for another user is left out.
fn together(name: &str, value: &str, login: Option<&str>) -> Vec<String> {
    let (what, resource) = match name.split_once('.') {
        Some((name, resource)) => (name, Some(resource)),
        None => (name, None),
    };
    let all_or = |whose: &str| vec![(whose.to_owned(), value.trim())];
    let each = || value.split(',').filter_map(|part| whose(part, login)).collect();
    let (limits, what): (Vec<(String, &str)>, _) = match (what, resource) {
        ("max_run", None) => (each(), "run at once".to_owned()),
        ("max_queued", None) => (each(), "wait or run".to_owned()),
        ("max_run_res", Some(resource)) => (each(), format!("{resource} in use at once")),
        ("max_queued_res", Some(resource)) => (each(), format!("{resource} asked for")),
        ("max_running", None) => (all_or("all jobs"), "run at once".to_owned()),
        ("max_user_run", None) => (all_or("jobs of one user"), "run at once".to_owned()),
        ("max_group_run", None) => (all_or("jobs of one group"), "run at once".to_owned()),
        _ => return Vec::new(),
    };
    limits.into_iter().map(|(whose, most)| format!("{whose}: at most {most} {what}")).collect()
}

/// `[u:PBS_GENERIC=5]`: whose jobs, in words, and how many.
fn whose<'a>(part: &'a str, login: Option<&str>) -> Option<(String, &'a str)> {
    let (kind, limit) = part.trim().trim_start_matches('[').trim_end_matches(']').split_once(':')?;
    let (name, most) = limit.rsplit_once('=')?;
    let name = name.trim().trim_matches('"');
    let kind = match kind.trim() {
        "o" => return Some(("all jobs".to_owned(), most)),
        "u" => "user",
        "g" => "group",
        "p" => "project",
        _ => return None,
    };
    match name {
        "PBS_GENERIC" => Some((format!("jobs of one {kind}"), most)),
        name if kind == "user" => (login == Some(name)).then(|| ("your jobs".to_owned(), most)),
        name => Some((format!("jobs of the {kind} {name}"), most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_jobs_together_are_told() {
        let told = |name, value| together(name, value, Some("ada"));
        assert_eq!(told("max_queued", "[u:PBS_GENERIC=1]"), ["jobs of one user: at most 1 wait or run"]);
        assert_eq!(
            told(
                "max_run",
                "[o:PBS_ALL=100], [u:PBS_GENERIC=5],[u:ada=7],[u:bob=9],[g:\"solid state\"=20],[p:p1=3]"
            ),
            [
                "all jobs: at most 100 run at once",
                "jobs of one user: at most 5 run at once",
                "your jobs: at most 7 run at once",
                "jobs of the group solid state: at most 20 run at once",
                "jobs of the project p1: at most 3 run at once",
            ]
        );
        assert_eq!(
            told("max_run_res.ncpus", "[g:PBS_GENERIC=64]"),
            ["jobs of one group: at most 64 ncpus in use at once"]
        );
        assert_eq!(told("max_queued_res.mem", "[u:ada=1tb]"), ["your jobs: at most 1tb mem asked for"]);
        assert_eq!(told("max_user_run", "2"), ["jobs of one user: at most 2 run at once"]);
        for (name, value) in [
            ("max_run", "5"),
            ("max_run", "[u:PBS_GENERIC"),
            ("max_run", ""),
            ("max_run_soft", "[u:PBS_GENERIC=5]"),
            ("Priority", "100"),
        ] {
            assert_eq!(told(name, value), Vec::<String>::new(), "{name} {value}");
        }
    }
}
