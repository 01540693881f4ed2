//! `-R`: which output files are removed when the job succeeds.

use super::{Directive, Switch, canonical};
use crate::script::values::RemoveFiles;

pub(super) const REMOVE_FILES: Directive = Directive {
    name: "remove_files",
    flag: "-R",
    label: "Remove after success",
    help: "Which of the output files are removed when the job succeeds: o standard output, e standard error, oe both.",
    example: "e",
    switch: Switch::Option('R'),
    choices: &[("o", "standard output"), ("e", "standard error"), ("oe", "both")],
    typed: Some(|draft| &draft.remove_files),
    value: |draft| canonical::<RemoveFiles>(&draft.remove_files),
    read: |value, draft| value.clone_into(&mut draft.remove_files),
    check: |draft, findings| {
        let found = findings.read::<RemoveFiles>(
            "/remove_files",
            &draft.remove_files,
            "what is removed",
            "choose o, e or oe",
        );
        if found.is_some() {
            findings.hint(
                "/remove_files",
                "remove_files.gone",
                "output that PBS removes cannot be read here after the job has ended",
                "leave it empty to keep the output",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.remove_files = "eo".into()), "-R oe");
        check_read("-R e", |d| d.remove_files = "e".into());
        check_findings(&with(|d| d.remove_files = "x".into()), &["/remove_files remove_files.syntax"]);
        check_findings(&with(|d| d.remove_files = "e".into()), &["/remove_files remove_files.gone"]);
    }
}
