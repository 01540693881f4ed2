//! What stands before the first command: the first line, directives, comments.

use std::ops::Range;

use super::lines::Lines;
use crate::script::check::check_marks;
use crate::script::diagnostic::{Diagnostic, Findings, Severity};
use crate::script::directive::options::{OptionLine, read_line};
use crate::script::draft::JobScriptDraft;
use crate::script::render::{DEFAULT_PREFIX, DEFAULT_SHELL, WITHOUT_EPILOGUE};

/// More directives than this are not read: they stay among the commands.
const MOST_DIRECTIVES: usize = 2000;

/// qsub copies a directive into so many bytes, without looking whether there is room.
const LONGEST_DIRECTIVE: usize = 4095;

/// Where the parts of a header stand in the text, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// What follows `#!` in the first line.
    pub(crate) shebang: Option<Range<usize>>,
    /// The lines with directives.
    pub(crate) directives: Vec<DirectiveLine>,
    /// The comment that leaves out our notes, with its line end.
    pub(crate) mark: Option<Range<usize>>,
    /// Behind the last of these.
    pub(crate) end: usize,
}

/// One directive, with the lines that continue it.
#[derive(Debug)]
pub(crate) struct DirectiveLine {
    /// Where it stands, with its line end.
    pub(crate) range: Range<usize>,
    /// Its first line, from 1.
    pub(crate) number: u32,
    /// Where its options begin.
    pub(crate) begin: usize,
    /// What stands there: places in it are bytes of the text behind `begin`, but for continued lines.
    pub(crate) options: OptionLine,
    /// Where each physical line of it begins: in the joined text, and in the script.
    segments: Vec<(usize, usize)>,
}

impl DirectiveLine {
    /// The place in the script of a place in the joined text.
    pub(crate) fn place(&self, joined: usize) -> usize {
        let index = self.segments.partition_point(|(start, _)| *start <= joined).saturating_sub(1);
        self.segments.get(index).map_or(self.begin + joined, |(start, place)| place + (joined - start))
    }

    /// The range in the script of a range in the joined text, unless a line end is within.
    pub(crate) fn range_of(&self, joined: &Range<usize>) -> Option<Range<usize>> {
        let begin = self.place(joined.start);
        let last = joined.end.checked_sub(1).map_or(begin, |last| self.place(last) + 1);
        (last.checked_sub(begin) == Some(joined.len())).then_some(begin..last)
    }
}

impl Header {
    pub(super) fn read(
        text: &str,
        prefix: &str,
        draft: &mut JobScriptDraft,
        findings: &mut Findings,
    ) -> Self {
        let mut header = Self::default();
        let mut n_options = 0;
        let mut lines = Lines::new(text);
        if let Some(shell) = lines.peek().and_then(|line| line.strip_prefix("#!")) {
            header.shebang = Some(2..2 + shell.len());
            let shell = shell.trim();
            if shell != DEFAULT_SHELL {
                shell.clone_into(&mut draft.shell);
            }
            lines.next();
            header.end = lines.position().0;
        } else if !text.trim().is_empty() {
            findings.hint(
                "/shell",
                "shell.missing",
                "the script does not say what runs it: PBS would take your login shell",
                format!("{DEFAULT_SHELL} is sent as its first line; choose another shell if it is wrong"),
            );
        }
        let mut is_foreign_told = false;
        // What is wrong in comments that turn out not to be the commands'.
        let mut in_comments = Vec::new();
        while let Some(line) = lines.peek() {
            let (start, number) = lines.position();
            let trimmed = line.trim_start_matches(is_c_space);
            if let Some(rest) = trimmed.strip_prefix(prefix) {
                if n_options >= MOST_DIRECTIVES {
                    tell(
                        findings,
                        number,
                        Severity::Error,
                        "text.too_many_directives",
                        format!(
                            "more than {MOST_DIRECTIVES} directives; those from here on are left among the commands"
                        ),
                        "this is probably no job script",
                    );
                    break;
                }
                let begin = start + (line.len() - rest.len());
                lines.next();
                let (joined, segments) = join(rest, begin, prefix, &mut lines);
                let options = read_line(&joined);
                n_options += options.options.len().max(1);
                if joined.len() > LONGEST_DIRECTIVE {
                    tell(
                        findings,
                        number,
                        Severity::Error,
                        "directive.too_long",
                        format!(
                            "a directive of {} bytes; qsub has room for {LONGEST_DIRECTIVE} and breaks down",
                            joined.len()
                        ),
                        "write several directives",
                    );
                }
                if options.comment.is_some() {
                    tell(findings, number, Severity::Warning, "directive.comment", "qsub takes the comment behind a directive for arguments, and refuses the script (directive error)".to_owned(), "it is sent on a line of its own");
                }
                let range = start..lines.position().0;
                header.directives.push(DirectiveLine { range, number, begin, options, segments });
            } else if trimmed == WITHOUT_EPILOGUE {
                draft.without_epilogue = true;
                lines.next();
                header.mark = Some(start..lines.position().0);
            } else if trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with(':') {
                lines.next();
                let mut found = Findings::default();
                check_marks("", line, &mut found);
                in_comments.extend(
                    found.into_list().into_iter().map(|finding| Diagnostic { line: Some(number), ..finding }),
                );
                if !is_foreign_told && let Some(whose) = foreign(trimmed, prefix) {
                    is_foreign_told = true;
                    tell(
                        findings,
                        number,
                        Severity::Warning,
                        "directive.foreign",
                        format!("PBS takes this line for a comment: it is a directive of {whose}"),
                        "write it for PBS, or remove it",
                    );
                }
                continue;
            } else {
                break;
            }
            for finding in in_comments.drain(..) {
                findings.push_whole(finding);
            }
            // Comments and blank lines behind the last directive stay with the commands, as they stand.
            header.end = lines.position().0;
        }
        header
    }
}

/// Whose directive a comment is, if it looks like one.
fn foreign(line: &str, prefix: &str) -> Option<&'static str> {
    let known = [("#SBATCH ", "Slurm"), ("#BSUB ", "LSF"), ("#$ -", "Grid Engine"), ("#COBALT ", "Cobalt")];
    let is_ours = prefix != DEFAULT_PREFIX && line.starts_with("#PBS ");
    if is_ours {
        Some("another prefix than this script's")
    } else {
        known.into_iter().find(|(begin, _)| line.starts_with(begin)).map(|(_, whose)| whose)
    }
}

fn tell(findings: &mut Findings, line: u32, severity: Severity, code: &str, message: String, advice: &str) {
    findings.push_whole(Diagnostic {
        pointer: String::new(),
        line: Some(line),
        column: Some(1),
        code: code.to_owned(),
        severity,
        message,
        advice: advice.to_owned(),
    });
}

/// C's `isspace`, by which qsub looks for directives.
fn is_c_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0b' | '\x0c' | '\r')
}

/// A directive with the lines that a backslash at its end takes in. A prefix at the beginning of such a line is no part of it.
fn join(first: &str, begin: usize, prefix: &str, lines: &mut Lines<'_>) -> (String, Vec<(usize, usize)>) {
    let mut joined = first.to_owned();
    let mut segments = vec![(0, begin)];
    while joined.ends_with('\\') {
        let (start, _) = lines.position();
        let Some(line) = lines.next() else { break };
        joined.pop();
        let rest = line.trim_start_matches(is_c_space);
        let rest = rest.strip_prefix(prefix).unwrap_or(rest);
        segments.push((joined.len(), start + (line.len() - rest.len())));
        joined.push_str(rest);
    }
    (joined, segments)
}
