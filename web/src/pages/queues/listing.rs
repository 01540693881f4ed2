//! The jobs that a scheduler lists, a page of rows at a time: there may be thousands, and the browser draws what is looked at.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::host::ListedJob;
use pbsweb_shared::job::JobState;
use pbsweb_shared::waiting::{Place, why_waiting};

use super::filter::Filter;
use crate::components::{JobStateBadge, walltime_words};
use crate::paths;
use crate::ui::{Badge, Button, EmptyState, For, Shape, Show, Table, Time, Tone, effect};

/// How many rows are drawn at once.
const PAGE_LENGTH: usize = 100;

/// Which rows a page has, and how many pages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    first: usize,
    last: usize,
    n_rows: usize,
}

impl Window {
    /// The rows of a page; a page that is no more is the last one.
    fn of(page: usize, n_rows: usize) -> Self {
        let last_page = n_rows.saturating_sub(1) / PAGE_LENGTH;
        let first = page.min(last_page).saturating_mul(PAGE_LENGTH);
        Self { first, last: first.saturating_add(PAGE_LENGTH).min(n_rows), n_rows }
    }

    const fn has_earlier(self) -> bool {
        self.first > 0
    }

    const fn has_later(self) -> bool {
        self.last < self.n_rows
    }

    const fn page(self) -> usize {
        self.first / PAGE_LENGTH
    }

    fn words(self) -> String {
        format!("{} to {} of {}", self.first.saturating_add(1).min(self.n_rows), self.last, self.n_rows)
    }
}

/// Where each waiting job stands in its queue, in the scheduler's order.
fn places(jobs: &[ListedJob]) -> HashMap<usize, Place> {
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, job) in jobs.iter().enumerate() {
        if job.state == Some(JobState::Queued) {
            waiting.entry(&job.queue).or_default().push(index);
        }
    }
    waiting
        .values()
        .flat_map(|queue| {
            let of = queue.len();
            queue.iter().zip(1..).map(move |(index, position)| (*index, Place { position, of }))
        })
        .collect()
}

/// A row, and the head of the group that begins with it.
#[derive(Clone)]
struct Row {
    job: ListedJob,
    head: Option<String>,
    place: Option<Place>,
}

/// What of a row the reader sees: a row whose key stays is not drawn anew.
fn key_of(row: &Row) -> String {
    let job = &row.job;
    format!(
        "{} {} {:?} {:?} {} {} {} {:?} {:?}",
        job.pbs_id,
        job.state_letter,
        job.used_walltime_seconds,
        job.comment,
        job.queue,
        job.name,
        job.job.is_some(),
        row.head,
        row.place,
    )
}

/// The jobs of one host.
#[component]
pub(super) fn Listing(
    /// The jobs, in the scheduler's order.
    jobs: Signal<Vec<ListedJob>>,
    /// Which of them are shown.
    filter: Memo<Filter>,
    /// The host's name.
    name: Signal<String>,
) -> impl IntoView {
    let page = RwSignal::new(0_usize);
    let jobs = Memo::new(move |_| jobs.get());
    let selected = Memo::new(move |_| filter.read().select(&jobs.read()));
    let window = Memo::new(move |_| Window::of(page.get(), selected.read().len()));
    let places = Memo::new(move |_| places(&jobs.read()));
    let rows = move || {
        let (window, group) = (window.get(), filter.read().group);
        let (jobs, selected, places) = (jobs.read(), selected.read(), places.read());
        let shown = selected.get(window.first..window.last).unwrap_or_default();
        let mut last: Option<&str> = None;
        let mut rows = Vec::with_capacity(shown.len());
        for index in shown {
            let Some(job) = jobs.get(*index) else { continue };
            let key = group.map(|group| group.key(job));
            let head = key.filter(|key| last != Some(*key)).map(str::to_owned);
            last = key;
            rows.push(Row { job: job.clone(), head, place: places.get(index).copied() });
        }
        rows
    };
    // Another filter begins at its first page.
    effect(move || {
        filter.track();
        page.set(0);
    });
    let n_jobs = Memo::new(move |_| (jobs.read().len(), selected.read().len()));
    let caption = Signal::derive(move || format!("Jobs on {}", name.get()));
    let sum = move || {
        let (n_all, n_shown) = n_jobs.get();
        let n_own = jobs.read().iter().filter(|job| job.is_own).count();
        if n_all == n_shown {
            format!("{n_all} jobs, {n_own} of them yours")
        } else {
            format!("{n_shown} of {n_all} jobs fit the filter")
        }
    };
    let kind = Memo::new(move |_| match n_jobs.get() {
        (0, _) => 0_u8,
        (_, 0) => 1,
        (_, _) => 2,
    });
    let turn = move |to: usize| page.set(to);
    view! {
        <div class="listing">
            <p class="muted">{sum}</p>
            {move || match kind.get() {
                0 => view! { <EmptyState title="The scheduler lists no jobs" /> }.into_any(),
                1 => {
                    let title = if filter.read().leaves_out() { "No job fits the filter" } else { "No jobs" };
                    view! { <EmptyState title=title /> }.into_any()
                }
                _ => {
                    view! {
                        <Table caption=caption stacks=true>
                            <thead>
                                <tr>
                                    <th scope="col">"Job"</th>
                                    <th scope="col">"Owner"</th>
                                    <th scope="col">"State"</th>
                                    <th scope="col">"Queue"</th>
                                    <th scope="col">"Processors"</th>
                                    <th scope="col">"Walltime"</th>
                                    <th scope="col">"Since"</th>
                                </tr>
                            </thead>
                            <tbody>
                                <For each=rows key=key_of let:row>
                                    <ListedRow row=row />
                                </For>
                            </tbody>
                        </Table>
                    }
                        .into_any()
                }
            }}
            <Show when=move || window.get().has_earlier() || window.get().has_later()>
                <nav class="pager" aria-label=move || format!("Pages of {}", caption.get())>
                    <Button
                        disabled_because=Signal::derive(move || {
                            (!window.get().has_earlier()).then(|| "This is the first page.".to_owned())
                        })
                        on_press=move |()| turn(window.get_untracked().page().saturating_sub(1))
                    >
                        "Previous"
                    </Button>
                    <span class="numbers" role="status">{move || window.get().words()}</span>
                    <Button
                        disabled_because=Signal::derive(move || {
                            (!window.get().has_later()).then(|| "This is the last page.".to_owned())
                        })
                        on_press=move |()| turn(window.get_untracked().page().saturating_add(1))
                    >
                        "Next"
                    </Button>
                </nav>
            </Show>
        </div>
    }
}

