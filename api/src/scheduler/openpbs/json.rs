//! The JSON form of `qstat` and `pbsnodes`, which is often none: read line by line, as both known writers print it.
//!
//! No JSON parser takes these documents. The release writes whatever C's `strtod` accepts without quotes (a job called
//! `nan` or `+1`), copies backslashes as they are, so that `\"` may close a string, and writes bytes above 127 as `^` and
//! a raw byte, which may be a line break; the later build nests a value of brackets 200 levels deep and copies bytes that
//! are not UTF-8 (`INVALID-JSON.md` beside the recordings). But each key stands on a line of its own, at an indentation
//! that tells its level. So a level is never lost, and one broken value is only that value.
//!
//! A document that has no end, or another layout, is none: that is not the same as one without jobs.

use std::borrow::Cow;

use super::text::{Block, lines};

/// A text that is no document of the asked kind, cut short, or laid out in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDocument;

/// What a line can be, by its indentation and its words.
enum Line<'a> {
    /// `"key": value`, without the comma behind it.
    Key { level: usize, key: &'a [u8], value: &'a [u8] },
    /// `}` or `]`, with or without a comma.
    Close { level: usize },
    /// Part of a value.
    Other,
}

/// Reads the objects of a section (`Jobs`, `Queue`, `Server`, `nodes`), each as a block: members of nested objects are
/// called as in the text form, `Resource_List.ncpus`. A document without the section has no objects.
///
/// # Errors
/// The text is no document.
pub fn read_objects<'a>(
    section: &str,
    text: &'a [u8],
    mut each: impl FnMut(&Block<'a>),
) -> Result<(), NoDocument> {
    let mut reader =
        Reader { text, indentation: None, is_in_section: false, group: None, value: None, block: None };
    let mut has_begun = false;
    let mut is_after_caret = false;
    for line in lines(text) {
        if !has_begun {
            // Words of a wrapper or an error may stand before the document.
            has_begun = line == b"{";
            continue;
        }
        // The release writes 0xca as `^` and a line break: what follows is part of a string.
        let read = if std::mem::replace(&mut is_after_caret, line.ends_with(b"^")) {
            Line::Other
        } else {
            reader.line(line)
        };
        match read {
            Line::Close { level: 0 } => return Ok(()),
            Line::Close { level: 1 } => reader.is_in_section = false,
            Line::Close { level: 2 } => reader.finish(&mut each),
            Line::Close { level: 3 } if reader.group.is_some() => reader.group = None,
            Line::Key { level: 1, key, value } => {
                reader.is_in_section = key == section.as_bytes() && value == b"{";
            }
            Line::Key { level: 2, key, value: b"{" } if reader.is_in_section => {
                reader.finish(&mut each);
                reader.block =
                    Some(Block { name: lossy_text(unescaped(key)), attributes: Vec::with_capacity(64) });
            }
            Line::Key { level: 3, key, value: b"{" } => {
                reader.keep_value();
                reader.group = Some(key);
            }
            Line::Key { level: 3, key, value } => {
                reader.group = None;
                reader.begin_value(lossy_text(Cow::Borrowed(key)), value);
            }
            Line::Key { level: 4, key, value } if reader.group.is_some() => {
                let group = String::from_utf8_lossy(reader.group.unwrap_or_default());
                let name = format!("{group}.{}", lossy_text(unescaped(key)));
                reader.begin_value(Cow::Owned(name), value);
            }
            Line::Key { .. } | Line::Close { .. } | Line::Other => reader.continue_value(line),
        }
    }
    Err(NoDocument)
}

struct Reader<'a> {
    text: &'a [u8],
    /// What one level is indented by: the blanks or the tab before the first key.
    indentation: Option<&'a [u8]>,
    is_in_section: bool,
    /// The key at level 3 whose members are being read.
    group: Option<&'a [u8]>,
    /// The value being read: its name, and where it begins and ends in the text.
    value: Option<(Cow<'a, str>, usize, usize)>,
    block: Option<Block<'a>>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Line<'a> {
        let n_blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let Some((blanks, words)) = line.split_at_checked(n_blanks) else { return Line::Other };
        let level = match (self.indentation, words.first()) {
            (None, Some(b'"')) if n_blanks > 0 => {
                self.indentation = Some(blanks);
                1
            }
            (Some(unit), _) if blanks.chunks(unit.len()).all(|level| level == unit) => {
                blanks.len() / unit.len()
            }
            (None, Some(b'}')) if n_blanks == 0 => 0,
            (None | Some(_), _) => return Line::Other,
        };
        let bare = words.strip_suffix(b",").unwrap_or(words);
        if matches!(bare, b"}" | b"]") {
            return Line::Close { level };
        }
        key_and_value(bare).map_or(Line::Other, |(key, value)| Line::Key { level, key, value })
    }

    fn begin_value(&mut self, name: Cow<'a, str>, value: &'a [u8]) {
        self.keep_value();
        let begin = self.offset(value);
        self.value = Some((name, begin, begin + value.len()));
    }

    fn continue_value(&mut self, line: &'a [u8]) {
        let end = self.offset(line) + line.len();
        if let Some((_, _, value_end)) = &mut self.value {
            *value_end = end;
        }
    }

    fn keep_value(&mut self) {
        if let (Some((name, begin, end)), Some(block)) = (self.value.take(), &mut self.block) {
            let raw = self.text.get(begin..end).unwrap_or_default();
            block.attributes.push((name, value_of(raw)));
        }
    }

    fn finish(&mut self, each: &mut impl FnMut(&Block<'a>)) {
        self.keep_value();
        self.group = None;
        if let Some(block) = self.block.take() {
            each(&block);
        }
    }

    /// Where a part of the text begins in it.
    fn offset(&self, part: &[u8]) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }
}

