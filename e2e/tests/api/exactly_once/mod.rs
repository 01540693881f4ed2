//! The promise that a submission which was accepted runs once, and that no state says more than is known.

mod answers;
mod arrays;
mod clocks;
mod cuts;
mod database_away;
mod ends;
mod host_away;
mod no_room;
mod restarts;
mod runs;
mod sets;
mod uploads;

use chrono::Utc;
use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_sim::SimHost;

/// How often the scheduler accepted a job: by the tag, whatever id it got.
fn n_accepted(sim: &SimHost, job: JobId) -> usize {
    let tag = job.to_string();
    sim.jobs().iter().filter(|accepted| accepted.variable("PBSWEB_JOB") == Some(tag.as_str())).count()
}

/// Waits until the account's folder of jobs holds these and nothing else: what was made ready and not wanted is undone.
pub(crate) async fn only_folders_of(sim: &SimHost, login: &str, jobs: &[JobId]) {
    let folder = sim.home(login).join("pbsweb/.jobs");
    let mut expected: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    expected.sort_unstable();
    until(&format!("{} holds only {expected:?}", folder.display()), || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names == expected
    })
    .await;
}

/// Lets the reconciler look at a submission now instead of when its lease has run out.
async fn end_lease(app: &TestApp, job: JobId) {
    let store = app.inside().store.clone();
    store
        .query(move |connection| {
            pbsweb::store::jobs::change_job(connection, job, Utc::now(), |facts| {
                facts.next_look_at = Some(Utc::now());
                facts.attended_by = None;
            })
        })
        .await
        .unwrap();
}

/// Nothing is known of a submission but that it was sent: no id, no state beyond `submitting`.
#[track_caller]
fn assert_unknown(job: &Job) {
    assert_eq!((job.state, &job.pbs_id), (JobState::Submitting, &None), "{job:#?}");
}

/// `qdel`, `qrerun` and the like, by hand on the host.
fn by_hand(app: &TestApp, user: &str, command: &str, arguments: &[&str]) {
    let status = std::process::Command::new(app.sim.bin_dir().join(command))
        .args(arguments)
        .env("USER", user)
        .env("LOGNAME", user)
        .status()
        .unwrap();
    assert!(status.success(), "{command} {arguments:?}");
}
