//! Readers of listings under random damage: they never panic, and a broken job costs nothing but itself. `make fuzz` runs
//! the same with many more cases (`PROPTEST_CASES`).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use pbsweb::scheduler::openpbs::{
    read_jobs, read_jobs_json, read_nodes, read_nodes_json, read_queues, read_queues_json, read_server,
    read_server_json, read_table,
};
use pbsweb::scheduler::{ListingReply, Scheduler, openpbs::OpenPbs};

use crate::recording::{Recording, framed, marker, recording};

/// Listings of several jobs, text and JSON, of both builds.
const TEXTS: &[&str] = &["qstat-f", "qstat-fw", "qstat-x-f", "release-23.06.06/qstat-f"];
const DOCUMENTS: &[&str] = &["qstat-f-json", "qstat-ft-json", "release-23.06.06/qstat-f-json"];
const OTHERS: &[&str] = &[
    "qstat",
    "qstat-Qf",
    "qstat-Qf-json",
    "qstat-Bf",
    "qstat-Bf-json",
    "pbsnodes-a",
    "pbsnodes-a-json",
    "qstat-f-dsv",
];

/// What people put into names, variables and comments, and what breaks parsers.
const NASTY: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"\t",
    b"\r\n",
    b"\"",
    b"\\",
    b"\\\"",
    b"\",",
    b"{",
    b"}",
    b"[",
    b"\xff\xfe",
    b"\0",
    b"=",
    b" = ",
    b"    a = b",
    b"\n    job_state = Q",
    b"nan",
    b"^\n",
    b"\x1b[31m",
    b",PBSWEB_JOB=x",
    b"Job Id",
    b"\xca\xe2",
];

/// One change to a text.
#[derive(Debug, Clone)]
enum Damage {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let bytes = prop_oneof![select(NASTY).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 1..12)];
    prop_oneof![
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, n)| Damage::Remove(at, n)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, n)| Damage::Repeat(at, n)),
        any::<Index>().prop_map(Damage::Cut),
    ]
}

fn damaged(mut text: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        if text.is_empty() {
            break;
        }
        match damage {
            Damage::Insert(at, bytes) => {
                let at = at.index(text.len());
                text.splice(at..at, bytes.iter().copied());
            }
            Damage::Remove(at, n) => {
                let at = at.index(text.len());
                text.drain(at..text.len().min(at + n));
            }
            Damage::Repeat(at, n) => {
                let at = at.index(text.len());
                let part = text[at..text.len().min(at + n)].to_vec();
                text.splice(at..at, part);
            }
            Damage::Cut(at) => text.truncate(at.index(text.len())),
        }
    }
    text
}

fn read_all(text: &[u8]) {
    let _ = (read_jobs(text), read_queues(text), read_server(text), read_nodes(text), read_table(text));
    let _ = (read_jobs_json(text), read_queues_json(text), read_server_json(text), read_nodes_json(text));
    let _ = OpenPbs.read_listing(&marker(), text);
}

/// The beginnings of the jobs' blocks, and the end of the last.
fn borders(text: &[u8], is_head: impl Fn(&[u8]) -> bool) -> Vec<usize> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if is_head(line) {
            found.push(at);
        }
        at += line.len();
    }
    found.push(at);
    found
}

fn is_head_of_job(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\t\t\"").or_else(|| line.strip_prefix(b"        \""));
    line.is_some_and(|line| line[0].is_ascii_digit() && line.ends_with(b"{\n"))
}

/// Places in a document that are inside a string which is some job's value.
fn places_in_strings(text: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let is_attribute = line.starts_with(b"\t\t\t") || line.starts_with(b"            ");
        let colon = line.windows(2).position(|pair| pair == b"\":");
        if let (true, Some(colon)) = (is_attribute, colon)
            && let Some(quote) = line[colon + 2..].iter().position(|byte| *byte == b'"')
        {
            let last = line.iter().rposition(|byte| *byte == b'"').unwrap();
            places.extend((colon + 3 + quote..=last).map(|place| at + place));
        }
        at += line.len();
    }
    places
}

