//! `-W group_list=`: the group it runs with.

use super::{Directive, Switch, canonical};
use crate::script::values::NameList;

pub(super) const GROUP_LIST: Directive = Directive {
    name: "group_list",
    flag: "-W group_list=",
    label: "Group",
    help: "The group on the host that the job runs with, one of yours; empty means your login group.",
    example: "physics",
    switch: Switch::Attribute("group_list"),
    choices: &[],
    typed: Some(|draft| &draft.group_list),
    value: |draft| canonical::<NameList>(&draft.group_list),
    read: |value, draft| value.clone_into(&mut draft.group_list),
    check: |draft, findings| {
        findings.read::<NameList>(
            "/group_list",
            &draft.group_list,
            "the group",
            "write a group, or group@host for each host, joined by commas",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.group_list = "physics".into()), "-W group_list=physics");
        check_read("-W group_list=a,b@n1,umask=022", |d| {
            (d.group_list, d.umask) = ("a,b@n1".into(), "022".into());
        });
        check_findings(&with(|d| d.group_list = "a b".into()), &["/group_list group_list.syntax"]);
    }
}
