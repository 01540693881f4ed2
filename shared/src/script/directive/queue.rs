//! `-q`: the queue.

use super::{Directive, Switch, canonical};
use crate::script::values::QueueName;

pub(super) const QUEUE: Directive = Directive {
    name: "queue",
    flag: "-q",
    label: "Queue",
    help: "The queue that takes the job. Queues differ in how long and how large jobs may be; empty means the host's default queue.",
    example: "workq",
    switch: Switch::Option('q'),
    value: |draft| canonical::<QueueName>(&draft.queue),
    read: |value, draft| value.clone_into(&mut draft.queue),
    check: |draft, findings| {
        findings.read::<QueueName>("/queue", &draft.queue, "the queue", "choose one of the host's queues");
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.queue = " long@pbs2 ".into()), "-q long@pbs2");
        check_read("-qworkq", |d| d.queue = "workq".into());
        check_findings(&with(|d| d.queue = "a b".into()), &["/queue queue.syntax"]);
    }
}
