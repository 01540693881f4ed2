//! Looking for a text in the whole of an output, on the host: it may be far too long to be sent for that.

use std::sync::Arc;
use std::time::Duration;

use pbsweb_shared::api::jobs::{OutputFound, OutputMatch, OutputSearchQuery, OutputStream};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::problem::FieldError;

use super::JobError;
use super::output::{locate, why_missing};
use crate::app::App;
use crate::services::actor::Actor;
use crate::transport::{Program, RunLimits};

/// Longest text to look for, in bytes.
const MOST_TEXT: usize = 200;

/// Most matches of one answer.
const MOST_MATCHES: u32 = 100;

/// So much of what stands before a match, and after it, is told, in bytes.
const AROUND: usize = 120;

/// A processor of the host may be busy with it for so long.
const MOST_SECONDS: u32 = 20;

const LIMITS: RunLimits = RunLimits { deadline: Duration::from_secs(60), max_output_bytes: 1024 * 1024 };

/// How the program says that there is no such file, and that it may not be read.
const MISSING: u32 = 3;
const UNREADABLE: u32 = 4;

/// Finds a text in what a job of the caller wrote.
///
/// # Errors
/// There is no such output, and why; the text cannot be looked for; the host cannot be reached.
pub async fn find_in_output(
    app: &Arc<App>,
    actor: &Actor,
    id: JobId,
    stream: OutputStream,
    query: OutputSearchQuery,
) -> Result<OutputFound, JobError> {
    let (job, source) = locate(app, actor, id, stream, query.index).await?;
    check(&query.text)?;
    let most = query.limit.unwrap_or(50).clamp(1, MOST_MATCHES);
    let (from, line) = (query.offset.unwrap_or(0), query.line.unwrap_or(1).max(1));
    let program = Program::new(include_str!("find.sh"))
        .arg("file", source.path.as_str())
        .arg("text", &query.text)
        .arg("from", from.to_string())
        .arg("most", most.to_string())
        .arg("length", query.text.len().to_string())
        .arg("around", AROUND.to_string())
        .arg("seconds", MOST_SECONDS.to_string());
    let output = source.reach.run_program(app, program, LIMITS).await?;
    match output.exit_status {
        MISSING => return Err(JobError::NoOutput(why_missing(&job, &source))),
        UNREADABLE => {
            return Err(JobError::NoOutput(format!("{} cannot be read by your account", source.path)));
        }
        _ => {}
    }
    Ok(read(&String::from_utf8_lossy(&output.stdout), query.text.len(), from, line))
}

fn check(text: &str) -> Result<(), JobError> {
    let wrong = |code: &str, message: &str| {
        Err(JobError::Invalid(FieldError {
            pointer: "/text".to_owned(),
            code: format!("text.{code}"),
            message: message.to_owned(),
        }))
    };
    match text {
        "" => wrong("empty", "says nothing to look for"),
        text if text.len() > MOST_TEXT => wrong("too_long", "is longer than 200 bytes"),
        text if text.contains(['\n', '\0']) => wrong("lines", "is more than a line"),
        _ => Ok(()),
    }
}

/// Reads what the program printed; `from` and `line` are where it began.
fn read(printed: &str, length: usize, from: u64, line: u64) -> OutputFound {
    let mut lines = printed.lines();
    let total_bytes = lines.next().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
    let mut found = OutputFound { total_bytes, matches: Vec::new(), is_whole: false, stopped: None };
    for printed in lines {
        let mut words = printed.split_whitespace();
        let (first, second) = (words.next(), words.next().and_then(|word| word.parse::<u64>().ok()));
        if first == Some("end") {
            // grep has 0 and 1 for found and not found; a limit kills it.
            found.is_whole = matches!(second, Some(0 | 1));
            found.stopped = (!found.is_whole).then(|| match second {
                Some(128..) => format!("it took more than {MOST_SECONDS} s of a processor"),
                Some(_) | None => "the host has no command that can do this".to_owned(),
            });
            break;
        }
        let (Some(n), Some(byte)) = (first.and_then(|n| n.parse::<u64>().ok()), second) else { continue };
        let around = bytes(words.next().unwrap_or_default());
        let offset = from + byte;
        let begin = usize::try_from(offset.min(AROUND as u64)).unwrap_or(AROUND).min(around.len());
        let (before, rest) = around.split_at(begin);
        let (text, after) = rest.split_at(length.min(rest.len()));
        found.matches.push(OutputMatch {
            line: line - 1 + n,
            offset,
            before: shown(before.rsplit(|byte| *byte == b'\n').next()),
            text: shown(Some(text)),
            after: shown(after.split(|byte| *byte == b'\n').next()),
        });
    }
    found
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// As text, without what would move the cursor of a terminal. Letters that were cut in two at an end are left out.
fn shown(part: Option<&[u8]>) -> String {
    let text = String::from_utf8_lossy(part.unwrap_or_default());
    let text = text.trim_matches(char::REPLACEMENT_CHARACTER);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &[u8]) -> String {
        text.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn what_stands_around_a_match_is_read_up_to_its_line() {
        let near = format!("1 3 {}", hex(b"ab\tERROR: no\nnext"));
        let far = format!("7 400 {}", hex(&[&[b'x'; AROUND - 4][..], b"\n\xe9 \x1bERROR"].concat()));
        let found = read(&format!("2000\n{near}\n{far}\nend 0\n"), 5, 0, 1);
        assert_eq!((found.total_bytes, found.is_whole, found.stopped), (2000, true, None));
        let parts: Vec<_> = found
            .matches
            .iter()
            .map(|one| (one.line, one.offset, one.before.as_str(), one.text.as_str(), one.after.as_str()))
            .collect();
        assert_eq!(parts, [(1, 3, "ab ", "ERROR", ": no"), (7, 400, "  ", "ERROR", "")]);
        // From a byte on, both are counted from there.
        let later = read(&format!("2000\n2 10 {}\n", hex(&[b'y'; 300])), 5, 1000, 7);
        assert_eq!((later.matches[0].line, later.matches[0].offset, later.is_whole), (8, 1010, false));
        assert_eq!(later.matches[0].before.len(), AROUND);
    }

    #[test]
    fn a_search_that_was_stopped_is_not_whole() {
        for (printed, is_whole, stopped) in [
            ("5\nend 1\n", true, None),
            ("5\nend 152\n", false, Some("it took more than 20 s of a processor")),
            ("5\nend 2\n", false, Some("the host has no command that can do this")),
            ("", false, None),
        ] {
            let found = read(printed, 3, 0, 1);
            assert_eq!((found.is_whole, found.stopped.as_deref()), (is_whole, stopped), "{printed:?}");
            assert!(found.matches.is_empty());
        }
    }
}
