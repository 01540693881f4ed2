//! `-W create_resv_from_job=`: the job's place becomes a reservation.

use super::{Directive, Switch, canonical};
use crate::script::values::Truth;

pub(super) const CREATE_RESV_FROM_JOB: Directive = Directive {
    name: "create_resv_from_job",
    flag: "-W create_resv_from_job=",
    label: "Keep as reservation",
    help: "Whether the nodes and the time of the job become a reservation when it starts, so that it can be tried again there.",
    example: "true",
    switch: Switch::Attribute("create_resv_from_job"),
    choices: &[("true", "make a reservation"), ("false", "do not")],
    typed: Some(|draft| &draft.create_resv_from_job),
    value: |draft| canonical::<Truth>(&draft.create_resv_from_job),
    read: |value, draft| value.clone_into(&mut draft.create_resv_from_job),
    check: |draft, findings| {
        findings.read::<Truth>(
            "/create_resv_from_job",
            &draft.create_resv_from_job,
            "it",
            "choose true or false",
        );
    },
};

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    #[test]
    fn written_read_and_checked() {
        check_line(&with(|d| d.create_resv_from_job = "1".into()), "-W create_resv_from_job=true");
        check_read("-W create_resv_from_job=True", |d| d.create_resv_from_job = "True".into());
        check_findings(
            &with(|d| d.create_resv_from_job = "x".into()),
            &["/create_resv_from_job create_resv_from_job.syntax"],
        );
    }
}
