//! `-a`: not before a moment.

use super::{Directive, Switch};
use crate::script::values::StartTime;

pub(super) const START_AFTER: Directive = Directive {
    name: "start_after",
    flag: "-a",
    label: "Start after",
    help: "The job waits at least until this moment, by the host's clock.",
    example: "2026-11-24T15:30",
    switch: Switch::Option('a'),
    value: |draft| {
        let text = draft.start_after.trim();
        let written = || text.parse::<StartTime>().map_or_else(|_| text.to_owned(), |start| start.as_pbs());
        (!text.is_empty()).then(written)
    },
    read: |value, draft| {
        draft.start_after =
            value.parse::<StartTime>().map_or_else(|_| value.to_owned(), |start| start.to_string());
    },
    check: |draft, findings| {
        findings.read::<StartTime>(
            "/start_after",
            &draft.start_after,
            "the start time",
            "write date and time, such as 2026-11-24T15:30",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.start_after = "2026-11-24T15:30".into()), "-a 202611241530");
        check_line(&with(|d| d.start_after = "2026-11-24T15:30:09".into()), "-a 202611241530.09");
        check_line(&with(|d| d.start_after = "1530".into()), "-a 1530");
        check_read("-a 202611241530", |d| d.start_after = "2026-11-24T15:30".into());
        check_findings(&with(|d| d.start_after = "tomorrow".into()), &["/start_after start_after.syntax"]);
        check_findings(&with(|d| d.start_after = "99999999".into()), &["/start_after start_after.range"]);
    }
}
