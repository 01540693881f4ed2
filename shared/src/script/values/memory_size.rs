//! Amounts of memory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, digits, through_text};

/// An amount of memory as PBS writes it: a whole number and a unit (`b`, `kb` … `pb`, or `w`, `kw` … for words of 8 bytes),
/// in powers of 1024. A bare number is bytes. It prints in the unit that was given, in lower case.
///
/// ```
/// use pbsweb_shared::script::values::MemorySize;
/// let size: MemorySize = "4GB".parse().unwrap();
/// assert_eq!((size.bytes(), size.to_string().as_str()), (4 << 30, "4gb"));
/// assert!("1.5gb".parse::<MemorySize>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemorySize {
    count: u64,
    /// How often 1024 is taken: 0 for b or w, 5 for pb.
    power: u8,
    is_words: bool,
}

const PREFIXES: [(char, u8); 5] = [('k', 1), ('m', 2), ('g', 3), ('t', 4), ('p', 5)];

impl MemorySize {
    /// How many bytes it is; a size that exists is below 2^64 bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        let word = if self.is_words { 8 } else { 1 };
        (self.count * word) << (10 * self.power as u32)
    }

    /// So many bytes, in the largest unit that divides them.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        let mut size = Self { count: bytes, power: 0, is_words: false };
        while size.count != 0 && size.count.is_multiple_of(1024) && size.power < 5 {
            size.count /= 1024;
            size.power += 1;
        }
        size
    }
}

impl FromStr for MemorySize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || {
            ValueError::syntax(
                "must be a whole number and a unit (kb, mb, gb, tb; powers of 1024), such as 4gb or 1536mb",
            )
        };
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end).ok_or_else(syntax)?;
        let unit = unit.to_ascii_lowercase();
        let (power, rest) = PREFIXES
            .iter()
            .find_map(|(prefix, power)| unit.strip_prefix(*prefix).map(|rest| (*power, rest)))
            .unwrap_or((0, &unit));
        // PBS takes "4g" as "4gb".
        let is_words = match rest {
            "" | "b" => false,
            "w" => true,
            _ => return Err(syntax()),
        };
        if number.is_empty() {
            return Err(syntax());
        }
        let too_large = || ValueError::range("is more than can be counted in 64 bits");
        let count: u64 = digits(number).ok_or_else(too_large)?;
        let unit_bytes = (if is_words { 8u64 } else { 1 }) << (10 * u32::from(power));
        count.checked_mul(unit_bytes).ok_or_else(too_large)?;
        Ok(Self { count, power, is_words })
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count)?;
        if let Some((prefix, _)) = PREFIXES.iter().find(|(_, power)| *power == self.power) {
            write!(f, "{prefix}")?;
        }
        f.write_str(if self.is_words { "w" } else { "b" })
    }
}

through_text!(MemorySize);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn sizes_with_every_unit() {
        check_good::<MemorySize>(&[
            ("0", "0b"),
            ("4096", "4096b"),
            ("4gb", "4gb"),
            ("4G", "4gb"),
            ("1536MB", "1536mb"),
            ("2kw", "2kw"),
            ("3w", "3w"),
            ("7Tb", "7tb"),
            ("1pb", "1pb"),
        ]);
        check_bad::<MemorySize>(
            &["", "gb", "1zb", "1.5gb", "4 gb", "-1gb", "4gib", "4gbb", "4gb\n"].map(|t| (t, "syntax")),
        );
        check_bad::<MemorySize>(&[
            ("16384pb", "range"),
            ("18446744073709551616", "range"),
            ("18446744073709551615kb", "range"),
        ]);
    }

    #[test]
    fn bytes_are_counted_in_powers_of_1024() {
        let cases = [("1kb", 1024), ("1kw", 8192), ("3mb", 3 << 20), ("2pb", 2 << 50), ("17", 17)];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<MemorySize>().unwrap().bytes(), bytes, "{text}");
        }
        assert_eq!(MemorySize::from_bytes(3 << 30).to_string(), "3gb");
        assert_eq!(MemorySize::from_bytes(0).to_string(), "0b");
    }
}
