//! Every diagnostic has a case here, and a row in `docs/DIAGNOSTICS.md`, which is made of these cases: `WRITE_DOCS=1` writes it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects, and fails otherwise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use pbsweb_shared::script::{
    Diagnostic, HostRules, JobScriptDraft, NodeRules, QueueRules, ResourceLimits, VariableDraft, diagnose,
    parse,
};

/// A script, and the codes that are found in it, each with its line.
type Case = (&'static str, &'static [(&'static str, u32)]);

/// Each stands for its codes. A script without a first line gets `#!/bin/bash`, one without commands gets some.
const CASES: &[Case] = &[
    ("#PBS -N my\\ job", &[("name.syntax", 2)]),
    ("#PBS -q a/b", &[("queue.syntax", 2)]),
    ("#PBS -l walltime=1h", &[("walltime.syntax", 2)]),
    ("#PBS -l walltime=9999999:0:0", &[("walltime.range", 2)]),
    ("#PBS -l walltime=0", &[("walltime.zero", 2)]),
    ("#PBS -l walltime=24", &[("walltime.seconds", 2)]),
    ("#PBS -l select=0:ncpus=1", &[("count.range", 2)]),
    ("#PBS -l select=two:ncpus=1", &[("count.syntax", 2)]),
    ("#PBS -l select=1:ncpus=x", &[("ncpus.syntax", 2)]),
    ("#PBS -l select=1:ncpus=9999999999", &[("ncpus.range", 2)]),
    ("#PBS -l select=1:mpiprocs=x", &[("mpiprocs.syntax", 2)]),
    ("#PBS -l select=1:ompthreads=x", &[("ompthreads.syntax", 2)]),
    ("#PBS -l select=1:ngpus=x", &[("ngpus.syntax", 2)]),
    ("#PBS -l select=1:mem=1.5gb", &[("mem.syntax", 2)]),
    ("#PBS -l select=1:mem=99999pb", &[("mem.range", 2)]),
    ("#PBS -l select=1:mem=8", &[("mem.bytes", 2)]),
    ("#PBS -l select=1:ncpus=2:mpiprocs=4", &[("mpiprocs.over_ncpus", 2)]),
    ("#PBS -l select=1:scratch", &[("other.syntax", 2)]),
    ("#PBS -l select=1:mem=1gb:mem=2gb", &[("other.has_field", 2)]),
    ("#PBS -l nodes=2:ppn=8", &[("chunks.old_form", 2)]),
    ("#PBS -l place=nowhere", &[("place.syntax", 2)]),
    ("#PBS -P a,b", &[("project.syntax", 2)]),
    ("#PBS -A \"a\tb\"", &[("account.syntax", 2)]),
    ("#PBS -M a@b@c", &[("mail_users.syntax", 2)]),
    ("#PBS -m z", &[("mail_events.syntax", 2)]),
    ("#PBS -m ae", &[("mail_users.missing", 0)]),
    ("#PBS -M ada@example.org -m n", &[("mail_events.none", 2)]),
    ("#PBS -M ada@example.org -m aj", &[("mail_events.no_array", 2)]),
    ("#PBS -j xx", &[("join.syntax", 2)]),
    ("#PBS -o sortie-é.txt", &[("output_path.syntax", 2)]),
    ("#PBS -o ~/out", &[("output_path.not_expanded", 2)]),
    ("#PBS -o logs/", &[("output_path.folder", 2)]),
    ("#PBS -J 1-9 -o same.txt", &[("output_path.shared", 2)]),
    ("#PBS -j eo -o out.txt", &[("output_path.joined", 2)]),
    ("#PBS -e é", &[("error_path.syntax", 2)]),
    ("#PBS -e $HOME/err", &[("error_path.not_expanded", 2)]),
    ("#PBS -e logs/", &[("error_path.folder", 2)]),
    ("#PBS -J 1-9 -e same.txt", &[("error_path.shared", 2)]),
    ("#PBS -j oe -e err.txt", &[("error_path.joined", 2)]),
    ("#PBS -o all.txt -e all.txt", &[("error_path.same", 2)]),
    ("#PBS -W depend=whenever:1.pbs", &[("dependency_kind.syntax", 2)]),
    ("#PBS -W depend=afterok:", &[("dependency_jobs.syntax", 2)]),
    ("#PBS -J abc", &[("array.syntax", 2)]),
    ("#PBS -J 1-1", &[("array.range", 2)]),
    ("#PBS -J 1-9%3", &[("array.most", 2)]),
    ("#PBS -J 1-9 -r n", &[("rerunnable.array", 2)]),
    ("#PBS -r maybe", &[("rerunnable.syntax", 2)]),
    ("#PBS -p high", &[("priority.syntax", 2)]),
    ("#PBS -p 9999", &[("priority.range", 2)]),
    ("#PBS -a tomorrow", &[("start_after.syntax", 2)]),
    ("#PBS -a 99999999", &[("start_after.range", 2)]),
    ("#PBS -W umask=9", &[("umask.syntax", 2)]),
    ("#PBS -W umask=000", &[("umask.open", 2)]),
    ("#PBS -W group_list=a+b", &[("group_list.syntax", 2)]),
    ("#PBS -W sandbox=HERE", &[("sandbox.syntax", 2)]),
    ("#PBS -W sandbox=PRIVATE", &[("sandbox.results", 2)]),
    ("#PBS -W stagein=in.dat", &[("stagein.syntax", 2)]),
    ("#PBS -W stageout=out.dat", &[("stageout.syntax", 2)]),
    ("#PBS -W release_nodes_on_stageout=maybe", &[("release_nodes_on_stageout.syntax", 2)]),
    ("#PBS -W release_nodes_on_stageout=true", &[("release_nodes_on_stageout.no_stageout", 2)]),
    ("#PBS -W tolerate_node_failures=some", &[("tolerate_node_failures.syntax", 2)]),
    ("#PBS -W run_count=-1", &[("run_count.syntax", 2)]),
    ("#PBS -W run_count=9999999999", &[("run_count.range", 2)]),
    ("#PBS -W run_count=21", &[("run_count.held", 2)]),
    ("#PBS -W max_run_subjobs=x", &[("max_run_subjobs.syntax", 2)]),
    ("#PBS -W max_run_subjobs=5", &[("max_run_subjobs.no_array", 2)]),
    ("#PBS -J 1-9%3 -W max_run_subjobs=5", &[("max_run_subjobs.twice", 2)]),
    ("#PBS -W create_resv_from_job=maybe", &[("create_resv_from_job.syntax", 2)]),
    ("#PBS -c u", &[("checkpoint.syntax", 2)]),
    ("#PBS -k z", &[("keep_files.syntax", 2)]),
    ("#PBS -k oe", &[("keep_files.overruled", 2)]),
    ("#PBS -R x", &[("remove_files.syntax", 2)]),
    ("#PBS -R oe", &[("remove_files.gone", 2)]),
    ("#PBS -S bash", &[("shell_path.syntax", 2)]),
    ("#PBS -u a,b", &[("user_list.syntax", 2)]),
    ("#PBS -u bob", &[("user_list.other", 2)]),
    ("#!bash", &[("shell.relative", 1)]),
    ("#!/usr/bin/python3", &[("shell.no_epilogue", 1)]),
    ("-", &[("shell.missing", 0)]),
    ("#PBS -V", &[("extra.environment", 2)]),
    ("#PBS -v HOME", &[("extra.variables", 2)]),
    ("#PBS -v A=1", &[("variables.from_option", 2)]),
    ("#PBS -I", &[("extra.interactive", 2)]),
    ("#PBS -z", &[("extra.silent", 2)]),
    ("#PBS -f", &[("extra.foreground", 2)]),
    ("#PBS -q x # why", &[("directive.comment", 2)]),
    ("#PBS -C X", &[("extra.prefix", 2)]),
    ("#PBS -W block=true", &[("extra.block", 2)]),
    ("#PBS -W pwd=x", &[("extra.password", 2)]),
    ("#PBS -W nosuch=1", &[("extra.attribute", 2)]),
    ("#PBS -t 1-9", &[("torque.array", 2)]),
    ("#PBS -d /scratch", &[("torque.directory", 2)]),
    ("#PBS -J 1-9 -t 1-9", &[("extra.torque", 2)]),
    ("#PBS -l nodes=n1:ppn=2", &[("extra.nodes", 2)]),
    ("#PBS -l select=1 -l ncpus=2", &[("extra.select_and_resource", 2)]),
    ("#PBS -l cput=soon", &[("resource.value", 2)]),
    ("#PBS -l software=", &[("resource.no_value", 2)]),
    ("#PBS -Z", &[("extra.unknown", 2)]),
    ("#PBS umask=022", &[("extra.dash", 2)]),
    ("#PBS -q", &[("extra.value", 2)]),
    ("#PBS -A 'open", &[("extra.quote", 2)]),
    ("#PBS -W cred=\"a\tb\"", &[("extra.control", 2)]),
    ("#PBS -l walltime=1:00:00\n#PBS -l walltime=2:00:00", &[("extra.duplicate", 3)]),
    ("#PBS -q a\n#PBS -q b", &[("directive.overruled", 2)]),
    ("#SBATCH -n 4", &[("directive.foreign", 2)]),
    ("true\n#PBS -q late", &[("commands.directive", 3)]),
    ("trap cleanup EXIT", &[("commands.own_trap", 2)]),
    ("exec ./run", &[("commands.exec", 2)]),
    ("./run", &[("working_directory.home", 2)]),
    ("cd /`id`\n./run", &[]),
    ("echo \0", &[("text.nul", 2)]),
    ("echo \x1b[31m", &[("text.control", 2)]),
    ("echo \u{202e}", &[("text.direction", 2)]),
    ("echo\r\ntrue\r\n", &[("text.crlf", 2)]),
    ("\u{feff}true", &[("text.bom", 1)]),
];

fn text_of(case: &str) -> String {
    match case {
        "-" => "true\n".to_owned(),
        "#!bash" | "#!/usr/bin/python3" => format!("{case}\ntrue\n"),
        case if case.starts_with('\u{feff}') => case.to_owned(),
        case if case.starts_with('#') => format!("#!/bin/bash\n{case}\ncd $PBS_O_WORKDIR\ntrue\n"),
        case => format!("#!/bin/bash\n{case}\n"),
    }
}

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
                max: limits(&[("ncpus", "4"), ("walltime", "02:00:00")]),
                min: limits(&[("ncpus", "2"), ("walltime", "60")]),
                default: limits(&[("ncpus", "2"), ("walltime", "00:30:00")]),
                ..queue("small")
            },
            QueueRules { enabled: false, started: false, ..queue("closed") },
            QueueRules {
                acl_users: Some(vec!["alice@*".into()]),
                acl_groups: Some(vec!["staff".into()]),
                is_route: true,
                ..queue("aclq")
            },
        ],
        max_array_size: Some(1000),
        login: Some("bob".into()),
        nodes: vec![NodeRules { count: 4, ncpus: Some(8), mem: "64gb".parse().ok(), ngpus: None }],
    }
}

