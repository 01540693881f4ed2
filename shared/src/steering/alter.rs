//! The attributes of a job that `qalter` changes for its owner: one definition each, for the form, the check and the
//! command.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::problem::FieldError;
use crate::script::values::{
    AccountName, Count, JobName, Join, MailEvents, MailUsers, NodeFailures, OutputPath, Place, Priority,
    ProjectName, Rerunnable, Select, StartTime, Truth, ValueError, Walltime,
};
use crate::words::words;

words! {
    /// An attribute that the owner of a job may change, resources apart.
    Attribute, "attribute" {
        /// `-N`
        Name = "name",
        /// `-p`
        Priority = "priority",
        /// `-a`
        StartAfter = "start_after",
        /// `-W depend=`
        Dependencies = "dependencies",
        /// `-A`
        Account = "account",
        /// `-P`
        Project = "project",
        /// `-m`
        MailEvents = "mail_events",
        /// `-M`
        MailUsers = "mail_users",
        /// `-o`
        OutputPath = "output_path",
        /// `-e`
        ErrorPath = "error_path",
        /// `-j`
        Join = "join",
        /// `-k`
        Keep = "keep",
        /// `-R`
        Remove = "remove",
        /// `-r`
        Rerunnable = "rerunnable",
        /// `-S`
        Shell = "shell",
        /// `-c`
        Checkpoint = "checkpoint",
        /// `-u`
        UserList = "user_list",
        /// `-W group_list=`
        GroupList = "group_list",
        /// `-W stagein=`
        StageIn = "stage_in",
        /// `-W stageout=`
        StageOut = "stage_out",
        /// `-W umask=`
        Umask = "umask",
        /// `-W sandbox=`
        Sandbox = "sandbox",
        /// `-W max_run_subjobs=`
        MaxRunSubjobs = "max_run_subjobs",
        /// `-W run_count=`
        RunCount = "run_count",
        /// `-W release_nodes_on_stageout=`
        ReleaseNodes = "release_nodes_on_stageout",
        /// `-W tolerate_node_failures=`
        TolerateNodeFailures = "tolerate_node_failures",
    }
}

