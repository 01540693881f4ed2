//! `-W sandbox=`: where PBS starts the job and copies files to.

use super::{Directive, Switch, canonical};
use crate::script::values::Sandbox;

pub(super) const SANDBOX: Directive = Directive {
    name: "sandbox",
    flag: "-W sandbox=",
    label: "Sandbox",
    help: "Where PBS starts the job and puts staged files: HOME is your home directory, PRIVATE a folder made for the job and removed after it.",
    example: "PRIVATE",
    switch: Switch::Attribute("sandbox"),
    choices: &[
        ("HOME", "your home directory"),
        ("PRIVATE", "a folder of its own, removed afterwards"),
        ("O_WORKDIR", "the folder it was submitted from"),
    ],
    typed: Some(|draft| &draft.sandbox),
    value: |draft| canonical::<Sandbox>(&draft.sandbox),
    read: |value, draft| value.clone_into(&mut draft.sandbox),
    check: |draft, findings| {
        let Some(sandbox) =
            findings.read::<Sandbox>("/sandbox", &draft.sandbox, "the sandbox", "choose HOME or PRIVATE")
        else {
            return;
        };
        if sandbox.as_str().eq_ignore_ascii_case("PRIVATE") && draft.stageout.trim().is_empty() {
            findings.warning(
                "/sandbox",
                "sandbox.results",
                "the job's own folder is removed when it ends, with everything that was written there",
                "copy results with Stage out, or write them elsewhere",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.sandbox = "HOME".into()), "-W sandbox=HOME");
        check_read("-W sandbox=private", |d| d.sandbox = "private".into());
        check_findings(&with(|d| d.sandbox = "elsewhere".into()), &["/sandbox sandbox.syntax"]);
        check_findings(&with(|d| d.sandbox = "PRIVATE".into()), &["/sandbox sandbox.results"]);
    }
}
