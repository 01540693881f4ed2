//! What is known of the job now: its state with its age and source, the reason to the letter, and the numbers.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::{JobAction, JobState};
use pbsweb_shared::waiting::explain_comment;

use crate::client::as_sentence;
use crate::components::{
    HostTrouble, JobStateBadge, action_label, end_cause_words, exit_meaning, exit_words, next_try_words,
    refusal, source_words, walltime_words,
};
use crate::paths;
use crate::state::{Clock, Live, LiveState};
use crate::ui::{Fact, Facts, Panel, Show, Time, format};

/// `1.5 MiB`, if it is known.
fn memory(n_bytes: Option<i64>) -> Option<String> {
    n_bytes.and_then(|n_bytes| u64::try_from(n_bytes).ok()).map(format::bytes)
}

/// The panel.
#[component]
pub(super) fn Overview(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let live = Live::of_page();
    let state = Memo::new(move |_| job.read().state);
    let unknown = || view! { <span class="muted">"not known"</span> }.into_any();
    let is_stale = move || matches!(live.state(), LiveState::NotLiveSince(_));
    view! {
        <Panel title="State">
            <div class="job-state">
                <JobStateBadge state=state />
                <p>
                    "as of "<Time at=Signal::derive(move || job.read().as_of) />" from "
                    {move || source_words(job.read().source)}
                    {move || is_stale().then_some("; not live at the moment")}
                </p>
            </div>
            {move || {
                let job = job.read();
                job.reason
                    .as_ref()
                    .map(|reason| {
                        let waits = matches!(
                            job.state,
                            JobState::Queued | JobState::Held | JobState::Waiting | JobState::Suspended
                        );
                        let meaning = explain_comment(reason).filter(|_| waits);
                        view! {
                            {meaning.map(|meaning| view! { <p>{as_sentence(&meaning)}</p> })}
                            <p class="job-reason">{reason.clone()}</p>
                        }
                    })
            }}
            <Looking job=job />
            <Show when=move || job.read().is_delete_requested && !state.get().has_ended()>
                <p class="muted">"Its deletion was asked for; the scheduler has taken the request."</p>
            </Show>
            <Refusals state=state />
            <Facts>
                <Fact name="Host">
                    {move || job.read().host_name.clone()}
                    <HostTrouble host=Signal::derive(move || job.read().host) />
                </Fact>
                <Fact name="Queue">
                    {move || job.read().queue.clone().map_or_else(unknown, IntoAny::into_any)}
                </Fact>
                <Fact name="Job id">
                    {move || match job.read().pbs_id.as_ref() {
                        Some(id) => view! { <code>{id.to_string()}</code> }.into_any(),
                        None => unknown(),
                    }}
                </Fact>
                <Fact name="Application">
                    {move || {
                        let job = job.read();
                        match (job.application, job.application_name.clone()) {
                            (Some(id), Some(name)) => {
                                view! { <A href=paths::application(id)>{name}</A> }.into_any()
                            }
                            (Some(_), None) | (None, _) => view! { <span class="muted">"none"</span> }.into_any(),
                        }
                    }}
                </Fact>
                <Fact name="Exit status">
                    {move || {
                        let job = job.read();
                        match exit_words(job.exit_status, job.signal) {
                            Some(words) => match exit_meaning(job.exit_status, job.signal) {
                                Some(meaning) => format!("{words}: {meaning}").into_any(),
                                None => words.into_any(),
                            },
                            None if !job.state.has_ended() => {
                                view! { <span class="muted">"not yet"</span> }.into_any()
                            }
                            None => unknown(),
                        }
                    }}
                </Fact>
                <Fact name="Ended by">
                    {move || {
                        let job = job.read();
                        match job.end_cause {
                            Some(cause) => end_cause_words(cause).into_any(),
                            None if job.state.has_ended() => unknown(),
                            None => view! { <span class="muted">"not yet"</span> }.into_any(),
                        }
                    }}
                </Fact>
                <Fact name="Walltime">
                    {move || {
                        let job = job.read();
                        walltime_words(job.used_walltime_seconds, job.walltime_seconds)
                            .map_or_else(unknown, IntoAny::into_any)
                    }}
                </Fact>
                <Fact name="Memory used">
                    {move || memory(job.read().used_memory_bytes).map_or_else(unknown, IntoAny::into_any)}
                </Fact>
                <Fact name="Nodes">
                    {move || match job.read().exec_host.clone() {
                        Some(nodes) => view! { <code>{nodes}</code> }.into_any(),
                        None => unknown(),
                    }}
                </Fact>
                <Fact name="Submitted"><Time at=Signal::derive(move || job.read().submitted_at) /></Fact>
                <Show when=move || { job.read().run_count > 1 }>
                    <Fact name="Runs">
                        {move || format!("{}; the earlier ones are in the timeline", job.read().run_count)}
                    </Fact>
                </Show>
                <Fact name="Started"><Moment at=Signal::derive(move || job.read().started_at) /></Fact>
                <Fact name="Ended"><Moment at=Signal::derive(move || job.read().ended_at) /></Fact>
            </Facts>
        </Panel>
    }
}

