//! How chunks are spread over nodes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, through_text, word_value};

word_value! {
    /// How chunks are laid out.
    Arrangement, "must be free, pack, scatter or vscatter" {
        /// On any nodes.
        Free = "free",
        /// All on one node.
        Pack = "pack",
        /// Each on another node.
        Scatter = "scatter",
        /// Each on another virtual node.
        Vscatter = "vscatter",
    }
}

word_value! {
    /// Whether the nodes are shared with other jobs.
    Sharing, "must be excl, shared or exclhost" {
        /// The virtual nodes belong to the job alone.
        Excl = "excl",
        /// Other jobs may use the rest of the nodes.
        Shared = "shared",
        /// Whole machines belong to the job alone.
        Exclhost = "exclhost",
    }
}

/// How chunks are spread over nodes (`-l place=`): an arrangement, a sharing and a grouping, each once at most.
///
/// ```
/// use pbsweb_shared::script::values::Place;
/// assert_eq!("excl:scatter".parse::<Place>().unwrap().to_string(), "scatter:excl");
/// assert!("nowhere".parse::<Place>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    arrangement: Option<Arrangement>,
    sharing: Option<Sharing>,
    group: Option<String>,
}

impl Place {
    /// How chunks are laid out, if said.
    #[must_use]
    pub const fn arrangement(&self) -> Option<Arrangement> {
        self.arrangement
    }

    /// How nodes are shared, if said.
    #[must_use]
    pub const fn sharing(&self) -> Option<Sharing> {
        self.sharing
    }

    /// The resource whose value all the nodes have in common, if said.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }
}

impl FromStr for Place {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || {
            ValueError::syntax(
                "must be made of free, pack, scatter or vscatter; excl, shared or exclhost; and group=resource, joined by ':'",
            )
        };
        let mut place = Self { arrangement: None, sharing: None, group: None };
        for part in text.split(':') {
            let is_new = if let Ok(arrangement) = part.parse() {
                place.arrangement.replace(arrangement).is_none()
            } else if let Ok(sharing) = part.parse() {
                place.sharing.replace(sharing).is_none()
            } else {
                let group =
                    part.strip_prefix("group=").filter(|name| is_resource_name(name)).ok_or_else(syntax)?;
                place.group.replace(group.to_owned()).is_none()
            };
            if !is_new {
                return Err(syntax());
            }
        }
        Ok(place)
    }
}

/// A resource's name: a letter, then letters, digits, `_` and `-`.
pub(super) fn is_resource_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = self.group.as_ref().map(|group| format!("group={group}"));
        let parts =
            [self.arrangement.map(Arrangement::as_str), self.sharing.map(Sharing::as_str), group.as_deref()];
        for (index, part) in parts.into_iter().flatten().enumerate() {
            f.write_str(if index == 0 { "" } else { ":" })?;
            f.write_str(part)?;
        }
        Ok(())
    }
}

through_text!(Place);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn places_in_their_order() {
        check_good::<Place>(&[
            ("free", "free"),
            ("excl", "excl"),
            ("exclhost:pack", "pack:exclhost"),
            ("group=switch:scatter:shared", "scatter:shared:group=switch"),
        ]);
        check_bad::<Place>(
            &["", "nowhere", "free:pack", "excl:shared", "scatter:", "group=", "group=a b", "free\n"]
                .map(|t| (t, "syntax")),
        );
    }
}
