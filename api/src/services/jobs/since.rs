//! What is different about a job from the last one of its kind that worked.

use pbsweb_shared::api::jobs::{Job, SinceItWorked};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::script::{FieldChange, ScriptDifference, difference};

use super::JobError;
use crate::app::App;
use crate::services::actor::Actor;
use crate::store::jobs as rows;
use crate::store::submissions::{Surroundings, find_job_script, find_surroundings};

/// What is different about one of the caller's jobs from the last one of its kind that worked.
///
/// # Errors
/// There is no such job.
pub async fn since_it_worked(app: &App, actor: &Actor, id: JobId) -> Result<SinceItWorked, JobError> {
    let owner = actor.user;
    app.store
        .read(move |connection| {
            let Some(job) = rows::find_job(connection, owner, id)? else { return Ok(None) };
            let Some(worked) = rows::find_worked(connection, owner, &job)? else {
                let script = ScriptDifference::default();
                return Ok(Some(SinceItWorked { worked: None, around: Vec::new(), script }));
            };
            let before = find_job_script(connection, owner, worked.id)?;
            let after = find_job_script(connection, owner, id)?;
            let around = around(
                (&worked, &find_surroundings(connection, &worked)?),
                (&job, &find_surroundings(connection, &job)?),
            );
            Ok(before.zip(after).map(|((before, _), (after, _))| SinceItWorked {
                around,
                script: difference(&before, &after),
                worked: Some(Box::new(worked)),
            }))
        })
        .await?
        .ok_or(JobError::NotFound)
}

/// A fact about a job.
type Fact = fn(&Job, &Surroundings) -> Option<String>;

fn around(before: (&Job, &Surroundings), after: (&Job, &Surroundings)) -> Vec<FieldChange> {
    // Facts that every job has, though not of each it is known which: a job that ended before a listing showed it was in some
    // queue all the same.
    let certain: [(&str, &str, Fact); 4] = [
        ("host", "Host", |job, _| Some(job.host_name.clone())),
        ("login", "Account on the host", |_, around| Some(around.login.clone())),
        ("queue", "Queue it was in", |job, _| job.queue.clone()),
        ("content", "Content of the application", |_, around| {
            around.content_digest.as_ref().map(|digest| digest.chars().take(12).collect())
        }),
    ];
    let other: [(&str, &str, Fact); 2] = [
        ("application", "Application", |job, _| job.application_name.clone()),
        ("build", "Last build before it", |_, around| {
            around.build.as_ref().map(|(command, state)| format!("{command} ({state})"))
        }),
    ];
    let of = |(job, around): (&Job, &Surroundings), fact: Fact| fact(job, around);
    let certain =
        certain.into_iter().filter(|(.., fact)| of(before, *fact).is_some() && of(after, *fact).is_some());
    certain
        .chain(other)
        .filter_map(|(field, label, fact)| FieldChange::of(field, label, of(before, fact), of(after, fact)))
        .collect()
}
