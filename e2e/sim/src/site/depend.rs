//! Dependencies between jobs.
//!
//! A job whose dependency can no longer be met is removed and looks finished, without an exit status: that is what
//! OpenPBS does, and what clients must not take for success.

use super::job::{Dependency, Job, State};
use super::job_id::JobId;
use super::{Site, refusal};
use crate::protocol::Refusal;

/// What is known about the job that another waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    NotStarted,
    Started,
    EndedWell,
    EndedBadly,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    Met,
    Impossible,
}

fn judge(kind: &str, fate: Fate) -> Verdict {
    match (kind, fate) {
        (_, Fate::Unknown) => Verdict::Impossible,
        ("after", Fate::Started | Fate::EndedWell | Fate::EndedBadly)
        | ("afterany", Fate::EndedWell | Fate::EndedBadly)
        | ("afterok", Fate::EndedWell)
        | ("afternotok", Fate::EndedBadly) => Verdict::Met,
        ("afterok", Fate::EndedBadly) | ("afternotok", Fate::EndedWell) => Verdict::Impossible,
        (_, Fate::NotStarted | Fate::Started | Fate::EndedWell | Fate::EndedBadly) => Verdict::Wait,
    }
}

fn fate_of(job: &Job) -> Fate {
    match job.run.state {
        State::Finished => {
            let runs: Vec<_> = match &job.array {
                Some(array) => array.subjobs.values().collect(),
                None => vec![&job.run],
            };
            let well = runs.iter().all(|run| run.exit_status == Some(0)) && job.run.substate == 92;
            if well { Fate::EndedWell } else { Fate::EndedBadly }
        }
        State::Running | State::Suspended | State::Exiting | State::Begun | State::Expired => Fate::Started,
        State::Queued | State::Held | State::Waiting => Fate::NotStarted,
    }
}

impl Site {
    pub(super) fn read_dependencies(&self, text: Option<&str>) -> Result<Vec<Dependency>, Refusal> {
        let mut dependencies = Vec::new();
        for part in text.unwrap_or_default().split(',').filter(|part| !part.is_empty()) {
            let mut fields = part.split(':');
            let kind = fields.next().unwrap_or_default();
            for id in fields {
                let job = JobId::parse(id, &self.name).ok_or_else(refusal::unknown_job)?;
                dependencies.push(Dependency {
                    kind: kind.to_owned(),
                    on: job.sequence,
                    shown: JobId::shown(id, &self.name),
                });
            }
        }
        Ok(dependencies)
    }

    /// Looks at the dependencies of one job, and removes it when they cannot be met.
    pub(super) fn resolve_dependencies_of(&mut self, sequence: u64, now: i64) {
        let Some(job) = self.jobs.get(&sequence) else { return };
        if job.depends.is_empty() || job.is_finished() {
            return;
        }
        let verdicts: Vec<Verdict> = job
            .depends
            .iter()
            .map(|d| judge(&d.kind, self.jobs.get(&d.on).map_or(Fate::Unknown, fate_of)))
            .collect();
        if verdicts.contains(&Verdict::Impossible) {
            self.finish_unrun(sequence, 92, now);
            return;
        }
        if let Some(job) = self.jobs.get_mut(&sequence) {
            let mut verdicts = verdicts.iter();
            job.depends.retain(|_| verdicts.next() == Some(&Verdict::Wait));
        }
        self.settle(sequence, now);
    }

    /// After something happened to a job: those that wait for it are looked at.
    pub(super) fn resolve_dependents(&mut self, on: u64, now: i64) {
        let waiting: Vec<u64> = self
            .jobs
            .values()
            .filter(|job| job.depends.iter().any(|d| d.on == on))
            .map(|job| job.sequence)
            .collect();
        for sequence in waiting {
            self.resolve_dependencies_of(sequence, now);
        }
    }
}
