//! Names that people give: each has one way in, so that what holds one need not look again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text cannot be the name it was meant to be. The text reads after the field's label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct NameError {
    rule: &'static str,
}

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident, $rule:literal, $accepts:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err(NameError { rule: $rule }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

name! {
    /// A PBSWeb login name.
    UserName, "needs 2 to 32 lower-case letters, digits, '.', '_' or '-', and begins with a letter",
        |text| (2..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));

    /// The short name of a host in pages, addresses and the API.
    HostName, "needs 1 to 40 lower-case letters, digits or '-', and begins with a letter or digit",
        |text| (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');

    /// A Unix login name on a host, as `useradd(8)` allows them, plus the upper case and '@' of directory services.
    LoginName, "needs 1 to 64 letters, digits, '.', '_', '-', '@' or a final '$', and does not begin with '-'",
        |text| {
            let body = text.strip_suffix('$').unwrap_or(text);
            (1..=64).contains(&text.len())
                && !body.is_empty()
                && !text.starts_with('-')
                && body.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
        };

    /// The name of an application: also its folder `~/pbsweb/<name>` on each host, hence the narrow alphabet.
    ApplicationName, "needs 1 to 64 letters, digits, '.', '_', '+' or '-', and begins with a letter or digit",
        |text| (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));

    /// The identifier a scheduler gives to a job, whole, such as `1234.cluster` or `1234[].cluster`. As the commands take it, the
    /// server that is to be asked may stand behind it, `1234.cluster@other`, and some jobs of an array be meant, `1234[1-9:2].cluster`.
    PbsJobId, "is a number, perhaps with '[]' or '[n]', and the server's name",
        |text| (1..=200).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_digit())
            && text.matches('@').count() <= 1
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-[]@:".contains(c));
}

impl PbsJobId {
    /// For a subjob such as `12[3].vm`: its array `12[].vm` and its index.
    #[must_use]
    pub fn subjob(&self) -> Option<(Self, u32)> {
        let (number, rest) = self.0.split_once('[')?;
        let (index, server) = rest.split_once(']')?;
        let index = index.parse().ok()?;
        Some((Self(format!("{number}[]{server}")), index))
    }

    /// The same job, for a command that is to ask another server than the one that gave the id.
    ///
    /// # Errors
    /// This is no server's name.
    pub fn at(&self, server: &str) -> Result<Self, NameError> {
        format!("{}@{server}", self.without_server()).parse()
    }

    /// What the scheduler itself writes: without the server that is to be asked.
    #[must_use]
    pub fn without_server(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subjob_names_its_array() {
        let subjob = |text: &str| {
            let id: PbsJobId = text.parse().unwrap();
            id.subjob().map(|(array, index)| (array.to_string(), index))
        };
        assert_eq!(subjob("12[3].vm"), Some(("12[].vm".to_owned(), 3)));
        assert_eq!(subjob("12[].vm"), None);
        assert_eq!(subjob("12.vm"), None);
        assert_eq!(subjob("12[1-3].vm"), None);
    }

    #[test]
    fn another_server_can_be_asked() {
        let id: PbsJobId = "12[].vm".parse().unwrap();
        assert_eq!(id.without_server(), "12[].vm");
        let there = id.at("other.site").unwrap();
        assert_eq!((there.as_str(), there.without_server()), ("12[].vm@other.site", "12[].vm"));
        assert_eq!(there.at("third").unwrap().as_str(), "12[].vm@third");
        assert!(id.at("a b").is_err());
    }

    fn check<T: FromStr + fmt::Display>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(
                text.parse::<T>().ok().map(|name| name.to_string()).as_deref(),
                Some(*text),
                "{text:?}"
            );
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn names_take_what_their_rule_says() {
        check::<UserName>(&["ada", "a-b.c_9"], &["", "a", "Ada", "9a", "a b", "a\nb", &"a".repeat(33)]);
        check::<HostName>(&["hpc1", "9"], &["", "-a", "a.b", "A"]);
        check::<LoginName>(&["alice", "Bob@CORP", "machine$"], &["", "$", "-rf", "a b", "a;b", "a\n"]);
        check::<ApplicationName>(&["heat2d", "Code_1.2+x"], &["", ".ssh", "..", "a/b", "-x", "a b", "é"]);
        check::<PbsJobId>(
            &["1.vm", "12[].pbs-1.site", "12[3].vm", "1.vm@b"],
            &["", "vm", "1 2", "1;rm", "1\n", "1@a@b"],
        );
    }

    #[test]
    fn a_bad_name_in_json_is_an_error_with_the_rule() {
        let error = serde_json::from_str::<UserName>("\"A B\"").unwrap_err();
        assert!(error.to_string().contains("lower-case letters"), "{error}");
    }
}