/// While it is not known where the job is or how it ended: since when, what was tried, and when the next try is.
#[component]
fn Looking(job: Signal<Job>) -> impl IntoView {
    let clock = Clock::of_page();
    move || {
        job.read().looking.clone().map(|looking| {
            let next = next_try_words(&looking, clock.now());
            let tries = if looking.tries == 1 { "1 try".to_owned() } else { format!("{} tries", looking.tries) };
            view! {
                <p>
                    "PBSWeb is looking for it since "<Time at=looking.since is_absolute=true />": "{tries}", the last "
                    <Time at=looking.last_try_at />"; "{next}"."
                </p>
                <p class="job-reason">{format!("Last try: {}", looking.last_try)}</p>
            }
        })
    }
}

/// What cannot be done in this state, each reason once; nothing of a job that has ended, which has no such buttons.
fn refusals(state: JobState) -> Vec<String> {
    if state.has_ended() {
        return Vec::new();
    }
    let mut groups: Vec<(&'static str, Vec<String>)> = Vec::new();
    // The other actions are in a menu that says it of each.
    for action in [JobAction::Hold, JobAction::Release, JobAction::Delete] {
        if let Some(reason) = refusal(action, state, false) {
            let word = action_label(action).to_ascii_lowercase();
            match groups.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, words)) => words.push(word),
                None => groups.push((reason, vec![word])),
            }
        }
    }
    groups
        .into_iter()
        .map(|(reason, words)| format!("Not possible now: {}, since {reason}.", words.join(", ")))
        .collect()
}

/// The reasons of the buttons that cannot be pressed, for those who cannot point at them.
#[component]
fn Refusals(state: Memo<JobState>) -> impl IntoView {
    move || refusals(state.get()).into_iter().map(|text| view! { <p class="muted">{text}</p> }).collect_view()
}

/// A moment that may not have come yet.
#[component]
fn Moment(at: Signal<Option<chrono::DateTime<chrono::Utc>>>) -> impl IntoView {
    move || match at.get() {
        Some(at) => view! { <Time at=at /> }.into_any(),
        None => view! { <span class="muted">"not yet"</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_said_once() {
        assert_eq!(refusals(JobState::Running), Vec::<String>::new());
        assert_eq!(
            refusals(JobState::Submitting),
            ["Not possible now: hold, release, delete, since the scheduler has not confirmed the job yet."]
        );
        assert_eq!(refusals(JobState::Lost).len(), 1);
        assert_eq!(refusals(JobState::Completed), Vec::<String>::new());
    }

    #[test]
    fn memory_is_shown_if_it_is_known() {
        assert_eq!(memory(Some(2 << 20)).as_deref(), Some("2.0 MiB"));
        assert_eq!((memory(None), memory(Some(-1))), (None, None));
    }
}
