//! Which subjobs an array has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, digits, through_text};

/// The indices of a job array (`-J`): `first-last`, perhaps `:step`, perhaps `%most` that may run at once.
///
/// ```
/// use pbsweb_shared::script::values::ArrayRange;
/// let range: ArrayRange = "1-10:2%3".parse().unwrap();
/// assert_eq!((range.count(), range.to_string().as_str()), (5, "1-10:2%3"));
/// assert!("7-7".parse::<ArrayRange>().is_err(), "PBS refuses an array of one");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArrayRange {
    first: u32,
    last: u32,
    step: u32,
    most: Option<u32>,
}

impl ArrayRange {
    /// The lowest index.
    #[must_use]
    pub const fn first(self) -> u32 {
        self.first
    }

    /// The bound that no index exceeds.
    #[must_use]
    pub const fn last(self) -> u32 {
        self.last
    }

    /// The distance of two indices.
    #[must_use]
    pub const fn step(self) -> u32 {
        self.step
    }

    /// How many subjobs may run at once, if limited.
    #[must_use]
    pub const fn most(self) -> Option<u32> {
        self.most
    }

    /// How many subjobs there are.
    #[must_use]
    pub const fn count(self) -> u64 {
        (self.last - self.first) as u64 / self.step as u64 + 1
    }
}

impl FromStr for ArrayRange {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || {
            ValueError::syntax("must be first-last, perhaps with :step and %most at once, such as 1-100:2%10")
        };
        let (range, most) = text.split_once('%').map_or((text, None), |(range, most)| (range, Some(most)));
        let (range, step) = range.split_once(':').map_or((range, None), |(range, step)| (range, Some(step)));
        let (first, last) = range.split_once('-').ok_or_else(syntax)?;
        let number = |text: &str| {
            digits::<u32>(text).filter(|number| *number <= i32::MAX.unsigned_abs()).ok_or_else(syntax)
        };
        let range = Self {
            first: number(first)?,
            last: number(last)?,
            step: step.map_or(Ok(1), number)?,
            most: most.map(number).transpose()?,
        };
        if range.first >= range.last {
            return Err(ValueError::range("must end after it begins; PBS refuses an array of one"));
        }
        if range.step == 0 || range.most == Some(0) {
            return Err(ValueError::range("needs a step and a number at once of 1 or more"));
        }
        Ok(range)
    }
}

impl fmt::Display for ArrayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)?;
        if self.step != 1 {
            write!(f, ":{}", self.step)?;
        }
        if let Some(most) = self.most {
            write!(f, "%{most}")?;
        }
        Ok(())
    }
}

through_text!(ArrayRange);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn ranges_as_pbs_reads_them() {
        check_good::<ArrayRange>(&[
            ("1-3", "1-3"),
            ("0-99:3", "0-99:3"),
            ("1-10:1", "1-10"),
            ("1-10%2", "1-10%2"),
            ("01-10:2%03", "1-10:2%3"),
        ]);
        // Recorded as refused: 5-1, abc, 1-1.
        check_bad::<ArrayRange>(
            &[
                "",
                "abc",
                "1",
                "1-",
                "-3",
                "1-3:",
                "1-3%",
                "1-3,5",
                "1-3%2:2",
                "+1-3",
                "1-3\n",
                "0-4294967295",
            ]
            .map(|t| (t, "syntax")),
        );
        check_bad::<ArrayRange>(&["5-1", "1-1", "1-3:0", "1-3%0"].map(|t| (t, "range")));
    }

    #[test]
    fn subjobs_are_counted() {
        for (text, count) in [("1-3", 3), ("0-9:3", 4), ("1-2:5", 1), ("0-2147483647", 1 << 31)] {
            assert_eq!(text.parse::<ArrayRange>().unwrap().count(), count, "{text}");
        }
    }
}
