//! The words of a directive line, as qsub splits them: blanks separate, quotes of either kind protect (and hold no escapes),
//! outside quotes a backslash protects the next character.

/// A line with a quote that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnclosedQuote;

/// A word, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes.
    pub(crate) end: usize,
    /// What it says, without quotes.
    pub(crate) text: String,
}

/// The words of what follows `#PBS`.
pub(crate) fn split(text: &str) -> Result<Vec<Word>, UnclosedQuote> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
        let Some((start, _)) = chars.peek().copied() else { return Ok(words) };
        let mut word = String::with_capacity(32);
        while let Some((_, c)) = chars.next_if(|(_, c)| !c.is_ascii_whitespace()) {
            match c {
                '"' | '\'' => loop {
                    match chars.next() {
                        Some((_, inner)) if inner == c => break,
                        Some((_, inner)) => word.push(inner),
                        None => return Err(UnclosedQuote),
                    }
                },
                '\\' => word.extend(chars.next().map(|(_, next)| next)),
                plain => word.push(plain),
            }
        }
        let end = chars.peek().map_or(text.len(), |(end, _)| *end);
        words.push(Word { start, end, text: word });
    }
}

/// A word so that [`split`] gives it back. Control characters, which have no place in a directive, become U+FFFD.
pub(crate) fn quote(word: &str) -> String {
    let word = one_line(word);
    if !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "\"'\\#".contains(c)) {
        return word;
    }
    let mut quoted = String::with_capacity(word.len() + 2);
    let mut open: Option<char> = None;
    for (index, c) in word.char_indices() {
        if open.is_none_or(|mark| mark == c) {
            quoted.extend(open);
            // The mark that lasts longer: not the one that comes first in what is left.
            let next =
                word.get(index..).unwrap_or_default().find(['"', '\'']).and_then(|at| word.get(index + at..));
            let mark = if next.is_some_and(|next| next.starts_with('"')) { '\'' } else { '"' };
            quoted.push(mark);
            open = Some(mark);
        }
        quoted.push(c);
    }
    match open {
        Some(mark) => quoted.push(mark),
        None => quoted.push_str("\"\""),
    }
    quoted
}

/// The text without anything that could end the line it is written in.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        split(text).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn lines_are_split_as_qsub_does() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text:?}");
        check("", &[]);
        check("   ", &[]);
        check(" -N name\t-q workq ", &["-N", "name", "-q", "workq"]);
        check("-o \"my out.txt\"", &["-o", "my out.txt"]);
        check("-A 'a\"b'\"c'd\"", &["-A", "a\"bc'd"]);
        check("-A a\\ b\\\\", &["-A", "a b\\"]);
        check("-A \"\"", &["-A", ""]);
        assert_eq!(split("-A 'open"), Err(UnclosedQuote));
        let places =
            |text: &str| split(text).unwrap().iter().map(|word| (word.start, word.end)).collect::<Vec<_>>();
        assert_eq!(places("  -N é 'x y'"), [(2, 4), (5, 7), (8, 13)]);
    }

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(quote("select=1:ncpus=2+3"), "select=1:ncpus=2+3");
        assert_eq!(quote("my out"), "\"my out\"");
        assert_eq!(quote("a=\"b\""), "'a=\"b\"'");
        assert_eq!(quote("it's \"b\""), "\"it's \"'\"b\"'");
        assert_eq!(quote("a\nb"), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_one_word(word in "[^\\p{Cc}]{0,20}") {
            prop_assert_eq!(words(&quote(&word)), [word]);
        }
    }
}
