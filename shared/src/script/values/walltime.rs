//! How long a job may run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, digits, through_text};

/// A time span of whole seconds, as in `-l walltime=`. Reads `SS`, `MM:SS` and `HH:MM:SS`, prints `HH:MM:SS`; hours may exceed 24.
///
/// ```
/// use pbsweb_shared::script::values::Walltime;
/// assert_eq!("90".parse::<Walltime>().unwrap().to_string(), "00:01:30");
/// assert_eq!("100:00:00".parse::<Walltime>().unwrap().seconds(), 360_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "01:30:00"))]
pub struct Walltime(u64);

/// A century: more is a slip of the finger, and PBS's own arithmetic is safe below it.
const LONGEST_S: u64 = 100 * 366 * 24 * 3600;

const SYNTAX: &str = "must be seconds, MM:SS or HH:MM:SS, such as 01:30:00";

impl Walltime {
    /// A span of so many seconds, at most a century.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds > LONGEST_S { None } else { Some(Self(seconds)) }
    }

    /// How many seconds it is.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Walltime {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // PBS takes (and rounds up) a fraction of a second.
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => {
                if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(ValueError::syntax(SYNTAX));
                }
                (whole, u64::from(fraction.bytes().any(|b| b != b'0')))
            }
            None => (text, 0),
        };
        let mut seconds = 0u64;
        for (index, part) in whole.split(':').enumerate() {
            if index == 3 || part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(ValueError::syntax(SYNTAX));
            }
            seconds = digits::<u64>(part)
                .and_then(|part| seconds.checked_mul(60)?.checked_add(part))
                .ok_or_else(|| ValueError::range("is longer than a century"))?;
        }
        seconds
            .checked_add(fraction)
            .and_then(Self::from_seconds)
            .ok_or_else(|| ValueError::range("is longer than a century"))
    }
}

impl fmt::Display for Walltime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

through_text!(Walltime);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn spans_as_pbs_reads_them() {
        check_good::<Walltime>(&[
            ("0", "00:00:00"),
            ("90", "00:01:30"),
            ("5:00", "00:05:00"),
            ("1:0:0", "01:00:00"),
            // Recorded: `walltime=00:90:00` was stored as 01:30:00.
            ("00:90:00", "01:30:00"),
            ("240:00:00", "240:00:00"),
            ("1.5", "00:00:02"),
            ("2.0", "00:00:02"),
        ]);
        check_bad::<Walltime>(
            &["", "abc", "1:2:3:4", "-5", "+5", "1h", "1:", ":1", "1-00:00:00", "1 0", "1.", "1.x", "1\n"]
                .map(|t| (t, "syntax")),
        );
        check_bad::<Walltime>(&[("99999999999999999999", "range"), ("900000:00:00", "range")]);
    }
}
