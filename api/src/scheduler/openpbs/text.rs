//! The text form that `qstat -f`, `qstat -Qf` and `qstat -Bf` share: `Head: name`, then attributes indented by four
//! blanks, folded with a line break and a tab at 80 columns, in blocks divided by an empty line.
//!
//! A value may hold line breaks of its own (recording `qstat-f-vars`), and then continues in column 0; it may even look
//! like an attribute or like another block. Nothing can be done about that in the text form, so: the first value of
//! an attribute counts, and blocks of the same name contradict each other (`listing`).

use std::borrow::Cow;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands behind the head.
    pub name: Cow<'a, str>,
    /// The attributes in their order; a name may come twice.
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
}

impl Block<'_> {
    /// The first value of an attribute; bytes that are not UTF-8 are marked.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// Values of `prefix.*`, by what follows the dot.
    #[must_use]
    pub fn group(&self, prefix: &str) -> Vec<(String, String)> {
        self.attributes
            .iter()
            .filter_map(|(key, value)| {
                let name = key.strip_prefix(prefix)?.strip_prefix('.')?;
                Some((name.to_owned(), lossy(value)))
            })
            .collect()
    }
}

/// A value as text; bytes that are not UTF-8 are marked.
#[must_use]
pub fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// Reads blocks that begin with `head` (such as `Job Id: `), one pass over the bytes. `each` gets every block when it is
/// complete. Text before the first block is given back: it is none, unless something else printed there.
pub fn read_blocks<'a>(head: &str, text: &'a [u8], mut each: impl FnMut(&Block<'a>)) -> String {
    let mut stray = String::new();
    // One block, filled again for each: a listing has tens of thousands.
    let mut block = Block { name: Cow::Borrowed(""), attributes: Vec::with_capacity(64) };
    let mut is_open = false;
    let mut empty_lines = 0_usize;
    for line in lines(text) {
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        if let Some((name, value)) = attribute(line).filter(|_| is_open) {
            empty_lines = 0;
            block.attributes.push((Cow::Borrowed(name), Cow::Borrowed(value)));
        } else if let Some(name) = line.strip_prefix(head.as_bytes()) {
            if is_open {
                each(&block);
            }
            is_open = true;
            empty_lines = 0;
            block.name = String::from_utf8_lossy(name.trim_ascii());
            block.attributes.clear();
        } else if !is_open {
            stray.push_str(&String::from_utf8_lossy(line));
            stray.push('\n');
        } else if let Some((_, value)) = block.attributes.last_mut() {
            let value = value.to_mut();
            if let (Some(folded), 0) = (line.strip_prefix(b"\t"), empty_lines) {
                value.extend_from_slice(folded);
            } else {
                // A line break that belongs to the value, and empty lines before it.
                value.resize(value.len() + empty_lines + 1, b'\n');
                value.extend_from_slice(line);
            }
            empty_lines = 0;
        }
    }
    if is_open {
        each(&block);
    }
    stray
}

/// The lines of a text, without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let line = match memchr::memchr(b'\n', text).and_then(|end| text.split_at_checked(end)) {
            Some((line, tail)) => {
                rest = tail.get(1..);
                line
            }
            None => {
                rest = None;
                text
            }
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// `    name = value`; the name is of the characters that PBS's attribute and resource names have.
fn attribute(line: &[u8]) -> Option<(&str, &[u8])> {
    let line = line.strip_prefix(b"    ")?;
    let end = line.iter().position(|byte| !is_name_byte(*byte))?;
    let (name, rest) = line.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let value = match rest.strip_prefix(b" = ") {
        Some(value) => value,
        // An empty value may lose the blank behind its sign.
        None if rest == b" =" => b"",
        None => return None,
    };
    Some((std::str::from_utf8(name).ok()?, value))
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &[(&str, &str)])]) {
        let mut found = Vec::new();
        read_blocks("Job Id: ", text.as_bytes(), |block| {
            let attributes: Vec<(String, String)> =
                block.attributes.iter().map(|(name, value)| (name.to_string(), lossy(value))).collect();
            found.push((block.name.to_string(), attributes));
        });
        let found: Vec<(&str, Vec<(&str, &str)>)> = found
            .iter()
            .map(|(name, list)| (name.as_str(), list.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()))
            .collect();
        let expected: Vec<(&str, Vec<(&str, &str)>)> =
            expected.iter().map(|(name, list)| (*name, list.to_vec())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn folded_lines_and_line_breaks_in_values() {
        check("", &[]);
        check("Job Id: 1.vm\n    a = b\n\n", &[("1.vm", &[("a", "b")])]);
        check("Job Id: 1.vm\n    a = x,\n\ty\n\tz\n    b = \n", &[("1.vm", &[("a", "x,yz"), ("b", "")])]);
        check(
            "Job Id: 1.vm\n    a = one\ntwo\n\nfour\n    b =\n",
            &[("1.vm", &[("a", "one\ntwo\n\nfour"), ("b", "")])],
        );
        check("Job Id: 1.vm\n    a = 1\n\nJob Id: 2.vm\n", &[("1.vm", &[("a", "1")]), ("2.vm", &[])]);
        check("Job Id: 1.vm\r\n    a = 1\r\n", &[("1.vm", &[("a", "1")])]);
    }

    #[test]
    fn text_before_the_first_block_is_given_back() {
        let stray = read_blocks("Job Id: ", b"Welcome\n\nJob Id: 1.vm\n", |_| {});
        assert_eq!(stray, "Welcome\n");
    }
}
