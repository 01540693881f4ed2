//! What became known of the job, step by step.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::Job;

use crate::client;
use crate::components::{JobStateBadge, source_words};
use crate::ui::{EmptyState, Load, LocalResource, Panel, Time, depend_on};

/// The panel. It is read again when the job's state changes.
#[component]
pub(super) fn Timeline(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    let state = Memo::new(move |_| (job.read().state, job.read().reason.clone()));
    let events = LocalResource::new(move || {
        depend_on(state);
        async move { client::jobs::list_job_events(id).await.map(|page| page.items) }
    });
    view! {
        <Panel title="Timeline" lead="What became known of the job, when, and from where.">
            <Load resource=events what="the timeline" let:events>
                {if events.is_empty() {
                    view! { <EmptyState title="Nothing is known yet" /> }.into_any()
                } else {
                    let items = events
                        .into_iter()
                        .map(|event| {
                            let exit = event.exit_status.map(|status| format!(", exit status {status}"));
                            let run = event.run.filter(|run| *run > 1).map(|run| format!(", run {run}"));
                            view! {
                                <li class="timeline-step">
                                    <Time at=event.at is_absolute=true />
                                    <span class="timeline-state"><JobStateBadge state=event.state /></span>
                                    <span class="timeline-words">
                                        <span class="muted">"from "{source_words(event.source)}{exit}{run}</span>
                                        {event.reason.map(|reason| view! { <span class="job-reason">{reason}</span> })}
                                    </span>
                                </li>
                            }
                        })
                        .collect_view();
                    view! { <ol class="timeline">{items}</ol> }.into_any()
                }}
            </Load>
        </Panel>
    }
}
