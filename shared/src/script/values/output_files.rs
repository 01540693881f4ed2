//! What becomes of the files of standard output and standard error.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, through_text};

/// Which output files stay on the node, or with `d` are written in place (`-k`); none is `n`.
///
/// ```
/// use pbsweb_shared::script::values::KeepFiles;
/// assert_eq!("deo".parse::<KeepFiles>().unwrap().to_string(), "oed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeepFiles([bool; 3]);

/// Which output files are removed when the job succeeds (`-R`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemoveFiles([bool; 2]);

/// Which of the letters a text has; `None` if it has another one, or none.
fn letters<const N: usize>(text: &str, letters: [char; N]) -> Option<[bool; N]> {
    let is_good = !text.is_empty() && text.chars().all(|c| letters.contains(&c));
    is_good.then(|| letters.map(|letter| text.contains(letter)))
}

fn write<const N: usize>(f: &mut fmt::Formatter<'_>, letters: [char; N], set: [bool; N]) -> fmt::Result {
    letters.iter().zip(set).filter(|(_, is_set)| *is_set).try_for_each(|(letter, _)| write!(f, "{letter}"))
}

const KEEP: [char; 3] = ['o', 'e', 'd'];
const REMOVE: [char; 2] = ['o', 'e'];

impl FromStr for KeepFiles {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "n" {
            return Ok(Self([false; 3]));
        }
        // Alone, d says which way but not what.
        letters(text, KEEP)
            .filter(|[output, error, _]| *output || *error)
            .map(Self)
            .ok_or_else(|| ValueError::syntax("must be letters of o, e and d (not d alone), or n"))
    }
}

impl fmt::Display for KeepFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(&true) { write(f, KEEP, self.0) } else { f.write_str("n") }
    }
}

impl FromStr for RemoveFiles {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        letters(text, REMOVE).map(Self).ok_or_else(|| ValueError::syntax("must be o, e or oe"))
    }
}

impl fmt::Display for RemoveFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, REMOVE, self.0)
    }
}

through_text!(KeepFiles, RemoveFiles);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn letters_in_their_order() {
        check_good::<KeepFiles>(&[
            ("n", "n"),
            ("oe", "oe"),
            ("eo", "oe"),
            ("doe", "oed"),
            ("e", "e"),
            ("oo", "o"),
        ]);
        check_bad::<KeepFiles>(&["", "z", "no", "d", "o e", "O"].map(|t| (t, "syntax")));
        check_good::<RemoveFiles>(&[("o", "o"), ("eo", "oe")]);
        check_bad::<RemoveFiles>(&["", "n", "od", "x"].map(|t| (t, "syntax")));
    }
}