impl Attribute {
    /// Label and help in forms.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("Name", "letters, digits, '_', '-', '.' and '+'"),
            Self::Priority => ("Priority", "-1024 to 1023, within its queue"),
            Self::StartAfter => ("Not before", "by the host's clock, such as 2026-11-24T15:30"),
            Self::Dependencies => ("Depends on", "such as afterok:12.server; empty takes dependencies away"),
            Self::Account => ("Account", "who is charged"),
            Self::Project => ("Project", "no blanks"),
            Self::MailEvents => ("Mail at", "n for none, or letters of a, b, e and j"),
            Self::MailUsers => ("Mail to", "addresses, separated by commas"),
            Self::OutputPath => ("Standard output", "a path, perhaps behind a host and a colon"),
            Self::ErrorPath => ("Standard error", "a path, perhaps behind a host and a colon"),
            Self::Join => ("Joined streams", "oe, eo or n"),
            Self::Keep => ("Kept on the node", "letters of o, e and d, or n"),
            Self::Remove => ("Removed at the end", "o, e or oe"),
            Self::Rerunnable => ("May be run again", "y or n"),
            Self::Shell => ("Shell", "a path"),
            Self::Checkpoint => ("Checkpoints", "n, s, u, c or c=minutes"),
            Self::UserList => ("Run as", "user@host, separated by commas"),
            Self::GroupList => ("Group", "group@host, separated by commas"),
            Self::StageIn => ("Files brought in", "local@host:remote, separated by commas"),
            Self::StageOut => ("Files brought out", "local@host:remote, separated by commas"),
            Self::Umask => ("Umask", "octal, such as 027"),
            Self::Sandbox => ("Sandbox", "HOME, O_WORKDIR or PRIVATE"),
            Self::MaxRunSubjobs => ("Subjobs at once", "how many jobs of an array may run at the same time"),
            Self::RunCount => ("Run count", "above 20 it is held"),
            Self::ReleaseNodes => ("Release nodes early", "true or false"),
            Self::TolerateNodeFailures => ("Tolerated node failures", "none, job_start or all"),
        }
    }

    /// The scheduler lets it be changed while the job runs, most for a next run. Source: `qalter(1B)`, and the server's own table
    /// of attributes.
    #[must_use]
    pub const fn is_for_running(self) -> bool {
        match self {
            Self::Name
            | Self::Priority
            | Self::StartAfter
            | Self::MailEvents
            | Self::MailUsers
            | Self::OutputPath
            | Self::ErrorPath
            | Self::Rerunnable
            | Self::Shell
            | Self::Checkpoint
            | Self::MaxRunSubjobs
            | Self::RunCount
            | Self::ReleaseNodes
            | Self::TolerateNodeFailures => true,
            Self::Dependencies
            | Self::Account
            | Self::Project
            | Self::Join
            | Self::Keep
            | Self::Remove
            | Self::UserList
            | Self::GroupList
            | Self::StageIn
            | Self::StageOut
            | Self::Umask
            | Self::Sandbox => false,
        }
    }

    /// What is wrong with a value.
    fn check(self, value: &str) -> Result<(), ValueError> {
        fn is<T: FromStr<Err = ValueError>>(value: &str) -> Result<(), ValueError> {
            value.parse::<T>().map(drop)
        }
        match self {
            Self::Name => is::<JobName>(value),
            Self::Priority => is::<Priority>(value),
            Self::StartAfter => is::<StartTime>(value),
            Self::Account => is::<AccountName>(value),
            Self::Project => is::<ProjectName>(value),
            Self::MailEvents => is::<MailEvents>(value),
            Self::MailUsers => is::<MailUsers>(value),
            Self::OutputPath | Self::ErrorPath => {
                let path: OutputPath = value.parse()?;
                let path = path.host().map_or(value, |(_, path)| path);
                // `qalter` would put another one below the folder in which it happens to run.
                if path.starts_with('/') {
                    Ok(())
                } else {
                    Err(ValueError::syntax("must be a whole path, from / on"))
                }
            }
            Self::Join => is::<Join>(value),
            Self::Rerunnable => is::<Rerunnable>(value),
            Self::MaxRunSubjobs | Self::RunCount => is::<Count>(value),
            Self::ReleaseNodes => is::<Truth>(value),
            Self::TolerateNodeFailures => is::<NodeFailures>(value),
            // What nothing depends on any more is written as nothing.
            Self::Dependencies if value.is_empty() => Ok(()),
            Self::Umask if !value.is_empty() && value.bytes().all(|b| (b'0'..=b'7').contains(&b)) => Ok(()),
            Self::Umask => Err(ValueError::syntax("must be an octal number, such as 027")),
            Self::Dependencies
            | Self::Keep
            | Self::Remove
            | Self::Shell
            | Self::Checkpoint
            | Self::UserList
            | Self::GroupList
            | Self::StageIn
            | Self::StageOut
            | Self::Sandbox => one_line(value),
        }
    }
}

fn one_line(value: &str) -> Result<(), ValueError> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(ValueError::syntax("must be a text in one line"));
    }
    if value.len() > 4096 {
        return Err(ValueError::range("is longer than 4096 bytes"));
    }
    Ok(())
}

/// The only resources that the owner may change while a job runs, and only to less: `qalter(1B)`.
pub const RUNNING_RESOURCES: &[&str] = &["walltime", "cput", "min_walltime", "max_walltime"];

/// What `qalter` is to change: only what differs. If the scheduler refuses one change, it makes none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobAlter {
    /// Attributes and their new values.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, String>))]
    pub attributes: BTreeMap<Attribute, String>,
    /// Resources (`-l`) and their new values, by name: `walltime`, `select`, `place`, …
    pub resources: BTreeMap<String, String>,
}

