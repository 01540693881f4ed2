//! Takes the colours out of what programs print: escape sequences mean something to a terminal only.

/// Where in an escape sequence the text is; pieces may end in the middle of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After `ESC [`, until a letter.
    Control,
    /// After `ESC ]`, until BEL or ESC \.
    Title,
}

/// Filters a text that comes piece by piece.
#[derive(Debug, Default)]
pub(super) struct EscapeFilter(Place);

impl EscapeFilter {
    /// The piece without escape sequences; `\r\n` becomes `\n`, as it looks the same.
    pub(super) fn take(&mut self, piece: &str) -> String {
        let mut shown = String::with_capacity(piece.len());
        for c in piece.chars() {
            self.0 = match (self.0, c) {
                (Place::Text, '\u{1b}') | (Place::Title, '\u{1b}') => Place::Escape,
                (Place::Text, '\u{7}' | '\u{8}' | '\0') => Place::Text,
                (Place::Text, c) => {
                    if c == '\n' && shown.ends_with('\r') {
                        shown.pop();
                    }
                    shown.push(c);
                    Place::Text
                }
                (Place::Escape, '[') => Place::Control,
                (Place::Escape, ']') => Place::Title,
                (Place::Escape, _) | (Place::Control, '@'..='~') | (Place::Title, '\u{7}') => Place::Text,
                (Place::Control, _) => Place::Control,
                (Place::Title, _) => Place::Title,
            };
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_text_stays() {
        let check = |pieces: &[&str], expected: &str| {
            let mut filter = EscapeFilter::default();
            let shown: String = pieces.iter().map(|piece| filter.take(piece)).collect();
            assert_eq!(shown, expected);
        };
        check(&["\u{1b}[1;31merror:\u{1b}[0m x\n"], "error: x\n");
        check(&["a\u{1b}", "[3", "1mb"], "ab");
        check(&["\u{1b}]0;title\u{7}text"], "text");
        check(&["\u{1b}]0;title\u{1b}\\text"], "text");
        check(&["1\r\n2\r3 é\t"], "1\n2\r3 é\t");
    }
}
