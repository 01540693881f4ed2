//! `-l walltime=`: how long the job may run.

use super::{Directive, Switch, canonical};
use crate::script::values::Walltime;

pub(super) const WALLTIME: Directive = Directive {
    name: "walltime",
    flag: "-l walltime=",
    label: "Walltime",
    help: "The longest time the job may run, as HH:MM:SS; it is killed when the time is over. Shorter jobs often start sooner.",
    example: "01:30:00",
    switch: Switch::Resource("walltime"),
    value: |draft| canonical::<Walltime>(&draft.walltime),
    read: |value, draft| value.clone_into(&mut draft.walltime),
    check: |draft, findings| {
        let walltime = findings.read::<Walltime>(
            "/walltime",
            &draft.walltime,
            "the walltime",
            "write hours, minutes and seconds, such as 01:30:00 for one and a half hours",
        );
        if walltime.is_some_and(|walltime| walltime.seconds() == 0) {
            findings.error(
                "/walltime",
                "walltime.zero",
                "a walltime of 0 kills the job as it starts",
                "give the time it needs",
            );
        } else if draft.walltime.trim().bytes().all(|b| b.is_ascii_digit())
            && let Some(walltime) = walltime.filter(|walltime| walltime.seconds() < 60)
        {
            findings.warning(
                "/walltime",
                "walltime.seconds",
                format!("a bare number is seconds: the job is killed after {} s", walltime.seconds()),
                "write HH:MM:SS if hours or minutes were meant",
            );
        }
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.walltime = "90".into()), "-l walltime=00:01:30");
        check_line(&with(|d| d.walltime = "240:0:0".into()), "-l walltime=240:00:00");
        check_read("-l walltime=1:0:0", |d| d.walltime = "1:0:0".into());
        check_read("-l walltime=abc", |d| d.walltime = "abc".into());
        check_findings(&with(|d| d.walltime = "1h".into()), &["/walltime walltime.syntax"]);
        check_findings(&with(|d| d.walltime = "9999999:0:0".into()), &["/walltime walltime.range"]);
        check_findings(&with(|d| d.walltime = "0:0".into()), &["/walltime walltime.zero"]);
        check_findings(&with(|d| d.walltime = "24".into()), &["/walltime walltime.seconds"]);
        check_findings(&with(|d| d.walltime = "00:24".into()), &[]);
    }
}
