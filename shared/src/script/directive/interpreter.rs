//! The first line: what runs the commands.

use super::{Directive, Switch};
use crate::script::interpreter::Interpreter;
use crate::script::values::UnixPath;

pub(super) const SHELL: Directive = Directive {
    name: "shell",
    flag: "#!",
    label: "Shell",
    help: "The program that runs the commands, with its absolute path. Empty means /bin/bash.",
    example: "/bin/bash",
    switch: Switch::None,
    value: |_| None,
    read: |_, _| {},
    check: |draft, findings| {
        let advice = "write an absolute path such as /bin/bash, or /usr/bin/env python3";
        let Some(path) = findings.read::<UnixPath>("/shell", &draft.shell, "the shell", advice) else {
            return;
        };
        if !path.is_absolute() {
            findings.error(
                "/shell",
                "shell.relative",
                "the shell must be an absolute path: the job would end with status 127",
                advice,
            );
        } else if path.as_str().len() > 125 {
            findings.warning(
                "/shell",
                "shell.long",
                "many systems cut the first line of a script after 127 bytes",
                "use a shorter path",
            );
        }
        if draft.without_epilogue {
            return;
        }
        match Interpreter::of(path.as_str()) {
            Interpreter::Posix => {}
            Interpreter::Csh | Interpreter::Other => findings.hint(
                "/shell",
                "shell.no_epilogue",
                "PBSWeb's note of exit status and times is written by sh, bash, dash, ksh and zsh only; with this interpreter only the scheduler knows how the job ended, while it remembers",
                "use /bin/bash and call the program from there, if that matters",
            ),
        }
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, with};
    use crate::script::{parse, render};

    #[test]
    fn written_read_and_checked() {
        let draft = with(|d| (d.shell, d.commands) = (" /usr/bin/env python3".into(), "print(1)".into()));
        let text = render(&draft);
        assert_eq!(text, "#!/usr/bin/env python3\n#PBS -N job\n\nprint(1)\n");
        assert_eq!(parse(&text).draft.shell, "/usr/bin/env python3");
        assert_eq!(parse("#! /bin/bash\ntrue\n").draft.shell, "");
        check_findings(&with(|d| d.shell = "bash".into()), &["/shell shell.relative"]);
        check_findings(&with(|d| d.shell = "/bin/sh\n#PBS -h".into()), &["/shell shell.syntax"]);
        check_findings(&with(|d| d.shell = format!("/{}/sh", "x".repeat(130))), &["/shell shell.long"]);
        check_findings(&with(|d| d.shell = "/bin/tcsh".into()), &["/shell shell.no_epilogue"]);
        check_findings(&with(|d| (d.shell, d.without_epilogue) = ("/bin/tcsh".into(), true)), &[]);
    }
}
