//! Which parts of a script's text are what, for an editor to colour.

use super::directive::options::{Item, Went};
use super::parse::Reading;

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first line, which names the interpreter.
    FirstLine,
    /// What a directive begins with.
    Prefix,
    /// An option's letter.
    Option,
    /// An option's value.
    Value,
    /// What qsub could not read.
    Unknown,
    /// A comment.
    Comment,
}

/// A part of a text, in bytes. What lies between two of them is plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Highlight {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is.
    pub part: Part,
}

/// The parts of a script, in order. It takes texts with the line ends of Unix, as an editor has them.
///
/// ```
/// use pbsweb_shared::script::{DEFAULT_PREFIX, highlight};
/// let text = "#!/bin/sh\n#PBS -q long\n# go\n./run";
/// let parts: Vec<&str> = highlight(text, DEFAULT_PREFIX).iter().map(|part| &text[part.start..part.end]).collect();
/// assert_eq!(parts, ["#!/bin/sh", "#PBS", "-q", "long", "# go"]);
/// ```
#[must_use]
pub fn highlight(text: &str, prefix: &str) -> Vec<Highlight> {
    let reading = Reading::of(text, prefix);
    let mut parts = Vec::new();
    let mut directives = reading.header.directives.iter().zip(&reading.went).peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end().len();
        while directives.next_if(|(directive, _)| directive.range.end <= start).is_some() {}
        let within = directives.peek().filter(|(directive, _)| directive.range.contains(&start));
        let begin = start + (line.len() - line.trim_start().len());
        let mut push = |start: usize, end: usize, part| {
            if start < end {
                parts.push(Highlight { start, end, part });
            }
        };
        if let Some((directive, went)) = within {
            let unknown =
                directive.options.options.iter().zip(*went).find(|(placed, went)| {
                    **went == Went::Extra && matches!(placed.item, Item::Unreadable(_))
                });
            let unknown = unknown.map_or(usize::MAX, |(placed, _)| directive.place(placed.start));
            let mut rest = begin;
            if text.get(begin..end).is_some_and(|line| line.starts_with(prefix)) {
                push(begin, begin + prefix.len(), Part::Prefix);
                rest += prefix.len();
            }
            for (word, word_end) in words(text, rest, end) {
                let body = text.get(word..word_end).unwrap_or_default();
                if body.starts_with('#') {
                    push(word, end, Part::Comment);
                    break;
                }
                let after_letter = (word + 2).min(word_end);
                if word >= unknown {
                    push(word, word_end, Part::Unknown);
                } else if body.starts_with('-') && text.is_char_boundary(after_letter) {
                    push(word, after_letter, Part::Option);
                    push(after_letter, word_end, Part::Value);
                } else {
                    push(word, word_end, Part::Value);
                }
            }
        } else if start == 0 && line.starts_with("#!") {
            push(start, end, Part::FirstLine);
        } else if text.get(begin..).is_some_and(|rest| rest.starts_with('#')) {
            push(begin, end, Part::Comment);
        }
        start += line.len();
    }
    parts
}

/// Where the words between two places are.
fn words(text: &str, start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
    let part = text.get(start..end).unwrap_or_default();
    let mut at = start;
    part.split_inclusive(char::is_whitespace).filter_map(move |word| {
        let begin = at;
        at += word.len();
        let word = word.trim_end();
        (!word.is_empty()).then_some((begin, begin + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_order() {
        let check = |text: &str, expected: &[(Part, &str)]| {
            let found = highlight(text, "#PBS");
            let found: Vec<_> = found.iter().map(|part| (part.part, &text[part.start..part.end])).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        use Part::{Comment, FirstLine, Option, Prefix, Unknown, Value};
        check(
            "#!/bin/bash -l\n  #PBS -qlong -h \\\n#PBS -l a=é # c\n#PBS -q x stray y\n\n# go\n#PBS -N x\necho # no\n#PBS -q late\n",
            &[
                (FirstLine, "#!/bin/bash -l"),
                (Prefix, "#PBS"),
                (Option, "-q"),
                (Value, "long"),
                (Option, "-h"),
                (Value, "\\"),
                (Prefix, "#PBS"),
                (Option, "-l"),
                (Value, "a=é"),
                (Comment, "# c"),
                (Prefix, "#PBS"),
                (Option, "-q"),
                (Value, "x"),
                (Unknown, "stray"),
                (Unknown, "y"),
                (Comment, "# go"),
                (Prefix, "#PBS"),
                (Option, "-N"),
                (Value, "x"),
                (Comment, "#PBS -q late"),
            ],
        );
        check("", &[]);
        check("echo", &[]);
    }
}
