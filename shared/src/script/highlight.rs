//! Which parts of a script's text are what, for an editor to colour.

use super::directive::options::{Item, Went};
use super::interpreter::Interpreter;
use super::parse::{DirectiveLine, Reading};

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
    /// A word of the shell's own.
    Keyword,
    /// A text in quotes.
    Quoted,
    /// A variable.
    Variable,
}

/// A part of a text, in bytes. What lies between two of them is plain; none goes over the end of a line.
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
/// let text = "#!/bin/sh\n#PBS -q long\n# go\n./run $HOME";
/// let parts: Vec<&str> = highlight(text, DEFAULT_PREFIX).iter().map(|part| &text[part.start..part.end]).collect();
/// assert_eq!(parts, ["#!/bin/sh", "#PBS", "-q", "long", "# go", "$HOME"]);
/// ```
#[must_use]
pub fn highlight(text: &str, prefix: &str) -> Vec<Highlight> {
    let reading = Reading::of(text, prefix);
    let has_shell_words = Interpreter::of(&reading.draft.shell) != Interpreter::Other;
    let mut painter = Painter { text, parts: Vec::new() };
    let mut directives = reading.header.directives.iter().zip(&reading.went).peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end().len();
        while directives.next_if(|(directive, _)| directive.range.end <= start).is_some() {}
        let within = directives.peek().filter(|(directive, _)| directive.range.contains(&start));
        let begin = (start + (line.len() - line.trim_start().len())).min(end);
        if let Some((directive, went)) = within {
            painter.directive(directive, went, prefix, begin, end);
        } else if start == 0 && line.starts_with("#!") {
            painter.push(start, end, Part::FirstLine);
        } else {
            painter.commands(begin, end, has_shell_words);
        }
        start += line.len();
    }
    painter.parts
}

struct Painter<'a> {
    text: &'a str,
    parts: Vec<Highlight>,
}

/// Words that a shell, one kind or the other, reads as its own where a command may stand.
const KEYWORDS: &[&str] = &[
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "in",
    "function", "select", "break", "continue", "return", "exit", "export", "cd", "set", "unset", "local",
    "source", "trap", "setenv", "foreach", "end", "endif", "switch", "endsw", "breaksw",
];

/// Those behind which a command may stand again.
const OPENING: &[&str] = &["if", "then", "elif", "else", "while", "until", "do"];

