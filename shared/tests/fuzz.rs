//! The reader of scripts against texts that nobody meant: real scripts (`tests/scripts`), changed at random by a generator with a fixed
//! seed. A short run is part of every test; `make fuzz` runs for as long as `FUZZ_SECONDS` says, from another seed each time. What it
//! finds is found again from the state that it tells (`FUZZ_STATE=0x…`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects, and fails otherwise"
)]

use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use pbsweb_shared::script::values::{
    AccountName, ArrayRange, Checkpoint, Count, Dependency, EnvName, JobName, Join, KeepFiles, MailEvents,
    MailUsers, MemorySize, NameList, NodeFailures, OutputPath, PathList, Place, Priority, ProjectName,
    QueueName, RemoveFiles, Rerunnable, ResourceChunk, Sandbox, Select, StageList, StartTime, Truth, Umask,
    UnixPath, Walltime,
};
use pbsweb_shared::script::{
    DEFAULT_PREFIX, JobScript, JobScriptDraft, Placement, check, complete, diagnose, directive, highlight,
    normalise, parse, parse_with, prepare, render,
};

/// A small generator of pseudo-random numbers (xorshift), so that a failure can be run again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

const PIECES: &[&str] = &[
    "#PBS ",
    "\n#PBS -l ",
    "select=",
    "1:ncpus=2",
    "+",
    ":",
    "\\\n",
    "'",
    "\"",
    " -W depend=",
    "afterok:1",
    "\n",
    " ",
    "-v A=b",
    "export A='",
    "\ncd ",
    "$PBS_O_WORKDIR",
    "\r\n",
    "\r",
    "\0",
    "\n# PBSWeb: without epilogue\n",
    "nodes=2:ppn=8",
    ",",
    "=",
    "\ntrue\n",
    "#!/usr/bin/perl\n",
    "#!/bin/tcsh\n",
    "setenv A ",
    "é",
    "\u{202e}",
    "-",
    "#",
    " -h",
    "mem=4gb",
    "\t",
    "%",
    "@",
    "-t 1-3",
    "-d /x",
    "walltime=99",
    "\u{feff}",
    "\n:\n",
    " # why",
];

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut text = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(20)).min(text.len());
        match random.below(7) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, random.pick(PIECES).bytes())),
            2 => drop(text.splice(at..end, random.pick(PIECES).bytes())),
            3 if at < text.len() => text[at] = u8::try_from(random.below(256)).unwrap(),
            4 => {
                let copied = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                drop(text.splice(to..to, copied));
            }
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let to = (from + random.below(60)).min(other.len());
                drop(text.splice(at..at, other[from..to].iter().copied()));
            }
            _ => text.truncate(at.max(8)),
        }
    }
    text
}

/// The texts that values are put together from.
fn value(random: &mut Random) -> String {
    const VALUES: &[&str] = &[
        "",
        "a",
        "workq",
        "1:00:00",
        "90",
        "2:ncpus=4:mem=8gb+1",
        "it's \"x\"",
        "a b",
        "027",
        "afterok:1.pbs:2[].pbs",
        "1-9:2%3",
        "n",
        "oe",
        "true",
        "x@h:/y",
        "é",
        "/bin/sh",
        "~/x y",
        "$SCRATCH",
        "cd /x\n./run",
        "#PBS -q x\ntrue",
        "a\nb",
        "8gb",
        "-5",
        "scatter:excl",
        "c=5",
        "export A=1\n./run",
        "\\",
        "-W cred=x\n-l software=y",
        "PRIVATE",
    ];
    let mut value = random.pick(VALUES).to_owned();
    if random.below(4) == 0 {
        value.push_str(random.pick(PIECES));
    }
    value
}

/// Changes one or two fields, whichever.
fn change(draft: &mut JobScriptDraft, random: &mut Random) {
    let mut json = serde_json::to_value(&*draft).unwrap();
    let fields = json.as_object_mut().unwrap();
    for _ in 0..=random.below(2) {
        let names: Vec<String> = fields
            .keys()
            .filter(|name| !matches!(name.as_str(), "text" | "directive_prefix"))
            .cloned()
            .collect();
        let name = &names[random.below(names.len())];
        let text = value(random);
        let new = match &fields[name] {
            serde_json::Value::Bool(old) => serde_json::Value::Bool(!old),
            serde_json::Value::Array(_) => match name.as_str() {
                "chunks" => serde_json::json!([{ "count": "2", "ncpus": text }, { "mem": "1gb" }]),
                "dependencies" => serde_json::json!([{ "kind": "afterok", "jobs": text }]),
                _ => serde_json::json!([{ "name": "A", "value": text }, { "name": "B", "value": "1" }]),
            },
            _ => serde_json::Value::String(text),
        };
        fields.insert(name.clone(), new);
    }
    *draft = serde_json::from_value(json).unwrap();
}

