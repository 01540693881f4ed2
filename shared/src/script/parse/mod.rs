//! Text to draft. Reading back what [`render`](super::render()) wrote gives the same draft; any other script gives the draft that does
//! the same, with what has no field kept among the extra directives or the commands, and pointed at.
//!
//! It reads as qsub does: directives are the lines that begin with `#PBS` before the first line that would run; a backslash at the
//! end continues one. It takes time in proportion to the text, whatever the text is.

mod body;
mod lines;

use serde::{Deserialize, Serialize};

use super::check::check;
use super::diagnostic::{Diagnostic, Findings, Severity};
use super::directive::options::{Item, Went, absorb, read_line};
use super::draft::JobScriptDraft;
use super::interpreter::Interpreter;
use super::render::{DEFAULT_SHELL, WITHOUT_EPILOGUE, tidy_commands};
use lines::{Lines, decode};

/// More directives than this are not read: they stay among the commands.
const MOST_DIRECTIVES: usize = 2000;

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parsed {
    /// What it says, field by field.
    pub draft: JobScriptDraft,
    /// What was noticed on the way and in the fields, with lines of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where fields came from, so that findings about them get a line.
#[derive(Default)]
struct Sources {
    /// The field, its line and its column, both from 1.
    fields: Vec<(&'static str, u32, u32)>,
    /// For each of the extra directives its line and column.
    extra: Vec<(u32, u32)>,
}

impl Sources {
    fn locate(&self, finding: &mut Diagnostic) {
        let field = finding.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let place = if field == "extra_directives" {
            let index = finding.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            index.and_then(|index| self.extra.get(index)).copied()
        } else {
            self.fields.iter().find(|(name, ..)| *name == field).map(|(_, line, column)| (*line, *column))
        };
        finding.line = place.map(|(line, _)| line);
        finding.column = place.map(|(_, column)| column);
    }
}

/// Reads a script.
///
/// ```
/// let parsed = pbsweb_shared::script::parse("#!/bin/bash\n#PBS -N heat -l nodes=2:ppn=8\ncd $PBS_O_WORKDIR\n./heat\n");
/// assert_eq!((parsed.draft.name.as_str(), parsed.draft.commands.as_str()), ("heat", "./heat"));
/// assert_eq!(parsed.draft.chunks[0].mpiprocs, "8");
/// assert_eq!((parsed.diagnostics[0].code.as_str(), parsed.diagnostics[0].line), ("chunks.old_form", Some(2)));
/// ```
#[must_use]
pub fn parse(text: impl AsRef<[u8]>) -> Parsed {
    let mut findings = Findings::default();
    let text = decode(text.as_ref(), &mut findings);
    let mut diagnostics = findings.into_list();
    let mut draft = JobScriptDraft::default();
    let mut sources = Sources::default();

    let header = read_header(&text, &mut draft, &mut sources);
    let interpreter = Interpreter::of(&draft.shell);
    let mut findings = header.findings;
    let body = text.get(header.body_start..).unwrap_or_default();
    let body = body::read(body, header.body_line, interpreter, &mut draft, &mut findings);
    sources.fields.push(("commands", body.line, 1));
    sources.fields.push(("variables", header.body_line, 1));
    sources.fields.push(("working_directory", header.body_line, 1));
    let commands = tidy_commands(body.commands);
    draft.commands = match (header.comments.is_empty(), commands.is_empty()) {
        (true, _) => commands.to_owned(),
        (false, true) => header.comments.join("\n"),
        (false, false) => format!("{}\n{commands}", header.comments.join("\n")),
    };

    let items: Vec<Item> = header.items.iter().map(|(_, _, item)| item.clone()).collect();
    let went = absorb(&items, &mut draft, &mut findings);
    let mut extra = Vec::new();
    let mut filled = Vec::new();
    for ((line, column, item), went) in header.items.iter().zip(went) {
        match went {
            Went::Field(name) => filled.push((name, *line, *column)),
            Went::Extra => {
                extra.push(item.text());
                sources.extra.push((*line, *column));
            }
        }
    }
    let has_folder = filled.iter().any(|(name, ..)| *name == "working_directory");
    filled.append(&mut sources.fields);
    sources.fields = filled;
    draft.extra_directives = extra.join("\n");

    for mut finding in findings.into_list().into_iter().chain(check(&draft, None)) {
        if has_folder && finding.code == "working_directory.home" {
            continue;
        }
        if finding.line.is_none() || finding.pointer == "/extra_directives" {
            sources.locate(&mut finding);
        }
        diagnostics.push(finding);
    }
    Parsed { draft, diagnostics }
}

/// What stands before the first command.
struct Header {
    /// Line, column (both from 1) and what stands there.
    items: Vec<(u32, u32, Item)>,
    comments: Vec<String>,
    /// Where the rest begins, in bytes, and its line.
    body_start: usize,
    body_line: u32,
    findings: Findings,
}

fn read_header(text: &str, draft: &mut JobScriptDraft, sources: &mut Sources) -> Header {
    let mut header = Header {
        items: Vec::new(),
        comments: Vec::new(),
        body_start: 0,
        body_line: 1,
        findings: Findings::default(),
    };
    let mut lines = Lines::new(text);
    let mut pending_comments: Vec<String> = Vec::new();
    if let Some(shell) = lines.peek().and_then(|line| line.strip_prefix("#!")) {
        let shell = shell.trim();
        sources.fields.push(("shell", 1, 1));
        if shell != DEFAULT_SHELL {
            shell.clone_into(&mut draft.shell);
        }
        lines.next();
        (header.body_start, header.body_line) = lines.position();
    } else if !text.trim().is_empty() {
        header.findings.hint(
            "/shell",
            "shell.missing",
            "the script does not say what runs it: PBS would take your login shell",
            format!("{DEFAULT_SHELL} is taken here; choose another shell if it is wrong"),
        );
    }
    while let Some(line) = lines.peek() {
        let (_, number) = lines.position();
        let trimmed = line.trim_start_matches(is_c_space);
        if let Some(rest) = trimmed.strip_prefix("#PBS") {
            if header.items.len() >= MOST_DIRECTIVES {
                header.findings.push_whole(Diagnostic {
                    pointer: String::new(),
                    line: Some(number),
                    column: None,
                    code: "text.too_many_directives".to_owned(),
                    severity: Severity::Error,
                    message: format!("more than {MOST_DIRECTIVES} directives; those from here on are left among the commands"),
                    advice: "this is probably no job script".to_owned(),
                });
                break;
            }
            let offset = line.chars().count() - rest.chars().count();
            lines.next();
            let rest = continue_directive(rest, &mut lines);
            let (items, comment) = read_line(&rest);
            for (column, item) in items {
                header.items.push((number, u32::try_from(offset + column + 1).unwrap_or(u32::MAX), item));
            }
            header.comments.append(&mut pending_comments);
            if let Some(comment) = comment {
                header.findings.push_whole(Diagnostic {
                    pointer: "/commands".to_owned(),
                    line: Some(number),
                    column: None,
                    code: "directive.comment".to_owned(),
                    severity: Severity::Warning,
                    message: "qsub takes a comment on a directive's line for arguments".to_owned(),
                    advice: "it was moved among the commands".to_owned(),
                });
                header.comments.push(comment);
            }
        } else if trimmed == WITHOUT_EPILOGUE {
            draft.without_epilogue = true;
            lines.next();
            header.comments.append(&mut pending_comments);
        } else if trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with(':') {
            if !trimmed.is_empty() {
                pending_comments.push(line.to_owned());
            }
            lines.next();
            continue;
        } else {
            break;
        }
        // Comments and blank lines behind the last directive stay with the commands, as they stand.
        (header.body_start, header.body_line) = lines.position();
    }
    header
}

/// C's `isspace`, by which qsub looks for directives.
fn is_c_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0b' | '\x0c' | '\r')
}

/// Appends the lines that a backslash at the end takes in. A `#PBS` at the beginning of such a line is no part of it.
fn continue_directive(rest: &str, lines: &mut Lines<'_>) -> String {
    let mut whole = rest.to_owned();
    while whole.ends_with('\\') {
        let Some(next) = lines.next() else { break };
        whole.pop();
        let next = next.trim_start_matches(is_c_space);
        whole.push_str(next.strip_prefix("#PBS").unwrap_or(next));
    }
    whole
}

#[cfg(test)]
mod tests;
