//! `-W stageout=`: files copied after the job.

use super::{Directive, Switch, canonical};
use crate::script::values::StageList;

pub(super) const STAGE_OUT: Directive = Directive {
    name: "stageout",
    flag: "-W stageout=",
    label: "Stage out",
    help: "Files or folders that PBS copies away when the job has ended, each as here@host:there; it removes them from the node.",
    example: "result.dat@fileserver:/data/result.dat",
    switch: Switch::Attribute("stageout"),
    choices: &[],
    typed: Some(|draft| &draft.stageout),
    value: |draft| canonical::<StageList>(&draft.stageout),
    read: |value, draft| value.clone_into(&mut draft.stageout),
    check: |draft, findings| {
        findings.read::<StageList>(
            "/stageout",
            &draft.stageout,
            "stage out",
            "write here@host:there, joined by commas",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.stageout = "o@vm:/x".into()), "-W stageout=o@vm:/x");
        check_read("-W \"stageout=a@h:/a,b@h:/b\"", |d| d.stageout = "a@h:/a,b@h:/b".into());
        check_findings(&with(|d| d.stageout = "a@h".into()), &["/stageout stageout.syntax"]);
    }
}
