//! `-p`: the priority.

use super::{Directive, Switch, canonical};
use crate::script::values::Priority;

pub(super) const PRIORITY: Directive = Directive {
    name: "priority",
    flag: "-p",
    label: "Priority",
    help: "Which of your own waiting jobs goes first: -1024 (last) to 1023 (first).",
    example: "10",
    switch: Switch::Option('p'),
    value: |draft| canonical::<Priority>(&draft.priority),
    read: |value, draft| value.clone_into(&mut draft.priority),
    check: |draft, findings| {
        findings.read::<Priority>(
            "/priority",
            &draft.priority,
            "the priority",
            "give a whole number, or leave it empty",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.priority = "+10".into()), "-p 10");
        check_line(&with(|d| d.priority = "-10".into()), "-p -10");
        check_read("-p -5", |d| d.priority = "-5".into());
        check_findings(&with(|d| d.priority = "9999".into()), &["/priority priority.range"]);
        check_findings(&with(|d| d.priority = "high".into()), &["/priority priority.syntax"]);
    }
}
