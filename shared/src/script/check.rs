//! Everything that is wrong or surprising in a draft: the fields one by one, the text as a whole, and the host's rules.

use super::diagnostic::{Diagnostic, Findings};
use super::directive;
use super::draft::JobScriptDraft;
use super::host_rules::{self, HostRules};

/// The largest script that is taken, in bytes.
pub const MAX_SCRIPT_BYTES: usize = 1 << 20;

/// All findings about a draft, in the order of the form; with the rules of a host also what that host would say. If the draft was
/// read from a text, also what is found in that, with lines and columns.
///
/// ```
/// use pbsweb_shared::script::{JobScriptDraft, check};
/// let draft = JobScriptDraft { walltime: "1h".into(), commands: "true".into(), ..Default::default() };
/// let findings = check(&draft, None);
/// assert_eq!((findings[0].code.as_str(), findings[0].pointer.as_str()), ("walltime.syntax", "/walltime"));
/// ```
#[must_use]
pub fn check(draft: &JobScriptDraft, host: Option<&HostRules>) -> Vec<Diagnostic> {
    if draft.text.is_empty() { check_fields(draft, host) } else { diagnose(draft, host).1 }
}

/// The text of a draft, and all findings about both, each with the line and column where it stands in that text.
///
/// ```
/// use pbsweb_shared::script::{JobScriptDraft, diagnose};
/// let draft = JobScriptDraft { walltime: "1h".into(), commands: "true".into(), ..Default::default() };
/// let (text, findings) = diagnose(&draft, None);
/// let finding = &findings[0];
/// assert_eq!(text.lines().nth(2), Some("#PBS -l walltime=1h"));
/// assert_eq!((finding.line, finding.column), (Some(3), Some(6)));
/// ```
#[must_use]
pub fn diagnose(draft: &JobScriptDraft, host: Option<&HostRules>) -> (String, Vec<Diagnostic>) {
    let text = super::render(draft);
    let findings = check_text(&text, draft, host);
    (text, findings)
}

/// What [`diagnose()`] finds, for those who have the text of the draft already.
#[must_use]
pub fn check_text(text: &str, draft: &JobScriptDraft, host: Option<&HostRules>) -> Vec<Diagnostic> {
    super::parse::diagnose_text(text, draft, host)
}

/// The findings about the fields alone.
pub(super) fn check_fields(draft: &JobScriptDraft, host: Option<&HostRules>) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    for directive in directive::ALL {
        directive.check(draft, &mut findings);
    }
    check_characters(draft, &mut findings);
    check_size(draft, &mut findings);
    if let Some(host) = host {
        host_rules::check(draft, host, &mut findings);
    }
    findings.into_list()
}

/// The fields that may hold several lines, with what they are called.
fn texts(draft: &JobScriptDraft) -> impl Iterator<Item = (String, &str)> {
    [
        ("/commands".to_owned(), draft.commands.as_str()),
        ("/extra_directives".to_owned(), draft.extra_directives.as_str()),
    ]
    .into_iter()
    .chain(
        draft
            .variables
            .iter()
            .enumerate()
            .map(|(index, variable)| (format!("/variables/{index}/value"), variable.value.as_str())),
    )
}

fn check_characters(draft: &JobScriptDraft, findings: &mut Findings) {
    for (pointer, text) in texts(draft) {
        // Most hold none, which is quick to see.
        if let Some(first) = text.find('\r') {
            check_carriage_returns(&pointer, text, first, findings);
        }
        check_marks(&pointer, text, findings);
    }
}

fn check_carriage_returns(pointer: &str, text: &str, first: usize, findings: &mut Findings) {
    // The line end that is written behind a carriage return at the end makes it one of those.
    let last = (text.ends_with('\r') && pointer == "/commands").then(|| text.len().saturating_sub(1));
    if let Some(place) = text.find("\r\n").or(last) {
        findings.error(
            pointer,
            "text.crlf",
            "the lines end in CR LF, as Windows writes them; PBS refuses such a script, or the job ends with status 127",
            "convert the line ends to LF",
        );
        findings.at_line(line_of(text, place));
    } else {
        findings.warning(
            pointer,
            "text.control",
            "holds a carriage return that ends no line",
            "remove it unless it is meant",
        );
        findings.at_line(line_of(text, first));
    }
}

