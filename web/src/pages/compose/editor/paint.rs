//! The text in colours: what each line is made of, and the elements that show it. Only the lines around those in view are there, and
//! only those that changed are made anew.

use std::ops::Range;

use leptos::prelude::document;
use leptos::web_sys::Element;
use pbsweb_shared::script::{Diagnostic, Highlight, Part, Severity};

use super::place::same_ends;

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// The worst that is found on it.
    mark: Option<Severity>,
    pieces: Vec<Piece>,
}

/// The number of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    number: usize,
    mark: Option<Severity>,
}

/// Something that stands in a row of its own.
pub(super) trait Row: PartialEq {
    /// The element that shows it.
    fn element(&self) -> Option<Element>;
}

/// A part of a line that looks the same from end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    part: Option<Part>,
    mark: Option<Severity>,
}

const fn class_of(part: Part) -> &'static str {
    match part {
        Part::FirstLine => "script-first",
        Part::Prefix => "script-prefix",
        Part::Option => "script-option",
        Part::Value => "script-value",
        Part::Unknown => "script-unknown",
        Part::Comment => "script-comment",
        Part::Keyword => "script-keyword",
        Part::Quoted => "script-quoted",
        Part::Variable => "script-variable",
    }
}

/// Hints are told in words only.
const fn name_of(mark: Severity) -> Option<&'static str> {
    match mark {
        Severity::Error => Some("error"),
        Severity::Warning => Some("warning"),
        Severity::Hint => None,
    }
}

/// So many lines of a text from one of them on, with its parts (in order) and with what is found in it.
pub(super) fn lines_of(
    text: &str,
    parts: &[Highlight],
    findings: &[Diagnostic],
    shown: Range<usize>,
) -> Vec<Line> {
    let mut parts = parts.iter().peekable();
    let mut start = 0;
    let mut lines = Vec::new();
    for (index, content) in text.split('\n').enumerate().take(shown.end) {
        let end = start + content.len();
        if index < shown.start {
            while parts.next_if(|part| part.start < end).is_some() {}
            start = end + 1;
            continue;
        }
        let mut line = Line::default();
        let mut done = start;
        let mut push = |begin: usize, end: usize, part| {
            if let Some(text) = text.get(begin..end).filter(|text| !text.is_empty()) {
                line.pieces.push(Piece { text: text.to_owned(), part, mark: None });
            }
        };
        while let Some(highlight) = parts.next_if(|part| part.start < end) {
            push(done, highlight.start, None);
            push(highlight.start, highlight.end, Some(highlight.part));
            done = highlight.end;
        }
        push(done, end, None);
        lines.push(line);
        start = end + 1;
    }
    for finding in findings {
        let index = finding.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(shown.start + 1));
        if let Some(line) = index.and_then(|index| lines.get_mut(index)) {
            let column = finding.column.and_then(|column| usize::try_from(column).ok()).unwrap_or(1);
            line.mark_from(column.saturating_sub(1), finding.severity);
        }
    }
    lines
}

impl Line {
    /// Marks what begins at a column (from 0): an option with its value, or the rest of the line.
    fn mark_from(&mut self, column: usize, severity: Severity) {
        let worse = |known: Option<Severity>| Some(known.map_or(severity, |known| known.min(severity)));
        self.mark = worse(self.mark);
        let mut passed = 0;
        let mut is_within = false;
        for piece in &mut self.pieces {
            let ends_it = matches!(piece.part, Some(Part::Option | Part::Comment));
            if is_within && ends_it {
                return;
            }
            passed += piece.text.chars().count();
            // Nobody sees a blank underlined.
            if passed > column && (is_within || !piece.text.trim().is_empty()) {
                is_within = true;
                piece.mark = worse(piece.mark);
            }
        }
    }
}