/// Against the rules of a host.
const HOST_CASES: &[Case] = &[
    ("#PBS -j oe", &[("queue.default", 0)]),
    ("#PBS -q nosuch", &[("queue.unknown", 2)]),
    ("#PBS -q closed", &[("queue.not_enabled", 2), ("queue.not_started", 2)]),
    ("#PBS -q aclq", &[("queue.not_allowed", 2), ("queue.groups", 2), ("queue.routes", 2)]),
    ("#PBS -q workq@elsewhere", &[("queue.other_server", 2)]),
    ("#PBS -q small -l walltime=9:00:00", &[("walltime.over_max", 2)]),
    ("#PBS -q small -l walltime=0:30", &[("walltime.under_min", 2)]),
    ("#PBS -q small -l select=2:ncpus=4", &[("chunks.over_max", 2)]),
    ("#PBS -q small -l select=1:ncpus=1", &[("chunks.under_min", 2)]),
    ("#PBS -q small", &[("walltime.default", 0), ("chunks.default", 0)]),
    ("#PBS -q workq -J 1-2000", &[("array.over_max", 2)]),
    ("#PBS -q workq -l select=1:ncpus=9", &[("chunks.over_node", 2)]),
];

/// What cannot be said in a few lines of script.
fn others() -> Vec<(&'static str, Vec<Diagnostic>)> {
    let text = |text: String| parse(text).diagnostics;
    let fields = |fill: fn(&mut JobScriptDraft)| {
        let mut draft = JobScriptDraft { commands: "true".into(), ..JobScriptDraft::default() };
        fill(&mut draft);
        diagnose(&draft, None).1
    };
    let variables = |names: &[&str]| {
        let variables =
            names.iter().map(|name| VariableDraft { name: (*name).into(), value: "1".into() }).collect();
        let shell = if names == ["X"] { "/usr/bin/perl".into() } else { String::new() };
        diagnose(
            &JobScriptDraft { variables, shell, commands: "true".into(), ..JobScriptDraft::default() },
            None,
        )
        .1
    };
    vec![
        ("name.range", text(format!("#PBS -N {}\ntrue", "x".repeat(231)))),
        ("queue.range", text(format!("#PBS -q {}\ntrue", "x".repeat(201)))),
        ("account.range", text(format!("#PBS -A {}\ntrue", "x".repeat(256)))),
        ("project.range", text(format!("#PBS -P {}\ntrue", "x".repeat(256)))),
        ("mail_users.range", text(format!("#PBS -M {}\ntrue", "x".repeat(4001)))),
        ("output_path.range", text(format!("#PBS -o {}\ntrue", "x".repeat(1024)))),
        ("error_path.range", text(format!("#PBS -e {}\ntrue", "x".repeat(1024)))),
        ("stagein.range", text(format!("#PBS -W stagein=a@h:{}\ntrue", "x".repeat(4001)))),
        ("stageout.range", text(format!("#PBS -W stageout=a@h:{}\ntrue", "x".repeat(4001)))),
        ("directive.too_long", text(format!("#PBS -A {}\ntrue", "x".repeat(5000)))),
        ("text.too_many_directives", text("#PBS -h\n".repeat(2001))),
        ("text.too_large", text("true\n".repeat(300_000))),
        ("text.utf8", parse(b"#!/bin/sh\nec\xe9\n").diagnostics),
        ("commands.missing", parse("").diagnostics),
        ("shell.syntax", fields(|d| d.shell = "/bin/a\nb".into())),
        ("shell.range", fields(|d| d.shell = format!("/{}", "x".repeat(5000)))),
        ("shell.long", fields(|d| d.shell = format!("/{}", "x".repeat(130)))),
        ("working_directory.syntax", fields(|d| d.working_directory = "a\nb".into())),
        ("working_directory.range", fields(|d| d.working_directory = "x".repeat(5000))),
        ("working_directory.no_commands", fields(|d| d.working_directory = "/`id`".into())),
        (
            "working_directory.interpreter",
            fields(|d| (d.working_directory, d.shell) = ("/x".into(), "/usr/bin/perl".into())),
        ),
        ("directive_prefix.syntax", fields(|d| d.directive_prefix = "JOB".into())),
        ("directive_prefix.range", fields(|d| d.directive_prefix = format!("#{}", "x".repeat(40)))),
        ("extra.comment", fields(|d| d.extra_directives = "-W cred=krb # why".into())),
        ("extra.several", fields(|d| d.extra_directives = "-W cred=krb -l software=x".into())),
        ("variable_name.syntax", variables(&["1A"])),
        ("variable_name.twice", variables(&["A", "A"])),
        ("variable_name.reserved", variables(&["PBSWEB_X"])),
        ("variable_name.scheduler", variables(&["PBS_X"])),
        ("variables.interpreter", variables(&["X"])),
        ("queue.missing", {
            let mut host = host();
            host.queues.iter_mut().for_each(|queue| queue.is_default = false);
            diagnose(&JobScriptDraft { commands: "true".into(), ..JobScriptDraft::default() }, Some(&host)).1
        }),
    ]
}

