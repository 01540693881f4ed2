//! `-W stagein=`: files copied before the job.

use super::{Directive, Switch, canonical};
use crate::script::values::StageList;

pub(super) const STAGE_IN: Directive = Directive {
    name: "stagein",
    flag: "-W stagein=",
    label: "Stage in",
    help: "Files or folders that PBS copies to the node before the job starts, each as here@host:there; it removes them when the job has ended.",
    example: "input.dat@fileserver:/data/input.dat",
    switch: Switch::Attribute("stagein"),
    choices: &[],
    typed: Some(|draft| &draft.stagein),
    value: |draft| canonical::<StageList>(&draft.stagein),
    read: |value, draft| value.clone_into(&mut draft.stagein),
    check: |draft, findings| {
        findings.read::<StageList>(
            "/stagein",
            &draft.stagein,
            "stage in",
            "write here@host:there, joined by commas",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(
            &with(|d| d.stagein = "in.dat@vm:/home/a/in.dat".into()),
            "-W stagein=in.dat@vm:/home/a/in.dat",
        );
        check_read("-W stagein=a@h:/a,b@h:/b", |d| d.stagein = "a@h:/a,b@h:/b".into());
        check_findings(&with(|d| d.stagein = "in.dat".into()), &["/stagein stagein.syntax"]);
    }
}
