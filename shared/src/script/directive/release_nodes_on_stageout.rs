//! `-W release_nodes_on_stageout=`: nodes are given back while files are copied.

use super::{Directive, Switch, canonical};
use crate::script::values::Truth;

pub(super) const RELEASE_NODES_ON_STAGEOUT: Directive = Directive {
    name: "release_nodes_on_stageout",
    flag: "-W release_nodes_on_stageout=",
    label: "Release nodes early",
    help: "Whether all nodes but the first are given back while files are copied out.",
    example: "true",
    switch: Switch::Attribute("release_nodes_on_stageout"),
    choices: &[("true", "give them back"), ("false", "keep them to the end")],
    typed: Some(|draft| &draft.release_nodes_on_stageout),
    value: |draft| canonical::<Truth>(&draft.release_nodes_on_stageout),
    read: |value, draft| value.clone_into(&mut draft.release_nodes_on_stageout),
    check: |draft, findings| {
        let Some(truth) = findings.read::<Truth>(
            "/release_nodes_on_stageout",
            &draft.release_nodes_on_stageout,
            "it",
            "choose true or false",
        ) else {
            return;
        };
        if truth.is_true() && draft.stageout.trim().is_empty() {
            findings.hint(
                "/release_nodes_on_stageout",
                "release_nodes_on_stageout.no_stageout",
                "nothing is staged out, so that no node is released early",
                "leave it empty",
            );
        }
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(
            &with(|d| (d.release_nodes_on_stageout, d.stageout) = ("TRUE".into(), String::new())),
            "-W release_nodes_on_stageout=true",
        );
        check_read("-W release_nodes_on_stageout=false", |d| d.release_nodes_on_stageout = "false".into());
        let field = "release_nodes_on_stageout";
        check_findings(
            &with(|d| d.release_nodes_on_stageout = "maybe".into()),
            &[&format!("/{field} {field}.syntax")],
        );
        check_findings(
            &with(|d| d.release_nodes_on_stageout = "true".into()),
            &[&format!("/{field} {field}.no_stageout")],
        );
    }
}
