//! What one host takes: the rules of its queues, and a draft held against them. Each finding quotes the rule.

use serde::{Deserialize, Serialize};

use super::diagnostic::Findings;
use super::directive;
use super::draft::JobScriptDraft;
use super::values::{ArrayRange, MemorySize, QueueName, Walltime};

/// The rules of a host, as its last snapshot told them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct HostRules {
    /// Its queues; if empty, nothing is known and no queue is called unknown.
    pub queues: Vec<QueueRules>,
    /// The most subjobs an array may have (`max_array_size` of the server).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_array_size: Option<u64>,
    /// The caller's login name on the host, against which access lists are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The kinds of nodes it has; if empty, nothing is known of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeRules>,
}

/// Nodes that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NodeRules {
    /// How many there are.
    pub count: u64,
    /// `resources_available.ncpus` of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ncpus: Option<u64>,
    /// `resources_available.mem` of each.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "16gb"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<MemorySize>,
    /// `resources_available.ngpus` of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngpus: Option<u64>,
}

/// The rules of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct QueueRules {
    /// Its name.
    pub name: String,
    /// Whether it takes jobs.
    pub enabled: bool,
    /// Whether its jobs are run.
    pub started: bool,
    /// Whether a job without a queue goes here.
    pub is_default: bool,
    /// Whether it only hands jobs on to other queues, which have rules of their own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_route: bool,
    /// Who may use it (`acl_users`), if not everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl_users: Option<Vec<String>>,
    /// Whose groups may use it (`acl_groups`), if not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl_groups: Option<Vec<String>>,
    /// `resources_max`: a job may not ask for more.
    pub max: ResourceLimits,
    /// `resources_min`: a job may not ask for less.
    pub min: ResourceLimits,
    /// `resources_default`: what a job gets that does not say.
    pub default: ResourceLimits,
    /// The most subjobs an array may have (`max_array_size` of the queue).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_array_size: Option<u64>,
}

/// Bounds or defaults for the resources of a whole job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ResourceLimits {
    /// Time of running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walltime: Option<Walltime>,
    /// Processors, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ncpus: Option<u64>,
    /// Memory, of all chunks together.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "16gb"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<MemorySize>,
    /// Chunks (PBS counts them as nodes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodect: Option<u64>,
    /// MPI processes, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpiprocs: Option<u64>,
    /// GPUs, of all chunks together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngpus: Option<u64>,
}

