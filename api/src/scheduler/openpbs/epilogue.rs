//! What a job's own script leaves in its folder (`shared::script::prepare` writes it): `begun` when it starts and `epilogue`
//! when it ends, one `key value` a line; the subjobs of an array each write files of their own, `begun.7` and `epilogue.7`.
//! `programs/notes.sh` puts the file's name before each line.

use std::collections::HashMap;

use chrono::DateTime;

use crate::scheduler::frames::Frame;
use crate::scheduler::records::{EpilogueFacts, RunNote};

/// The shell function that reads the notes of a job's folder.
pub(super) const NOTES: &str = include_str!("programs/notes.sh");

/// No array of PBS is larger by default; beyond it a range is somebody's mistake.
const MOST_INDICES: u32 = 1_000_000;

/// Puts together what the files say; frames are `file <whose> <what>`.
pub(super) fn read<'a>(frames: impl Iterator<Item = &'a Frame<'a>>) -> Option<EpilogueFacts> {
    let mut facts = EpilogueFacts::default();
    let mut starts: HashMap<Option<u32>, [Option<i64>; 2]> = HashMap::new();
    for frame in frames {
        match frame.word(2) {
            "range" => facts.indices = indices_of_range(&frame.text()).unwrap_or_default(),
            "killed" => facts.killed = facts.killed.or(Some(frame.text()).filter(|line| !line.is_empty())),
            "notes" => {
                for line in String::from_utf8_lossy(frame.body).lines() {
                    read_line(&mut facts, &mut starts, line);
                }
            }
            _ => {}
        }
    }
    let run = std::iter::once((None, &mut facts.run));
    for (index, note) in run.chain(facts.subjobs.iter_mut().map(|(index, note)| (Some(*index), note))) {
        // A job that was run again wrote `begun` anew: the older end is not its end. Both files name the start, so that a clock that
        // jumps does not matter; an end without one is told by its time.
        let is_former = match starts.get(&index) {
            Some([Some(begun), Some(ended)]) => begun != ended,
            Some(_) | None => note.began_at.zip(note.ended_at).is_some_and(|(began, ended)| ended < began),
        };
        if is_former {
            note.ended_at = None;
            note.exit_status = None;
        }
    }
    Some(facts).filter(|facts| *facts != EpilogueFacts::default())
}

/// `epilogue.7 exit_status 3`
fn read_line(facts: &mut EpilogueFacts, starts: &mut HashMap<Option<u32>, [Option<i64>; 2]>, line: &str) {
    let mut words = line.split_ascii_whitespace();
    let (Some(file), Some(key), Some(value), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return;
    };
    let (name, index) = match file.split_once('.') {
        Some((name, index)) => match index.parse() {
            Ok(index) => (name, Some(index)),
            Err(_) => return,
        },
        None => (file, None),
    };
    let time = || value.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    if key == "started" {
        let [begun, ended] = starts.entry(index).or_default();
        let start = if name == "begun" { begun } else { ended };
        *start = value.parse().ok();
    }
    match (name, key) {
        ("begun", "started") => note(facts, index).began_at = time(),
        ("begun", "queue") => note(facts, index).queue = Some(value.to_owned()),
        ("epilogue", "ended") => note(facts, index).ended_at = time(),
        ("epilogue", "exit_status") => note(facts, index).exit_status = value.parse().ok(),
        // The start stands in `begun`, too, unless that could not be written.
        ("epilogue", "started") => {
            let note = note(facts, index);
            note.began_at = note.began_at.or(time());
        }
        (_, "pbs_id") => facts.pbs_id = facts.pbs_id.take().or_else(|| value.parse().ok()),
        _ => {}
    }
}

fn note(facts: &mut EpilogueFacts, index: Option<u32>) -> &mut RunNote {
    match index {
        Some(index) => facts.subjobs.entry(index).or_default(),
        None => &mut facts.run,
    }
}

/// The indices of `first-last[:step][%most]`.
fn indices_of_range(range: &str) -> Option<Vec<u32>> {
    let range = range.split('%').next()?;
    let (ends, step) = range.split_once(':').unwrap_or((range, "1"));
    let (first, last) = ends.split_once('-')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let step: usize = step.parse().ok().filter(|step| *step > 0)?;
    let is_sound = last.checked_sub(first)? < MOST_INDICES;
    is_sound.then(|| (first..=last).step_by(step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_indices() {
        for (range, indices) in [
            ("1-5", Some(vec![1, 2, 3, 4, 5])),
            ("0-9:2", Some(vec![0, 2, 4, 6, 8])),
            ("1-10:3%2", Some(vec![1, 4, 7, 10])),
            ("5-1", None),
            ("1-2:0", None),
            ("0-4000000000", None),
            ("", None),
        ] {
            assert_eq!(indices_of_range(range), indices, "{range}");
        }
    }

    #[test]
    fn notes_of_any_words_are_read_or_left() {
        let body = "begun started 100\nbegun queue workq\nbegun.7 queue\nepilogue exit_status 3\nepilogue started 100\nepilogue ended 160\n\
                    epilogue.7 exit_status 0\nepilogue.7 ended 150\nbegun.7 started 155\n\
                    epilogue.x exit_status 9\nepilogue exit_status 1 2\nepilogue\n\nbegun.1 started soon\n";
        let words = ["file", "job", "notes"].map(str::to_owned).to_vec();
        let frame = Frame { words, body: body.as_bytes() };
        let facts = read(std::iter::once(&frame)).unwrap();
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        assert_eq!(
            facts.run,
            RunNote {
                began_at: at(100),
                ended_at: at(160),
                exit_status: Some(3),
                queue: Some("workq".to_owned())
            }
        );
        // Subjob 7 was run again, and has not ended.
        assert_eq!(facts.subjobs[&7], RunNote { began_at: at(155), ..RunNote::default() });
        assert_eq!(facts.subjobs[&1], RunNote::default());
    }

    #[test]
    fn whose_end_it_is_does_not_depend_on_the_clock() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        for (begun, ended, exit_status) in [
            // The clock was put back while the job ran.
            ("begun started 7200", "epilogue started 7200\nepilogue ended 3700", Some(0)),
            // And before it was run again: the end is the former run's.
            ("begun started 3600", "epilogue started 7200\nepilogue ended 7300", None),
        ] {
            let body = format!("{begun}\n{ended}\nepilogue exit_status 0\n");
            let words = ["file", "job", "notes"].map(str::to_owned).to_vec();
            let facts = read(std::iter::once(&Frame { words, body: body.as_bytes() })).unwrap();
            let began_at = begun.rsplit(' ').next().and_then(|seconds| at(seconds.parse().ok()?));
            assert_eq!((facts.run.began_at, facts.run.exit_status), (began_at, exit_status), "{body}");
        }
    }
}
