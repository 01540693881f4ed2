//! In place of an output with nothing in it: how the job ended, as far as it is known, and where to look next.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::{EndCause, JobState};

use crate::components::{end_cause_words, exit_meaning, exit_words};
use crate::paths;
use crate::ui::EmptyState;

/// How a job ended, of those that somebody will ask about.
const fn bad_end(job: &Job) -> Option<&'static str> {
    match job.state {
        JobState::Rejected => Some("The scheduler refused the job; it never ran."),
        JobState::Failed => Some("The job failed."),
        JobState::Deleted if job.started_at.is_none() => Some("The job was deleted before it ran."),
        JobState::Deleted => Some("The job was deleted."),
        JobState::Expired => Some("The job was stopped at a limit."),
        JobState::Submitting
        | JobState::Queued
        | JobState::Held
        | JobState::Waiting
        | JobState::Running
        | JobState::Suspended
        | JobState::Exiting
        | JobState::Completed
        | JobState::Lost => None,
    }
}

/// Whether it ended otherwise than it should.
pub(super) const fn ended_badly(job: &Job) -> bool {
    bad_end(job).is_some()
}

/// `What ended it: its walltime limit. Exit status 271 (signal 15): it was asked to end.`
fn why(job: &Job) -> String {
    let cause = match job.end_cause {
        // These say no more than the exit status.
        None | Some(EndCause::Exit | EndCause::Signal | EndCause::Deleted | EndCause::Unknown) => None,
        Some(cause) => Some(format!("What ended it: {}.", end_cause_words(cause))),
    };
    let exit = exit_words(job.exit_status, job.signal).map(|words| {
        let meaning = exit_meaning(job.exit_status, job.signal);
        let meaning = meaning.map(|meaning| format!(": {meaning}")).unwrap_or_default();
        if job.exit_status.is_some() {
            format!("Exit status {words}{meaning}.")
        } else {
            format!("It got {words}{meaning}.")
        }
    });
    cause.into_iter().chain(exit).collect::<Vec<_>>().join(" ")
}

/// The words; nothing of a job that goes on, or ended well.
#[component]
pub(super) fn Silent(
    /// The job.
    job: Signal<Job>,
    /// The tab of the other stream, and what it is called, if there may be something in that one.
    other: Signal<Option<(&'static str, &'static str)>>,
) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    let link = move |tab, name| {
        view! { <a href=paths::job_tab(id, tab) data-noscroll="true">{name}</a> }
    };
    let known = Memo::new(move |_| {
        let job = job.read();
        bad_end(&job).map(|end| (end, why(&job), job.reason.clone()))
    });
    move || {
        let (end, why, reason) = known.get()?;
        let other = other.get().map(|(tab, name)| view! { {link(tab, name)}", " });
        Some(view! {
            <EmptyState title=end>
                {(!why.is_empty()).then(|| view! { <p>{why}</p> })}
                {reason.map(|reason| view! { <p class="job-reason">{reason}</p> })}
                <p>
                    "Look next at "{other}{link("timeline", "Timeline")}", "{link("script", "Script")}" or "
                    {link("files", "Files")}"."
                </p>
            </EmptyState>
        })
    }
}
