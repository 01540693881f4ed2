//! What must happen before a job starts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, digits, through_text, word_value};
use crate::names::PbsJobId;

word_value! {
    /// How one job waits for others.
    DependencyKind, "must be after, afterok, afternotok, afterany, before, beforeok, beforenotok, beforeany, on or runone" {
        /// Once they have started.
        After = "after",
        /// Once they have ended with status 0.
        Afterok = "afterok",
        /// Once they have failed.
        Afternotok = "afternotok",
        /// Once they have ended, however.
        Afterany = "afterany",
        /// They wait until this one has started.
        Before = "before",
        /// They wait until this one has ended with status 0.
        Beforeok = "beforeok",
        /// They wait until this one has failed.
        Beforenotok = "beforenotok",
        /// They wait until this one has ended.
        Beforeany = "beforeany",
        /// Until so many other jobs name this one in a `before…`.
        On = "on",
        /// Only one of them runs; the others are deleted when it ends.
        Runone = "runone",
    }
}

/// What a dependency counts or names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DependsOn {
    /// So many jobs (only for `on`).
    Count(u32),
    /// These jobs.
    Jobs(Vec<PbsJobId>),
}

/// One term of `-W depend=`, such as `afterok:12.pbs:13.pbs` or `on:2`.
///
/// ```
/// use pbsweb_shared::script::values::Dependency;
/// let after: Dependency = "afterok:12.pbs:13[].pbs".parse().unwrap();
/// assert_eq!(after.to_string(), "afterok:12.pbs:13[].pbs");
/// assert!("afterok:abc".parse::<Dependency>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dependency {
    kind: DependencyKind,
    on: DependsOn,
}

impl Dependency {
    /// A dependency from its two parts, as the form has them.
    ///
    /// # Errors
    /// If what follows the kind is not a count (for `on`) or a list of job ids.
    pub fn new(kind: DependencyKind, jobs: &str) -> Result<Self, ValueError> {
        let on = if kind == DependencyKind::On {
            let count = digits::<u32>(jobs).filter(|count| *count > 0);
            DependsOn::Count(count.ok_or_else(|| ValueError::syntax("must be a count for the kind on"))?)
        } else {
            let ids: Result<Vec<PbsJobId>, _> = jobs.split(':').map(str::parse).collect();
            DependsOn::Jobs(ids.map_err(|_| {
                ValueError::syntax("must be the scheduler's job ids, such as 1234.pbs, separated by colons")
            })?)
        };
        Ok(Self { kind, on })
    }

    /// How it waits.
    #[must_use]
    pub const fn kind(&self) -> DependencyKind {
        self.kind
    }

    /// For what it waits.
    #[must_use]
    pub const fn on(&self) -> &DependsOn {
        &self.on
    }
}

impl FromStr for Dependency {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, jobs) =
            text.split_once(':').ok_or_else(|| ValueError::syntax("must be a kind, a colon and job ids"))?;
        Self::new(kind.parse()?, jobs)
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.on {
            DependsOn::Count(count) => write!(f, ":{count}"),
            DependsOn::Jobs(jobs) => jobs.iter().try_for_each(|job| write!(f, ":{job}")),
        }
    }
}

through_text!(Dependency);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn dependencies_as_pbs_reads_them() {
        check_good::<Dependency>(
            &["afterok:0", "afterany:1.vm:2[].vm", "on:2", "before:3[4].vm"].map(|t| (t, t)),
        );
        check_bad::<Dependency>(
            &[
                "",
                "afterok",
                "afterok:",
                "afterok:abc",
                "whenever:1",
                "on:x",
                "on:0",
                "afterok:1::2",
                "afterok:1,2",
            ]
            .map(|t| (t, "syntax")),
        );
    }
}
