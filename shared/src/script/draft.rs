//! What the form can hold.
//!
//! A draft may hold anything a person typed: texts are kept as typed, and only [`super::JobScript`] promises that they are
//! sound. The empty string means "not given".

use serde::{Deserialize, Serialize};

/// A job script as the form holds it: one field for each parameter, and the commands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct JobScriptDraft {
    /// `-N`: the job's name.
    pub name: String,
    /// `-q`: the queue, or empty for the host's default.
    pub queue: String,
    /// `-l select=`: the chunks, in the order given; none leaves the choice to the queue's defaults.
    pub chunks: Vec<ChunkDraft>,
    /// `-l place=`: how chunks are spread over nodes, such as `scatter:excl`.
    pub place: String,
    /// `-l walltime=`: seconds or `HH:MM:SS`; hours may exceed 24.
    pub walltime: String,
    /// `-A`: the account to charge.
    pub account: String,
    /// `-P`: the project.
    pub project: String,
    /// `-M`: mail addresses, separated by commas.
    pub mail_users: String,
    /// `-m`: when to send mail: `n`, or letters of `a`, `b`, `e` (and `j` for each subjob).
    pub mail_events: String,
    /// `-j`: which streams are joined: `oe`, `eo`, `n`, or empty.
    pub join: String,
    /// `-o`: where standard output goes; empty: the job's own folder, where PBSWeb finds it.
    pub output_path: String,
    /// `-e`: where standard error goes; empty: the job's own folder.
    pub error_path: String,
    /// `-W depend=`: what must happen first.
    pub dependencies: Vec<DependencyDraft>,
    /// `-J`: the range of an array, `first-last[:step][%most]`.
    pub array: String,
    /// Variables that the script exports before its commands (never by `-v`: no form of it carries a quote unchanged).
    pub variables: Vec<VariableDraft>,
    /// `-r`: whether the scheduler may run it again: `y`, `n`, or empty.
    pub rerunnable: String,
    /// `-p`: the priority within the queue, -1024 to 1023.
    pub priority: String,
    /// `-h`: submitted with a user hold.
    pub hold: bool,
    /// `-a`: not before this moment, as the host's clock shows it: `YYYY-MM-DDTHH:MM` or PBS's `[[CC]YY]MMDDhhmm[.SS]`.
    pub start_after: String,
    /// The interpreter in the script's first line, a path; empty means `/bin/bash`.
    pub shell: String,
    /// Where the commands start: empty means the folder of the application (`$PBS_O_WORKDIR`), else a path.
    pub working_directory: String,
    /// Further directives, one a line, without their `#PBS`.
    pub extra_directives: String,
    /// The commands that do the work.
    pub commands: String,
    /// Leaves out the trap that records the exit status on the host.
    pub without_epilogue: bool,
    /// `-W umask=`: the permissions that are taken from files the job makes, octal, such as `027`.
    pub umask: String,
    /// `-W group_list=`: the group that the job runs with, `group[@host][,…]`.
    pub group_list: String,
    /// `-W sandbox=`: `PRIVATE` gives the job a folder of its own that is removed afterwards, `HOME` starts it at home.
    pub sandbox: String,
    /// `-W stagein=`: files copied before the job, `here@host:there[,…]`.
    pub stagein: String,
    /// `-W stageout=`: files copied after the job, `here@host:there[,…]`.
    pub stageout: String,
    /// `-W release_nodes_on_stageout=`: `true` gives all nodes but the first back while files are copied out.
    pub release_nodes_on_stageout: String,
    /// `-W tolerate_node_failures=`: `none`, `job_start` or `all`.
    pub tolerate_node_failures: String,
    /// `-W run_count=`: how often PBS thinks it has run the job; above 20 it is held.
    pub run_count: String,
    /// `-W max_run_subjobs=`: how many subjobs of an array may run at once.
    pub max_run_subjobs: String,
    /// `-W create_resv_from_job=`: `true` turns the job's place into a reservation when it starts.
    pub create_resv_from_job: String,
    /// `-c`: checkpoints: `n`, `s`, `c`, `c=minutes`, `w` or `w=minutes`.
    pub checkpoint: String,
    /// `-k`: which streams stay on the node (`o`, `e`), or with `d` are written in place; `n` none.
    pub keep_files: String,
    /// `-R`: which output files are removed when the job succeeds: `o`, `e` or `oe`.
    pub remove_files: String,
    /// `-S`: the shell that starts the script, `path[@host][,…]`; not the interpreter in its first line.
    pub shell_path: String,
    /// `-u`: the login name it runs under, `user[@host][,…]`; the scheduler must allow it.
    pub user_list: String,
    /// `-C`: how directives begin in this script; empty: `#PBS`.
    pub directive_prefix: String,
    /// The text that the fields were read from, if it is not just what the fields make: it keeps comments, order and spacing. The
    /// fields win: where one says something else than the text, its line is changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One term of `-l select=`: so many chunks, each with these resources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ChunkDraft {
    /// How many such chunks; empty means 1.
    pub count: String,
    /// `ncpus`: processors in each.
    pub ncpus: String,
    /// `mpiprocs`: MPI processes in each.
    pub mpiprocs: String,
    /// `ompthreads`: OpenMP threads in each.
    pub ompthreads: String,
    /// `mem`: memory in each, such as `4gb`; units are powers of 1024.
    pub mem: String,
    /// `ngpus`: GPUs in each.
    pub ngpus: String,
    /// Other resources as `name=value`, separated by colons.
    pub other: String,
}

/// One term of `-W depend=`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DependencyDraft {
    /// The kind: `after`, `afterok`, `afternotok`, `afterany`, `before`, `beforeok`, `beforenotok`, `beforeany`, `on`.
    pub kind: String,
    /// The scheduler's job ids, separated by colons (for `on`: a count).
    pub jobs: String,
}

/// A variable that the script exports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VariableDraft {
    /// Its name.
    pub name: String,
    /// Its value, to the letter.
    pub value: String,
}
