//! `-M` and `-m`: mail about the job.

use super::{Directive, Switch, canonical};
use crate::script::values::{MailEvents, MailUsers};

pub(super) const MAIL_USERS: Directive = Directive {
    name: "mail_users",
    flag: "-M",
    label: "Mail to",
    help: "Who gets mail about the job: addresses separated by commas. Empty means your own mailbox on the host.",
    example: "ada@example.org",
    switch: Switch::Option('M'),
    value: |draft| Some(without_blanks(&draft.mail_users)).filter(|users| !users.is_empty()),
    read: |value, draft| value.clone_into(&mut draft.mail_users),
    check: |draft, findings| {
        let advice = "write addresses such as ada@example.org,bob@example.org";
        let users = findings.read::<MailUsers>(
            "/mail_users",
            &without_blanks(&draft.mail_users),
            "the mail addresses",
            advice,
        );
        if users.is_some() && draft.mail_events.trim() == "n" {
            findings.warning(
                "/mail_events",
                "mail_events.none",
                "mail addresses are given, but no mail is to be sent",
                "choose when to send mail, or remove the addresses",
            );
        }
    },
    ..Directive::BASE
};

pub(super) const MAIL_EVENTS: Directive = Directive {
    name: "mail_events",
    flag: "-m",
    label: "Mail when",
    help: "When mail is sent: a if the job is aborted, b when it begins, e when it ends, j also for each subjob; n never.",
    example: "ae",
    switch: Switch::Option('m'),
    choices: &[
        ("n", "never"),
        ("a", "if it is aborted"),
        ("ae", "if it is aborted or ends"),
        ("abe", "at every turn"),
    ],
    value: |draft| canonical::<MailEvents>(&draft.mail_events),
    read: |value, draft| value.clone_into(&mut draft.mail_events),
    check: |draft, findings| {
        let advice = "choose letters of a, b, e and j, or n alone";
        let events = findings.read::<MailEvents>("/mail_events", &draft.mail_events, "mail", advice);
        let Some(events) = events.filter(|events| events.is_any()) else { return };
        if draft.mail_users.trim().is_empty() {
            findings.hint(
                "/mail_users",
                "mail_users.missing",
                "without an address the mail goes to your mailbox on the host, which few people read",
                "give your address",
            );
        }
        if events.is_for_subjobs() && draft.array.trim().is_empty() {
            findings.hint(
                "/mail_events",
                "mail_events.no_array",
                "j means each subjob, and this is no array",
                "leave j out",
            );
        }
    },
    ..Directive::BASE
};

/// People write a blank after the comma; qsub does not take it.
fn without_blanks(users: &str) -> String {
    users.split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn addresses_written_read_and_checked() {
        check_line(&with(|d| d.mail_users = "a@x.org, b@y.org".into()), "-M a@x.org,b@y.org");
        check_read("-M ada", |d| d.mail_users = "ada".into());
        check_findings(&with(|d| d.mail_users = "a@b@c".into()), &["/mail_users mail_users.syntax"]);
        check_findings(
            &with(|d| (d.mail_users, d.mail_events) = ("ada".into(), "n".into())),
            &["/mail_events mail_events.none"],
        );
    }

    #[test]
    fn events_written_read_and_checked() {
        check_line(&with(|d| d.mail_events = "eba".into()), "-m abe");
        check_read("-m n", |d| d.mail_events = "n".into());
        check_findings(&with(|d| d.mail_events = "z".into()), &["/mail_events mail_events.syntax"]);
        check_findings(&with(|d| d.mail_events = "e".into()), &["/mail_users mail_users.missing"]);
        check_findings(
            &with(|d| (d.mail_events, d.mail_users) = ("ej".into(), "ada".into())),
            &["/mail_events mail_events.no_array"],
        );
    }
}