fn line_of(text: &str, place: usize) -> usize {
    text.get(..place).unwrap_or_default().matches('\n').count()
}

/// Characters that have no place in a script.
pub(super) fn check_marks(pointer: &str, text: &str, findings: &mut Findings) {
    // Without an early end, so that many bytes are looked at in one step: nearly every text is plain to its end.
    let is_odd = |byte: u8| !matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    if !text.bytes().fold(false, |found, byte| found | is_odd(byte)) {
        return;
    }
    if let Some(place) = text.find('\0') {
        findings.error(
            pointer,
            "text.nul",
            "a NUL character cannot stand in a script",
            "remove it; it often comes from copying a binary file",
        );
        findings.at_line(line_of(text, place));
    }
    let is_control = |c: char| c.is_control() && !"\0\r\n\t".contains(c);
    if let Some(place) = text.find(is_control).filter(|_| pointer != "/extra_directives") {
        findings.warning(
            pointer,
            "text.control",
            "holds control characters",
            "remove them unless they are meant",
        );
        findings.at_line(line_of(text, place));
    }
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if let Some(place) = text.find(turns) {
        findings.warning(
            pointer,
            "text.direction",
            "holds invisible marks of text direction, which can make it read differently from what is run",
            "remove them unless they are meant",
        );
        findings.at_line(line_of(text, place));
    }
}

fn check_size(draft: &JobScriptDraft, findings: &mut Findings) {
    // Quoting makes a text at most about four times as long; what is far below needs no rendering to be sure.
    let typed: usize = texts(draft).map(|(_, text)| text.len()).sum();
    if typed > MAX_SCRIPT_BYTES
        || (typed > MAX_SCRIPT_BYTES / 8 && super::render::render_fields(draft).len() > MAX_SCRIPT_BYTES)
    {
        findings.error(
            "",
            "text.too_large",
            format!("the script is larger than {MAX_SCRIPT_BYTES} bytes"),
            "keep data in files of the application, not in the script",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::VariableDraft;

    fn codes(draft: &JobScriptDraft) -> Vec<String> {
        check(draft, None)
            .into_iter()
            .map(|finding| format!("{} {}", finding.pointer, finding.code))
            .collect()
    }

    #[test]
    fn characters_that_break_a_script() {
        let check = |commands: &str, expected: &[&str]| {
            let draft = JobScriptDraft { commands: commands.into(), ..JobScriptDraft::default() };
            assert_eq!(codes(&draft), expected, "{commands:?}");
        };
        check("echo\tok\n", &[]);
        check("echo\0", &["/commands text.nul"]);
        check("a\r\nb\r\n", &["/commands text.crlf"]);
        check("a\rb", &["/commands text.control"]);
        check("a\r", &["/commands text.crlf"]);
        check("a\x1b[31m", &["/commands text.control"]);
        check("a\u{202e}b", &["/commands text.direction"]);
        check(&"x".repeat(MAX_SCRIPT_BYTES + 1), &[" text.too_large"]);
        check(&"x".repeat(MAX_SCRIPT_BYTES - 10), &[" text.too_large"]);
    }

    #[test]
    fn a_value_that_grows_by_quoting_is_measured_as_written() {
        let value = "'".repeat(MAX_SCRIPT_BYTES / 2);
        let draft = JobScriptDraft {
            commands: "true".into(),
            variables: vec![VariableDraft { name: "A".into(), value }],
            ..JobScriptDraft::default()
        };
        assert_eq!(codes(&draft), [" text.too_large"]);
    }

    #[test]
    fn all_findings_are_told_not_the_first() {
        let draft = JobScriptDraft { name: "a b".into(), walltime: "x".into(), ..JobScriptDraft::default() };
        assert_eq!(
            codes(&draft),
            ["/name name.syntax", "/walltime walltime.syntax", "/commands commands.missing"]
        );
    }
}
