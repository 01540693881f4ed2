//! Order within a queue.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, through_text};

/// A job's priority among its owner's jobs (`-p`): -1024 to 1023.
///
/// ```
/// use pbsweb_shared::script::values::Priority;
/// assert_eq!("-10".parse::<Priority>().unwrap().get(), -10);
/// assert!("9999".parse::<Priority>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "10"))]
pub struct Priority(i16);

impl Priority {
    /// The number.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl FromStr for Priority {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ValueError::syntax("must be a whole number"));
        }
        match text.parse::<i16>() {
            Ok(number) if (-1024..=1023).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(ValueError::range("must lie between -1024 and 1023")),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

through_text!(Priority);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn priorities_within_their_bounds() {
        check_good::<Priority>(&[
            ("0", "0"),
            ("-1024", "-1024"),
            ("1023", "1023"),
            ("+7", "7"),
            ("007", "7"),
        ]);
        check_bad::<Priority>(&["", "-", "high", "1.5", "1 "].map(|t| (t, "syntax")));
        check_bad::<Priority>(&["1024", "-1025", "9999", "99999999999999999999"].map(|t| (t, "range")));
    }
}