/// `4 on 2 nodes`, as far as it is known.
fn size(job: &ListedJob) -> String {
    let count = |n: u64, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (job.ncpus, job.nodect) {
        (Some(ncpus), Some(nodect)) => format!("{ncpus} on {}", count(nodect, "node")),
        (Some(ncpus), None) => ncpus.to_string(),
        (None, Some(nodect)) => count(nodect, "node"),
        (None, None) => String::new(),
    }
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

fn seconds(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

#[component]
fn ListedRow(row: Row) -> impl IntoView {
    let Row { job, head, place } = row;
    let why = why_waiting(&job, None, place);
    let estimated = job.estimated_start_at.filter(|_| job.started_at.is_none());
    let state = match job.state {
        Some(state) => view! { <JobStateBadge state=state /> }.into_any(),
        None => {
            let text = format!("Unknown ({})", job.state_letter);
            view! { <Badge tone=Tone::Neutral shape=Shape::Question text=text /> }.into_any()
        }
    };
    let size = size(&job);
    let name = match job.job {
        Some(id) => view! { <A href=paths::job(id)>{job.name}</A> }.into_any(),
        None => job.name.into_any(),
    };
    let since = job.started_at.or(job.queued_at);
    let walltime = walltime_words(seconds(job.used_walltime_seconds), seconds(job.walltime_seconds));
    view! {
        {head.map(|head| view! { <tr class="group-head"><th scope="rowgroup" colspan="7">{head}</th></tr> })}
        <tr data-own=job.is_own.then_some("true")>
            <th scope="row" data-label="Job">
                <span class="cell-lines">
                    <span>{name}</span>
                    <code class="muted">{job.pbs_id.to_string()}</code>
                    {job.array_states.map(|states| view! { <span class="muted cell-small">{states}</span> })}
                </span>
            </th>
            <td data-label="Owner">
                <span>
                    {job.owner}
                    {job.is_own.then(|| view! { <strong class="own-mark">" (you)"</strong> })}
                </span>
            </td>
            <td data-label="State">
                <span class="cell-lines">
                    <span>{state}</span>
                    {why.into_iter().map(|why| view! { <span class="cell-small">{sentence(&why)}</span> }).collect_view()}
                    {estimated.map(|at| view! { <span class="cell-small">"Expected to start "<Time at=at /></span> })}
                    {job.comment.map(|comment| view! { <span class="muted cell-small">{comment}</span> })}
                </span>
            </td>
            <td data-label="Queue">{job.queue}</td>
            <td data-label="Processors">{size}</td>
            <td data-label="Walltime" class="cell-nowrap">{walltime}</td>
            <td data-label="Since">{since.map(|at| view! { <Time at=at /> })}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stays_within_the_rows() {
        assert_eq!(Window::of(0, 0), Window { first: 0, last: 0, n_rows: 0 });
        let last = Window::of(9, 250);
        assert_eq!((last.first, last.last, last.page()), (200, 250, 2));
        assert!(last.has_earlier() && !last.has_later());
        assert_eq!(Window::of(1, 250).words(), "101 to 200 of 250");
        assert_eq!(Window::of(0, 0).words(), "0 to 0 of 0");
    }

    #[test]
    fn words_become_a_sentence() {
        assert_eq!(sentence("it waits; so do I"), "It waits; so do I.");
        assert_eq!(sentence(""), ".");
    }
}
