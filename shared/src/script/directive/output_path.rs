//! `-o`: where standard output goes.

use super::{Directive, Switch, canonical};
use crate::script::diagnostic::Findings;
use crate::script::values::OutputPath;

pub(super) const OUTPUT_PATH: Directive = Directive {
    name: "output_path",
    flag: "-o",
    label: "Output file",
    help: "Where standard output is written, a file in an existing folder. Empty means the job's own folder, where PBSWeb shows it.",
    example: "logs/heat.out",
    switch: Switch::Option('o'),
    value: |draft| canonical::<OutputPath>(&draft.output_path),
    read: |value, draft| value.clone_into(&mut draft.output_path),
    check: |draft, findings| {
        check_path("/output_path", "the output path", &draft.output_path, &draft.array, findings);
        if !draft.output_path.trim().is_empty() && draft.join.trim() == "eo" {
            findings.warning(
                "/output_path",
                "output_path.joined",
                "with join eo the output goes to the error file, this path is not used",
                "remove it",
            );
        }
    },
    ..Directive::BASE
};

/// The rules for both streams.
pub(super) fn check_path(pointer: &str, label: &str, text: &str, array: &str, findings: &mut Findings) {
    let field = pointer.trim_start_matches('/');
    let code = |rule: &str| format!("{field}.{rule}");
    let Some(path) =
        findings.read::<OutputPath>(pointer, text, label, "choose a name of plain ASCII letters")
    else {
        return;
    };
    let path_text = path.as_str();
    if path_text.starts_with('~') || path_text.starts_with("$HOME") {
        // Recorded: the job stays in state E for half a minute, then its output is left on the node.
        findings.error(
            pointer,
            &code("not_expanded"),
            format!("PBS does not expand ~ or $HOME in {label}: the file could not be delivered"),
            "give an absolute path, or one relative to the application's folder",
        );
    } else if path_text.contains('$') {
        findings.warning(
            pointer,
            &code("not_expanded"),
            format!("PBS expands no variables in {label}: the file is really called {path_text}"),
            "leave it empty, or write a plain name; ^array_index^ is the only place holder",
        );
    }
    if path_text.ends_with('/') {
        findings.warning(
            pointer,
            &code("folder"),
            format!("{label} is a folder: PBS names the file after the job's id, and PBSWeb cannot follow it while the job runs"),
            "give the name of a file",
        );
    }
    if !array.trim().is_empty()
        && !path.is_per_subjob()
        && path_text != "/dev/null"
        && !path_text.ends_with('/')
    {
        findings.warning(
            pointer,
            &code("shared"),
            format!("all subjobs of the array write to {path_text} and overwrite each other's output"),
            "put ^array_index^ into the name",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.output_path = "my out.txt".into()), "-o \"my out.txt\"");
        check_read("-o vm:/home/a/x", |d| d.output_path = "vm:/home/a/x".into());
        let check = |path: &str, array: &str, expected: &[&str]| {
            check_findings(&with(|d| (d.output_path, d.array) = (path.into(), array.into())), expected);
        };
        check("sortie-é.txt", "", &["/output_path output_path.syntax"]);
        check("~/x", "", &["/output_path output_path.not_expanded"]);
        check("$HOME/x", "", &["/output_path output_path.not_expanded"]);
        check("out.$PBS_JOBID", "", &["/output_path output_path.not_expanded"]);
        check("logs/", "", &["/output_path output_path.folder"]);
        check("same.txt", "1-3", &["/output_path output_path.shared"]);
        check("a.^array_index^", "1-3", &[]);
        check("/dev/null", "1-3", &[]);
        check_findings(
            &with(|d| (d.output_path, d.join) = ("x".into(), "eo".into())),
            &["/output_path output_path.joined"],
        );
    }
}
