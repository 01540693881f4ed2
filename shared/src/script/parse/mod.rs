//! Text to draft. Reading back what [`render`](super::render()) wrote gives the same draft; any other script gives the draft that does
//! the same, with its text, in which everything stays where it is, and with what has no field pointed at.
//!
//! It reads as qsub does: directives are the lines that begin with `#PBS` before the first line that would run; a backslash at the
//! end continues one. It takes time in proportion to the text, whatever the text is.

mod body;
mod header;
mod lines;

use std::cell::LazyCell;

use serde::{Deserialize, Serialize};

use super::check::check_fields;
use super::diagnostic::{Diagnostic, Findings, MOST_FINDINGS, Severity};
use super::directive::options::{Item, Went, absorb};
use super::draft::JobScriptDraft;
use super::host_rules::HostRules;
use super::interpreter::Interpreter;
use super::prepare::{PROLOGUE_BEGIN, RECORD_BEGIN};
use super::render::{DEFAULT_PREFIX, is_rendered, prefix_of};
pub(crate) use body::Body;
pub(crate) use header::{DirectiveLine, Header};
pub(crate) use lines::{rewrap, unwrap};

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parsed {
    /// What it says, field by field.
    pub draft: JobScriptDraft,
    /// What was noticed on the way and in the fields, with lines of the text.
    pub diagnostics: Vec<Diagnostic>,
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
    parse_with(text.as_ref(), DEFAULT_PREFIX)
}

/// Reads a script whose directives begin otherwise than with `#PBS`: what `qsub -C` or `PBS_DPREFIX` says.
///
/// ```
/// let parsed = pbsweb_shared::script::parse_with(b"#!/bin/sh\n#JOB -q long\n./heat\n", "#JOB");
/// assert_eq!((parsed.draft.queue.as_str(), parsed.draft.directive_prefix.as_str()), ("long", "#JOB"));
/// ```
#[must_use]
pub fn parse_with(text: &[u8], prefix: &str) -> Parsed {
    let mut findings = Findings::default();
    let text = strip_notes(lines::decode(text, &mut findings));
    let prefix = Some(prefix.trim()).filter(|prefix| !prefix.is_empty()).unwrap_or(DEFAULT_PREFIX);
    let plain = unwrap(&text);
    let reading = Reading::of(&plain, prefix);
    let mut draft = reading.draft.clone();
    let mut diagnostics = findings.into_list();
    diagnostics.append(&mut diagnostics_of(&text, reading, &draft, None));
    // Nothing to keep where the fields make the very text.
    if !is_rendered(&text, &draft) {
        draft.text = text;
    }
    Parsed { draft, diagnostics }
}

/// The text as its author had it: what [`prepare`](super::prepare()) put in goes, the rest of the wrapping stays.
fn strip_notes(text: String) -> String {
    if text.contains(PROLOGUE_BEGIN) || text.contains(RECORD_BEGIN) {
        rewrap(unwrap(&text).into_owned(), &text)
    } else {
        text
    }
}

/// Everything that is found in a draft and in its text, with lines and columns of the text.
pub(crate) fn diagnose_text(text: &str, draft: &JobScriptDraft, host: Option<&HostRules>) -> Vec<Diagnostic> {
    let plain = unwrap(text);
    diagnostics_of(text, Reading::of(&plain, prefix_of(draft)), draft, host)
}

fn diagnostics_of(
    text: &str,
    mut reading: Reading<'_>,
    draft: &JobScriptDraft,
    host: Option<&HostRules>,
) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    lines::check_whole(text, &mut findings);
    let is_large = text.len() > super::check::MAX_SCRIPT_BYTES;
    let mut diagnostics = findings.into_list();
    let read = std::mem::take(&mut reading.findings).into_list();
    let n_read = read.len();
    let plain = reading.text;
    let lines = LazyCell::new(|| LineStarts::of(plain));
    for (index, mut finding) in read.into_iter().chain(check_fields(draft, host)).enumerate() {
        if is_large && finding.code == "text.too_large" {
            continue;
        }
        // Found on the way, it has its line; else that is one within the field.
        if index >= n_read || finding.line.is_none() {
            reading.locate(&mut finding, &lines);
        }
        diagnostics.push(finding);
    }
    diagnostics
}

/// A text, taken apart: every place in it belongs to something.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The text, unwrapped.
    pub(crate) text: &'a str,
    /// How its directives begin.
    pub(crate) prefix: &'a str,
    /// What it says; without a text.
    pub(crate) draft: JobScriptDraft,
    /// What stands before the first command.
    pub(crate) header: Header,
    /// For each line of directives, where each of its options went.
    pub(crate) went: Vec<Vec<Went>>,
    /// What follows.
    pub(crate) body: Body,
    /// What was noticed, where it has a line of its own.
    findings: Findings,
}

impl<'a> Reading<'a> {
    /// Reads a text that is unwrapped.
    pub(crate) fn of(text: &'a str, prefix: &'a str) -> Self {
        let mut findings = Findings::default();
        let mut draft = JobScriptDraft::default();
        if prefix != DEFAULT_PREFIX {
            prefix.clone_into(&mut draft.directive_prefix);
        }
        let header = Header::read(text, prefix, &mut draft, &mut findings);
        let interpreter = Interpreter::of(&draft.shell);
        let body = body::read(text, header.end, interpreter, &mut draft);
        let items: Vec<&Item> = header
            .directives
            .iter()
            .flat_map(|line| line.options.options.iter().map(|placed| &placed.item))
            .collect();
        let mut went = absorb(&items, &mut draft, &mut findings).into_iter();
        let went: Vec<Vec<Went>> = header
            .directives
            .iter()
            .map(|line| went.by_ref().take(line.options.options.len()).collect())
            .collect();
        // Unless Torque's -d says where.
        if body.starts_at_home && draft.working_directory == "~" {
            findings.hint(
                "/working_directory",
                "working_directory.home",
                "the script does not change its folder: its commands start in your home directory",
                "leave the working directory empty to start in the application's folder",
            );
        }
        let mut reading = Self { text, prefix, draft, header, went, body, findings };
        let extra: Vec<String> = reading
            .options()
            .filter(|(_, _, went)| *went == Went::Extra)
            .map(|(_, item, _)| item.text())
            .collect();
        reading.draft.extra_directives = extra.join("\n");
        reading.tell_of_options();
        reading
    }

