//! `-h`: submitted, but held.

use super::{Directive, Switch};

pub(super) const HOLD: Directive = Directive {
    name: "hold",
    flag: "-h",
    label: "Hold",
    help: "Submits the job but does not let it start until you release it.",
    example: "",
    switch: Switch::Flag('h'),
    value: |draft| draft.hold.then(String::new),
    read: |_, draft| draft.hold = true,
    check: |_, _| {},
    ..Directive::BASE
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_and_read() {
        check_line(&with(|d| d.hold = true), "-h");
        check_read("-h", |d| d.hold = true);
        check_findings(&with(|d| d.hold = true), &[]);
    }
}
