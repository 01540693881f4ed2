//! Small values of `-W` attributes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, read_count, text_value, through_text, word_value};

word_value! {
    /// Whether a job lives on when a node fails (`-W tolerate_node_failures=`).
    NodeFailures, "must be none, job_start or all" {
        /// It ends.
        None = "none",
        /// It bears failures at its start.
        AtStart = "job_start",
        /// It bears all.
        All = "all",
    }
}

text_value! {
    /// Where PBS starts a job and stages files (`-W sandbox=`).
    Sandbox, |text| {
        let is_good = ["HOME", "PRIVATE", "O_WORKDIR"].iter().any(|word| word.eq_ignore_ascii_case(text));
        if is_good { Ok(()) } else { Err(ValueError::syntax("must be HOME, PRIVATE or O_WORKDIR")) }
    }
}

/// Yes or no, as PBS reads it: `true`, `t`, `y`, `1`, `false`, `f`, `n`, `0` in any case.
///
/// ```
/// use pbsweb_shared::script::values::Truth;
/// assert_eq!("TRUE".parse::<Truth>().unwrap().to_string(), "true");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Truth(bool);

impl Truth {
    /// Whether it says yes.
    #[must_use]
    pub const fn is_true(self) -> bool {
        self.0
    }
}

impl FromStr for Truth {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "y" | "1" => Ok(Self(true)),
            "false" | "f" | "n" | "0" => Ok(Self(false)),
            _ => Err(ValueError::syntax("must be true or false")),
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "true" } else { "false" })
    }
}

/// A number of things: 0 to 2^31 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Count(u32);

impl Count {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl FromStr for Count {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read_count(text).map(Self)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

through_text!(Truth, Count);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn words_and_numbers() {
        check_good::<NodeFailures>(&["none", "job_start", "all"].map(|name| (name, name)));
        check_bad::<NodeFailures>(&["", "some"].map(|t| (t, "syntax")));
        check_good::<Sandbox>(&["HOME", "PRIVATE", "private"].map(|name| (name, name)));
        check_bad::<Sandbox>(&["", "x", "HOME "].map(|t| (t, "syntax")));
        check_good::<Truth>(&[("True", "true"), ("1", "true"), ("f", "false"), ("false", "false")]);
        check_bad::<Truth>(&["", "yes", "2"].map(|t| (t, "syntax")));
        check_good::<Count>(&[("0", "0"), ("007", "7")]);
        check_bad::<Count>(&["", "-1", "+1", "1.5", "x"].map(|t| (t, "syntax")));
        check_bad::<Count>(&[("2147483648", "range")]);
    }
}
