//! `-u`: the login name it runs under.

use super::{Directive, Switch, canonical};
use crate::script::values::NameList;

pub(super) const USER_LIST: Directive = Directive {
    name: "user_list",
    flag: "-u",
    label: "Run as",
    help: "The login name on the host that the job runs under, where the scheduler allows you another than your own.",
    example: "ada",
    switch: Switch::Option('u'),
    choices: &[],
    typed: Some(|draft| &draft.user_list),
    value: |draft| canonical::<NameList>(&draft.user_list),
    read: |value, draft| value.clone_into(&mut draft.user_list),
    check: |draft, findings| {
        let found = findings.read::<NameList>(
            "/user_list",
            &draft.user_list,
            "the user",
            "write a login name, or user@host for each host, joined by commas",
        );
        if found.is_some() {
            findings.hint(
                "/user_list",
                "user_list.other",
                "PBS refuses a login name that is not yours, unless the host trusts you (status 175, Bad UID for job execution)",
                "leave it empty to run under your own name",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.user_list = "ada".into()), "-u ada");
        check_read("-u ada@n1,bob", |d| d.user_list = "ada@n1,bob".into());
        check_findings(&with(|d| d.user_list = "a b".into()), &["/user_list user_list.syntax"]);
        check_findings(&with(|d| d.user_list = "ada".into()), &["/user_list user_list.other"]);
    }
}
