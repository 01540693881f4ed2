//! `-W tolerate_node_failures=`: whether the job lives on when a node fails.

use super::{Directive, Switch, canonical};
use crate::script::values::NodeFailures;

pub(super) const TOLERATE_NODE_FAILURES: Directive = Directive {
    name: "tolerate_node_failures",
    flag: "-W tolerate_node_failures=",
    label: "Bear node failures",
    help: "Whether the job lives on when one of its nodes (not the first) fails: none, job_start for failures at its start, or all.",
    example: "job_start",
    switch: Switch::Attribute("tolerate_node_failures"),
    choices: &[
        ("none", "the job ends"),
        ("job_start", "bears failures at its start"),
        ("all", "bears every failure"),
    ],
    typed: Some(|draft| &draft.tolerate_node_failures),
    value: |draft| canonical::<NodeFailures>(&draft.tolerate_node_failures),
    read: |value, draft| value.clone_into(&mut draft.tolerate_node_failures),
    check: |draft, findings| {
        findings.read::<NodeFailures>(
            "/tolerate_node_failures",
            &draft.tolerate_node_failures,
            "it",
            "choose none, job_start or all",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.tolerate_node_failures = "all".into()), "-W tolerate_node_failures=all");
        check_read("-W tolerate_node_failures=none", |d| d.tolerate_node_failures = "none".into());
        check_findings(
            &with(|d| d.tolerate_node_failures = "some".into()),
            &["/tolerate_node_failures tolerate_node_failures.syntax"],
        );
    }
}
