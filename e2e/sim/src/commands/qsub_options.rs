//! The options of `qsub` and `qalter`, checked as those commands check them before they ask the server.

use std::collections::BTreeMap;
use std::path::Path;

use super::time::parse_date_time;
use crate::site::job::parse_range;
use crate::site::job_id::JobId;

/// What is wrong with an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// `illegal -X value` and the usage text, status 2.
    Illegal(char),
    /// A message of its own with its status.
    Message(String, i32),
}

/// Options as they were given: the first occurrence of each counts.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) values: BTreeMap<char, String>,
    pub(super) resources: BTreeMap<String, String>,
    pub(super) attributes: Vec<(String, String)>,
}

impl Collected {
    /// Adds the options of one source; what an earlier source has set stays.
    pub(super) fn add(&mut self, given: &[(char, String)], server: &str) -> Result<(), Wrong> {
        let mut own = Self::default();
        for (letter, value) in given {
            check(*letter, value, server)?;
            match letter {
                'l' => own.resources.extend(resources(value)),
                'W' => own.attributes.extend(attributes(value)?),
                _ => {
                    own.values.insert(*letter, value.clone());
                }
            }
        }
        for (letter, value) in own.values {
            self.values.entry(letter).or_insert(value);
        }
        for (name, value) in own.resources {
            self.resources.entry(name).or_insert(value);
        }
        for (name, value) in own.attributes {
            if !self.attributes.iter().any(|(known, _)| *known == name) {
                self.attributes.push((name, value));
            }
        }
        Ok(())
    }

    pub(super) fn value(&self, letter: char) -> Option<&str> {
        self.values.get(&letter).map(String::as_str)
    }

    pub(super) fn owned(&self, letter: char) -> Option<String> {
        self.values.get(&letter).cloned()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `select` and `place` exclude the old way of asking.
    pub(super) fn check_shape(&self) -> Result<(), Wrong> {
        let shaped = self.resources.contains_key("select") || self.resources.contains_key("place");
        if self.resources.contains_key("select") && self.resources.contains_key("nodes") {
            return Err(Wrong::Message("Cannot be used with select or place: nodes".to_owned(), 6));
        }
        let old = ["ncpus", "mem", "vmem", "mpiprocs", "ngpus", "nodect", "host", "arch"];
        if shaped && let Some(name) = old.iter().find(|name| self.resources.contains_key(**name)) {
            let text =
                format!("\"-lresource=\" cannot be used with \"select\" or \"place\", resource is: {name}");
            return Err(Wrong::Message(text, 5));
        }
        Ok(())
    }
}

fn check(letter: char, value: &str, server: &str) -> Result<(), Wrong> {
    let only = |letters: &str| !value.is_empty() && value.chars().all(|c| letters.contains(c));
    let fine = match letter {
        'a' => parse_date_time(value).is_some(),
        'c' => value.starts_with(['n', 's', 'c', 'w', 'u']),
        'e' | 'o' => is_path(value, server),
        'h' => value.is_empty() || only("uosnp"),
        'j' => ["oe", "eo", "n"].contains(&value),
        'J' => parse_range(value).is_some(),
        'k' => value == "n" || (only("oed") && value.contains(['o', 'e'])),
        'm' => value == "n" || only("abej"),
        'N' => return check_name(value),
        'p' => value.parse::<i32>().is_ok_and(|p| (-1024..=1023).contains(&p)),
        'q' => !value.is_empty(),
        'r' => ["y", "n"].contains(&value),
        'R' => only("oe"),
        'W' => check_depend(value, server),
        _ => true,
    };
    if fine { Ok(()) } else { Err(Wrong::Illegal(letter)) }
}

/// The rule for job names.
pub(super) fn check_name(name: &str) -> Result<(), Wrong> {
    if name.len() > 230 {
        return Err(Wrong::Message("Job name is too long ".to_owned(), 2));
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || "_-.+".contains(c);
    if name.is_empty() || !name.chars().all(fine) { Err(Wrong::Illegal('N')) } else { Ok(()) }
}

fn is_path(value: &str, server: &str) -> bool {
    let host = value.split_once(':').map(|(host, _)| host);
    let known = host.is_none_or(|host| host.contains('/') || host == server || host == "localhost");
    !value.is_empty() && value.is_ascii() && known
}

fn check_depend(value: &str, server: &str) -> bool {
    let Some(list) = value.strip_prefix("depend=") else { return value.contains('=') };
    list.split(',').all(|part| {
        let mut fields = part.split(':');
        let kind = fields.next().unwrap_or_default();
        let ids: Vec<&str> = fields.collect();
        ["after", "afterok", "afternotok", "afterany"].contains(&kind)
            && !ids.is_empty()
            && ids.iter().all(|id| JobId::parse(id, server).is_some())
    })
}

fn resources(list: &str) -> Vec<(String, String)> {
    let parts = list.split(',').filter(|part| !part.is_empty());
    // A resource without a value is accepted and forgotten.
    parts.filter_map(|part| part.split_once('=')).map(|(n, v)| (n.trim().to_owned(), v.to_owned())).collect()
}

fn attributes(list: &str) -> Result<Vec<(String, String)>, Wrong> {
    let known = [
        "depend",
        "umask",
        "block",
        "group_list",
        "sandbox",
        "stagein",
        "stageout",
        "run_count",
        "comment",
        "release_nodes_on_stageout",
        "tolerate_node_failures",
    ];
    let mut attributes: Vec<(String, String)> = Vec::new();
    for part in list.split(',') {
        match (part.split_once('='), attributes.last_mut()) {
            (Some((name, value)), _) if known.contains(&name) => {
                attributes.push((name.to_owned(), value.to_owned()));
            }
            // A comma within a value, as between two dependencies.
            (_, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (_, None) => return Err(Wrong::Message("Error (15002) submitting job".to_owned(), 154)),
        }
    }
    Ok(attributes)
}

/// A path of `-o` or `-e` made whole: relative ones are below the folder of the call, folders end in a slash.
pub(super) fn whole_path(value: &str, folder: &Path) -> String {
    if value.split_once(':').is_some_and(|(host, _)| !host.contains('/')) {
        return value.to_owned();
    }
    let path = folder.join(value);
    let text = path.to_string_lossy().into_owned();
    if path.is_dir() && !text.ends_with('/') { format!("{text}/") } else { text }
}
