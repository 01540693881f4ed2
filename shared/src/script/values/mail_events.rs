//! When mail is sent, and to whom.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, text_value, through_text};

/// When PBS sends mail (`-m`): `n` for never, or letters of `a` (aborted), `b` (begins), `e` (ends), with `j` also for each
/// subjob of an array.
///
/// ```
/// use pbsweb_shared::script::values::MailEvents;
/// assert_eq!("ea".parse::<MailEvents>().unwrap().to_string(), "ae");
/// assert!("z".parse::<MailEvents>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailEvents {
    letters: [bool; 4],
}

const LETTERS: [char; 4] = ['a', 'b', 'e', 'j'];

impl MailEvents {
    /// Whether any mail is sent at all.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.letters.contains(&true)
    }

    /// Whether mail is sent for each subjob of an array.
    #[must_use]
    pub const fn is_for_subjobs(self) -> bool {
        let [_, _, _, subjobs] = self.letters;
        subjobs
    }
}

impl FromStr for MailEvents {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || {
            ValueError::syntax(
                "must be n, or letters of a (aborted), b (begins), e (ends), and j (each subjob)",
            )
        };
        if text == "n" {
            return Ok(Self { letters: [false; 4] });
        }
        if text.is_empty() || !text.chars().all(|c| LETTERS.contains(&c)) {
            return Err(syntax());
        }
        let events = Self { letters: LETTERS.map(|letter| text.contains(letter)) };
        // "j" alone says for whom, not when.
        if text.chars().all(|c| c == 'j') { Err(syntax()) } else { Ok(events) }
    }
}

impl fmt::Display for MailEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_any() {
            return f.write_str("n");
        }
        for (letter, is_set) in LETTERS.iter().zip(self.letters) {
            if is_set {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

through_text!(MailEvents);

text_value! {
    /// Who gets the mail (`-M`): addresses `user` or `user@host`, separated by commas.
    MailUsers, |text| {
        let is_good = |user: &str| {
            !user.is_empty()
                && !user.starts_with(['-', '@'])
                && !user.ends_with('@')
                && user.bytes().filter(|b| *b == b'@').count() <= 1
                && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-@'=!#$&*/?^`{|}~".contains(&b))
        };
        if !text.split(',').all(is_good) {
            return Err(ValueError::syntax("must be mail addresses separated by commas, without blanks"));
        }
        if text.len() > 4000 {
            return Err(ValueError::range("is too long"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn events_in_their_order() {
        check_good::<MailEvents>(&[("n", "n"), ("abe", "abe"), ("eba", "abe"), ("aa", "a"), ("je", "ej")]);
        check_bad::<MailEvents>(&["", "z", "an", "j", "a b", "A"].map(|t| (t, "syntax")));
    }

    #[test]
    fn addresses() {
        check_good::<MailUsers>(
            &["ada", "ada@example.org", "a@x.org,b.c+d@y.org", "123"].map(|name| (name, name)),
        );
        check_bad::<MailUsers>(
            &["", ",", "a,", "a b", "a@", "@b", "a@b@c", "a\nb", "-f"].map(|t| (t, "syntax")),
        );
    }
}
