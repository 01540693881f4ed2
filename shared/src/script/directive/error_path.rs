//! `-e`: where standard error goes.

use super::output_path::check_path;
use super::{Directive, Switch, canonical};
use crate::script::values::OutputPath;

pub(super) const ERROR_PATH: Directive = Directive {
    name: "error_path",
    flag: "-e",
    label: "Error file",
    help: "Where standard error is written, a file in an existing folder. Empty means the job's own folder, where PBSWeb shows it.",
    example: "logs/heat.err",
    switch: Switch::Option('e'),
    value: |draft| canonical::<OutputPath>(&draft.error_path),
    read: |value, draft| value.clone_into(&mut draft.error_path),
    check: |draft, findings| {
        check_path("/error_path", "the error path", &draft.error_path, &draft.array, findings);
        let error_path = draft.error_path.trim();
        if error_path.is_empty() {
            return;
        }
        if draft.join.trim() == "oe" {
            findings.warning(
                "/error_path",
                "error_path.joined",
                "with join oe the errors go to the output file, this path is not used",
                "remove it",
            );
        } else if error_path == draft.output_path.trim()
            && error_path != "/dev/null"
            && draft.join.trim() != "eo"
        {
            findings.warning(
                "/error_path",
                "error_path.same",
                "output and errors go to the same file and overwrite each other",
                "choose join oe instead",
            );
        }
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.error_path = "/tmp/e".into()), "-e /tmp/e");
        check_read("-e 'a b'", |d| d.error_path = "a b".into());
        check_findings(&with(|d| d.error_path = "~/e".into()), &["/error_path error_path.not_expanded"]);
        let check = |join: &str, expected: &[&str]| {
            check_findings(
                &with(|d| (d.output_path, d.error_path, d.join) = ("x".into(), "x".into(), join.into())),
                expected,
            );
        };
        check("", &["/error_path error_path.same"]);
        check("oe", &["/error_path error_path.joined"]);
        check("eo", &["/output_path output_path.joined"]);
    }
}
