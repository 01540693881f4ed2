//! The moment before which a job does not start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, digits, through_text};

/// When a job may start at the earliest (`-a`), by the host's clock. Reads `YYYY-MM-DDTHH:MM[:SS]` and PBS's own
/// `[[[[CC]YY]MM]DD]hhmm[.SS]`; a full date prints in the first form, a shortened one (PBS completes it) as given.
///
/// ```
/// use pbsweb_shared::script::values::StartTime;
/// let start: StartTime = "2026-11-24T15:30".parse().unwrap();
/// assert_eq!(start.as_pbs(), "202611241530");
/// assert_eq!("202611241530".parse::<StartTime>().unwrap(), start);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StartTime {
    /// Pairs of digits: `[[[[CC]YY]MM]DD]hhmm`.
    digits: String,
    second: Option<u8>,
}

impl StartTime {
    /// What `-a` is given.
    #[must_use]
    pub fn as_pbs(&self) -> String {
        self.second.map_or_else(|| self.digits.clone(), |second| format!("{}.{second:02}", self.digits))
    }
}

fn syntax() -> ValueError {
    ValueError::syntax("must be a date and time such as 2026-11-24T15:30, or PBS's [[[[CC]YY]MM]DD]hhmm[.SS]")
}

impl FromStr for StartTime {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits_only, second) = match text.split_once('T') {
            Some((date, time)) => {
                let date: Vec<&str> = date.split('-').collect();
                let time: Vec<&str> = time.split(':').collect();
                let ([year, month, day], [hour, minute] | [hour, minute, _]) =
                    (date.as_slice(), time.as_slice())
                else {
                    return Err(syntax());
                };
                let parts = [year, month, day, hour, minute];
                if parts.map(|part| part.len()) != [4, 2, 2, 2, 2] {
                    return Err(syntax());
                }
                (parts.map(|part| *part).concat(), time.get(2).copied())
            }
            None => {
                let (digits, second) =
                    text.split_once('.').map_or((text, None), |(digits, second)| (digits, Some(second)));
                (digits.to_owned(), second)
            }
        };
        let second = match second {
            Some(second) if second.len() == 2 => Some(digits::<u8>(second).ok_or_else(syntax)?),
            Some(_) => return Err(syntax()),
            None => None,
        };
        if !matches!(digits_only.len(), 4 | 6 | 8 | 10 | 12)
            || !digits_only.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(syntax());
        }
        let start = Self { digits: digits_only, second };
        if start.is_possible() { Ok(start) } else { Err(ValueError::range("is no moment of the calendar")) }
    }
}

impl StartTime {
    /// The pair of digits so many from the right, if given: 0 minute, 1 hour, 2 day, 3 month.
    fn pair(&self, from_right: usize) -> Option<u32> {
        let end = self.digits.len().checked_sub(2 * from_right)?;
        digits(self.digits.get(end.checked_sub(2)?..end)?)
    }

    fn is_possible(&self) -> bool {
        let within =
            |pair: Option<u32>, low: u32, high: u32| pair.is_none_or(|value| (low..=high).contains(&value));
        // Without a full year a 29 February is left to PBS.
        let year = self.digits.get(..4).filter(|_| self.digits.len() == 12).and_then(digits::<u32>);
        let is_leap = year.is_none_or(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        let days = match self.pair(3) {
            Some(4 | 6 | 9 | 11) => 30,
            Some(2) if is_leap => 29,
            Some(2) => 28,
            Some(_) | None => 31,
        };
        within(self.pair(0), 0, 59)
            && within(self.pair(1), 0, 23)
            && within(self.pair(2), 1, days)
            && within(self.pair(3), 1, 12)
            && self.second.is_none_or(|second| second <= 59)
    }
}

impl fmt::Display for StartTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |from: usize, to: usize| self.digits.get(from..to).unwrap_or_default();
        if self.digits.len() != 12 {
            return f.write_str(&self.as_pbs());
        }
        write!(f, "{}-{}-{}T{}:{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12))?;
        self.second.map_or(Ok(()), |second| write!(f, ":{second:02}"))
    }
}

through_text!(StartTime);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn moments_in_both_notations() {
        check_good::<StartTime>(&[
            ("2026-11-24T15:30", "2026-11-24T15:30"),
            ("2026-11-24T15:30:05", "2026-11-24T15:30:05"),
            ("202611241530", "2026-11-24T15:30"),
            ("202611241530.05", "2026-11-24T15:30:05"),
            ("1530", "1530"),
            ("11241530", "11241530"),
            ("2611241530", "2611241530"),
            ("2028-02-29T00:00", "2028-02-29T00:00"),
        ]);
        check_bad::<StartTime>(
            &[
                "",
                "tomorrow",
                "15:30",
                "153",
                "2026-11-24",
                "2026-11-24 15:30",
                "2026-1-2T3:4",
                "1530.5",
                "2026-11-24T15:30:05:06",
                "1530\n",
            ]
            .map(|t| (t, "syntax")),
        );
        // Recorded: `-a 99999999` is refused with status 2.
        check_bad::<StartTime>(
            &["99999999", "2560", "2400", "2026-02-29T00:00", "2026-04-31T00:00", "00011200", "1530.60"]
                .map(|t| (t, "range")),
        );
    }
}
