//! `-C`: how directives begin in this script. It is no directive itself: qsub gets it as an argument.

use super::{Directive, Switch};
use crate::script::render::prefix_of;

/// qsub's own room for it.
const LONGEST: usize = 32;

pub(super) const DIRECTIVE_PREFIX: Directive = Directive {
    name: "directive_prefix",
    flag: "-C",
    label: "Directives begin with",
    help: "How the lines for PBS begin in this script; empty means #PBS.",
    example: "#PBS",
    switch: Switch::None,
    typed: Some(|draft| &draft.directive_prefix),
    read: |value, draft| value.clone_into(&mut draft.directive_prefix),
    check: |draft, findings| {
        let prefix = prefix_of(draft);
        if !prefix.starts_with('#')
            || prefix.contains(|c: char| c.is_whitespace() || c.is_control())
            || prefix.starts_with("#!")
        {
            findings.error(
                "/directive_prefix",
                "directive_prefix.syntax",
                "what directives begin with must be a comment to the shell: # and letters, without blanks",
                "leave it empty for #PBS",
            );
        } else if prefix.len() > LONGEST {
            findings.error(
                "/directive_prefix",
                "directive_prefix.range",
                format!(
                    "what directives begin with has more than {LONGEST} bytes, for which qsub has no room"
                ),
                "choose a shorter one",
            );
        }
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, with};
    use crate::script::{parse_with, render};

    #[test]
    fn another_prefix_is_written_and_read() {
        let draft = with(|d| {
            (d.directive_prefix, d.queue, d.commands) =
                ("#JOB".into(), "long".into(), "#PBS -q x\ntrue".into());
        });
        let text = render(&draft);
        assert!(text.contains("\n#JOB -q long\n") && !text.contains("\n#PBS -N"), "{text}");
        assert_eq!(render(&parse_with(text.as_bytes(), "#JOB").draft), text);
        assert_eq!(parse_with(text.as_bytes(), "#JOB").draft.queue, "long");
        let check = |prefix: &str, expected: &[&str]| {
            check_findings(&with(|d| d.directive_prefix = prefix.into()), expected);
        };
        check("", &[]);
        check("#PBS", &[]);
        check("JOB", &["/directive_prefix directive_prefix.syntax"]);
        check("# JOB", &["/directive_prefix directive_prefix.syntax"]);
        check(&format!("#{}", "x".repeat(32)), &["/directive_prefix directive_prefix.range"]);
    }
}
