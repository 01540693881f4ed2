//! `-j`: which streams are joined.

use super::{Directive, Switch, canonical};
use crate::script::values::Join;

pub(super) const JOIN: Directive = Directive {
    name: "join",
    flag: "-j",
    label: "Join output and errors",
    help: "Whether standard output and standard error go to one file: oe into the output file, eo into the error file, n apart.",
    example: "oe",
    switch: Switch::Option('j'),
    choices: &[
        ("oe", "errors go into the output file"),
        ("eo", "output goes into the error file"),
        ("n", "two files"),
    ],
    value: |draft| canonical::<Join>(&draft.join),
    read: |value, draft| value.clone_into(&mut draft.join),
    check: |draft, findings| {
        findings.read::<Join>("/join", &draft.join, "join", "choose oe, eo or n");
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.join = "oe".into()), "-j oe");
        check_read("-j eo", |d| d.join = "eo".into());
        check_findings(&with(|d| d.join = "xx".into()), &["/join join.syntax"]);
    }
}