/// Each code, with the finding that stands for it and the script it was found in.
fn all() -> BTreeMap<String, (Diagnostic, String)> {
    let mut all = BTreeMap::new();
    let mut take = |code: &str, line: Option<u32>, found: &[Diagnostic], text: &str| {
        let finding = found
            .iter()
            .find(|finding| finding.code == code)
            .unwrap_or_else(|| panic!("no {code} in {text:?}: {found:#?}"));
        if let Some(line) = line {
            assert_eq!(finding.line.unwrap_or(0), line, "{code} in {text:?}");
        }
        assert!(!finding.message.is_empty() && !finding.message.ends_with('.'), "{finding:?}");
        all.entry(code.to_owned()).or_insert_with(|| (finding.clone(), text.to_owned()));
    };
    for (cases, host) in [(CASES, None), (HOST_CASES, Some(host()))] {
        for (case, codes) in cases {
            let text = text_of(case);
            let draft = parse(&text).draft;
            let (rendered, found) = diagnose(&draft, host.as_ref());
            assert_eq!(rendered, text);
            for (code, line) in *codes {
                take(code, Some(*line), &found, case);
            }
        }
    }
    for (code, found) in others() {
        take(code, None, &found, "");
    }
    all
}

/// The codes that the sources name.
fn named_in_sources() -> BTreeSet<String> {
    fn read(folder: &std::path::Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, codes);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let source = source.split("#[cfg(test)]").next().unwrap();
                codes.extend(
                    source.split('"').skip(1).step_by(2).filter(|word| is_code(word)).map(str::to_owned),
                );
            }
        }
    }
    fn is_code(word: &str) -> bool {
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        };
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.split_once('.').is_some_and(|(field, rule)| is_word(field) && is_word(rule))
            && !word.starts_with("chunks.")
            && !word.ends_with(".dat")
            && !word.ends_with(".txt")
    }
    let mut codes = BTreeSet::new();
    read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/script")), &mut codes);
    codes
}

