//! The commands, and the note of how they ended.

use super::{Directive, Switch};
use crate::script::interpreter::Interpreter;
use crate::script::render::{WITHOUT_EPILOGUE as MARK, prefix_of};
use crate::script::words;

pub(super) const COMMANDS: Directive = Directive {
    name: "commands",
    flag: "",
    label: "Commands",
    help: "What the job does, as you would type it on the host.",
    example: "mpirun ./heat input.dat",
    switch: Switch::None,
    value: |_| None,
    read: |_, _| {},
    check: |draft, findings| {
        if draft.commands.trim().is_empty() {
            findings.error(
                "/commands",
                "commands.missing",
                "the job has no commands",
                "write what it is to do, such as ./heat input.dat",
            );
            return;
        }
        let prefix = prefix_of(draft);
        let interpreter = Interpreter::of(&draft.shell);
        let (mut directive, mut trap, mut exec) = (None, None, None);
        for (index, line) in draft.commands.lines().enumerate() {
            let line = line.trim();
            // Where nothing of ours stands before them, the mark too would be read as one.
            let is_mark = line == MARK && interpreter == Interpreter::Other;
            let found = if line.starts_with(prefix) || is_mark {
                &mut directive
            } else if traps_exit(line) {
                &mut trap
            } else if replaces_script(line) {
                &mut exec
            } else {
                continue;
            };
            found.get_or_insert(index);
        }
        if let Some(line) = directive {
            let advice = "put it before the first command, or break it up (# PBS)";
            if interpreter == Interpreter::Other {
                findings.error(
                    "/commands",
                    "commands.directive",
                    format!(
                        "\"{}\" among the commands could be taken for a directive",
                        words::one_line(draft.commands.lines().nth(line).unwrap_or_default().trim())
                    ),
                    advice,
                );
            } else {
                findings.warning(
                    "/commands",
                    "commands.directive",
                    format!("PBS ignores the {prefix} lines among the commands: they stand after the first command"),
                    advice,
                );
            }
            findings.at_line(line);
        }
        if draft.without_epilogue || interpreter != Interpreter::Posix {
            return;
        }
        if let Some(line) = trap {
            findings.hint(
                "/commands",
                "commands.own_trap",
                "the commands set a trap of their own, which replaces PBSWeb's note of the exit status: then only the scheduler knows how the job ended, while it remembers",
                "run that part in a subshell ( … ), if this matters",
            );
            findings.at_line(line);
        }
        if let Some(line) = exec {
            findings.hint(
                "/commands",
                "commands.exec",
                "exec replaces the script, so that PBSWeb's note of the exit status is not written",
                "call the program without exec",
            );
            findings.at_line(line);
        }
    },
    ..Directive::BASE
};

/// Whether a line sets a trap for the end of the script or for the signal of deletion.
fn traps_exit(line: &str) -> bool {
    let is_signal =
        |word: &str| matches!(word.trim_matches([';', '"', '\'']), "EXIT" | "0" | "TERM" | "SIGTERM" | "15");
    line.strip_prefix("trap").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_whitespace()) && rest.split_ascii_whitespace().any(is_signal)
    })
}

/// Whether a line has another program take the script's place.
fn replaces_script(line: &str) -> bool {
    line.starts_with("exec ") && !["exec >", "exec 2>", "exec <"].iter().any(|begin| line.starts_with(begin))
}

pub(super) const WITHOUT_EPILOGUE: Directive = Directive {
    name: "without_epilogue",
    flag: "",
    label: "No note of the exit status",
    help: "Leaves out the lines that note the exit status and the times in the job's folder. Then only the scheduler knows how the job ended, and many forget it soon.",
    example: "",
    switch: Switch::None,
    value: |_| None,
    read: |_, _| {},
    check: |_, _| {},
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, with};
    use crate::script::{check, parse, render};

    #[test]
    fn commands_are_checked() {
        let check = |commands: &str, expected: &[&str]| {
            check_findings(&with(|d| d.commands = commands.into()), expected)
        };
        check("make run\n", &[]);
        check(" \n ", &["/commands commands.missing"]);
        check("true\n#PBS -q x", &["/commands commands.directive"]);
        check("trap 'rm -rf $TMP' EXIT\nmake", &["/commands commands.own_trap"]);
        check("trap cleanup 0", &["/commands commands.own_trap"]);
        check("trap - USR1", &[]);
        check("exec ./heat", &["/commands commands.exec"]);
        check("exec >log 2>&1\n./heat", &[]);
        for commands in ["#PBS -q x\nprint()", "\n# PBSWeb: without epilogue\nprint()"] {
            let python = with(|d| {
                (d.shell, d.without_epilogue, d.commands) = ("/usr/bin/python3".into(), true, commands.into())
            });
            check_findings(&python, &["/commands commands.directive"]);
        }
        assert!(check_is_missing(), "no commands at all");
    }

    fn check_is_missing() -> bool {
        check(&with(|_| ()), None)
            .iter()
            .any(|finding| finding.code == "commands.missing" && finding.is_error())
    }

    #[test]
    fn the_choice_against_the_epilogue_survives_in_the_text() {
        let draft = with(|d| (d.commands, d.without_epilogue) = ("true".into(), true));
        assert!(parse(render(&draft)).draft.without_epilogue);
        check_findings(&with(|d| (d.commands, d.without_epilogue) = ("exec x".into(), true)), &[]);
    }
}
