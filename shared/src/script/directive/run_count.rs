//! `-W run_count=`: how often PBS thinks it has run the job.

use super::{Directive, Switch, canonical};
use crate::script::values::Count;

pub(super) const RUN_COUNT: Directive = Directive {
    name: "run_count",
    flag: "-W run_count=",
    label: "Run count",
    help: "How often PBS thinks it has run the job already. When the count goes over 20 it holds the job.",
    example: "15",
    switch: Switch::Attribute("run_count"),
    choices: &[],
    typed: Some(|draft| &draft.run_count),
    value: |draft| canonical::<Count>(&draft.run_count),
    read: |value, draft| value.clone_into(&mut draft.run_count),
    check: |draft, findings| {
        let Some(count) = findings.read::<Count>(
            "/run_count",
            &draft.run_count,
            "the run count",
            "write a whole number, or leave it empty",
        ) else {
            return;
        };
        if count.number() > 20 {
            findings.warning(
                "/run_count",
                "run_count.held",
                "PBS holds a job whose run count is over 20",
                "choose a smaller number",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.run_count = "05".into()), "-W run_count=5");
        check_read("-W run_count=3", |d| d.run_count = "3".into());
        check_findings(&with(|d| d.run_count = "-1".into()), &["/run_count run_count.syntax"]);
        check_findings(&with(|d| d.run_count = "21".into()), &["/run_count run_count.held"]);
    }
}
