//! Options that qsub takes and that make no sense, or do harm, in a job that is sent from here; and those of Torque.

use crate::script::diagnostic::{Findings, Severity};

/// An option without a field, and why.
#[derive(Debug, Clone, Copy)]
pub struct NotHere {
    /// How it stands in a script.
    pub flag: &'static str,
    /// The diagnostic's code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is the matter with it.
    pub message: &'static str,
    /// What to do instead.
    pub advice: &'static str,
}

const fn error(
    flag: &'static str,
    code: &'static str,
    message: &'static str,
    advice: &'static str,
) -> NotHere {
    NotHere { flag, code, severity: Severity::Error, message, advice }
}

/// All of them.
pub const NOT_HERE: &[NotHere] = &[
    error(
        "-V",
        "extra.environment",
        "-V copies the whole environment of the submission into the job's record, where other users can read it, and PBSWeb's environment is not yours",
        "name the variables you need under Variables",
    ),
    error(
        "-v",
        "extra.variables",
        "PBSWeb gives -v itself, so that this one would have no effect; and no form of it carries quotes unchanged",
        "set them under Variables, each with its value",
    ),
    error(
        "-I",
        "extra.interactive",
        "-I asks for a job at a terminal, and there is none behind this page",
        "log in to the host for interactive work",
    ),
    error(
        "-X",
        "extra.interactive",
        "-X shows windows of an interactive job, and there is no screen behind this page",
        "log in to the host for interactive work",
    ),
    error(
        "-G",
        "extra.interactive",
        "-G starts a window of an interactive job, on Windows only",
        "log in to the host for interactive work",
    ),
    error(
        "-z",
        "extra.silent",
        "with -z qsub does not tell the job's id, and the job could not be followed",
        "remove it",
    ),
    error(
        "-W block=",
        "extra.block",
        "with block=true qsub waits for the end of the job, and the submission would never be answered",
        "remove it; PBSWeb follows the job anyway",
    ),
    error(
        "-W interactive=",
        "extra.interactive",
        "interactive=true asks for a job at a terminal, and there is none behind this page",
        "log in to the host for interactive work",
    ),
    error(
        "-W pwd=",
        "extra.password",
        "qsub asks for a password at a terminal, and there is none behind this page",
        "remove it",
    ),
    NotHere {
        flag: "-f",
        code: "extra.foreground",
        severity: Severity::Hint,
        message: "-f only says how qsub itself works, which PBSWeb decides",
        advice: "remove it",
    },
    NotHere {
        flag: "-C",
        code: "extra.prefix",
        severity: Severity::Warning,
        message: "-C has no effect inside a script",
        advice: "say under \"Directives begin with\" how they begin",
    },
    error("-t", "extra.torque", "-t is an option of Torque, which PBS refuses", "use Array"),
    error("-d", "extra.torque", "-d is an option of Torque, which PBS refuses", "use Working directory"),
    error("-w", "extra.torque", "-w is an option of Torque, which PBS refuses", "use Working directory"),
];

/// Says why an option has no place here, if it has none.
pub(super) fn check(letter: char, value: &str, pointer: &str, findings: &mut Findings) {
    let found = NOT_HERE.iter().find(|option| {
        let Some(name) = option.flag.strip_prefix("-W ") else { return option.flag.ends_with(letter) };
        // Switched off they do no harm.
        letter == 'W'
            && value
                .strip_prefix(name)
                .is_some_and(|value| name == "pwd=" || !value.eq_ignore_ascii_case("false"))
    });
    if let Some(option) = found {
        findings.push(
            option.severity,
            pointer,
            option.code,
            option.message.to_owned(),
            option.advice.to_owned(),
        );
    }
}