#[test]
fn every_diagnostic_has_a_case_and_its_row_in_the_documentation() {
    let all = all();
    let missing: Vec<String> =
        named_in_sources().into_iter().filter(|code| !all.contains_key(code)).collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
    let mut page = String::from(
        "# Diagnostics of job scripts\n\nWhat is said of a script, by code. This page is made of the cases in `shared/tests/diagnostics.rs`, one for each: \
         `WRITE_DOCS=1 cargo test -p pbsweb-shared --test diagnostics` writes it. What a diagnostic is: [SCRIPT.md](SCRIPT.md).\n\n\
         | code | severity | such as | says | advice |\n|---|---|---|---|---|\n",
    );
    for (code, (finding, text)) in &all {
        let cell = |text: &str| {
            text.replace('|', "\\|")
                .replace('\n', " ⏎ ")
                .chars()
                .map(|c| if c.is_control() || c == '\u{202e}' || c == '\u{feff}' { '␀' } else { c })
                .collect::<String>()
        };
        let example =
            if text.is_empty() || text == "-" { String::new() } else { format!("`{}`", cell(text)) };
        let shown = |text: &str| {
            if text.chars().count() > 260 {
                format!("{}…", text.chars().take(258).collect::<String>())
            } else {
                text.to_owned()
            }
        };
        let severity = format!("{:?}", finding.severity).to_lowercase();
        writeln!(
            page,
            "| `{code}` | {severity} | {example} | {} | {} |",
            cell(&shown(&finding.message)),
            cell(&finding.advice)
        )
        .unwrap();
    }
    common::compare("DIAGNOSTICS.md", &page);
}

mod common;
