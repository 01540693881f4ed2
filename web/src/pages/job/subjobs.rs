//! The jobs of an array: how many are in which state, and each by its index.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::{Job, Subjob, SubjobsQuery, SubjobsSummary};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;

use crate::client;
use crate::components::{JobStateBadge, end_cause_words, exit_words, job_state_label};
use crate::paths;
use crate::ui::{Button, ButtonKind, Columns, Load, LocalResource, Panel, Show, Table, Time, depend_on};

/// The panel; nothing for a job that is no array.
#[component]
pub(super) fn Subjobs(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let is_array = Memo::new(move |_| job.read().subjobs.is_some());
    move || is_array.get().then(|| view! { <ArrayJobs job=job /> })
}

/// `3 running, 2 completed`
fn counts_words(summary: &SubjobsSummary) -> String {
    let counts = summary.counts.iter();
    let words: Vec<String> =
        counts.map(|one| format!("{} {}", one.count, job_state_label(one.state).to_lowercase())).collect();
    words.join(", ")
}

#[component]
fn ArrayJobs(job: Signal<Job>) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    let summary = Memo::new(move |_| job.read().subjobs.clone());
    let state = RwSignal::new(None::<JobState>);
    // The places where the pages before this one ended; the last is where it begins.
    let pages = RwSignal::new(Vec::<String>::new());
    let listed = LocalResource::new(move || {
        depend_on(summary);
        let query = SubjobsQuery { state: state.get(), limit: Some(50), page_token: pages.get().pop() };
        async move { client::jobs::list_subjobs(id, &query).await }
    });
    let choose = move |wanted: Option<JobState>| {
        pages.set(Vec::new());
        state.set(wanted);
    };
    let filter = move |wanted: Option<JobState>, label: String| {
        let is_chosen = Signal::derive(move || state.get() == wanted);
        view! {
            <button
                type="button"
                class="button"
                data-kind="quiet"
                aria-pressed=move || is_chosen.get().to_string()
                on:click=move |_| choose(wanted)
            >
                {label}
            </button>
        }
    };
    view! {
        <Panel title="Jobs of the array">
            {move || {
                summary.get().map(|summary| {
                    let words = format!("{} jobs: {}; looked at ", summary.total, counts_words(&summary));
                    view! { <p role="status">{words}<Time at=summary.as_of />"."</p> }
                })
            }}
            <div class="row" role="group" aria-label="Show jobs in state">
                {filter(None, "All".to_owned())}
                {move || {
                    summary.get().map(|summary| {
                        let counts = summary.counts.into_iter();
                        counts
                            .map(|one| {
                                filter(Some(one.state), format!("{} ({})", job_state_label(one.state), one.count))
                            })
                            .collect_view()
                    })
                }}
            </div>
            <Load resource=listed what="the jobs of the array" let:page>
                <Table caption="Jobs of the array, by index" stacks=true>
                    <Columns names=["Index", "State", "Exit status", "Started", "Ended", "Output"] />
                    <tbody>
                        {page.items.into_iter().map(|one| view! { <SubjobRow job=id subjob=one /> }).collect_view()}
                    </tbody>
                </Table>
                <div class="row">
                    <Show when=move || !pages.read().is_empty()>
                        <Button kind=ButtonKind::Quiet on_press=move |()| pages.update(|pages| { pages.pop(); })>"Back"</Button>
                    </Show>
                    {page.next_page_token.map(|token| {
                        let next = move |()| pages.update(|pages| pages.push(token.clone()));
                        view! { <Button kind=ButtonKind::Quiet on_press=next>"Next"</Button> }
                    })}
                </div>
            </Load>
        </Panel>
    }
}

#[component]
fn SubjobRow(job: JobId, subjob: Subjob) -> impl IntoView {
    let exit = match exit_words(subjob.exit_status, subjob.signal).filter(|_| subjob.state.has_ended()) {
        Some(words) => words,
        None if subjob.state.has_ended() => "not known".to_owned(),
        None => "not yet".to_owned(),
    };
    let cause = subjob.end_cause.map(end_cause_words);
    let output = subjob.started_at.map(|_| {
        let index = subjob.index.to_string();
        view! {
            <a
                href=paths::job_output(job, "stdout", &index)
                data-noscroll="true"
                aria-label=format!("Output of {index}")
                on:click=|_| request_animation_frame(show_selected_part)
            >
                "Output"
            </a>
        }
    });
    view! {
        <tr>
            <th scope="row" data-label="Index">{subjob.index}</th>
            <td data-label="State">
                <span class="cell-lines">
                    <JobStateBadge state=subjob.state />
                    {cause.map(|cause| view! { <span class="muted cell-small">"ended by "{cause}</span> })}
                    {subjob.reason.map(|reason| view! { <span class="muted cell-small">{reason}</span> })}
                </span>
            </td>
            <td data-label="Exit status">{exit}</td>
            <td data-label="Started">{subjob.started_at.map(|at| view! { <Time at=at /> })}</td>
            <td data-label="Ended">{subjob.ended_at.map(|at| view! { <Time at=at /> })}</td>
            <td>{output}</td>
        </tr>
    }
}

/// The output is below all the jobs, out of sight.
fn show_selected_part() {
    if let Some(part) = document().get_element_by_id(super::SELECTED_PART) {
        part.scroll_into_view();
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::api::jobs::StateCount;

    use super::*;

    #[test]
    fn the_sum_in_words() {
        let counts = vec![
            StateCount { state: JobState::Running, count: 3 },
            StateCount { state: JobState::Completed, count: 2 },
        ];
        let summary = SubjobsSummary { total: 5, counts, as_of: chrono::DateTime::UNIX_EPOCH };
        assert_eq!(counts_words(&summary), "3 running, 2 completed");
    }
}
