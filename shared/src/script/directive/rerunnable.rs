//! `-r`: whether the job may be run again.

use super::{Directive, Switch, canonical};
use crate::script::values::Rerunnable;

pub(super) const RERUNNABLE: Directive = Directive {
    name: "rerunnable",
    flag: "-r",
    label: "May be run again",
    help: "Whether the scheduler may start the job anew after a node failed or the operators asked for it. Say no if a second run would spoil results of the first.",
    example: "y",
    switch: Switch::Option('r'),
    choices: &[("y", "may be run again"), ("n", "runs once")],
    value: |draft| canonical::<Rerunnable>(&draft.rerunnable),
    read: |value, draft| value.clone_into(&mut draft.rerunnable),
    check: |draft, findings| {
        findings.read::<Rerunnable>("/rerunnable", &draft.rerunnable, "rerunnable", "choose yes or no");
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.rerunnable = "n".into()), "-r n");
        check_read("-r y", |d| d.rerunnable = "y".into());
        check_findings(&with(|d| d.rerunnable = "maybe".into()), &["/rerunnable rerunnable.syntax"]);
    }
}