/// `"key":value`, `"key":<TAB>value` or `"key": value`.
fn key_and_value(words: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = words.strip_prefix(b"\"")?;
    let end = memchr::memmem::find(rest, b"\":")?;
    let (key, value) = rest.split_at_checked(end)?;
    let value = value.get(2..)?;
    Some((key, value.trim_ascii_start()))
}

/// What a raw value says: a string without its quotes and escapes, anything else as it is written.
fn value_of(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.trim_ascii();
    match raw.strip_prefix(b"\"") {
        Some(rest) => {
            let rest = rest.strip_suffix(b",").filter(|rest| rest.ends_with(b"\"")).unwrap_or(rest);
            unescaped(rest.strip_suffix(b"\"").unwrap_or(rest))
        }
        None => Cow::Borrowed(raw.strip_suffix(b",").unwrap_or(raw)),
    }
}

/// The elements of an array of strings, as `pbsnodes` lists a node's jobs.
pub(super) fn elements(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let Some(inside) = text.trim().strip_prefix('[') else { return vec![text.into_owned()] };
    inside
        .trim_end_matches([']', ' ', '\n', '\t'])
        .split(',')
        .map(|element| element.trim().trim_matches('"').to_owned())
        .filter(|element| !element.is_empty())
        .collect()
}

/// Escapes resolved; what is none stays as it is (`C:\dir`).
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let (meant, length) = match tail.first() {
            Some(b'n') => (Some('\n'), 1),
            Some(b't') => (Some('\t'), 1),
            Some(b'r') => (Some('\r'), 1),
            Some(b'b') => (Some('\u{8}'), 1),
            Some(b'f') => (Some('\u{c}'), 1),
            Some(escaped @ (b'"' | b'\\' | b'/')) => (Some(char::from(*escaped)), 1),
            Some(b'u') => (tail.get(1..5).and_then(code_point), 5),
            Some(_) | None => (None, 0),
        };
        match meant {
            Some(meant) => {
                plain.extend_from_slice(meant.encode_utf8(&mut [0; 4]).as_bytes());
                rest = tail.get(length..).unwrap_or_default();
            }
            None => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

/// Four hexadecimal digits. Both writers use them for control characters only, never for halves of a pair.
fn code_point(digits: &[u8]) -> Option<char> {
    char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)
}

fn lossy_text(text: Cow<'_, [u8]>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::lossy;
    use super::*;

    type Attributes = Vec<(String, String)>;

    fn read(text: &str) -> Result<Vec<(String, Attributes)>, NoDocument> {
        let mut found = Vec::new();
        read_objects("Jobs", text.as_bytes(), |block| {
            let attributes = block.attributes.iter().map(|(name, value)| (name.to_string(), lossy(value)));
            found.push((block.name.to_string(), attributes.collect()));
        })
        .map(|()| found)
    }

    fn attributes(lines: &str) -> Attributes {
        let text = format!("{{\n    \"Jobs\":{{\n        \"1.vm\":{{\n{lines}\n        }}\n    }}\n}}");
        let mut found = read(&text).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0).1
    }

    fn check(lines: &str, expected: &[(&str, &str)]) {
        let found = attributes(lines);
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, expected, "{lines}");
    }

    #[test]
    fn values_that_are_no_json_are_read() {
        let i = " ".repeat(12);
        check(&format!("{i}\"Job_Name\":nan,\n{i}\"a\":+1"), &[("Job_Name", "nan"), ("a", "+1")]);
        check(
            &format!("{i}\"s\":\"-N t t\\\",\n{i}\"b\":\"C:\\dir\""),
            &[("s", "-N t t\\"), ("b", "C:\\dir")],
        );
        check(&format!("{i}\"A\":\"\\\",\n{i}\"B\":\"x\\ny\""), &[("A", "\\"), ("B", "x\ny")]);
        check(&format!("{i}\"A\":\"\\u001b[31m\""), &[("A", "\u{1b}[31m")]);
        check(
            &format!("{i}\"R\":{{\n{i}    \"x\":1,\n{i}    \"y\":{{\n{i}    }}\n{i}}},\n{i}\"z\":2"),
            &[("R.x", "1"), ("R.y", "{\n                }"), ("z", "2")],
        );
    }

    #[test]
    fn a_line_break_inside_a_string_makes_no_job() {
        let i = " ".repeat(12);
        check(
            &format!("{i}\"c\":\"^\n        \"9.vm\":{{\",\n{i}\"d\":1"),
            &[("c", "^\n        \"9.vm\":{"), ("d", "1")],
        );
    }

    #[test]
    fn a_document_without_jobs_is_not_the_same_as_none() {
        assert_eq!(read("{\n\t\"timestamp\":\t1\n}\n"), Ok(vec![]));
        assert_eq!(read("{\n    \"timestamp\":1\n}"), Ok(vec![]));
        assert_eq!(read("{\n}"), Ok(vec![]));
        for text in ["", "qstat: error", "{", "{\n\t\"Jobs\":\t{\n\t\t\"1.vm\":\t{\n", "{\"Jobs\":{}}"] {
            assert_eq!(read(text), Err(NoDocument), "{text}");
        }
    }

    #[test]
    fn arrays_of_jobs_in_both_layouts() {
        assert_eq!(elements(b"[\"1.vm\", \"2[4].vm\"]"), ["1.vm", "2[4].vm"]);
        assert_eq!(
            elements(b"[\n                \"0.vm\",\n                \"1[4].vm\"\n            ]"),
            ["0.vm", "1[4].vm"]
        );
        assert_eq!(elements(b"1.vm"), ["1.vm"]);
    }
}
