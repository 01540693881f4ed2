//! What a job's own script leaves in its folder (`shared::script::prepare` writes it): `begun` when it starts and `epilogue`
//! when it ends, one `key value` a line; the subjobs of an array each write files of their own, `begun.7` and `epilogue.7`.

use chrono::DateTime;

use crate::scheduler::frames::Frame;
use crate::scheduler::records::EpilogueFacts;

/// Puts together what the files say; frames are `file <whose> <name>`.
pub(super) fn read<'a>(frames: impl Iterator<Item = &'a Frame<'a>>) -> Option<EpilogueFacts> {
    let mut facts: Option<EpilogueFacts> = None;
    for frame in frames {
        let name = frame.word(2);
        if name == "range" {
            if let Some(size) = size_of_range(&frame.text()) {
                facts.get_or_insert_with(EpilogueFacts::default).n_subjobs = Some(size);
            }
            continue;
        }
        let (is_end, is_subjob) = match name.split_once('.') {
            Some(("begun", _)) => (false, true),
            Some(("epilogue", _)) => (true, true),
            None if name == "begun" => (false, false),
            None if name == "epilogue" => (true, false),
            Some(_) | None => continue,
        };
        let facts = facts.get_or_insert_with(EpilogueFacts::default);
        let text = frame.text();
        let value = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::trim)
        };
        let time =
            |key: &str| value(key)?.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        facts.pbs_id = facts.pbs_id.take().or_else(|| value("pbs_id")?.parse().ok());
        let status = value("exit_status").and_then(|status| status.parse::<i32>().ok());
        if is_subjob {
            // The end of one subjob is not the end of the array.
            if let (true, Some(status)) = (is_end, status) {
                facts.n_subjobs_ended += 1;
                facts.n_subjobs_failed += u32::from(status != 0);
            }
            facts.began_at = [facts.began_at, time("started")].into_iter().flatten().min();
            facts.ended_at = [facts.ended_at, time("ended")].into_iter().flatten().max();
        } else if is_end {
            facts.ended_at = time("ended");
            facts.exit_status = status;
        } else {
            facts.began_at = time("started");
        }
    }
    // A job that was run again wrote `begun` anew: the older end is not its end.
    if let Some(facts) = &mut facts
        && let (Some(began), Some(ended)) = (facts.began_at, facts.ended_at)
        && ended < began
    {
        facts.ended_at = None;
        facts.exit_status = None;
    }
    facts
}

/// How many indices `first-last[:step][%most]` has.
fn size_of_range(range: &str) -> Option<u32> {
    let range = range.split('%').next()?;
    let (ends, step) = range.split_once(':').unwrap_or((range, "1"));
    let (first, last) = ends.split_once('-')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    last.checked_sub(first)?.checked_div(step.parse().ok()?)?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::size_of_range;

    #[test]
    fn ranges_have_a_size() {
        for (range, size) in [
            ("1-5", Some(5)),
            ("0-9:2", Some(5)),
            ("1-10:3%2", Some(4)),
            ("5-1", None),
            ("1-2:0", None),
            ("", None),
        ] {
            assert_eq!(size_of_range(range), size, "{range}");
        }
    }
}
