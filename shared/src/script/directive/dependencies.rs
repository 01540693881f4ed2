//! `-W depend=`: what must happen first.

use super::{Directive, Switch};
use crate::script::diagnostic::Findings;
use crate::script::draft::{DependencyDraft, JobScriptDraft};
use crate::script::render::given_dependencies;
use crate::script::values::{Dependency, DependencyKind};

pub(super) const DEPENDENCIES: Directive = Directive {
    name: "dependencies",
    flag: "-W depend=",
    label: "Dependencies",
    help: "Lets the job wait for others: afterok until they have succeeded, afterany until they have ended, after until they have started. If that can no longer happen, PBS removes the job.",
    example: "afterok:1234.pbs",
    switch: Switch::Attribute("depend"),
    choices: &[
        ("afterok:", "after they succeeded"),
        ("afterany:", "after they ended"),
        ("afternotok:", "after they failed"),
        ("after:", "after they started"),
        ("before:", "they wait for its start"),
        ("beforeok:", "they wait for its success"),
        ("beforenotok:", "they wait for its failure"),
        ("beforeany:", "they wait for its end"),
        ("on:", "waits for so many before-dependencies"),
    ],
    value: |draft| {
        let terms: Vec<String> = given_dependencies(draft)
            .map(|(_, dependency)| {
                read(dependency).map_or_else(
                    |_| format!("{}:{}", dependency.kind.trim(), dependency.jobs.trim()),
                    |dependency| dependency.to_string(),
                )
            })
            .collect();
        (!terms.is_empty()).then(|| terms.join(","))
    },
    read: |value, draft| {
        let term = |term: &str| {
            let (kind, jobs) = term.split_once(':').unwrap_or((term, ""));
            DependencyDraft { kind: kind.to_owned(), jobs: jobs.to_owned() }
        };
        draft.dependencies = value.split(',').map(term).collect();
    },
    check: |draft, findings| {
        dependencies(draft, findings);
    },
    ..Directive::BASE
};

/// Which half of a term is wrong.
enum Wrong {
    Kind(crate::script::values::ValueError),
    Jobs(crate::script::values::ValueError),
}

fn read(dependency: &DependencyDraft) -> Result<Dependency, Wrong> {
    let kind: DependencyKind = dependency.kind.trim().parse().map_err(Wrong::Kind)?;
    Dependency::new(kind, dependency.jobs.trim()).map_err(Wrong::Jobs)
}

/// The typed dependencies of a draft; what does not read is a finding.
pub(crate) fn dependencies(draft: &JobScriptDraft, findings: &mut Findings) -> Vec<Dependency> {
    let mut list = Vec::new();
    for (index, dependency) in given_dependencies(draft) {
        match read(dependency) {
            Ok(dependency) => list.push(dependency),
            Err(Wrong::Kind(error)) => findings.error(
                &format!("/dependencies/{index}/kind"),
                &format!("dependency_kind.{}", error.kind()),
                format!("the kind of dependency {error}"),
                "choose one of the kinds",
            ),
            Err(Wrong::Jobs(error)) => findings.error(
                &format!("/dependencies/{index}/jobs"),
                &format!("dependency_jobs.{}", error.kind()),
                format!("what the job depends on {error}"),
                "copy the scheduler's ids from the job list",
            ),
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    fn depends(terms: &[(&str, &str)]) -> Vec<DependencyDraft> {
        terms
            .iter()
            .map(|(kind, jobs)| DependencyDraft { kind: (*kind).into(), jobs: (*jobs).into() })
            .collect()
    }

    #[test]
    fn written_read_and_checked() {
        check_line(
            &with(|d| d.dependencies = depends(&[("afterok", " 1.vm:2[].vm"), ("", ""), ("on", "2")])),
            "-W depend=afterok:1.vm:2[].vm,on:2",
        );
        check_read("-W depend=afterany:7", |d| d.dependencies = depends(&[("afterany", "7")]));
        check_findings(
            &with(|d| d.dependencies = depends(&[("whenever", "1")])),
            &["/dependencies/0/kind dependency_kind.syntax"],
        );
        for jobs in ["", "abc", "1\n2", "1 2"] {
            check_findings(
                &with(|d| d.dependencies = depends(&[("after", "1"), ("afterok", jobs)])),
                &["/dependencies/1/jobs dependency_jobs.syntax"],
            );
        }
    }
}
