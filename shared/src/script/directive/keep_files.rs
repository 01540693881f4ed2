//! `-k`: which streams stay on the node, or are written in place.

use super::{Directive, Switch, canonical};
use crate::script::values::KeepFiles;

pub(super) const KEEP_FILES: Directive = Directive {
    name: "keep_files",
    flag: "-k",
    label: "Keep on the node",
    help: "Which of the output files stay on the node instead of being copied: o, e or both; with d they are written where they belong as the job runs. Empty lets PBSWeb choose.",
    example: "oed",
    switch: Switch::Option('k'),
    choices: &[("n", "neither"), ("oe", "both stay on the node"), ("oed", "both are written in place")],
    typed: Some(|draft| &draft.keep_files),
    value: |draft| canonical::<KeepFiles>(&draft.keep_files),
    read: |value, draft| value.clone_into(&mut draft.keep_files),
    check: |draft, findings| {
        let found = findings.read::<KeepFiles>(
            "/keep_files",
            &draft.keep_files,
            "what is kept",
            "write letters of o, e and d, or n alone",
        );
        if found.is_some() {
            findings.hint(
                "/keep_files",
                "keep_files.overruled",
                "where the host allows it PBSWeb writes output in place (-k oed), and its option wins over this one",
                "leave it empty unless the host is configured otherwise",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.keep_files = "eo".into()), "-k oe");
        check_read("-k oed", |d| d.keep_files = "oed".into());
        check_findings(&with(|d| d.keep_files = "z".into()), &["/keep_files keep_files.syntax"]);
        check_findings(&with(|d| d.keep_files = "oe".into()), &["/keep_files keep_files.overruled"]);
    }
}
