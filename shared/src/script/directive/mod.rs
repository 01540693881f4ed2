//! One definition for each parameter of a job script: its names, its help, and how it is written, read and checked, side by side.
//! The form takes its labels and help from here, [`render`](super::render()) and [`parse`](super::parse()) their work.

mod account;
mod array;
mod chunks;
mod commands;
mod dependencies;
mod error_path;
mod extra;
mod hold;
mod interpreter;
mod join;
mod mail;
mod name;
pub(crate) mod options;
mod output_path;
mod place;
mod priority;
mod project;
mod queue;
mod rerunnable;
mod start_after;
mod variables;
mod walltime;
mod working_directory;

use std::fmt::Display;
use std::str::FromStr;

use super::diagnostic::Findings;
use super::draft::JobScriptDraft;
use super::render::option_words;
pub(crate) use chunks::{CHUNK_PARTS, read_chunk, select};
pub(crate) use dependencies::dependencies;
pub(crate) use working_directory::{change_directory, normal_directory, read_change_directory};

/// How a parameter stands in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// `-q VALUE`
    Option(char),
    /// `-h`
    Flag(char),
    /// `-l name=VALUE`
    Resource(&'static str),
    /// `-W name=VALUE`
    Attribute(&'static str),
    /// It is no directive, or (extra directives) brings its own switch.
    None,
}

/// One parameter of a job script.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// The field of the draft, such as `walltime`; for a part of a chunk `chunks.ncpus`.
    pub name: &'static str,
    /// How it stands in a script, such as `-l walltime=`; empty if it is no directive.
    pub flag: &'static str,
    /// What the form calls it.
    pub label: &'static str,
    /// What it is for, in a sentence or two.
    pub help: &'static str,
    /// A good value.
    pub example: &'static str,
    switch: Switch,
    value: fn(&JobScriptDraft) -> Option<String>,
    read: fn(&str, &mut JobScriptDraft),
    check: fn(&JobScriptDraft, &mut Findings),
}

impl Directive {
    /// The lines it makes of a draft, without their `#PBS`.
    pub(crate) fn lines(&self, draft: &JobScriptDraft) -> Vec<String> {
        let Some(value) = (self.value)(draft) else { return Vec::new() };
        match self.switch {
            Switch::None if self.name == extra::EXTRA.name => value.lines().map(str::to_owned).collect(),
            Switch::None => Vec::new(),
            switch @ (Switch::Option(_) | Switch::Flag(_) | Switch::Resource(_) | Switch::Attribute(_)) => {
                vec![option_words(switch, &value)]
            }
        }
    }

    /// Its value in a draft, in its one form if it is sound; `None` if it is not given.
    pub(crate) fn value(&self, draft: &JobScriptDraft) -> Option<String> {
        (self.value)(draft)
    }

    /// Puts the value of a directive into a draft, as it stands.
    pub(crate) fn read(&self, value: &str, draft: &mut JobScriptDraft) {
        (self.read)(value, draft);
    }

    pub(crate) fn check(&self, draft: &JobScriptDraft, findings: &mut Findings) {
        (self.check)(draft, findings);
    }

    /// The JSON pointer of its field.
    pub(crate) fn pointer(&self) -> String {
        format!("/{}", self.name)
    }
}

/// Every parameter, in the order in which they stand in a script.
pub const ALL: &[Directive] = &[
    name::NAME,
    queue::QUEUE,
    chunks::CHUNKS,
    place::PLACE,
    walltime::WALLTIME,
    account::ACCOUNT,
    project::PROJECT,
    mail::MAIL_USERS,
    mail::MAIL_EVENTS,
    join::JOIN,
    output_path::OUTPUT_PATH,
    error_path::ERROR_PATH,
    dependencies::DEPENDENCIES,
    array::ARRAY,
    rerunnable::RERUNNABLE,
    priority::PRIORITY,
    hold::HOLD,
    start_after::START_AFTER,
    extra::EXTRA,
    interpreter::SHELL,
    variables::VARIABLES,
    working_directory::WORKING_DIRECTORY,
    commands::COMMANDS,
    commands::WITHOUT_EPILOGUE,
];

/// The definition of a field of the draft, such as `walltime`, or of a part of a chunk, such as `chunks.ncpus`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Directive> {
    ALL.iter().chain(CHUNK_PARTS).find(|directive| directive.name == name)
}

/// The help of a field; empty for a name that is none.
///
/// ```
/// use pbsweb_shared::script::directive;
/// assert!(directive::help("walltime").contains("killed"));
/// ```
#[must_use]
pub fn help(name: &str) -> &'static str {
    find(name).map_or("", |directive| directive.help)
}

/// The label of a field; empty for a name that is none.
#[must_use]
pub fn label(name: &str) -> &'static str {
    find(name).map_or("", |directive| directive.label)
}

/// A field's value in its one form if it is sound, else as typed; `None` if it is empty.
fn canonical<T: FromStr + Display>(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        None
    } else {
        Some(text.parse::<T>().map_or_else(|_| text.to_owned(), |value| value.to_string()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::script::{check, parse, render};

    /// The draft renders to the one `#PBS` line (without the name's), and that line reads back as the same draft.
    pub(crate) fn check_line(draft: &JobScriptDraft, expected: &str) {
        let text = render(draft);
        let lines: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#PBS "))
            .filter(|line| *line != "-N job")
            .collect();
        assert_eq!(lines, [expected], "{text}");
        assert_eq!(render(&parse(&text).draft), text);
    }

    /// A script with this directive reads as the draft that `fill` makes.
    pub(crate) fn check_read(line: &str, fill: impl FnOnce(&mut JobScriptDraft)) {
        let text = format!("#!/bin/bash\n#PBS {line}\ncd $PBS_O_WORKDIR\ntrue\n");
        let mut expected = JobScriptDraft { commands: "true".into(), ..JobScriptDraft::default() };
        fill(&mut expected);
        assert_eq!(parse(&text).draft, expected, "{line}");
    }

    /// The findings about a draft (which is given commands if it has none), as `pointer code`.
    pub(crate) fn check_findings(draft: &JobScriptDraft, expected: &[&str]) {
        let mut draft = draft.clone();
        if draft.commands.is_empty() {
            draft.commands = "true".into();
        }
        let found: Vec<String> =
            check(&draft, None).into_iter().map(|f| format!("{} {}", f.pointer, f.code)).collect();
        assert_eq!(found, expected, "{draft:?}");
    }

    /// A draft with one field set.
    pub(crate) fn with(fill: impl FnOnce(&mut JobScriptDraft)) -> JobScriptDraft {
        let mut draft = JobScriptDraft::default();
        fill(&mut draft);
        draft
    }

    #[test]
    fn every_field_has_its_definition_with_words() {
        let draft = serde_json::to_value(JobScriptDraft::default()).unwrap();
        let fields: std::collections::BTreeSet<&str> =
            draft.as_object().unwrap().keys().map(String::as_str).collect();
        let defined: std::collections::BTreeSet<&str> = ALL.iter().map(|directive| directive.name).collect();
        assert_eq!(fields, defined);
        let chunk = serde_json::to_value(crate::script::ChunkDraft::default()).unwrap();
        for part in chunk.as_object().unwrap().keys() {
            assert!(find(&format!("chunks.{part}")).is_some(), "{part}");
        }
        for directive in ALL.iter().chain(CHUNK_PARTS) {
            assert!(!directive.label.is_empty() && directive.help.len() > 20, "{}", directive.name);
            assert!(directive.help.ends_with('.'), "{}", directive.name);
        }
        assert_eq!((help("nothing"), label("nothing")), ("", ""));
    }
}
