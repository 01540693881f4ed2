//! The job script as a typed model, the same in the server and in the browser.
//!
//! - [`draft`]: what the form holds, anything a person may type; [`JobScript`]: the same, sound by construction.
//! - [`directive`]: one definition for each parameter: names, help, how it is written, read and checked. [`values`]: the
//!   typed values with their units.
//! - [`render()`]: draft to text. [`parse()`]: text to draft, which keeps the text: a changed field changes only its line.
//!   [`check()`]: everything that is wrong or surprising, not only the first thing, against the rules of PBS and, if known, those of
//!   one host.
//! - [`diagnose()`]: the same with the text and the lines in it.
//! - [`highlight()`] and [`complete()`]: what an editor colours, and what may follow at the cursor.
//! - [`difference()`]: what two drafts say differently.
//! - [`merge()`]: two changes of one text put together, with what is to be decided.
//! - [`learn()`]: what a new script should start with, after what earlier ones used.
//! - [`prepare()`]: what really goes to a host: the text with the note-taking around the commands, and qsub's arguments.
//!
//! What is deliberately absent: input and output, clocks, and the quoting of command lines for SSH.

mod check;
mod complete;
mod diagnostic;
mod difference;
pub mod directive;
mod document;
pub mod draft;
mod highlight;
mod host_rules;
mod interpreter;
mod job_script;
mod learn;
mod merge;
mod parse;
mod prepare;
mod render;
pub mod values;
mod words;

pub use check::{MAX_SCRIPT_BYTES, check, check_text, diagnose};
pub use complete::{Completion, complete};
pub use diagnostic::{Diagnostic, Severity};
pub use difference::{FieldChange, LineChange, LinePart, ScriptDifference, changed_lines, difference};
pub use draft::{ChunkDraft, DependencyDraft, JobScriptDraft, VariableDraft};
pub use highlight::{Highlight, Part, highlight};
pub use host_rules::{HostRules, NodeRules, QueueRules, ResourceLimits};
pub use interpreter::Interpreter;
pub use job_script::JobScript;
pub use learn::{DefaultReason, GoodRun, LearnedDefaults, Runners, learn, n_chunks, usual};
pub use merge::{MergeChoice, MergePiece, Merged, merge, merged_text};
pub use parse::{Parsed, parse, parse_with};
pub use prepare::{Placement, RECORD_BEGIN, Submission, prepare};
pub use render::{DEFAULT_PREFIX, DEFAULT_SHELL, normalise, render};
