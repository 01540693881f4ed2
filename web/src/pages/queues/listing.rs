//! The jobs that a scheduler lists, as a table of which only the part that is looked at is drawn.

use chrono::{DateTime, Utc};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::hosts::ListedOrder;
use pbsweb_shared::host::{ListedJob, Queue};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::waiting::why_waiting;

use super::filter::Filter;
use super::list::{List, Row, Sums};
use crate::client::as_sentence;
use crate::components::{JobStateBadge, walltime_words};
use crate::paths;
use crate::ui::{
    Badge, EmptyState, For, Icon, ProblemBox, Shape, Show, Spinner, Time, Tone, depend_on, effect,
};

/// What there is of a host's jobs.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Coming,
    NotListed,
    NoJob,
    NoMatch,
    Jobs,
}

/// `40001 jobs, 1 of them yours`
fn sum_words(sums: Sums) -> String {
    let Sums { n_listed, n_own, n_matching } = sums;
    let jobs = if n_listed == 1 { "job" } else { "jobs" };
    if n_listed == n_matching {
        format!("{n_listed} {jobs}, {n_own} of them yours")
    } else {
        let fit = if n_matching == 1 { "fits" } else { "fit" };
        format!("{n_matching} of {n_listed} {jobs} {fit} the filter")
    }
}

/// The jobs of one host.
#[component]
pub(super) fn Listing(
    /// The host.
    host: HostId,
    /// Which of its jobs are shown, and in which order.
    filter: Memo<Filter>,
    /// Called with what they should be.
    on_change: Callback<Filter>,
    /// Changes when the host's jobs may have.
    version: Memo<(u32, Option<DateTime<Utc>>)>,
    /// Is told when the host said so.
    as_of: RwSignal<Option<DateTime<Utc>>>,
    /// The host's name.
    name: Signal<String>,
    /// Its queues, as far as they are known.
    queues: Memo<Vec<Queue>>,
) -> impl IntoView {
    let list = List::new(host, filter, queues);
    let mut known = None;
    effect(move || {
        depend_on(version);
        let now = Some(filter.get());
        if known == now {
            list.refresh();
        } else {
            known = now;
            list.begin();
        }
    });
    effect(move || as_of.set(list.as_of.get()));
    let shown = Memo::new(move |_| match list.sums.get() {
        None => Shown::Coming,
        // The answer of a host that nobody has listed yet says nothing of its jobs.
        Some(_) if list.as_of.get().is_none() => Shown::NotListed,
        Some(Sums { n_listed: 0, .. }) => Shown::NoJob,
        Some(Sums { n_matching: 0, .. }) => Shown::NoMatch,
        Some(_) => Shown::Jobs,
    });
    let sum = move || match shown.get() {
        Shown::Coming | Shown::NotListed | Shown::NoJob => None,
        Shown::NoMatch | Shown::Jobs => list.sums.get().map(sum_words),
    };
    let has_failed = Memo::new(move |_| list.error.read().is_some());
    view! {
        <div class="listing">
            <p class="muted">{sum}</p>
            {move || {
                let retry = Callback::new(move |()| list.refresh());
                list.error.get().map(|error| view! { <ProblemBox error=error retry=retry /> })
            }}
            {move || match shown.get() {
                Shown::Coming if has_failed.get() => ().into_any(),
                Shown::Coming => view! { <Spinner what="Loading jobs" /> }.into_any(),
                Shown::NotListed => view! {
                    <EmptyState title="Not listed yet">
                        <p>"Jobs appear here with the first listing of the host."</p>
                    </EmptyState>
                }
                .into_any(),
                Shown::NoJob => view! { <EmptyState title="The scheduler lists no jobs" /> }.into_any(),
                Shown::NoMatch => view! { <EmptyState title="No job fits the filter" /> }.into_any(),
                Shown::Jobs => view! { <JobRows list=list filter=filter on_change=on_change name=name /> }.into_any(),
            }}
        </div>
    }
}

/// The table: rows, and room above and below for those that are not drawn.
#[component]
fn JobRows(
    list: List,
    filter: Memo<Filter>,
    on_change: Callback<Filter>,
    name: Signal<String>,
) -> impl IntoView {
    // Another size of the window shows other rows.
    let resized = window_event_listener(ev::resize, move |_| list.look());
    on_cleanup(move || resized.remove());
    let caption = Signal::derive(move || format!("Jobs on {}", name.get()));
    let is_part = Memo::new(move |_| list.part.get().is_part());
    let space = Memo::new(move |_| list.part.get().space(list.row_height.get()));
    let head = move |label: &'static str, order: ListedOrder| {
        let sorted = Signal::derive(move || filter.with(|filter| filter.sorted(order)));
        let press =
            move |_: ev::MouseEvent| on_change.run(filter.with_untracked(|filter| filter.in_order(order)));
        view! {
            <th scope="col" aria-sort=move || sorted.get()>
                <button type="button" class="sort" on:click=press>
                    {label}
                    {move || match sorted.get() {
                        Some("descending") => view! { <Icon shape=Shape::Down /> }.into_any(),
                        Some(_) => view! { <Icon shape=Shape::Up /> }.into_any(),
                        None => ().into_any(),
                    }}
                </button>
            </th>
        }
    };
    let words = move || {
        let (first, last) = list.in_sight.get();
        let n_all = list.part.get().n_all;
        format!("{} to {} of {n_all}", first.saturating_add(1), last.saturating_add(1))
    };
    view! {
        // Focusable, so that it can be scrolled by keyboard.
        <div
            class="table-box"
            data-tall=move || is_part.get().then_some("true")
            role="region"
            tabindex="0"
            aria-label=move || caption.get()
            node_ref=list.frame
            on:scroll=move |_| list.look()
            on:keydown=move |event| list.jump(&event)
        >
            <table
                class="table"
                data-stacks="true"
                aria-rowcount=move || list.part.get().n_all.saturating_add(1).to_string()
            >
                <caption class="visually-hidden">{move || caption.get()}</caption>
                <thead>
                    <tr aria-rowindex="1">
                        {head("Job", ListedOrder::Id)}
                        {head("Owner", ListedOrder::Owner)}
                        {head("State", ListedOrder::State)}
                        {head("Queue", ListedOrder::Queue)}
                        <th scope="col">"Processors"</th>
                        <th scope="col">"Walltime"</th>
                        {head("Since", ListedOrder::Since)}
                    </tr>
                </thead>
                <Space height=Signal::derive(move || space.get().0) />
                <tbody node_ref=list.body>
                    <For
                        each=move || list.rows.get()
                        key=|row| row.with_untracked(|row| row.job.pbs_id.to_string())
                        let:row
                    >
                        <ListedRow row=row queues=list.queues />
                    </For>
                </tbody>
                <Space height=Signal::derive(move || space.get().1) />
            </table>
        </div>
        <Show when=move || is_part.get()>
            <p class="muted numbers listing-place">{words}</p>
        </Show>
    }
}