proptest! {
    #[test]
    fn readers_take_any_bytes(text in vec(any::<u8>(), 0..2000)) {
        read_all(&text);
    }

    #[test]
    fn readers_take_damaged_recordings(
        name in select([TEXTS, DOCUMENTS, OTHERS].concat()),
        damage in vec(any_damage(), 1..8),
    ) {
        read_all(&damaged(recording(name).stdout, &damage));
    }

    /// Whatever happens inside one job's block, the others are read as before. Only text that looks like the head of
    /// another job could change that, and then by adding one.
    #[test]
    fn a_broken_job_in_a_text_costs_only_itself(
        name in select(TEXTS), which in any::<Index>(), damage in vec(any_damage(), 1..6),
    ) {
        let text = recording(name).stdout;
        let whole = read_jobs(&text).jobs;
        let heads = borders(&text, |line| line.starts_with(b"Job Id: "));
        let which = which.index(heads.len() - 1);
        let block = damaged(text[heads[which]..heads[which + 1]].to_vec(), &damage);
        prop_assume!(!block.windows(8).skip(1).any(|part| part == b"Job Id: "));
        let mut changed = text[..heads[which]].to_vec();
        changed.extend(&block);
        if !changed.ends_with(b"\n") && !changed.is_empty() {
            changed.push(b'\n');
        }
        changed.extend(&text[heads[which + 1]..]);
        let found = read_jobs(&changed);
        for (n, job) in whole.iter().enumerate() {
            // Without its head, a block's lines belong to the job before.
            let is_next_to_it = n + 1 == which || n == which;
            prop_assert!(
                is_next_to_it || found.jobs.contains(job) || found.unreadable.contains(&job.pbs_id),
                "{} is lost", job.pbs_id
            );
        }
        let n_kept = found.jobs.len() + found.unreadable.len();
        prop_assert!(n_kept + 1 >= whole.len(), "{n_kept} of {}", whole.len());
    }

    /// What users can put into a string: anything but a bare line break, which the release writes behind a caret only.
    #[test]
    fn a_broken_value_in_a_document_costs_only_its_job(
        name in select(DOCUMENTS), which in any::<Index>(),
        bytes in prop_oneof![select(NASTY).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 1..12)],
    ) {
        let text = recording(name).stdout;
        let whole = read_jobs_json(&text).unwrap().jobs;
        let places = places_in_strings(&text);
        let at = places[which.index(places.len())];
        let heads = borders(&text, is_head_of_job);
        let job = heads.iter().filter(|head| **head <= at).count() - 1;
        let bytes = String::from_utf8(bytes.iter().map(|byte| byte & 0x7f).collect()).unwrap().replace('\n', "^\n");
        let mut changed = text.clone();
        changed.splice(at..at, bytes.bytes());
        let found = read_jobs_json(&changed).unwrap();
        for (n, known) in whole.iter().enumerate() {
            prop_assert!(n == job || found.jobs.contains(known), "{} is lost", known.pbs_id);
        }
    }

    /// A listing of which the end is missing is no listing.
    #[test]
    fn a_cut_listing_is_unavailable(name in select(TEXTS), at in any::<Index>()) {
        let whole = framed(&[("jobs", &recording(name))]);
        let cut = &whole[..at.index(whole.len() - 1)];
        prop_assert!(matches!(OpenPbs.read_listing(&marker(), cut), ListingReply::Unavailable(_)));
    }

    #[test]
    fn a_cut_document_is_none(name in select(DOCUMENTS), at in any::<Index>()) {
        let text = recording(name).stdout;
        let end = text.trim_ascii_end().len() - 1;
        prop_assert!(read_jobs_json(&text[..at.index(end)]).is_err());
    }

    /// Words instead of jobs, whatever the exit status says, are never an empty queue.
    #[test]
    fn words_are_no_empty_listing(words in "[a-z][a-z :.]{1,80}", status in select(&[0, 1, 153, 255][..])) {
        let recording = Recording { stdout: words.into_bytes(), stderr: vec![], status };
        let reply = OpenPbs.read_listing(&marker(), &framed(&[("jobs", &recording)]));
        prop_assert!(matches!(reply, ListingReply::Unavailable(_)), "{reply:?}");
    }
}
