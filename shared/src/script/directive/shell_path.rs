//! `-S`: the shell that starts the script.

use super::{Directive, Switch, canonical};
use crate::script::values::PathList;

pub(super) const SHELL_PATH: Directive = Directive {
    name: "shell_path",
    flag: "-S",
    label: "Starting shell",
    help: "The shell that PBS starts the script with, instead of your login shell. What runs the commands is still the first line of the script.",
    example: "/bin/sh",
    switch: Switch::Option('S'),
    choices: &[],
    typed: Some(|draft| &draft.shell_path),
    value: |draft| canonical::<PathList>(&draft.shell_path),
    read: |value, draft| value.clone_into(&mut draft.shell_path),
    check: |draft, findings| {
        findings.read::<PathList>(
            "/shell_path",
            &draft.shell_path,
            "the starting shell",
            "write an absolute path, or path@host for each host, joined by commas",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.shell_path = "/bin/sh".into()), "-S /bin/sh");
        check_read("-S /bin/bash@mars,/usr/bin/bash", |d| {
            d.shell_path = "/bin/bash@mars,/usr/bin/bash".into()
        });
        check_findings(&with(|d| d.shell_path = "bash".into()), &["/shell_path shell_path.syntax"]);
        check_findings(&with(|d| d.shell_path = "/bin/a,/bin/b".into()), &["/shell_path shell_path.syntax"]);
    }
}
