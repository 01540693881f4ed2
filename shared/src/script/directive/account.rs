//! `-A`: the account charged.

use super::{Directive, Switch, canonical};
use crate::script::values::AccountName;

pub(super) const ACCOUNT: Directive = Directive {
    name: "account",
    flag: "-A",
    label: "Account",
    help: "The account that is charged for the job, where the site keeps accounts.",
    example: "acct-7",
    switch: Switch::Option('A'),
    value: |draft| canonical::<AccountName>(&draft.account),
    read: |value, draft| value.clone_into(&mut draft.account),
    check: |draft, findings| {
        findings.read::<AccountName>(
            "/account",
            &draft.account,
            "the account",
            "ask the site which accounts you may use",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.account = "two words".into()), "-A \"two words\"");
        check_line(&with(|d| d.account = "a\"b\\".into()), "-A 'a\"b\\'");
        check_read("-A acct-7", |d| d.account = "acct-7".into());
        check_findings(&with(|d| d.account = "a\nb".into()), &["/account account.syntax"]);
    }
}
