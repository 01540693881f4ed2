//! Bytes to lines: what can be wrong before there is any script in them.

use std::borrow::Cow;

use crate::script::check::MAX_SCRIPT_BYTES;
use crate::script::diagnostic::{Diagnostic, Findings, Severity};
use crate::script::prepare::{PROLOGUE_BEGIN, PROLOGUE_END, RECORD_BEGIN};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of some bytes, with U+FFFD for what is not UTF-8, which is told.
pub(super) fn decode(bytes: &[u8], findings: &mut Findings) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let good = bytes
                .get(..error.valid_up_to())
                .and_then(|good| std::str::from_utf8(good).ok())
                .unwrap_or_default();
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            tell_at(
                findings,
                Severity::Error,
                "text.utf8",
                line,
                column,
                "the text is not UTF-8 here",
                "save it as UTF-8; what could not be read shows as \u{fffd}",
            );
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

/// What is wrong with a text as a whole.
pub(super) fn check_whole(text: &str, findings: &mut Findings) {
    if text.starts_with(BYTE_ORDER_MARK) {
        tell_at(
            findings,
            Severity::Warning,
            "text.bom",
            1,
            1,
            "the text begins with a byte order mark, before which the system does not see the first line",
            "it is left out when the script is sent",
        );
    }
    if text.len() > MAX_SCRIPT_BYTES {
        findings.error(
            "",
            "text.too_large",
            format!("the script has {} bytes; at most {MAX_SCRIPT_BYTES} are taken", text.len()),
            "keep data in files of the application, not in the script",
        );
    }
    if let Some(first) = windows_line_end(text) {
        let line = text.get(..first).unwrap_or_default().matches('\n').count() + 1;
        tell_at(
            findings,
            Severity::Warning,
            "text.crlf",
            line,
            1,
            "the lines end in CR LF, as Windows writes them; PBS refuses such a script, or the job ends with status 127",
            "they are sent as LF",
        );
    }
}

/// Where the first line end of Windows stands. A carriage return at the very end is half of one.
fn windows_line_end(text: &str) -> Option<usize> {
    // Most texts hold none, which is quick to see.
    text.find('\r')?;
    text.find("\r\n").or_else(|| text.ends_with('\r').then(|| text.len().saturating_sub(1)))
}

/// The text without its wrapping: without byte order mark, with line ends as Unix has them, and without the lines that
/// [`prepare`](crate::script::prepare()) put in.
pub(crate) fn unwrap(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let text = if windows_line_end(text).is_some() {
        // Several carriage returns before one line end would leave another pair of the kind.
        Cow::Owned(text.split('\n').map(|line| line.trim_end_matches('\r')).collect::<Vec<_>>().join("\n"))
    } else {
        Cow::Borrowed(text)
    };
    without(without(text, prologue), record)
}

/// Without what is found in it.
fn without(text: Cow<'_, str>, found: fn(&str) -> Option<(&str, &str)>) -> Cow<'_, str> {
    match found(&text) {
        Some((before, after)) => Cow::Owned(format!("{before}{after}")),
        None => text,
    }
}

/// The same wrapping around another text.
pub(crate) fn rewrap(text: String, like: &str) -> String {
    let text = if like.contains("\r\n") { text.replace('\n', "\r\n") } else { text };
    if like.starts_with(BYTE_ORDER_MARK) { format!("{BYTE_ORDER_MARK}{text}") } else { text }
}

/// What stands before and after the lines that were put in, if they are there whole.
fn prologue(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once(&format!("{PROLOGUE_BEGIN}\n"))?;
    let (_, after) = rest.split_once(&format!("\n{PROLOGUE_END}\n"))?;
    (before.is_empty() || before.ends_with('\n')).then_some((before, after))
}

/// What stands before and after the server's own record.
fn record(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once(RECORD_BEGIN)?;
    let (_, after) = rest.split_once('\n')?;
    (before.is_empty() || before.ends_with('\n')).then_some((before, after))
}

fn tell_at(
    findings: &mut Findings,
    severity: Severity,
    code: &str,
    line: usize,
    column: usize,
    message: &str,
    advice: &str,
) {
    findings.push_whole(Diagnostic {
        pointer: String::new(),
        line: u32::try_from(line).ok(),
        column: u32::try_from(column).ok(),
        code: code.to_owned(),
        severity,
        message: message.to_owned(),
        advice: advice.to_owned(),
    });
}

/// Lines with their numbers and their places in the text.
pub(super) struct Lines<'a> {
    rest: &'a str,
    start: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, start: 0, number: 1 }
    }

    /// Where the next line begins, in bytes, and its number from 1.
    pub(super) fn position(&self) -> (usize, u32) {
        (self.start, self.number)
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        if self.rest.is_empty() { None } else { self.rest.split('\n').next() }
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        let taken = (line.len() + 1).min(self.rest.len());
        self.rest = self.rest.get(taken..).unwrap_or_default();
        self.start += taken;
        self.number = self.number.saturating_add(1);
        Some(line)
    }
}
