//! Where the commands start.

use super::{Directive, Switch};
use crate::script::interpreter::{Interpreter, begins_variable, quote_path, unquote_path};
use crate::script::values::UnixPath;
use crate::script::words::one_line;

pub(super) const WORKING_DIRECTORY: Directive = Directive {
    name: "working_directory",
    flag: "",
    label: "Working directory",
    help: "The folder in which the commands start; the job fails if it is missing. Empty means the application's folder, ~ your home; $NAME is replaced.",
    example: "$SCRATCH/run1",
    switch: Switch::None,
    value: |_| None,
    read: |_, _| {},
    check: |draft, findings| {
        let path = findings.read::<UnixPath>(
            "/working_directory",
            &draft.working_directory,
            "the working directory",
            "leave it empty for the application's folder",
        );
        if Interpreter::of(&draft.shell) == Interpreter::Other && path.is_some() {
            findings.error(
                "/working_directory",
                "working_directory.interpreter",
                "the folder can be changed for shells only; with this interpreter the commands start in your home directory",
                "change the folder in the commands, or let /bin/bash call the program",
            );
        } else if path.is_some_and(|path| path.as_str().contains('`') || path.as_str().contains("$(")) {
            findings.warning(
                "/working_directory",
                "working_directory.no_commands",
                "commands in a path are not run: they are taken to the letter",
                "use a variable, or change the folder in the commands",
            );
        }
    },
    ..Directive::BASE
};

/// The line that takes the commands to their folder; a job starts in the home directory.
pub(crate) fn change_directory(folder: &str) -> String {
    let folder = normal_directory(&one_line(folder));
    let target = match folder.as_str() {
        "" => "$PBS_O_WORKDIR".to_owned(),
        "~" => "$HOME".to_owned(),
        path => match path.strip_prefix("~/") {
            Some(below) => format!("$HOME/{below}"),
            None if path.starts_with('/') || path.strip_prefix('$').is_some_and(begins_variable) => {
                path.to_owned()
            }
            None => format!("$PBS_O_WORKDIR/{path}"),
        },
    };
    format!("cd {} || exit 1", quote_path(&target))
}

/// The folder that a line changes to, if it does just that.
pub(crate) fn read_change_directory(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("cd")?.strip_prefix([' ', '\t'])?.trim_start();
    let (target, rest) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut is_escaped = false;
            let end = quoted.find(|c: char| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            })?;
            let (inner, rest) = quoted.split_at_checked(end)?;
            (unquote_path(inner)?, rest.strip_prefix('"')?)
        }
        None => {
            let end = rest.find([' ', '\t']).unwrap_or(rest.len());
            let (word, rest) = rest.split_at_checked(end)?;
            let is_plain =
                !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+$~{}@%,:=".contains(c));
            (unquote_path(word).filter(|_| is_plain)?, rest)
        }
    };
    if !matches!(
        rest.split_ascii_whitespace().collect::<Vec<_>>().as_slice(),
        [] | ["||", "exit"] | ["||", "exit", "1"]
    ) {
        return None;
    }
    let is_anchored = target.starts_with(['/', '$']) || target == "~" || target.starts_with("~/");
    // A job starts in the home directory: that is what a relative path is relative to.
    if target.is_empty() || target.starts_with('-') {
        return None;
    }
    Some(normal_directory(&if is_anchored { target } else { format!("~/{target}") }))
}

/// The one form of a folder: the application's folder is the empty text, the home directory `~`.
pub(crate) fn normal_directory(folder: &str) -> String {
    let folder = folder.trim();
    let below = |variables: [&str; 2]| {
        variables
            .into_iter()
            .find_map(|variable| folder.strip_prefix(variable))
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(rest) = below(["$PBS_O_WORKDIR", "${PBS_O_WORKDIR}"]) {
        let rest = rest.trim_start_matches('/');
        // `$PBS_O_WORKDIR/~/x` names a folder called `~`.
        let means_another =
            rest == "~" || rest.starts_with("~/") || rest.strip_prefix('$').is_some_and(begins_variable);
        return if means_another || rest != rest.trim() { folder.to_owned() } else { rest.to_owned() };
    }
    below(["$HOME", "${HOME}"]).map_or_else(|| folder.to_owned(), |rest| format!("~{rest}"))
}

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, with};
    use crate::script::{parse, render};

    #[test]
    fn written_read_and_checked() {
        let check = |folder: &str, line: &str| {
            let draft = with(|d| (d.working_directory, d.commands) = (folder.into(), "true".into()));
            let text = render(&draft);
            assert!(text.ends_with(&format!("\n\n{line} || exit 1\ntrue\n")), "{text}");
            assert_eq!(parse(&text).draft.working_directory, folder);
        };
        check("", "cd \"$PBS_O_WORKDIR\"");
        check("~", "cd \"$HOME\"");
        check("~/a b", "cd \"$HOME/a b\"");
        check("/scratch/$USER", "cd \"/scratch/$USER\"");
        check("$TMPDIR", "cd \"$TMPDIR\"");
        check("sub/dir", "cd \"$PBS_O_WORKDIR/sub/dir\"");
        check("/a`b`\"c\"$(d)", "cd \"/a\\`b\\`\\\"c\\\"\\$(d)\"");
        assert!(
            render(&with(|d| d.working_directory = "$PBS_O_WORKDIR/x".into()))
                .contains("cd \"$PBS_O_WORKDIR/x\" ")
        );
        check_findings(
            &with(|d| d.working_directory = "a\nb".into()),
            &["/working_directory working_directory.syntax"],
        );
        check_findings(
            &with(|d| d.working_directory = "/`id`".into()),
            &["/working_directory working_directory.no_commands"],
        );
        check_findings(
            &with(|d| {
                (d.working_directory, d.shell, d.without_epilogue) =
                    ("/x".into(), "/usr/bin/perl".into(), true)
            }),
            &["/working_directory working_directory.interpreter"],
        );
    }

    #[test]
    fn lines_of_other_hands_are_understood() {
        use super::read_change_directory as read;
        let check = |line: &str, folder: Option<&str>| assert_eq!(read(line).as_deref(), folder, "{line:?}");
        check("cd $PBS_O_WORKDIR", Some(""));
        check("  cd ${PBS_O_WORKDIR} || exit", Some(""));
        check("cd \"$PBS_O_WORKDIR\"/x", None);
        check("cd /scratch/ada", Some("/scratch/ada"));
        check("cd ~/runs", Some("~/runs"));
        check("cd runs", Some("~/runs"));
        check("cd $HOME", Some("~"));
        check("cd $(pwd)", None);
        check("cd a; rm b", None);
        check("cd a && b", None);
        check("cd", None);
        check("cd -", None);
        check("cdr x", None);
    }
}
