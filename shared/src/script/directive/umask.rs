//! `-W umask=`: the permissions of new files.

use super::{Directive, Switch, canonical};
use crate::script::values::Umask;

pub(super) const UMASK: Directive = Directive {
    name: "umask",
    flag: "-W umask=",
    label: "File permissions",
    help: "Which permissions are taken from the files the job makes, in octal: 077 (PBS's own) keeps them to yourself, 027 lets your group read them, 022 everybody.",
    example: "027",
    switch: Switch::Attribute("umask"),
    choices: &[("077", "only you"), ("027", "your group may read"), ("022", "everybody may read")],
    typed: Some(|draft| &draft.umask),
    value: |draft| canonical::<Umask>(&draft.umask),
    read: |value, draft| value.clone_into(&mut draft.umask),
    check: |draft, findings| {
        let Some(umask) =
            findings.read::<Umask>("/umask", &draft.umask, "the umask", "write octal digits such as 027")
        else {
            return;
        };
        if umask.lets_others_write() {
            findings.warning(
                "/umask",
                "umask.open",
                "with this umask everybody on the host may change the files the job makes",
                "022 lets others read, 027 only your group",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.umask = "027".into()), "-W umask=027");
        check_read("-W umask=22", |d| d.umask = "22".into());
        check_findings(&with(|d| d.umask = "8".into()), &["/umask umask.syntax"]);
        check_findings(&with(|d| d.umask = "000".into()), &["/umask umask.open"]);
    }
}
