//! `-W max_run_subjobs=`: how many subjobs run at once.

use super::{Directive, Switch, canonical};
use crate::script::values::Count;

pub(super) const MAX_RUN_SUBJOBS: Directive = Directive {
    name: "max_run_subjobs",
    flag: "-W max_run_subjobs=",
    label: "Subjobs at once",
    help: "How many subjobs of an array may run at the same time; the same as % in the array's range.",
    example: "10",
    switch: Switch::Attribute("max_run_subjobs"),
    choices: &[],
    typed: Some(|draft| &draft.max_run_subjobs),
    value: |draft| canonical::<Count>(&draft.max_run_subjobs),
    read: |value, draft| value.clone_into(&mut draft.max_run_subjobs),
    check: |draft, findings| {
        let Some(count) = findings.read::<Count>(
            "/max_run_subjobs",
            &draft.max_run_subjobs,
            "the number at once",
            "write a whole number, or leave it empty",
        ) else {
            return;
        };
        if draft.array.trim().is_empty() {
            findings.warning(
                "/max_run_subjobs",
                "max_run_subjobs.no_array",
                "this is no array: there are no subjobs to limit",
                "remove it, or give a range under Array",
            );
        } else if draft.array.contains('%') {
            findings.warning(
                "/max_run_subjobs",
                "max_run_subjobs.twice",
                format!(
                    "both this ({}) and % in the array's range limit how many run at once",
                    count.number()
                ),
                "keep one of them",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.max_run_subjobs = "5".into()), "-W max_run_subjobs=5");
        check_read("-W max_run_subjobs=5", |d| d.max_run_subjobs = "5".into());
        let check = |array: &str, value: &str, code: &str| {
            let draft = with(|d| (d.array, d.max_run_subjobs) = (array.into(), value.into()));
            let pointer = "/max_run_subjobs max_run_subjobs.";
            let expected = if code.is_empty() { vec![] } else { vec![format!("{pointer}{code}")] };
            let found: Vec<String> = crate::script::check(&draft, None)
                .into_iter()
                .map(|d| format!("{} {}", d.pointer, d.code))
                .filter(|found| found.starts_with(pointer))
                .collect();
            assert_eq!(found, expected, "{array} {value}");
        };
        check("1-9", "5", "");
        check("", "5", "no_array");
        check("1-9%3", "5", "twice");
        check("1-9", "x", "syntax");
        check_findings(&with(|d| d.max_run_subjobs = String::new()), &[]);
    }
}
