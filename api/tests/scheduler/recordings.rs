//! Every recording, read by the parser of its form. A recording without a row in the index, without its files, or without
//! a form that something here reads or refuses, fails.

use std::collections::{BTreeMap, BTreeSet};

use pbsweb::scheduler::openpbs::{
    explain_status, read_jobs, read_jobs_json, read_nodes, read_nodes_json, read_queues, read_queues_json,
    read_server, read_server_json, read_table,
};
use pbsweb::scheduler::status::CommandKind;
use pbsweb::scheduler::{ListingReply, Meaning, Scheduler, openpbs::OpenPbs};
use pbsweb_shared::job::JobAction;
use pbsweb_shared::names::PbsJobId;

use crate::recording::{Recording, folder, framed, marker, names, recording};
use crate::refusals;

/// What a recorded command printed, by the reader that is to take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    JobsText,
    JobsJson,
    QueuesText,
    QueuesJson,
    ServerText,
    ServerJson,
    NodesText,
    NodesJson,
    Table,
    Ids,
    Version,
    Submission,
    Steering(JobAction),
    /// Nothing that PBSWeb asks for, or a part of it that went through `grep` or `head`.
    Foreign,
}

/// A row of the index.
struct Row {
    name: String,
    status: i32,
    command: String,
}

fn index() -> Vec<Row> {
    let text = std::fs::read_to_string(folder().join("INDEX.md")).unwrap();
    let mut below = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if line.starts_with("# Release 23.06.06") {
            below = "release-23.06.06/";
        }
        let line = line.replace("\\|", "¦");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [name, _, status, _, command] = cells.as_slice()
            && let Ok(status) = status.parse()
        {
            let command = command.trim_matches('`').replace('¦', "|");
            rows.push(Row { name: format!("{below}{name}"), status, command });
        }
    }
    rows
}

/// The form, from the command; of several commands in one line the last, which printed.
fn form_of(row: &Row) -> Form {
    let name = row.name.rsplit('/').next().unwrap();
    if name.starts_with("ssh-")
        || name.contains("pbs_r")
        || name.starts_with("pbsnodes-o-")
        || name.starts_with("pbsnodes-r-")
        || name == "qrun-noperm"
    {
        return Form::Foreign;
    }
    // Of submissions and steering the index has the command; what it did before or after is told by the name.
    let first = name.trim_start_matches("down-").trim_start_matches("hung-").split('-').next().unwrap();
    if name.ends_with("-version") {
        return Form::Version;
    }
    let steering = match first {
        "qdel" => Some(JobAction::Delete),
        "qhold" => Some(JobAction::Hold),
        "qrls" => Some(JobAction::Release),
        "qalter" => Some(JobAction::Alter),
        "qmove" => Some(JobAction::Move),
        "qrerun" => Some(JobAction::Rerun),
        "qsig" => Some(JobAction::Signal),
        "qmsg" => Some(JobAction::Message),
        "qorder" => Some(JobAction::Order),
        _ => None,
    };
    if let Some(action) = steering {
        return Form::Steering(action);
    }
    if first == "qsub" {
        return Form::Submission;
    }
    if row.command.contains("grep") || row.command.contains("| head") {
        return Form::Foreign;
    }
    // Ids that another command gave say nothing about the form.
    let command = row.command.split(" $(").next().unwrap().rsplit("; ").next().unwrap();
    let words: Vec<&str> = command
        .split_whitespace()
        .skip_while(|word| word.contains('=') || *word == "timeout" || *word == "20")
        .collect();
    let format = words.windows(2).find(|pair| pair[0] == "-F").map(|pair| pair[1]);
    let flags: String = words
        .iter()
        .filter(|word| word.starts_with('-') && !word.starts_with("-F"))
        .map(|word| word.trim_start_matches('-'))
        .collect();
    let mut flags: Vec<char> = flags.chars().collect();
    flags.sort_unstable();
    let flags: String = flags.into_iter().collect();
    match (words[0], flags.as_str(), format) {
        ("qselect", _, None) => Form::Ids,
        ("qstat", "f" | "fw" | "fx", None) => Form::JobsText,
        ("qstat", "f" | "fx" | "ft" | "ftx", Some("json")) => Form::JobsJson,
        ("qstat", "Qf", None) => Form::QueuesText,
        ("qstat", "Qf", Some("json")) => Form::QueuesJson,
        ("qstat", "Bf", None) => Form::ServerText,
        ("qstat", "Bf", Some("json")) => Form::ServerJson,
        ("qstat", "" | "t" | "w" | "x" | "tx" | "J" | "Jt" | "E" | "p", None) => Form::Table,
        ("pbsnodes", "a" | "av" | "H", None) => Form::NodesText,
        ("pbsnodes", "a" | "av", Some("json")) => Form::NodesJson,
        // Alternate and summary tables, other formats, usage texts: nothing here asks for them.
        (
            "qstat",
            "a" | "1an" | "1as" | "asw" | "aw" | "ax" | "B" | "H" | "i" | "q" | "Q" | "r" | "T" | "u" | "Z",
            None,
        )
        | ("qstat", "" | "D^f" | "Df" | "f" | "Q" | "Qf", Some("dsv" | "json" | "xml"))
        | ("pbsnodes", "aS" | "Saj" | "Sajl" | "LSaj" | "Sa" | "l" | "" | "o" | "Co" | "Cr", None)
        | ("pbsnodes", "a" | "Sa" | "Saj", Some("dsv" | "json")) => Form::Foreign,
        other => panic!("{}: no reader is chosen for {other:?}", row.name),
    }
}

