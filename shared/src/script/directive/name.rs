//! `-N`: the job's name.

use super::{Directive, Switch, canonical};
use crate::script::values::JobName;

pub(super) const NAME: Directive = Directive {
    name: "name",
    flag: "-N",
    label: "Name",
    help: "What the job is called in listings and mails: letters, digits and _ - . + only. Empty means job.",
    example: "heat-2d",
    switch: Switch::Option('N'),
    // Always given: without it the name is the script's file name, which must obey the same rule.
    value: |draft| canonical::<JobName>(&draft.name).or_else(|| Some(JobName::default().to_string())),
    read: |value, draft| value.clone_into(&mut draft.name),
    check: |draft, findings| {
        findings.read::<JobName>(
            "/name",
            &draft.name,
            "the name",
            "write it without blanks and special characters, such as heat-2d",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};
    use crate::script::render;

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.name = "heat-2d".into()), "-N heat-2d");
        assert!(render(&with(|_| ())).contains("\n#PBS -N job\n"));
        check_read("-N run.1", |d| d.name = "run.1".into());
        check_findings(&with(|d| d.name = "my job".into()), &["/name name.syntax"]);
        check_findings(&with(|d| d.name = "x".repeat(231)), &["/name name.range"]);
    }
}
