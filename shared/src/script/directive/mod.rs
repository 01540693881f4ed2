//! One definition for each parameter of a job script: its names, its help, and how it is written, read and checked, side by side.
//! The form takes its labels and help from here, [`render`](super::render()) and [`parse`](super::parse()) their work.

mod account;
mod array;
mod checkpoint;
mod chunks;
mod commands;
mod create_resv_from_job;
mod dependencies;
mod directive_prefix;
mod error_path;
mod extra;
mod group_list;
mod hold;
mod interpreter;
mod join;
mod keep_files;
mod mail;
mod max_run_subjobs;
mod name;
mod not_here;
pub(crate) mod options;
mod output_path;
mod place;
mod priority;
mod project;
mod queue;
mod release_nodes_on_stageout;
mod remove_files;
mod rerunnable;
mod resources;
mod run_count;
mod sandbox;
mod shell_path;
mod stage_in;
mod stage_out;
mod start_after;
mod tolerate_node_failures;
mod umask;
mod user_list;
mod variables;
mod walltime;
mod working_directory;

use std::fmt::Display;
use std::str::FromStr;

use super::diagnostic::Findings;
use super::draft::JobScriptDraft;
use super::render::option_words;
pub use chunks::CHUNK_PARTS;
pub(crate) use chunks::{read_chunk, select};
pub(crate) use dependencies::dependencies;
pub use not_here::{NOT_HERE, NotHere};
pub use resources::{Kind, RESOURCES, Resource, find_resource};
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
    /// Values to choose from, each with what it means; none where anything may be typed.
    pub choices: &'static [(&'static str, &'static str)],
    /// Where it stands in the script.
    pub(crate) switch: Switch,
    /// The field as it was typed, of a parameter that is one text and needs nothing of its own in the form.
    typed: Option<fn(&JobScriptDraft) -> &str>,
    value: fn(&JobScriptDraft) -> Option<String>,
    read: fn(&str, &mut JobScriptDraft),
    check: fn(&JobScriptDraft, &mut Findings),
}

impl Directive {
    /// What a definition need not say.
    const BASE: Self = Self {
        name: "",
        flag: "",
        label: "",
        help: "",
        example: "",
        choices: &[],
        switch: Switch::None,
        typed: None,
        value: |_| None,
        read: |_, _| {},
        check: |_, _| {},
    };

    /// Whether it is one text and needs nothing of its own in a form.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.typed.is_some()
    }

    /// Its text as typed, if it [`is_text`](Self::is_text).
    #[must_use]
    pub fn typed<'a>(&self, draft: &'a JobScriptDraft) -> &'a str {
        self.typed.map_or("", |typed| typed(draft))
    }

    /// Puts a text into its field as it stands.
    pub fn set(&self, draft: &mut JobScriptDraft, text: &str) {
        (self.read)(text, draft);
    }

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
    umask::UMASK,
    group_list::GROUP_LIST,
    sandbox::SANDBOX,
    stage_in::STAGE_IN,
    stage_out::STAGE_OUT,
    release_nodes_on_stageout::RELEASE_NODES_ON_STAGEOUT,
    tolerate_node_failures::TOLERATE_NODE_FAILURES,
    run_count::RUN_COUNT,
    max_run_subjobs::MAX_RUN_SUBJOBS,
    create_resv_from_job::CREATE_RESV_FROM_JOB,
    checkpoint::CHECKPOINT,
    keep_files::KEEP_FILES,
    remove_files::REMOVE_FILES,
    shell_path::SHELL_PATH,
    user_list::USER_LIST,
    extra::EXTRA,
    interpreter::SHELL,
    variables::VARIABLES,
    working_directory::WORKING_DIRECTORY,
    commands::COMMANDS,
    commands::WITHOUT_EPILOGUE,
    directive_prefix::DIRECTIVE_PREFIX,
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
        let mut draft = parse(&text).draft;
        assert_eq!(render(&draft), text);
        draft.text.clear();
        assert_eq!(draft, expected, "{line}");
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