/// Room for rows that are not drawn.
#[component]
fn Space(height: Signal<f64>) -> impl IntoView {
    view! {
        <tbody class="listing-space" aria-hidden="true" style:height=move || format!("{}px", height.get())>
            <tr>
                <td colspan="7" style:height=move || format!("{}px", height.get())></td>
            </tr>
        </tbody>
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

fn seconds(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

fn state_view(job: &ListedJob, why: &[String]) -> AnyView {
    let estimated = job.estimated_start_at.filter(|_| job.started_at.is_none());
    let state = match job.state {
        Some(state) => view! { <JobStateBadge state=state /> }.into_any(),
        None => {
            let text = format!("Unknown ({})", job.state_letter);
            view! { <Badge tone=Tone::Neutral shape=Shape::Question text=text /> }.into_any()
        }
    };
    let comment = job.comment.clone();
    view! {
        <span class="cell-lines">
            <span>{state}</span>
            {why.iter().map(|why| view! { <span class="cell-small">{as_sentence(why)}</span> }).collect_view()}
            {estimated.map(|at| view! { <span class="cell-small">"Expected to start "<Time at=at /></span> })}
            {comment.map(|comment| view! { <span class="muted cell-small">{comment}</span> })}
        </span>
    }
    .into_any()
}

/// A row that stays while what is known of its job changes.
#[component]
fn ListedRow(row: ArcRwSignal<Row>, queues: Memo<Vec<Queue>>) -> impl IntoView {
    let id = row.with_untracked(|row| row.job.pbs_id.to_string());
    let shown_id = id.clone();
    let row: Signal<Row> = row.into();
    let of = move |text: fn(&ListedJob) -> String| move || row.with(|row| text(&row.job));
    let head = Memo::new(move |_| row.with(|row| row.head.clone()));
    // The link is drawn anew only when it leads elsewhere: it may have the focus.
    let name = Memo::new(move |_| row.with(|row| (row.job.name.clone(), row.job.job)));
    let is_own = Memo::new(move |_| row.with(|row| row.job.is_own));
    let why = Memo::new(move |_| {
        let (row, queues) = (row.read(), queues.read());
        why_waiting(&row.job, queues.iter().find(|queue| queue.name == row.job.queue))
    });
    let state = move || row.with(|row| why.with(|why| state_view(&row.job, why)));
    let walltime = move || {
        row.with(|row| {
            walltime_words(seconds(row.job.used_walltime_seconds), seconds(row.job.walltime_seconds))
        })
    };
    view! {
        {move || head.get().map(|head| view! { <tr class="group-head"><th scope="rowgroup" colspan="7">{head}</th></tr> })}
        <tr
            data-job=id
            data-own=move || is_own.get().then_some("true")
            aria-rowindex=move || row.with(|row| row.index.saturating_add(2).to_string())
        >
            <th scope="row" data-label="Job">
                <span class="cell-lines">
                    <span>
                        {move || match name.get() {
                            (name, Some(id)) => view! { <A href=paths::job(id)>{name}</A> }.into_any(),
                            (name, None) => name.into_any(),
                        }}
                    </span>
                    <code class="muted">{shown_id}</code>
                    {move || {
                        let states = row.with(|row| row.job.array_states.clone());
                        states.map(|states| view! { <span class="muted cell-small">{states}</span> })
                    }}
                </span>
            </th>
            <td data-label="Owner">
                <span>
                    {of(|job| job.owner.clone())}
                    {move || is_own.get().then(|| view! { <strong class="own-mark">" (you)"</strong> })}
                </span>
            </td>
            <td data-label="State">{state}</td>
            <td data-label="Queue">{of(|job| job.queue.clone())}</td>
            <td data-label="Processors">{of(size)}</td>
            <td data-label="Walltime" class="cell-nowrap">{walltime}</td>
            <td data-label="Since">
                {move || {
                    let since = row.with(|row| row.job.started_at.or(row.job.queued_at));
                    since.map(|at| view! { <Time at=at /> })
                }}
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_said_in_words() {
        let words = |n_listed, n_own, n_matching| sum_words(Sums { n_listed, n_own, n_matching });
        assert_eq!(words(40_001, 1, 40_001), "40001 jobs, 1 of them yours");
        assert_eq!(words(1, 0, 1), "1 job, 0 of them yours");
        assert_eq!(words(7, 0, 1), "1 of 7 jobs fits the filter");
    }
}
