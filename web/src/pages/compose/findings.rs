//! What is wrong or worth knowing, at the field and in sum.

use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::values::{MemorySize, Walltime};
use pbsweb_shared::script::{Diagnostic, Severity};

use crate::client::as_sentence;

/// Where the script is in the body of a submission.
const SCRIPT: &str = "/script";

/// The id of the control at a JSON pointer of the draft: `/chunks/0/mem` is `compose-chunks-0-mem`.
pub(super) fn control_id(pointer: &str) -> String {
    format!("compose{}", pointer.replace('/', "-"))
}

/// What is the matter and what to do, in sentences.
pub(super) fn words(finding: &Diagnostic) -> String {
    let message = as_sentence(&finding.message);
    if finding.advice.is_empty() { message } else { format!("{message} {}", as_sentence(&finding.advice)) }
}

/// Nobody is told off for a field that is still to be filled, before Submit is pressed.
pub(super) fn is_shown(finding: &Diagnostic, is_tried: bool) -> bool {
    is_tried || !(finding.is_error() && finding.code.ends_with(".missing"))
}

/// The error to show at a field: found here, or else said by the server.
pub(super) fn error_at(
    pointer: &str,
    findings: &[Diagnostic],
    is_tried: bool,
    server: &[FieldError],
) -> Option<String> {
    let here = findings
        .iter()
        .find(|finding| finding.pointer == pointer && finding.is_error() && is_shown(finding, is_tried));
    here.map(words).or_else(|| {
        server
            .iter()
            .find(|error| error.pointer.strip_prefix(SCRIPT) == Some(pointer))
            .map(|error| as_sentence(&error.message))
    })
}

/// The warnings and hints to show at a field, as one text; before them why a value is proposed for it.
pub(super) fn note_at(pointer: &str, proposed: Option<String>, findings: &[Diagnostic]) -> Option<String> {
    let found =
        findings.iter().filter(|finding| finding.pointer == pointer && !finding.is_error()).map(|finding| {
            match finding.severity {
                Severity::Error | Severity::Hint => words(finding),
                Severity::Warning => format!("Warning: {}", words(finding)),
            }
        });
    let notes: Vec<String> = proposed.into_iter().chain(found).collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// Whether what was learned of a field is about the one at a pointer: memory is learned for the first chunk.
pub(super) fn is_learned_at(field: &str, pointer: &str) -> bool {
    match field {
        "mem" => pointer == "/chunks/0/mem",
        _ => pointer.strip_prefix('/') == Some(field),
    }
}

/// Whether two texts say the same time or the same amount of memory.
pub(super) fn say_the_same(one: &str, other: &str) -> bool {
    let seconds = |text: &str| text.parse().ok().map(Walltime::seconds);
    let bytes = |text: &str| text.parse().ok().map(MemorySize::bytes);
    let (one, other) = (one.trim(), other.trim());
    one == other
        || seconds(one).is_some_and(|n| seconds(other) == Some(n))
        || bytes(one).is_some_and(|n| bytes(other) == Some(n))
}

/// In the order of their weight, then of their lines.
pub(super) fn worst_first(findings: &mut [Diagnostic]) {
    findings.sort_by_key(|finding| (finding.severity, finding.line));
}

/// `2 errors, 1 warning`; nothing when all is well.
pub(super) fn in_sum(findings: &[Diagnostic]) -> Option<String> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let parts: Vec<String> = [(count(Severity::Error), "error"), (count(Severity::Warning), "warning")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether a finding's field is one of these, or a part of one.
pub(super) fn is_within(pointer: &str, fields: &[&str]) -> bool {
    let field = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    fields.contains(&field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(pointer: &str, code: &str, severity: Severity) -> Diagnostic {
        Diagnostic {
            pointer: pointer.to_owned(),
            line: None,
            column: None,
            code: code.to_owned(),
            severity,
            message: "the walltime is no time".to_owned(),
            advice: "write HH:MM:SS".to_owned(),
        }
    }

    #[test]
    fn a_field_shows_its_own_error_and_else_the_servers() {
        let findings = [finding("/walltime", "walltime.syntax", Severity::Error)];
        let server = [FieldError {
            pointer: "/script/queue".to_owned(),
            code: "x".to_owned(),
            message: "is closed".to_owned(),
        }];
        let at = |pointer| error_at(pointer, &findings, false, &server);
        assert_eq!(at("/walltime").as_deref(), Some("The walltime is no time. Write HH:MM:SS."));
        assert_eq!(at("/queue").as_deref(), Some("Is closed."));
        assert_eq!(at("/name"), None);
    }

    #[test]
    fn what_is_missing_is_an_error_only_after_submit() {
        let findings = [finding("/commands", "commands.missing", Severity::Error)];
        assert_eq!(error_at("/commands", &findings, false, &[]), None);
        assert!(error_at("/commands", &findings, true, &[]).is_some());
    }

    #[test]
    fn findings_in_sum() {
        let findings = [
            finding("/a", "a.x", Severity::Error),
            finding("/b", "b.x", Severity::Error),
            finding("/c", "c.x", Severity::Warning),
            finding("/d", "d.x", Severity::Hint),
        ];
        assert_eq!(in_sum(&findings).as_deref(), Some("2 errors, 1 warning"));
        assert_eq!(in_sum(&findings[3..]), None);
        assert!(note_at("/c", None, &findings).unwrap().starts_with("Warning: The walltime"));
        let note = note_at("/d", Some("5gb is proposed.".to_owned()), &findings);
        assert!(note.unwrap().starts_with("5gb is proposed. The walltime"));
        assert_eq!(note_at("/a", None, &findings), None);
    }

    #[test]
    fn what_is_learned_is_told_at_its_field() {
        assert!(is_learned_at("walltime", "/walltime") && is_learned_at("mem", "/chunks/0/mem"));
        assert!(!is_learned_at("mem", "/chunks/1/mem") && !is_learned_at("mem", "/mem"));
        assert!(say_the_same("1:30:00 ", "01:30:00") && say_the_same("5120mb", "5gb"));
        assert!(!say_the_same("", "5gb") && !say_the_same("01:30:00", "5gb"));
    }

    #[test]
    fn controls_are_found_by_pointer() {
        assert_eq!(control_id("/chunks/0/mem"), "compose-chunks-0-mem");
        assert!(is_within("/chunks/0/mem", &["walltime", "chunks"]));
        assert!(!is_within("/chunks_x", &["chunks"]));
    }
}
