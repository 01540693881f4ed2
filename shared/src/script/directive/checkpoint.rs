//! `-c`: when the job is checkpointed.

use super::{Directive, Switch, canonical};
use crate::script::values::Checkpoint;

pub(super) const CHECKPOINT: Directive = Directive {
    name: "checkpoint",
    flag: "-c",
    label: "Checkpoints",
    help: "When the job's state is saved, where the site has a way to do so: n never, s when the server is shut down, c or w at the queue's interval of processor time or walltime, c=30 every 30 minutes.",
    example: "w=60",
    switch: Switch::Option('c'),
    choices: &[
        ("n", "never"),
        ("s", "when the server is shut down"),
        ("c", "at the queue's interval of processor time"),
        ("w", "at the queue's interval of walltime"),
    ],
    typed: Some(|draft| &draft.checkpoint),
    value: |draft| canonical::<Checkpoint>(&draft.checkpoint),
    read: |value, draft| value.clone_into(&mut draft.checkpoint),
    check: |draft, findings| {
        findings.read::<Checkpoint>(
            "/checkpoint",
            &draft.checkpoint,
            "checkpoints",
            "choose n, s, c, w, or write c=minutes or w=minutes",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.checkpoint = "c=30".into()), "-c c=30");
        check_read("-c n", |d| d.checkpoint = "n".into());
        // Seen in qsub: `-c u` is an illegal value.
        check_findings(&with(|d| d.checkpoint = "u".into()), &["/checkpoint checkpoint.syntax"]);
    }
}
