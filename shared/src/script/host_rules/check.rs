//! A draft held against the rules of a host.

use super::{HostRules, NodeRules, QueueRules, ResourceLimits};
use crate::script::diagnostic::Findings;
use crate::script::directive;
use crate::script::draft::JobScriptDraft;
use crate::script::render::given_chunks;
use crate::script::values::{ArrayRange, MemorySize, QueueName, Select, Walltime};

/// What a job asks for, summed up.
struct Asked {
    pointer: &'static str,
    resource: &'static str,
    amount: Option<u64>,
    /// Where the queue's rule is.
    bound: fn(&ResourceLimits) -> Option<u64>,
    show: fn(u64) -> String,
}

pub(crate) fn check(draft: &JobScriptDraft, host: &HostRules, findings: &mut Findings) {
    if host.queues.is_empty() {
        return;
    }
    let mut ignored = Findings::default();
    let queue = draft.queue.trim();
    let rules = if queue.is_empty() {
        let Some(rules) = host.queues.iter().find(|rules| rules.is_default) else {
            findings.error(
                "/queue",
                "queue.missing",
                "this host has no default queue",
                format!("choose one of {}", names(host)),
            );
            return;
        };
        findings.hint(
            "/queue",
            "queue.default",
            format!("the job goes to the host's default queue {}", rules.name),
            "",
        );
        rules
    } else {
        let Some(name) = ignored.read::<QueueName>("/queue", queue, "", "") else { return };
        if name.server().is_some() {
            findings.hint(
                "/queue",
                "queue.other_server",
                "the queue is at another server, whose rules are not known here",
                "",
            );
            return;
        }
        let Some(rules) = host.queues.iter().find(|rules| rules.name == name.queue()) else {
            findings.error(
                "/queue",
                "queue.unknown",
                format!("this host has no queue {queue}; PBS refuses the job (status 170, unknown queue)"),
                format!("choose one of {}", names(host)),
            );
            return;
        };
        rules
    };
    if !rules.enabled {
        findings.error(
            "/queue",
            "queue.not_enabled",
            format!(
                "queue {} takes no jobs now (enabled = False); PBS refuses the job (status 173)",
                rules.name
            ),
            "choose another queue, or wait until it is opened",
        );
    }
    if !rules.started {
        findings.warning(
            "/queue",
            "queue.not_started",
            format!("queue {} does not run jobs now (started = False): the job would wait", rules.name),
            "choose another queue if it is urgent",
        );
    }
    if rules.is_route {
        findings.hint(
            "/queue",
            "queue.routes",
            format!("queue {} hands jobs on to other queues, whose rules count too", rules.name),
            "",
        );
    }
    check_access(rules, host.login.as_deref(), findings);
    check_amounts(draft, rules, findings);
    check_nodes(draft, &host.nodes, findings);
    if let Some(array) = ignored.read::<ArrayRange>("/array", &draft.array, "", "") {
        let bound = [rules.max_array_size, host.max_array_size].into_iter().flatten().min();
        if let Some(bound) = bound.filter(|bound| array.count() > *bound) {
            findings.error(
                "/array",
                "array.over_max",
                format!(
                    "the array has {} subjobs, this host takes at most {bound} (max_array_size = {bound})",
                    array.count()
                ),
                "split it into several arrays",
            );
        }
    }
}

/// Holds the caller against the queue's access lists.
fn check_access(rules: &QueueRules, login: Option<&str>, findings: &mut Findings) {
    if let (Some(list), Some(login)) = (&rules.acl_users, login)
        && !is_listed(list, login)
    {
        findings.error(
            "/queue",
            "queue.not_allowed",
            format!(
                "queue {} is not for {login} (acl_users = {}); PBS refuses the job (status 159, Unauthorized Request)",
                rules.name,
                list.join(",")
            ),
            "choose another queue, or ask the operators for access",
        );
    }
    if let Some(list) = &rules.acl_groups {
        findings.hint(
            "/queue",
            "queue.groups",
            format!("queue {} is for some groups only (acl_groups = {})", rules.name, list.join(",")),
            "",
        );
    }
}

/// Whether an access list lets a login name in. The host that it submits from is the scheduler's own business.
fn is_listed(list: &[String], login: &str) -> bool {
    for entry in list {
        let (allows, entry) = match entry.strip_prefix('-') {
            Some(entry) => (false, entry),
            None => (true, entry.strip_prefix('+').unwrap_or(entry)),
        };
        let user = entry.split('@').next().unwrap_or_default();
        if user == login || user == "*" {
            return allows;
        }
    }
    false
}