/// What must hold for every text.
fn holds(bytes: &[u8], random: &mut Random) {
    let parsed = parse(bytes);
    let text = render(&parsed.draft);
    if let Ok(given) = std::str::from_utf8(bytes)
        && !given.is_empty()
        && !given.contains("PBSWeb notes the times")
    {
        assert_eq!(text, given, "reading and writing changes nothing");
    }
    assert_eq!(render(&normalise(&parsed.draft)), text, "nor does bringing values to their one form");
    let n_lines = text.matches('\n').count() + 1;
    for finding in &parsed.diagnostics {
        assert!(
            finding.line.is_none_or(|line| line >= 1 && line as usize <= n_lines),
            "{finding:?} in {n_lines} lines"
        );
        assert!(finding.column.is_none_or(|column| column >= 1), "{finding:?}");
    }
    let _ = parse_with(bytes, "#JOB");
    let mut painted = 0;
    for part in highlight(&text, DEFAULT_PREFIX) {
        let shown = text.get(part.start..part.end).unwrap();
        assert!(part.start >= painted && !shown.is_empty() && !shown.contains('\n'), "{part:?} {shown:?}");
        painted = part.end;
    }
    let cursor = random.below(text.len() + 1);
    for offer in complete(&text, cursor, DEFAULT_PREFIX, None) {
        assert!(
            text.get(offer.start..cursor).is_some_and(|typed| offer.text.starts_with(typed)),
            "{offer:?}"
        );
    }

    let mut draft = parsed.draft;
    change(&mut draft, random);
    let (edited, _) = diagnose(&draft, None);
    if let Ok(script) = JobScript::from_draft(&draft) {
        let again = parse_with(edited.as_bytes(), &draft.directive_prefix).draft;
        let fields =
            |draft: &JobScriptDraft| normalise(&JobScriptDraft { text: String::new(), ..draft.clone() });
        assert_eq!(fields(&again), fields(&draft), "the text says what the fields say:\n{edited}");
        let place = Placement {
            job: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            job_folder: "/j",
            working_folder: "/w",
            keep_output_in_place: true,
            record: Some("{}"),
        };
        let sent = prepare(&script, &place);
        assert!(!sent.text.contains("\r\n") && sent.text.starts_with("#!"), "{:?}", sent.text);
        let back = parse(&sent.text).draft;
        assert_eq!(back.commands, script.draft().commands, "{}", sent.text);
    } else {
        assert!(check(&draft, None).iter().any(|finding| finding.is_error()));
    }
}

fn value_holds<T>(text: &str)
where
    T: FromStr + Display + PartialEq + Debug,
{
    if let Ok(value) = text.parse::<T>() {
        let printed = value.to_string();
        assert_eq!(printed.parse::<T>().ok().as_ref(), Some(&value), "{text:?} prints as {printed:?}");
        assert!(!printed.contains('\n'), "{text:?} prints as {printed:?}");
    }
}

fn values_hold(text: &str) {
    macro_rules! all {
        ($($value:ty),*) => { $(value_holds::<$value>(text);)* };
    }
    all!(
        AccountName,
        ArrayRange,
        Checkpoint,
        Count,
        Dependency,
        EnvName,
        JobName,
        Join,
        KeepFiles,
        MailEvents,
        MailUsers,
        MemorySize,
        NameList,
        NodeFailures,
        OutputPath,
        PathList,
        Place,
        Priority,
        ProjectName,
        QueueName,
        RemoveFiles,
        Rerunnable,
        ResourceChunk,
        Sandbox,
        Select,
        StageList,
        StartTime,
        Truth,
        Umask,
        UnixPath,
        Walltime
    );
}

/// Pieces of which values are made, so that good ones come up often enough.
fn value_text(random: &mut Random) -> String {
    const ATOMS: &[&str] = &[
        "1",
        "0",
        "9",
        "27",
        "gb",
        "kb",
        "w",
        ":",
        "-",
        "%",
        "=",
        "+",
        ",",
        "@",
        ".",
        "/",
        "a",
        "b",
        "e",
        "j",
        "n",
        "o",
        "d",
        "y",
        "ncpus",
        "mem",
        "h1",
        "excl",
        "scatter",
        "afterok",
        "on",
        "true",
        "PRIVATE",
        "2026-11-24T15:30",
        "1530",
        "\n",
        " ",
        "é",
        "'",
        "\u{0}",
    ];
    (0..random.below(9)).map(|_| random.pick(ATOMS)).collect()
}

#[test]
fn no_text_breaks_the_reader() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    let seed = seconds
        .map_or(0x5eed, |_| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
    let (begin, limit) = (Instant::now(), seconds.map(Duration::from_secs));
    let corpus = corpus();
    let mut random = Random(seed);
    for text in &corpus {
        holds(text, &mut random);
    }
    if let Ok(state) = std::env::var("FUZZ_STATE") {
        random.0 = u64::from_str_radix(state.trim_start_matches("0x"), 16).unwrap();
    }
    let mut n_texts = 0u64;
    while limit.map_or(n_texts < 1500, |limit| begin.elapsed() < limit) {
        let state = random.0;
        let text = mutate(&mut random, &corpus);
        let values: Vec<String> = (0..20).map(|_| value_text(&mut random)).collect();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            holds(&text, &mut random);
            values.iter().for_each(|text| values_hold(text));
        }));
        if let Err(panic) = result {
            eprintln!("random state {state:#x}, text:\n{}", String::from_utf8_lossy(&text));
            std::panic::resume_unwind(panic);
        }
        n_texts += 1;
    }
    eprintln!("{n_texts} texts from seed {seed:#x}");
}

#[test]
fn every_script_of_the_corpus_is_understood_but_for_what_is_odd_in_it() {
    for (text, name) in corpus().iter().zip(names()) {
        let parsed = parse(text);
        let unreadable =
            parsed.diagnostics.iter().filter(|finding| finding.code.starts_with("extra.unknown")).count();
        assert_eq!(unreadable > 0, name == "odd.pbs", "{name}: {:#?}", parsed.diagnostics);
        assert!(directive::ALL.iter().any(|directive| directive.name == "commands"), "{name}");
        assert!(!parsed.draft.commands.is_empty(), "{name}");
    }
}

fn names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
