//! `-J`: many alike jobs in one.

use super::{Directive, Switch, canonical};
use crate::script::values::ArrayRange;

pub(super) const ARRAY: Directive = Directive {
    name: "array",
    flag: "-J",
    label: "Array",
    help: "Runs the script once for each number of a range; the commands find theirs in $PBS_ARRAY_INDEX. Written first-last, perhaps with :step and %most at once.",
    example: "1-100",
    switch: Switch::Option('J'),
    value: |draft| canonical::<ArrayRange>(&draft.array),
    read: |value, draft| value.clone_into(&mut draft.array),
    check: |draft, findings| {
        let advice = "write a range such as 1-100; leave it empty for a single job";
        let array = findings.read::<ArrayRange>("/array", &draft.array, "the array", advice);
        if array.is_some() && draft.rerunnable.trim() == "n" {
            findings.error(
                "/rerunnable",
                "rerunnable.array",
                "an array must be rerunnable: qsub refuses it (cannot submit non-rerunable Array Job)",
                "leave it empty, or choose y",
            );
        }
        if array.is_some_and(|array| array.most().is_some()) {
            findings.hint(
                "/array",
                "array.most",
                "older releases of PBS do not know % in an array's range and refuse it",
                "leave %… out if the host refuses the job",
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
        check_line(&with(|d| d.array = "1-10:1".into()), "-J 1-10");
        check_read("-J 0-9:3", |d| d.array = "0-9:3".into());
        check_findings(&with(|d| d.array = "1-1".into()), &["/array array.range"]);
        check_findings(&with(|d| d.array = "abc".into()), &["/array array.syntax"]);
        check_findings(&with(|d| d.array = "1-9%3".into()), &["/array array.most"]);
        check_findings(
            &with(|d| (d.array, d.rerunnable) = ("1-9".into(), "n".into())),
            &["/rerunnable rerunnable.array"],
        );
    }
}
