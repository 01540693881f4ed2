//! `-l place=`: how chunks are spread.

use super::{Directive, Switch, canonical};
use crate::script::values::Place;

pub(super) const PLACE: Directive = Directive {
    name: "place",
    flag: "-l place=",
    label: "Placement",
    help: "How the chunks are spread over nodes: packed on one, scattered over many, or free; and whether the nodes are shared with other jobs.",
    example: "scatter:excl",
    switch: Switch::Resource("place"),
    choices: &[
        ("free", "on any nodes"),
        ("pack", "all chunks on one host"),
        ("scatter", "each chunk on another host"),
        ("vscatter", "each chunk on another vnode"),
        ("excl", "no other job on the nodes"),
        ("exclhost", "the whole hosts"),
        ("shared", "together with other jobs"),
    ],
    value: |draft| canonical::<Place>(&draft.place),
    read: |value, draft| value.clone_into(&mut draft.place),
    check: |draft, findings| {
        findings.read::<Place>(
            "/place",
            &draft.place,
            "the placement",
            "leave it empty to let the scheduler choose",
        );
    },
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.place = "excl:scatter".into()), "-l place=scatter:excl");
        check_read("-l place=free:group=switch", |d| d.place = "free:group=switch".into());
        check_findings(&with(|d| d.place = "nowhere".into()), &["/place place.syntax"]);
    }
}