    /// Whether the fields of a draft are to the letter those that the text says.
    pub(crate) fn says(&self, draft: &JobScriptDraft) -> bool {
        JobScriptDraft { text: draft.text.clone(), ..self.draft.clone() } == *draft
    }

    /// Every option with its line and where it went.
    pub(crate) fn options(&self) -> impl Iterator<Item = (Place<'_>, &Item, Went)> {
        self.header.directives.iter().zip(&self.went).enumerate().flat_map(|(index, (line, went))| {
            line.options.options.iter().zip(went).enumerate().map(move |(option, (placed, went))| {
                (Place { line, index, option, start: placed.start }, &placed.item, *went)
            })
        })
    }

    /// What can be seen only at the options as they stand.
    fn tell_of_options(&mut self) {
        let mut found = Vec::new();
        for (place, item, went) in self.options() {
            // There is room for no more of them, and each has its line counted.
            if found.len() >= MOST_FINDINGS {
                break;
            }
            let is_unclean =
                matches!(item, Item::Option { value: Some(value), .. } if value.contains(char::is_control));
            let (code, severity, message, advice) = match went {
                Went::Overruled => (
                    "directive.overruled",
                    Severity::Warning,
                    format!(
                        "\"{}\" has no effect: the same option comes again, and the last one counts",
                        item.text()
                    ),
                    "remove one of them",
                ),
                Went::Extra if is_unclean => (
                    "extra.control",
                    Severity::Error,
                    format!("\"{}\" holds control characters", item.text()),
                    "remove them",
                ),
                Went::Extra | Went::Field(_) => continue,
            };
            let (line, column) = place.line_and_column(self.text);
            found.push(Diagnostic {
                pointer: String::new(),
                line: Some(line),
                column: Some(column),
                code: code.to_owned(),
                severity,
                message,
                advice: advice.to_owned(),
            });
        }
        for finding in found {
            self.findings.push_whole(finding);
        }
    }

    /// Gives a finding about a field the line and column where the field stands.
    fn locate(&self, finding: &mut Diagnostic, lines: &LineStarts) {
        let field = finding.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let line_in_field = finding.line;
        let place = if field == "extra_directives" {
            let index = finding.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1)).unwrap_or(0);
            let mut extra = self.options().filter(|(_, _, went)| *went == Went::Extra);
            extra.nth(index).map(|(place, ..)| place.line_and_column(self.text))
        } else {
            let place = self.place_of(field, &finding.pointer, lines);
            let further = line_in_field.map_or(0, |line| line.saturating_sub(1));
            place.map(|(line, column)| (line.saturating_add(further), column))
        };
        finding.line = place.map(|(line, _)| line);
        finding.column = place.map(|(_, column)| column);
    }

    /// The line and column of a field: of its option, or of its place in the body.
    fn place_of(&self, field: &str, pointer: &str, lines: &LineStarts) -> Option<(u32, u32)> {
        let by_option = self
            .options()
            .find(|(_, _, went)| matches!(went, Went::Field(name) if *name == field))
            .map(|(place, ..)| place.line_and_column(self.text));
        let at = |start: usize| Some(lines.line_and_column(self.text, start));
        match field {
            "shell" => self.header.shebang.as_ref().map(|_| (1, 1)),
            "without_epilogue" => self.header.mark.as_ref().and_then(|mark| at(mark.start)),
            "commands" => at(self.body.commands.start),
            "working_directory" => by_option.or_else(|| {
                at(self.body.folder.as_ref().map_or(self.body.commands.start, |folder| folder.start))
            }),
            "variables" => {
                let from_options = self.draft.variables.len().saturating_sub(self.body.variables.len());
                let index =
                    pointer.split('/').nth(2).and_then(|index| index.parse::<usize>().ok()).unwrap_or(0);
                match index.checked_sub(from_options) {
                    Some(index) => {
                        at(self.body.variables.get(index).map_or(self.header.end, |range| range.start))
                    }
                    None => by_option,
                }
            }
            _ => by_option,
        }
    }
}

/// One option's place in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Its line.
    pub(crate) line: &'a DirectiveLine,
    /// Which of the lines of directives that is.
    pub(crate) index: usize,
    /// Which of the options on it.
    pub(crate) option: usize,
    /// Where it begins in what follows the prefix.
    start: usize,
}

impl Place<'_> {
    fn line_and_column(&self, text: &str) -> (u32, u32) {
        let start = self.line.place(self.start);
        let before = text.get(self.line.range.start..start).unwrap_or_default();
        let lines = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (self.line.number.saturating_add(count(lines)), count(column))
    }
}

/// Where the lines of a text begin, counted once for all findings.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line and column of a place, from 1.
    fn line_and_column(&self, text: &str, place: usize) -> (u32, u32) {
        let line = self.0.partition_point(|start| *start <= place);
        let start = line.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(0);
        (count(line), count(text.get(start..place).unwrap_or_default().chars().count() + 1))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