impl JobAlter {
    /// What is changed, by name.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let attributes = self.attributes.keys().map(|attribute| attribute.as_str());
        attributes.chain(self.resources.keys().map(String::as_str)).collect()
    }

    /// What is wrong with it, at its fields.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |folder: &str, name: &str, error: ValueError| {
            errors.push(FieldError {
                pointer: format!("/{folder}/{}", name.replace('~', "~0").replace('/', "~1")),
                code: format!("{folder}.{}", error.kind()),
                message: error.to_string(),
            });
        };
        for (attribute, value) in &self.attributes {
            if let Err(error) = attribute.check(value) {
                wrong("attributes", attribute.as_str(), error);
            }
        }
        for (name, value) in &self.resources {
            if let Err(error) = check_resource(name, value) {
                wrong("resources", name, error);
            }
        }
        if self.attributes.is_empty() && self.resources.is_empty() {
            errors.push(FieldError {
                pointer: "/attributes".to_owned(),
                code: "attributes.missing".to_owned(),
                message: "nothing is to be changed".to_owned(),
            });
        }
        errors
    }

    /// Whether a running job can be changed so.
    ///
    /// # Errors
    /// Why not.
    pub fn fits_running(&self) -> Result<(), &'static str> {
        if !self.resources.keys().all(|name| RUNNING_RESOURCES.contains(&name.as_str())) {
            return Err(
                "of a running job's resources only walltime, cput, min_walltime and max_walltime can be changed",
            );
        }
        if !self.attributes.keys().all(|attribute| attribute.is_for_running()) {
            return Err("what decides where and as whom it runs cannot be changed while it runs");
        }
        Ok(())
    }
}

fn check_resource(name: &str, value: &str) -> Result<(), ValueError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !is_name || name.len() > 100 {
        return Err(ValueError::syntax("is no name of a resource"));
    }
    match name {
        "walltime" | "cput" | "min_walltime" | "max_walltime" => value.parse::<Walltime>().map(drop),
        "select" => value.parse::<Select>().map(drop),
        "place" => value.parse::<Place>().map(drop),
        _ => one_line(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alter(attributes: &[(Attribute, &str)], resources: &[(&str, &str)]) -> JobAlter {
        JobAlter {
            attributes: attributes.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            resources: resources
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn values_have_the_rules_of_the_script() {
        let wrong =
            |alter: JobAlter| alter.check().into_iter().map(|error| error.pointer).collect::<Vec<_>>();
        assert_eq!(
            wrong(alter(
                &[
                    (Attribute::Name, "a b"),
                    (Attribute::Priority, "9999"),
                    (Attribute::Umask, "9"),
                    (Attribute::OutputPath, "logs/out"),
                    (Attribute::ErrorPath, "vm:err"),
                    (Attribute::RunCount, "-1"),
                    (Attribute::ReleaseNodes, "perhaps"),
                    (Attribute::TolerateNodeFailures, "some"),
                    (Attribute::Shell, "/bin/sh\n"),
                ],
                &[("walltime", "soon"), ("-x", "1"), ("mem", "")],
            )),
            [
                "/attributes/name",
                "/attributes/priority",
                "/attributes/output_path",
                "/attributes/error_path",
                "/attributes/shell",
                "/attributes/umask",
                "/attributes/run_count",
                "/attributes/release_nodes_on_stageout",
                "/attributes/tolerate_node_failures",
                "/resources/-x",
                "/resources/mem",
                "/resources/walltime",
            ]
        );
        assert_eq!(wrong(JobAlter::default()), ["/attributes"]);
        assert!(
            wrong(alter(
                &[(Attribute::Name, "x"), (Attribute::Dependencies, ""), (Attribute::Umask, "027")],
                &[("walltime", "100:00:00"), ("select", "2:ncpus=4"), ("place", "scatter")],
            ))
            .is_empty()
        );
    }

    #[test]
    fn a_running_job_keeps_what_decides_where_it_runs() {
        assert!(alter(&[], &[("walltime", "1"), ("cput", "1")]).fits_running().is_ok());
        assert!(alter(&[], &[("mem", "1gb")]).fits_running().is_err());
        assert!(
            alter(&[(Attribute::Name, "x"), (Attribute::MailEvents, "e")], &[("walltime", "1")])
                .fits_running()
                .is_ok()
        );
        for (attribute, value) in [(Attribute::Account, "x"), (Attribute::Dependencies, "")] {
            assert!(alter(&[(attribute, value), (Attribute::Name, "x")], &[]).fits_running().is_err());
        }
    }

    #[test]
    fn it_reads_what_it_prints() {
        let json = r#"{"attributes":{"mail_events":"abe"},"resources":{"walltime":"1:00:00"}}"#;
        let read: JobAlter = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert!(serde_json::from_str::<JobAlter>(r#"{"attributes":{"comment":"x"}}"#).is_err());
    }
}