/// Holds each chunk against the nodes: one that fits on none waits for ever, and PBS does not say so.
fn check_nodes(draft: &JobScriptDraft, nodes: &[NodeRules], findings: &mut Findings) {
    let mut ignored = Findings::default();
    let select = directive::select(draft, &mut ignored);
    if nodes.is_empty() {
        return;
    }
    let chunks = select.as_ref().map_or(&[][..], |select| select.chunks());
    for ((index, _), chunk) in given_chunks(draft).zip(chunks) {
        let fits = |node: &NodeRules| {
            node.ncpus.is_none_or(|most| u64::from(chunk.ncpus.unwrap_or(1)) <= most)
                && node.mem.is_none_or(|most| chunk.mem.is_none_or(|mem| mem.bytes() <= most.bytes()))
                && chunk.ngpus.is_none_or(|ngpus| u64::from(ngpus) <= node.ngpus.unwrap_or(0))
        };
        if nodes.iter().any(fits) {
            continue;
        }
        let largest: Vec<String> = [
            nodes.iter().filter_map(|node| node.ncpus).max().map(|most| format!("ncpus = {most}")),
            nodes
                .iter()
                .filter_map(|node| node.mem)
                .max_by_key(|mem| mem.bytes())
                .map(|most| format!("mem = {most}")),
            nodes.iter().filter_map(|node| node.ngpus).max().map(|most| format!("ngpus = {most}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        findings.warning(
            &format!("/chunks/{index}"),
            "chunks.over_node",
            format!(
                "no node of this host has room for such a chunk: PBS takes the job, and it never runs (the most on a node: {})",
                largest.join(", ")
            ),
            "ask for more and smaller chunks",
        );
    }
}

fn names(host: &HostRules) -> String {
    let names: Vec<&str> =
        host.queues.iter().filter(|queue| queue.enabled).map(|queue| queue.name.as_str()).collect();
    names.join(", ")
}

fn check_amounts(draft: &JobScriptDraft, rules: &QueueRules, findings: &mut Findings) {
    // What does not read was told at the field already.
    let mut ignored = Findings::default();
    let walltime = ignored.read::<Walltime>("/walltime", &draft.walltime, "", "");
    let select = directive::select(draft, &mut ignored);
    let select = select.as_ref();
    let asked = [
        Asked {
            pointer: "/walltime",
            resource: "walltime",
            amount: walltime.map(Walltime::seconds),
            bound: |limits| limits.walltime.map(Walltime::seconds),
            show: |seconds| {
                Walltime::from_seconds(seconds).map_or_else(|| seconds.to_string(), |time| time.to_string())
            },
        },
        Asked {
            pointer: "/chunks",
            resource: "ncpus",
            amount: select.map(Select::ncpus),
            bound: |limits| limits.ncpus,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "mem",
            amount: select.and_then(Select::mem_bytes),
            bound: |limits| limits.mem.map(MemorySize::bytes),
            show: |bytes| MemorySize::from_bytes(bytes).to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "nodect",
            amount: select.map(Select::nodect),
            bound: |limits| limits.nodect,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "mpiprocs",
            amount: select.map(Select::mpiprocs).filter(|count| *count > 0),
            bound: |limits| limits.mpiprocs,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "ngpus",
            amount: select.map(Select::ngpus).filter(|count| *count > 0),
            bound: |limits| limits.ngpus,
            show: |count| count.to_string(),
        },
    ];
    for Asked { pointer, resource, amount, bound, show } in asked {
        let field = pointer.trim_start_matches('/');
        let queue = &rules.name;
        if let (Some(amount), Some(max)) = (amount, bound(&rules.max))
            && amount > max
        {
            findings.error(
                    pointer,
                    &format!("{field}.over_max"),
                    format!(
                        "the job asks for {resource} {}, queue {queue} allows at most {max} (resources_max.{resource} = {max}); PBS refuses it (status 188)",
                        show(amount),
                        max = show(max)
                    ),
                    "ask for less, or choose another queue",
                );
        }
        if let (Some(amount), Some(min)) = (amount, bound(&rules.min))
            && amount < min
        {
            findings.error(
                    pointer,
                    &format!("{field}.under_min"),
                    format!(
                        "the job asks for {resource} {}, queue {queue} wants at least {min} (resources_min.{resource} = {min}); PBS refuses it (status 188)",
                        show(amount),
                        min = show(min)
                    ),
                    "ask for more, or choose another queue",
                );
        }
        if let (None, Some(default)) = (amount, bound(&rules.default)) {
            findings.hint(
                pointer,
                &format!("{field}.default"),
                format!(
                    "queue {queue} gives {resource} {default} (resources_default.{resource})",
                    default = show(default)
                ),
                "",
            );
        }
    }
}