/// The command gave an answer; else it is refused with its words, and no reader is asked.
fn answered(recording: &Recording) -> bool {
    recording.status == 0
}

fn check(name: &str, form: Form, recording: &Recording) {
    let out = &recording.stdout;
    match form {
        Form::JobsText => check_jobs_text(name, recording),
        Form::JobsJson => check_jobs_json(name, recording),
        Form::QueuesText => {
            let queues = read_queues(out);
            assert_eq!(queues.is_empty(), !answered(recording), "{name}");
            assert!(
                queues.iter().all(|queue| !queue.name.is_empty() && queue.total_jobs.is_some()),
                "{name}"
            );
        }
        Form::QueuesJson => {
            let queues = read_queues_json(out).unwrap();
            assert_eq!(queues.is_empty(), !answered(recording), "{name}");
            assert!(
                queues.iter().all(|queue| !queue.name.is_empty() && queue.total_jobs.is_some()),
                "{name}"
            );
        }
        Form::ServerText => {
            assert_eq!(read_server(out).map(|server| server.name).as_deref(), Some("vm"), "{name}")
        }
        Form::ServerJson => {
            let server = read_server_json(out).unwrap();
            assert_eq!(server.is_some(), answered(recording), "{name}");
            assert!(server.is_none_or(|server| server.has_history && server.state == "Active"), "{name}");
        }
        Form::NodesText => {
            let nodes = read_nodes(out);
            assert_eq!(nodes.len(), usize::from(answered(recording)), "{name}");
            assert!(
                nodes.iter().all(|node| node.name == "vm" && node.available.len() >= 5),
                "{name}: {nodes:?}"
            );
        }
        Form::NodesJson if answered(recording) => {
            let nodes = read_nodes_json(out).unwrap();
            assert_eq!(nodes.len(), 1, "{name}");
            assert!(
                nodes.iter().all(|node| node.name == "vm" && node.available.len() >= 5),
                "{name}: {nodes:?}"
            );
        }
        Form::NodesJson => assert!(out.is_empty() && read_nodes_json(out).is_err(), "{name}"),
        Form::Table => {
            let n_lines = String::from_utf8_lossy(out).lines().count();
            let rows = read_table(out).unwrap_or_else(|words| panic!("{name}: {words}"));
            assert_eq!(rows.len(), n_lines.saturating_sub(2), "{name}");
        }
        Form::Ids => {
            for id in String::from_utf8_lossy(out).lines() {
                assert_eq!(id.parse::<PbsJobId>().unwrap().to_string(), id, "{name}");
            }
            assert_eq!(recording.stderr.is_empty(), answered(recording), "{name}");
        }
        Form::Version => {
            let version =
                String::from_utf8_lossy(if out.is_empty() { &recording.stderr } else { out }).into_owned();
            assert!(version.contains("23.06.06"), "{name}: {version}");
        }
        Form::Submission => {
            // Refusals: refusals.rs. What was accepted begins with an id, unless qsub was told to be silent.
            let text = String::from_utf8_lossy(out);
            let first = text.lines().next().unwrap_or_default();
            let is_id = first.parse::<PbsJobId>().is_ok();
            let is_silent = name.ends_with("qsub-ok-z") || first.is_empty() || !name.contains("-ok");
            assert!(!answered(recording) || is_id || is_silent, "{name}: {first}");
            let found = explain_status(
                CommandKind::Submit,
                recording.status,
                &String::from_utf8_lossy(&recording.stderr),
            );
            assert_eq!(found.meaning == Meaning::Done, answered(recording), "{name}");
        }
        Form::Steering(action) => {
            let found = refusals::only(refusals::read(action, &["1.vm"], recording));
            assert_eq!(found.meaning == Meaning::Done, answered(recording), "{name}: {found:?}");
        }
        Form::Foreign => {}
    }
}

fn check_jobs_text(name: &str, recording: &Recording) {
    let found = read_jobs(&recording.stdout);
    let n_listed =
        recording.stdout.split(|b| *b == b'\n').filter(|line| line.starts_with(b"Job Id: ")).count();
    assert_eq!((found.jobs.len(), found.problems), (n_listed, vec![]), "{name}");
    for job in &found.jobs {
        assert!(job.state.is_some() != job.end.is_some(), "{name}: {job:?}");
        assert!(
            job.created_at.is_some() && job.queued_at.is_some() && job.modified_at.is_some(),
            "{name}: {job:?}"
        );
        assert!(!job.queue.is_empty() && !job.server.is_empty() && !job.name.is_empty(), "{name}: {job:?}");
    }
}

