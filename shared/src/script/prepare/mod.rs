//! What really goes to a host: the script with the note-taking around its commands, and the arguments of qsub.
//!
//! Schedulers forget finished jobs (OpenPBS keeps none by default). So the script itself leaves, in the job's own folder on the host,
//! `begun` when it starts and `epilogue` when it ends, each written whole or not at all; a subjob of an array appends its index, as
//! in `epilogue.7`. `begun` holds the lines `started EPOCH` and `queue NAME`; `epilogue` holds `exit_status N`, `started EPOCH` and `ended EPOCH`.
//! A script that is deleted or over its walltime gets SIGTERM and notes 143; one that is killed at once leaves no epilogue.

use super::document;
use super::interpreter::Interpreter;
use super::render::render_parts;
use super::values::Join;
use super::values::OutputPath;
use super::{JobScript, values};
use crate::ids::JobId;

/// The line that says for the server itself what it knows of the submission; reading a script back leaves it out.
pub const RECORD_BEGIN: &str = "# PBSWeb's own record: ";

/// The first and the last line of what is put in; reading a script back leaves out what is between.
pub(crate) const PROLOGUE_BEGIN: &str =
    "# PBSWeb notes the times and the exit status in the job's folder: begin";
pub(crate) const PROLOGUE_END: &str = "# PBSWeb notes the times and the exit status in the job's folder: end";

/// Where a job is put on its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement<'a> {
    /// The job, by which the scheduler's own listing lets us find it again.
    pub job: JobId,
    /// The job's own folder, absolute, such as `/home/ada/pbsweb/.jobs/<id>`.
    pub job_folder: &'a str,
    /// The folder where qsub runs, absolute: the application's.
    pub working_folder: &'a str,
    /// Whether output is written straight into its files (`-k oed`), so that it can be followed: where the host allows it.
    pub keep_output_in_place: bool,
    /// What the server wants to find again with the script, in one line.
    pub record: Option<&'a str>,
}

/// A script on its way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The text that the host's script file gets.
    pub text: String,
    /// The arguments of qsub, to be quoted by whoever runs it; the script's file comes behind them. Whoever runs it adds the
    /// tag by which the job is found again (`-v`).
    pub arguments: Vec<String>,
    /// Where standard output goes, absolute; for an array with `^array_index^` in it, where PBS puts the subjob's index.
    /// Empty when it is joined to standard error.
    pub stdout_path: String,
    /// Where standard error goes, absolute; empty when it is joined to standard output.
    pub stderr_path: String,
}

/// What goes to the host for a script.
///
/// The arguments win over the script's directives. They always hold the name (else it is the file's, with the same rule)
/// and absolute output paths (PBS expands nothing in them).
#[must_use]
pub fn prepare(script: &JobScript, place: &Placement<'_>) -> Submission {
    let draft = script.draft();
    let (mut text, body) = if draft.text.is_empty() {
        render_parts(draft)
    } else {
        let (mut text, begin) = document::to_send(draft);
        let body = text.split_off(begin);
        (text, body)
    };
    if let Some(record) = place.record {
        text.push_str(&format!("{RECORD_BEGIN}{record}\n"));
    }
    if script.has_epilogue() {
        text.push_str(&prologue(place.job_folder));
    }
    text.push_str(&body);
    let (stdout_path, stderr_path) = output_paths(script, place);
    let arguments = arguments(script, place, &stdout_path, &stderr_path);
    Submission { text, arguments, stdout_path, stderr_path }
}

/// Standard output and standard error; a joined stream has no file of its own.
fn output_paths(script: &JobScript, place: &Placement<'_>) -> (String, String) {
    let own = |stream: &str| {
        let index = if script.array().is_some() { ".^array_index^" } else { "" };
        values::join_path(place.job_folder, &format!("{stream}{index}"))
    };
    let path = |given: Option<&OutputPath>, stream: &str| {
        given.map_or_else(|| own(stream), |path| path.below(place.working_folder))
    };
    match script.join() {
        Some(Join::IntoError) => (String::new(), path(script.error_path(), "stderr")),
        Some(Join::IntoOutput) => (path(script.output_path(), "stdout"), String::new()),
        Some(Join::Apart) | None => {
            (path(script.output_path(), "stdout"), path(script.error_path(), "stderr"))
        }
    }
}

fn arguments(script: &JobScript, place: &Placement<'_>, stdout_path: &str, stderr_path: &str) -> Vec<String> {
    let mut arguments = vec!["-N".to_owned(), script.name().to_string()];
    let mut add = |option: &str, value: &str| {
        if !value.is_empty() {
            arguments.extend([option.to_owned(), value.to_owned()]);
        }
    };
    add("-C", &script.draft().directive_prefix);
    add("-o", stdout_path);
    add("-e", stderr_path);
    if place.keep_output_in_place {
        add("-k", "oed");
    }
    arguments
}

/// Runs before anything of the user's and is ready for whatever that does: `set -e`, `-u`, `-x`, `-C`, another PATH, functions
/// called `mv`. It changes neither the exit status nor what is printed. Names begin with `pbsweb_` so as not to be met by chance.
///
/// ksh93 counts a death by signal n as 256 + n. Where its `set -u` ends the script, its trap sees 0: hence no `exit 0`, which would
/// make a success of it (the note is wrong then; the scheduler's own status is right).
fn prologue(job_folder: &str) -> String {
    let folder = Interpreter::Posix.quote(job_folder);
    format!(
        "{PROLOGUE_BEGIN}
pbsweb_folder={folder}
pbsweb_index=${{PBS_ARRAY_INDEX:+.$PBS_ARRAY_INDEX}}
pbsweb_write() {{
  printf '%s\\n' \"$@\" >\"$pbsweb_folder/.$pbsweb_name$pbsweb_index.$$\" &&
    command mv -f \"$pbsweb_folder/.$pbsweb_name$pbsweb_index.$$\" \"$pbsweb_folder/$pbsweb_name$pbsweb_index\"
}}
pbsweb_end() {{
  pbsweb_status=$?
  {{
    set +euxC
    trap '' HUP INT TERM
    PATH=/usr/bin:/bin:$PATH
    [ \"$pbsweb_status\" -le 256 ] || pbsweb_status=$((pbsweb_status - 128))
    pbsweb_name=epilogue
    pbsweb_write \"exit_status $pbsweb_status\" \"started $pbsweb_started\" \"ended $(command date +%s)\"
  }} >/dev/null 2>&1
  [ \"$pbsweb_status\" -eq 0 ] || exit \"$pbsweb_status\"
}}
{{
  pbsweb_started=$(command date +%s)
  command rm -f \"$pbsweb_folder/epilogue$pbsweb_index\"
  pbsweb_name=begun
  pbsweb_write \"started $pbsweb_started\" \"queue ${{PBS_QUEUE-}}\" || :
}} >/dev/null 2>&1 || :
trap pbsweb_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
{PROLOGUE_END}
"
    )
}

#[cfg(test)]
mod tests;