impl ResourceLimits {
    /// Notes what `resources_max.NAME = VALUE` (or min, default) said. `false` if the name is none of ours or the value does not
    /// read: then there is no such bound here, and the host itself has the last word.
    ///
    /// ```
    /// use pbsweb_shared::script::ResourceLimits;
    /// let mut max = ResourceLimits::default();
    /// assert!(max.set("walltime", "24:00:00") && max.set("ncpus", "4"));
    /// assert!(!max.set("licences", "2"));
    /// assert_eq!(max.walltime.unwrap().seconds(), 86_400);
    /// ```
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let count = |slot: &mut Option<u64>| {
            *slot = value.parse().ok();
            slot.is_some()
        };
        match name {
            "walltime" => {
                self.walltime = value.parse().ok();
                self.walltime.is_some()
            }
            "mem" => {
                self.mem = value.parse().ok();
                self.mem.is_some()
            }
            "ncpus" => count(&mut self.ncpus),
            "nodect" => count(&mut self.nodect),
            "mpiprocs" => count(&mut self.mpiprocs),
            "ngpus" => count(&mut self.ngpus),
            _ => false,
        }
    }
}

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
    for ((index, _), chunk) in super::render::given_chunks(draft).zip(chunks) {
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
            amount: select.map(super::values::Select::ncpus),
            bound: |limits| limits.ncpus,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "mem",
            amount: select.and_then(super::values::Select::mem_bytes),
            bound: |limits| limits.mem.map(MemorySize::bytes),
            show: |bytes| MemorySize::from_bytes(bytes).to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "nodect",
            amount: select.map(super::values::Select::nodect),
            bound: |limits| limits.nodect,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "mpiprocs",
            amount: select.map(super::values::Select::mpiprocs).filter(|count| *count > 0),
            bound: |limits| limits.mpiprocs,
            show: |count| count.to_string(),
        },
        Asked {
            pointer: "/chunks",
            resource: "ngpus",
            amount: select.map(super::values::Select::ngpus).filter(|count| *count > 0),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{ChunkDraft, check};

    /// The queues of the recordings.
    fn host() -> HostRules {
        let limits = |pairs: &[(&str, &str)]| {
            let mut limits = ResourceLimits::default();
            assert!(pairs.iter().all(|(name, value)| limits.set(name, value)));
            limits
        };
        let queue = |name: &str| QueueRules {
            name: name.into(),
            enabled: true,
            started: true,
            ..QueueRules::default()
        };
        HostRules {
            queues: vec![
                QueueRules { is_default: true, ..queue("workq") },
                QueueRules {
                    max: limits(&[("ncpus", "1"), ("walltime", "02:00:00"), ("mem", "2gb")]),
                    default: limits(&[("ncpus", "1"), ("walltime", "00:30:00")]),
                    ..queue("sequential")
                },
                QueueRules {
                    max: limits(&[
                        ("ncpus", "4"),
                        ("walltime", "24:00:00"),
                        ("nodect", "2"),
                        ("ngpus", "1"),
                        ("mpiprocs", "4"),
                    ]),
                    min: limits(&[("ncpus", "2"), ("walltime", "60")]),
                    ..queue("parallel")
                },
                QueueRules { enabled: false, started: false, ..queue("closed") },
            ],
            max_array_size: Some(10_000),
            ..HostRules::default()
        }
    }

    fn findings(draft: &JobScriptDraft, host: &HostRules) -> Vec<String> {
        let draft = JobScriptDraft { commands: "true".into(), ..draft.clone() };
        check(&draft, Some(host))
            .into_iter()
            .map(|finding| format!("{} {}", finding.pointer, finding.code))
            .collect()
    }

    fn draft(queue: &str, walltime: &str, select: &str) -> JobScriptDraft {
        let mut draft =
            JobScriptDraft { queue: queue.into(), walltime: walltime.into(), ..JobScriptDraft::default() };
        if !select.is_empty() {
            crate::script::directive::find("chunks").unwrap().read(select, &mut draft);
        }
        draft
    }

    #[test]
    fn queues_are_held_against_the_host() {
        let check = |queue: &str, expected: &[&str]| {
            assert_eq!(findings(&draft(queue, "1:00:00", "2:ncpus=1"), &host()), expected, "{queue:?}")
        };
        check("workq", &[]);
        check("", &["/queue queue.default"]);
        check("nosuchq", &["/queue queue.unknown"]);
        check("closed", &["/queue queue.not_enabled", "/queue queue.not_started"]);
        check("workq@elsewhere", &["/queue queue.other_server"]);
        check("b ad", &["/queue queue.syntax"]);
        assert_eq!(findings(&draft("nosuchq", "", ""), &HostRules::default()), [""; 0], "nothing is known");
        let mut none_default = host();
        none_default.queues.iter_mut().for_each(|queue| queue.is_default = false);
        assert_eq!(findings(&draft("", "", ""), &none_default), ["/queue queue.missing"]);
    }

    #[test]
    fn amounts_are_held_against_the_queue() {
        let check = |queue: &str, walltime: &str, select: &str, expected: &[&str]| {
            assert_eq!(
                findings(&draft(queue, walltime, select), &host()),
                expected,
                "{queue} {walltime} {select}"
            );
        };
        // Recorded refusals (status 188): walltime 99 h and 2 CPUs in sequential, 1 CPU in parallel.
        check("sequential", "99:00:00", "1", &["/walltime walltime.over_max"]);
        check("sequential", "2:00:00", "1:ncpus=2", &["/chunks chunks.over_max"]);
        check("parallel", "1:00:00", "1:ncpus=1", &["/chunks chunks.under_min"]);
        check("sequential", "", "", &["/walltime walltime.default", "/chunks chunks.default"]);
        check("sequential", "1:00", "1:mem=2049mb", &["/chunks chunks.over_max"]);
        check("parallel", "0:59", "2:ncpus=2", &["/walltime walltime.under_min"]);
        check("parallel", "60", "3:ncpus=1", &["/chunks chunks.over_max"]);
        check(
            "parallel",
            "60",
            "4:ncpus=1:ngpus=1:mpiprocs=2",
            &[
                "/chunks/0/mpiprocs mpiprocs.over_ncpus",
                "/chunks chunks.over_max",
                "/chunks chunks.over_max",
                "/chunks chunks.over_max",
            ],
        );
        check("parallel", "x", "1:ncpus=y", &["/chunks/0/ncpus ncpus.syntax", "/walltime walltime.syntax"]);
    }

    #[test]
    fn the_rule_is_quoted() {
        let draft = JobScriptDraft { commands: "true".into(), ..draft("sequential", "99:00:00", "1") };
        let found = check(&draft, Some(&host()));
        assert_eq!(
            found[0].message,
            "the job asks for walltime 99:00:00, queue sequential allows at most 02:00:00 (resources_max.walltime = 02:00:00); PBS refuses it (status 188)"
        );
    }

    #[test]
    fn arrays_are_counted() {
        let draft = JobScriptDraft { array: "1-20000".into(), ..draft("workq", "", "") };
        assert_eq!(findings(&draft, &host()), ["/array array.over_max"]);
        let chunk = ChunkDraft { ncpus: "1".into(), ..ChunkDraft::default() };
        let draft = JobScriptDraft { array: "1-10000".into(), chunks: vec![chunk], ..draft };
        assert_eq!(findings(&draft, &host()), [""; 0]);
    }

    #[test]
    fn rules_travel_as_json() {
        let rules = host();
        let json = serde_json::to_value(&rules).unwrap();
        assert_eq!(json["queues"][1]["max"]["walltime"], "02:00:00");
        assert_eq!(serde_json::from_value::<HostRules>(json).unwrap(), rules);
    }

    #[test]
    fn access_lists_are_held_against_the_login_name() {
        let found = |list: &[&str], login: Option<&str>| {
            let acl_users = Some(list.iter().map(|entry| (*entry).to_owned()).collect());
            let queue = QueueRules {
                name: "aclq".into(),
                enabled: true,
                started: true,
                acl_users,
                ..QueueRules::default()
            };
            let host =
                HostRules { queues: vec![queue], login: login.map(str::to_owned), ..HostRules::default() };
            findings(&draft("aclq", "1:00:00", "1"), &host)
        };
        // Recorded: bob is refused where acl_users = alice@*.
        assert_eq!(found(&["alice@*"], Some("bob")), ["/queue queue.not_allowed"]);
        for (list, login) in [
            (&["alice@*"][..], Some("alice")),
            (&["alice@*"], None),
            (&["-bob", "+*@*"], Some("alice")),
            (&["alice@vm", "bob"], Some("bob")),
        ] {
            assert_eq!(found(list, login), [""; 0], "{list:?} {login:?}");
        }
        assert_eq!(found(&["-bob", "*"], Some("bob")), ["/queue queue.not_allowed"]);
        assert_eq!(found(&[], Some("bob")), ["/queue queue.not_allowed"]);
        let queue = QueueRules {
            name: "q".into(),
            enabled: true,
            started: true,
            is_route: true,
            acl_groups: Some(vec!["staff".into()]),
            ..QueueRules::default()
        };
        let host = HostRules { queues: vec![queue], ..HostRules::default() };
        assert_eq!(
            findings(&draft("q", "1:00:00", "1"), &host),
            ["/queue queue.routes", "/queue queue.groups"]
        );
    }

    #[test]
    fn chunks_are_held_against_the_nodes() {
        let node = |ncpus, mem: &str, ngpus| NodeRules {
            count: 1,
            ncpus: Some(ncpus),
            mem: mem.parse().ok(),
            ngpus,
        };
        let host = HostRules { nodes: vec![node(4, "16gb", None), node(2, "64gb", Some(1))], ..host() };
        let check = |select: &str, expected: &[&str]| {
            assert_eq!(findings(&draft("workq", "1:00:00", select), &host), expected, "{select}");
        };
        check("100:ncpus=4:mem=16gb", &[]);
        check("1:ncpus=2:mem=64gb:ngpus=1", &[]);
        check("1:ncpus=1+1:ncpus=5", &["/chunks/1 chunks.over_node"]);
        check("1:ncpus=4:mem=17gb", &["/chunks/0 chunks.over_node"]);
        check("1:ncpus=4:ngpus=1", &["/chunks/0 chunks.over_node"]);
    }
}
