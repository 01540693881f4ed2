use super::*;
use crate::script::{ChunkDraft, JobScriptDraft, check};

/// The queues of the recordings.
fn host() -> HostRules {
    let limits = |pairs: &[(&str, &str)]| {
        let mut limits = ResourceLimits::default();
        assert!(pairs.iter().all(|(name, value)| limits.set(name, value)));
        limits
    };
    let queue =
        |name: &str| QueueRules { name: name.into(), enabled: true, started: true, ..QueueRules::default() };
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
        let host = HostRules { queues: vec![queue], login: login.map(str::to_owned), ..HostRules::default() };
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
    assert_eq!(findings(&draft("q", "1:00:00", "1"), &host), ["/queue queue.routes", "/queue queue.groups"]);
}

#[test]
fn chunks_are_held_against_the_nodes() {
    let node =
        |ncpus, mem: &str, ngpus| NodeRules { count: 1, ncpus: Some(ncpus), mem: mem.parse().ok(), ngpus };
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