impl Row for Line {
    fn element(&self) -> Option<Element> {
        let document = document();
        let line = document.create_element("div").ok()?;
        line.set_class_name("script-line");
        for piece in &self.pieces {
            let mark = piece.mark.and_then(name_of);
            if piece.part.is_none() && mark.is_none() {
                let _ = line.append_with_str_1(&piece.text);
                continue;
            }
            let span = document.create_element("span").ok()?;
            span.set_class_name(piece.part.map_or("", class_of));
            if let Some(mark) = mark {
                let _ = span.set_attribute("data-mark", mark);
            }
            span.set_text_content(Some(&piece.text));
            let _ = line.append_child(&span);
        }
        Some(line)
    }
}

impl Row for Number {
    fn element(&self) -> Option<Element> {
        let row = document().create_element("div").ok()?;
        row.set_text_content(Some(&self.number.to_string()));
        if let Some(mark) = self.mark.and_then(name_of) {
            let _ = row.set_attribute("data-mark", mark);
        }
        Some(row)
    }
}

/// The numbers of lines, of which the first has this index.
pub(super) fn numbers_of(lines: &[Line], first: usize) -> Vec<Number> {
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| Number { number: first + index + 1, mark: line.mark })
        .collect()
}

/// Brings an element that shows the old rows to the new ones.
pub(super) fn paint<R: Row>(onto: &Element, old: &[R], new: &[R]) {
    let (before, after) = same_ends(old, new);
    let children = onto.children();
    let at = |index: usize| u32::try_from(index).ok().and_then(|index| children.item(index));
    for index in (before..old.len() - after).rev() {
        if let Some(child) = at(index) {
            child.remove();
        }
    }
    let behind = at(before);
    for line in new.get(before..new.len() - after).unwrap_or_default() {
        if let Some(element) = line.element() {
            let _ = onto.insert_before(&element, behind.as_deref());
        }
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::script::{DEFAULT_PREFIX, highlight};

    use super::*;

    fn finding(line: u32, column: u32, severity: Severity) -> Diagnostic {
        Diagnostic {
            pointer: String::new(),
            line: Some(line),
            column: Some(column),
            code: String::new(),
            severity,
            message: String::new(),
            advice: String::new(),
        }
    }

    #[test]
    fn lines_hold_the_whole_text() {
        for text in ["", "\n", "#!/bin/sh\n#PBS -q é x\n\n  echo \"$A\" # é\n", "a\u{2028}b\r\n"] {
            let lines = lines_of(text, &highlight(text, DEFAULT_PREFIX), &[], 0..99);
            let shown: Vec<String> = lines
                .iter()
                .map(|line| line.pieces.iter().map(|piece| piece.text.as_str()).collect())
                .collect();
            assert_eq!(shown.join("\n"), text);
        }
    }

    #[test]
    fn a_finding_marks_its_option_and_its_line() {
        let text = "#PBS -q long -l walltime=é -h\nnosuch é\n";
        let findings = [
            finding(1, 14, Severity::Warning),
            finding(1, 14, Severity::Hint),
            finding(2, 1, Severity::Error),
        ];
        let lines = lines_of(text, &highlight(text, DEFAULT_PREFIX), &findings, 0..99);
        let marked = |index: usize| -> String {
            let line: &Line = &lines[index];
            line.pieces.iter().filter(|piece| piece.mark.is_some()).map(|piece| piece.text.as_str()).collect()
        };
        assert_eq!((lines[0].mark, marked(0).trim()), (Some(Severity::Warning), "-l walltime=é"));
        assert_eq!((lines[1].mark, marked(1).as_str()), (Some(Severity::Error), "nosuch é"));
        assert_eq!(lines[2], Line::default());
        // A place that is not there.
        lines_of(text, &[], &[finding(99, 99, Severity::Error), finding(1, 999, Severity::Error)], 0..99);
        // Those that are shown are the same as in the whole.
        let part = lines_of(text, &highlight(text, DEFAULT_PREFIX), &findings, 1..2);
        assert_eq!(part, lines[1..2]);
        assert_eq!(numbers_of(&part, 1), [Number { number: 2, mark: Some(Severity::Error) }]);
    }
}
