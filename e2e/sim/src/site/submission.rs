//! What `qsub` sends: the attributes as the user gave them, the script, and where they came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A job as it is submitted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Submission {
    /// Job name.
    pub name: String,
    /// Queue, when said.
    pub queue: Option<String>,
    /// Resources as asked, checked by the command only for their form.
    pub resources: BTreeMap<String, String>,
    /// The script.
    pub script: Vec<u8>,
    /// An executable with its arguments in place of a script.
    pub executable: Vec<String>,
    /// Variables of the job: those of the user.
    pub variables: Vec<(String, String)>,
    /// Variables that begin with `PBS_O_`, in their order.
    pub origin: Vec<(String, String)>,
    /// Where standard output goes, `None` for the default.
    pub output_path: Option<String>,
    /// Where standard error goes, `None` for the default.
    pub error_path: Option<String>,
    /// The folder in which `qsub` ran.
    pub working_directory: String,
    /// Home folder of the user.
    pub home: String,
    /// Login shell of the user.
    pub shell: String,
    /// `n`, `oe` or `eo`.
    pub join: String,
    /// `n` or letters of o, e, d.
    pub keep: String,
    /// Letters of o, e.
    pub remove: Option<String>,
    /// Letters of the holds, or empty.
    pub holds: String,
    /// `-m`
    pub mail_points: String,
    /// `-M`
    pub mail_users: Option<String>,
    /// `-A`
    pub account: Option<String>,
    /// `-P`
    pub project: Option<String>,
    /// `-p`
    pub priority: i32,
    /// `-r`
    pub rerunable: bool,
    /// `-c`
    pub checkpoint: String,
    /// `-a`, seconds since the epoch.
    pub execution_time: Option<i64>,
    /// `-J`
    pub array: Option<String>,
    /// `-S`
    pub shell_path: Option<String>,
    /// `-u`
    pub user_list: Option<String>,
    /// `-W depend=`
    pub depend: Option<String>,
    /// `-W umask=`, octal digits.
    pub umask: Option<String>,
    /// Other `-W` attributes.
    pub other: Vec<(String, String)>,
    /// The arguments, as `qstat` shows them.
    pub submit_arguments: String,
    /// Host on which `qsub` ran.
    pub submit_host: String,
}