fn check_jobs_json(name: &str, recording: &Recording) {
    // Nothing but complaints on standard error (status 2): no document at all.
    let Ok(found) = read_jobs_json(&recording.stdout) else {
        assert!(recording.stdout.is_empty() && recording.status != 0, "{name}");
        return;
    };
    assert_eq!((found.problems, found.unreadable), (vec![], vec![]), "{name}");
    let n_listed = recording
        .stdout
        .split(|b| *b == b'\n')
        .filter(|line| {
            let line = line.strip_prefix(b"\t\t\"").or_else(|| line.strip_prefix(b"        \""));
            line.is_some_and(|line| line.ends_with(b"{") && line[0].is_ascii_digit())
        })
        .count();
    assert_eq!(found.jobs.len(), n_listed, "{name}");
    for job in &found.jobs {
        assert!(!job.name.is_empty() && !job.owner.is_empty() && !job.queue.is_empty(), "{name}: {job:?}");
        assert!(job.requested("ncpus").is_some() || job.requested("select").is_some(), "{name}: {job:?}");
        // A queued subjob has the times of its array.
        assert!(job.created_at.is_some() && job.modified_at.is_some(), "{name}: {job:?}");
    }
}

#[test]
fn every_recording_is_in_the_index_and_has_its_files() {
    let rows = index();
    let indexed: BTreeSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    assert_eq!(indexed.len(), rows.len(), "a name comes twice");
    let found: BTreeSet<String> = names("").into_iter().chain(names("release-23.06.06")).collect();
    assert_eq!(found, indexed);
    for row in rows {
        assert_eq!(recording(&row.name).status, row.status, "{}", row.name);
    }
}

#[test]
fn every_recording_is_read_by_the_reader_of_its_form() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in index() {
        let form = form_of(&row);
        check(&row.name, form, &recording(&row.name));
        *counts.entry(format!("{form:?}")).or_default() += 1;
    }
    let lines: Vec<String> = counts.iter().map(|(form, n)| format!("{form}: {n}")).collect();
    insta::assert_snapshot!("forms", lines.join("\n"));
}

#[test]
fn no_recording_of_another_form_is_taken_for_a_listing_without_jobs() {
    for row in index() {
        let recording = recording(&row.name);
        if matches!(form_of(&row), Form::JobsText) {
            continue;
        }
        let reply = OpenPbs.read_listing(&marker(), &framed(&[("jobs", &recording)]));
        match reply {
            ListingReply::Unavailable(unavailable) => {
                assert!(recording.status != 0 || !unavailable.words.is_empty(), "{}", row.name);
            }
            // Nothing was printed and the status is 0: that is how a server without jobs answers.
            ListingReply::Listed(listing) => {
                let is_silent = recording.stdout.trim_ascii().is_empty();
                assert!(
                    is_silent || !listing.unreadable.is_empty() || !listing.jobs.is_empty(),
                    "{}",
                    row.name
                );
            }
        }
    }
}

#[test]
fn text_and_json_of_one_moment_say_the_same() {
    for (text, json) in
        [("qstat-f", "qstat-f-json"), ("release-23.06.06/qstat-f", "release-23.06.06/qstat-f-json")]
    {
        let text = read_jobs(&recording(text).stdout).jobs;
        let json = read_jobs_json(&recording(json).stdout).unwrap().jobs;
        assert_eq!(text.len(), json.len());
        for (text, mut json) in text.into_iter().zip(json) {
            // Recorded one after the other; and the later build writes one index that is left as a number.
            json.used.clone_from(&text.used);
            json.modified_at = text.modified_at;
            assert_eq!(text, json);
        }
    }
}

#[test]
fn json_that_is_none_keeps_its_values() {
    for (name, attribute, expected) in [
        ("json-name-nan", "name", "nan"),
        ("json-name-plus", "name", "+1"),
        ("json-name-1e5", "name", "1e5"),
        ("json-args-plus", "name", "+1"),
        ("json-backslash-end", "name", "t"),
        ("json-software-plus", "software", "+1"),
        ("json-comma-only", "name", "j"),
    ] {
        for folder in ["", "release-23.06.06/"] {
            let found = read_jobs_json(&recording(&format!("{folder}{name}")).stdout).unwrap();
            let [job] = found.jobs.as_slice() else { panic!("{folder}{name}: {found:?}") };
            let value = if attribute == "name" { &job.name } else { job.requested(attribute).unwrap() };
            assert_eq!(value, expected, "{folder}{name}");
        }
    }
    // The whole listing of a server that one variable makes invalid for every strict parser.
    let broken = recording("release-23.06.06/qstat-x-f-json");
    assert!(serde_json::from_slice::<serde_json::Value>(&broken.stdout).is_err());
    assert!(read_jobs_json(&broken.stdout).unwrap().jobs.len() > 5);
}
