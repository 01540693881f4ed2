//! Variables that the script exports before its commands.
//!
//! Never by `-v`: no form of it carries a quote or a backslash unchanged, and other users can read what it carries.

use super::{Directive, Switch};
use crate::script::draft::VariableDraft;
use crate::script::interpreter::Interpreter;
use crate::script::values::EnvName;

pub(super) const VARIABLES: Directive = Directive {
    name: "variables",
    flag: "",
    label: "Variables",
    help: "Environment variables for the commands, each with its value to the letter.",
    example: "OMP_NUM_THREADS=4",
    switch: Switch::None,
    value: |_| None,
    read: |_, _| {},
    check: |draft, findings| {
        let mut seen = std::collections::BTreeSet::new();
        for (index, variable) in draft.variables.iter().enumerate() {
            if *variable == VariableDraft::default() {
                continue;
            }
            let pointer = format!("/variables/{index}/name");
            let name = variable.name.as_str();
            if let Err(error) = name.parse::<EnvName>() {
                findings.error(
                    &pointer,
                    "variable_name.syntax",
                    format!("the name of a variable {error}"),
                    "choose a name such as OMP_NUM_THREADS",
                );
                continue;
            }
            if !seen.insert(name) {
                findings.warning(
                    &pointer,
                    "variable_name.twice",
                    format!("{name} is set twice; the later value counts"),
                    "remove one of them",
                );
            }
            if name.starts_with("PBSWEB_") {
                findings.error(
                    &pointer,
                    "variable_name.reserved",
                    "names that begin with PBSWEB_ are PBSWeb's own",
                    "choose another name",
                );
            } else if name.starts_with("PBS_") {
                findings.warning(
                    &pointer,
                    "variable_name.scheduler",
                    format!("{name} belongs to the scheduler, which sets such variables itself"),
                    "choose another name",
                );
            }
        }
        if !seen.is_empty() && Interpreter::of(&draft.shell) == Interpreter::Other {
            findings.error(
                "/variables",
                "variables.interpreter",
                "variables can be set for shells only; this interpreter would not get them",
                "set them in the commands, or let /bin/bash call the program",
            );
        }
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::JobScriptDraft;
    use crate::script::directive::tests::check_findings;
    use crate::script::{parse, render};

    fn draft(shell: &str, variables: &[(&str, &str)]) -> JobScriptDraft {
        let variables = variables
            .iter()
            .map(|(name, value)| VariableDraft { name: (*name).into(), value: (*value).into() })
            .collect();
        JobScriptDraft {
            shell: shell.into(),
            variables,
            commands: "true".into(),
            ..JobScriptDraft::default()
        }
    }

    #[test]
    fn written_read_and_checked() {
        let posix = draft("", &[("A", "it's"), ("", ""), ("B", "two\nlines\\")]);
        let text = render(&posix);
        assert!(text.contains("\nexport A='it'\\''s'\nexport B='two\nlines\\'\ncd "), "{text}");
        assert_eq!(
            parse(&text).draft.variables,
            draft("", &[("A", "it's"), ("B", "two\nlines\\")]).variables
        );
        let csh = draft("/bin/tcsh", &[("A", "wow! it's\nb")]);
        let text = render(&csh);
        assert!(text.contains("\nsetenv A 'wow\\! it'\\''s\\\nb'\n"), "{text}");
        assert_eq!(parse(&text).draft.variables, csh.variables);

        check_findings(&posix, &[]);
        check_findings(&draft("", &[("1A", "")]), &["/variables/0/name variable_name.syntax"]);
        check_findings(&draft("", &[("A; rm -rf /", "")]), &["/variables/0/name variable_name.syntax"]);
        check_findings(&draft("", &[("A", "1"), ("A", "2")]), &["/variables/1/name variable_name.twice"]);
        check_findings(&draft("", &[("PBSWEB_JOB", "1")]), &["/variables/0/name variable_name.reserved"]);
        check_findings(&draft("", &[("PBS_X", "1")]), &["/variables/0/name variable_name.scheduler"]);
        check_findings(
            &draft("/usr/bin/perl", &[("A", "1")]),
            &["/shell shell.no_epilogue", "/variables variables.interpreter"],
        );
    }
}