impl Painter<'_> {
    fn push(&mut self, start: usize, end: usize, part: Part) {
        if start < end {
            self.parts.push(Highlight { start, end, part });
        }
    }

    /// A line of a directive.
    fn directive(
        &mut self,
        directive: &DirectiveLine,
        went: &[Went],
        prefix: &str,
        begin: usize,
        end: usize,
    ) {
        let unknown = directive
            .options
            .options
            .iter()
            .zip(went)
            .find(|(placed, went)| **went == Went::Extra && matches!(placed.item, Item::Unreadable(_)))
            .map_or(usize::MAX, |(placed, _)| directive.place(placed.start));
        let mut rest = begin;
        if self.text.get(begin..end).is_some_and(|line| line.starts_with(prefix)) {
            self.push(begin, begin + prefix.len(), Part::Prefix);
            rest += prefix.len();
        }
        let text = self.text;
        for (word, word_end) in words(text, rest, end) {
            let body = text.get(word..word_end).unwrap_or_default();
            if body.starts_with('#') {
                return self.push(word, end, Part::Comment);
            }
            let after_letter = (word + 2).min(word_end);
            if word >= unknown {
                self.push(word, word_end, Part::Unknown);
            } else if body.starts_with('-') && text.is_char_boundary(after_letter) {
                self.push(word, after_letter, Part::Option);
                self.push(after_letter, word_end, Part::Value);
            } else {
                self.push(word, word_end, Part::Value);
            }
        }
    }

    /// A line of commands, or of comments. A text in quotes ends with its line at the latest: an apostrophe in what is no command
    /// must not colour the rest of the script.
    fn commands(&mut self, begin: usize, end: usize, has_shell_words: bool) {
        let line = self.text.get(begin..end).unwrap_or_default();
        let mut at = 0;
        // Where a word may begin, and where that word would be a command.
        let (mut is_word, mut is_command) = (true, true);
        while let Some(c) = line.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = line.get(at..).unwrap_or_default();
            let start = begin + at;
            match c {
                '#' if is_word => return self.push(start, end, Part::Comment),
                '\\' => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
                '\'' => {
                    at +=
                        1 + rest.get(1..).and_then(|rest| rest.find('\'')).map_or(rest.len() - 1, |n| n + 1);
                    self.push(start, begin + at, Part::Quoted);
                }
                '"' => at += self.double_quoted(start, rest),
                '$' => {
                    let length = variable(rest);
                    if length > 1 {
                        self.push(start, start + length, Part::Variable);
                    }
                    at += length;
                }
                c if is_word && (c.is_ascii_alphabetic() || c == '_') => {
                    let length =
                        rest.find(|c: char| !is_name(c) && !"-./=".contains(c)).unwrap_or(rest.len());
                    let word = rest.get(..length).unwrap_or_default();
                    let is_keyword = has_shell_words && is_command && KEYWORDS.contains(&word);
                    // `for x in`, `case x in`, `foreach x (`
                    let is_in = has_shell_words && word == "in";
                    if is_keyword || is_in {
                        self.push(start, start + length, Part::Keyword);
                    }
                    is_command = is_keyword && OPENING.contains(&word);
                    is_word = false;
                    at += length;
                    continue;
                }
                c => {
                    at += c.len_utf8();
                    is_command = match c {
                        ';' | '&' | '|' | '(' | '{' | '`' => true,
                        c => is_command && c.is_whitespace(),
                    };
                    is_word = c.is_whitespace() || is_command;
                    continue;
                }
            }
            (is_word, is_command) = (false, false);
        }
    }

    /// A text in double quotes, with the variables in it; gives its length.
    fn double_quoted(&mut self, start: usize, rest: &str) -> usize {
        let (mut at, mut done) = (1, 0);
        while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
            match c {
                '"' => {
                    at += 1;
                    break;
                }
                '\\' => {
                    let escaped = rest.get(at + 1..).and_then(|rest| rest.chars().next());
                    at += 1 + escaped.map_or(0, char::len_utf8);
                }
                '$' => {
                    let length = variable(rest.get(at..).unwrap_or_default());
                    if length > 1 {
                        self.push(start + done, start + at, Part::Quoted);
                        self.push(start + at, start + at + length, Part::Variable);
                        done = at + length;
                    }
                    at += length;
                }
                c => at += c.len_utf8(),
            }
        }
        self.push(start + done, start + at, Part::Quoted);
        at
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// How long the variable is that begins here: `$NAME`, `${…}`, `$1`, `$?`; 1 if it is none.
fn variable(rest: &str) -> usize {
    match rest.get(1..).and_then(|rest| rest.chars().next()) {
        Some('{') => rest.find('}').map_or(1, |end| end + 1),
        Some('?' | '@' | '*' | '#' | '$' | '!') => 2,
        Some(c) if is_name(c) => {
            rest.get(1..).and_then(|rest| rest.find(|c| !is_name(c))).map_or(rest.len(), |n| n + 1)
        }
        Some(_) | None => 1,
    }
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
    use super::Part::{Comment, FirstLine, Keyword, Option, Prefix, Quoted, Unknown, Value, Variable};
    use super::*;

    fn check(text: &str, expected: &[(Part, &str)]) {
        let found = highlight(text, "#PBS");
        let found: Vec<_> = found.iter().map(|part| (part.part, &text[part.start..part.end])).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn directives() {
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
                (Comment, "# no"),
                (Comment, "#PBS -q late"),
            ],
        );
        check("", &[]);
        check("echo", &[]);
        check("   \n \n", &[]);
    }

    #[test]
    fn commands() {
        check(
            "cd \"$PBS_O_WORKDIR\" || exit 1",
            &[
                (Keyword, "cd"),
                (Quoted, "\""),
                (Variable, "$PBS_O_WORKDIR"),
                (Quoted, "\""),
                (Keyword, "exit"),
            ],
        );
        check(
            "for i in 1 2; do ./if --in=$i'a#b' # c\ndone",
            &[
                (Keyword, "for"),
                (Keyword, "in"),
                (Keyword, "do"),
                (Variable, "$i"),
                (Quoted, "'a#b'"),
                (Comment, "# c"),
                (Keyword, "done"),
            ],
        );
        check(
            "echo if \\\"x a#b ${A:-é} $? $ $(date) it's\nfi",
            &[(Variable, "${A:-é}"), (Variable, "$?"), (Quoted, "'s"), (Keyword, "fi")],
        );
        check("#!/usr/bin/python3\nif 'é':", &[(FirstLine, "#!/usr/bin/python3"), (Quoted, "'é'")]);
    }

    #[test]
    fn parts_are_in_order_and_within_their_lines_whatever_the_text_is() {
        for text in
            ["$", "${", "\"$", "\"\\", "'", "é'é\"é$é\\é", "#PBS -é -q\u{a0}é é\n\r\n\\", "a\u{2028}#b\n\0#c"]
        {
            for part in highlight(text, "#PBS") {
                let shown = text.get(part.start..part.end).unwrap();
                assert!(!shown.is_empty() && !shown.contains('\n'), "{text:?} {part:?}");
            }
            assert!(highlight(text, "#PBS").is_sorted_by(|a, b| a.end <= b.start), "{text:?}");
        }
    }
}
