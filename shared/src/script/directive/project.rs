//! `-P`: the project.

use super::{Directive, Switch, canonical};
use crate::script::values::ProjectName;

pub(super) const PROJECT: Directive = Directive {
    name: "project",
    flag: "-P",
    label: "Project",
    help: "The project the job belongs to, where the site groups jobs by project.",
    example: "climate",
    switch: Switch::Option('P'),
    value: |draft| canonical::<ProjectName>(&draft.project),
    read: |value, draft| value.clone_into(&mut draft.project),
    check: |draft, findings| {
        findings.read::<ProjectName>(
            "/project",
            &draft.project,
            "the project",
            "ask the site which projects there are",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.project = "projX".into()), "-P projX");
        check_read("-P 007", |d| d.project = "007".into());
        check_findings(&with(|d| d.project = "a b+1".into()), &["/project project.syntax"]);
    }
}
