//! Text as HTML, with what is searched for marked in it.

use super::terminal::{Run, Style};

/// Where in a text the words are, whatever their case; not one within another, and at most so many.
fn find(text: &str, words: &str, most: usize) -> Vec<usize> {
    let (text, words) = (text.as_bytes(), words.as_bytes());
    let Some(first) = words.first() else { return Vec::new() };
    let mut found = Vec::new();
    let mut from = 0_usize;
    while let Some(there) = text.get(from..).filter(|rest| rest.len() >= words.len() && found.len() < most) {
        let begins = |byte: &u8| byte.eq_ignore_ascii_case(first);
        let Some(skip) = there.iter().position(begins) else { break };
        let at = from.saturating_add(skip);
        let end = at.saturating_add(words.len());
        if text.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(words)) {
            found.push(at);
            from = end;
        } else {
            from = at.saturating_add(1);
        }
    }
    found
}

/// The runs as HTML, and how often the words are in them, of which at most so many are marked. A match that looks different
/// in parts is marked in parts; the first of them has `data-first`.
pub(super) fn html_of(runs: &[Run], words: &str, most: usize) -> (String, usize) {
    let text: String = runs.iter().map(|run| run.text.as_str()).collect();
    let found = find(&text, words, most);
    let mut html = String::with_capacity(text.len());
    let mut open = found.iter().copied().peekable();
    let mut start = 0_usize;
    for run in runs {
        let end = start.saturating_add(run.text.len());
        let mut at = start;
        while at < end {
            // A match that was begun in an earlier run is still the next one.
            while open.next_if(|begin| begin.saturating_add(words.len()) <= at).is_some() {}
            let (until, mark) = match open.peek() {
                Some(begin) if *begin <= at => (begin.saturating_add(words.len()), Some(*begin == at)),
                Some(begin) => (*begin, None),
                None => (end, None),
            };
            let until = until.min(end);
            piece(&mut html, text.get(at..until).unwrap_or_default(), run.style, mark);
            at = until;
        }
        start = end;
    }
    (html, found.len())
}

/// One piece; `mark` says that it is marked, and whether it is a match's first.
fn piece(html: &mut String, text: &str, style: Style, mark: Option<bool>) {
    let tag = match mark {
        Some(_) => "mark",
        None if style == Style::default() => return escape(html, text),
        None => "span",
    };
    html.push('<');
    html.push_str(tag);
    if mark == Some(true) {
        html.push_str(" data-first");
    }
    for (name, colour) in [("colour", style.colour), ("ground", style.ground)] {
        if let Some(colour) = colour {
            html.push_str(&format!(" data-{name}={}", colour.as_str()));
        }
    }
    for (is, name) in [
        (style.is_bold, "bold"),
        (style.is_dim, "dim"),
        (style.is_italic, "italic"),
        (style.is_underlined, "underlined"),
        (style.is_struck, "struck"),
    ] {
        if is {
            html.push_str(" data-");
            html.push_str(name);
        }
    }
    html.push('>');
    escape(html, text);
    html.push_str("</");
    html.push_str(tag);
    html.push('>');
}

/// Text between tags: nothing in it is taken for markup.
fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::{Colour, Terminal};
    use super::*;

    fn runs(text: &str) -> Vec<Run> {
        let mut terminal = Terminal::default();
        let mut runs = terminal.take(text);
        runs.extend(terminal.last_line());
        runs
    }

    fn check(text: &str, words: &str, expected: &str, n: usize) {
        assert_eq!(html_of(&runs(text), words, 9), (expected.to_owned(), n), "{text:?}");
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        check("<b>&amp;\"'\n", "", "&lt;b&gt;&amp;amp;\"'\n", 0);
        check("\u{1b}[31m</span><script>", "", "<span data-colour=red>&lt;/span&gt;&lt;script&gt;</span>", 0);
    }

    #[test]
    fn every_match_is_marked() {
        check(
            "an Error, an error",
            "ERROR",
            "an <mark data-first>Error</mark>, an <mark data-first>error</mark>",
            2,
        );
        check("aaaa", "aa", "<mark data-first>aa</mark><mark data-first>aa</mark>", 2);
        check("aab", "ab", "a<mark data-first>ab</mark>", 1);
        check("é é", "é", "<mark data-first>é</mark> <mark data-first>é</mark>", 2);
        check("abc", "x", "abc", 0);
        check("ab", "abc", "ab", 0);
        assert_eq!(html_of(&runs("aaa"), "a", 1), ("<mark data-first>a</mark>aa".to_owned(), 1));
    }

    #[test]
    fn a_match_may_change_its_looks_within() {
        check(
            "x\u{1b}[1mer\u{1b}[32mror\u{1b}[m!",
            "error!",
            "x<mark data-first data-bold>er</mark><mark data-colour=green data-bold>ror</mark><mark>!</mark>",
            1,
        );
        let mut style = Style::default();
        (style.ground, style.is_underlined) = (Some(Colour::Red), true);
        let run = Run { style, text: "aXa".to_owned() };
        assert_eq!(
            html_of(&[run], "x", 9).0,
            "<span data-ground=red data-underlined>a</span><mark data-first data-ground=red data-underlined>X</mark>\
             <span data-ground=red data-underlined>a</span>"
        );
    }
}
