//! One host: how it is, how old its listing is, its queues and its jobs.

use leptos::prelude::*;
use pbsweb_shared::host::{HostStatus, Queue};
use pbsweb_shared::ids::HostId;

use super::filter::Filter;
use super::listing::Listing;
use crate::client;
use crate::components::HostStatusBadge;
use crate::state::hosts::SHOWN_AGAIN;
use crate::state::{Hosts, Live, LiveState, every};
use crate::ui::{
    Badge, Columns, EmptyState, Load, LocalResource, Panel, Shape, Show, Table, Time, Tone, depend_on, format,
};

/// A walltime limit, if there is one.
fn limit(seconds: Option<u64>) -> Option<String> {
    seconds.map(|seconds| format::walltime(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// How many processors a job may have.
fn processors(queue: &Queue) -> Option<String> {
    match (queue.min_ncpus, queue.max_ncpus) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (None, Some(max)) => Some(format!("up to {max}")),
        (Some(min), None) => Some(format!("{min} or more")),
        (None, None) => None,
    }
}

/// Whether a queue takes and runs jobs.
const fn queue_look(queue: &Queue) -> (Tone, Shape, &'static str) {
    match (queue.is_enabled, queue.is_started) {
        (true, true) => (Tone::Good, Shape::Check, "Open"),
        (true, false) => (Tone::Warning, Shape::Pause, "Not started"),
        (false, true) => (Tone::Neutral, Shape::Bar, "Takes no jobs"),
        (false, false) => (Tone::Neutral, Shape::Bar, "Closed"),
    }
}

/// The panel. It is read again with each snapshot that changed something, and now and then all the same: a host is listed often
/// only while somebody looks, and only who asks looks.
#[component]
pub(super) fn HostPanel(
    /// The host.
    host: HostId,
    /// Which of its jobs are shown.
    filter: Memo<Filter>,
    /// Called with which should be.
    on_change: Callback<Filter>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let live = Live::of_page();
    let id = host;
    let turn = RwSignal::new(0_u32);
    every(SHOWN_AGAIN, Box::new(move || turn.update(|turn| *turn = turn.wrapping_add(1))));
    let version = Memo::new(move |_| (live.generation().wrapping_add(turn.get()), live.snapshot_at(id)));
    let queues = LocalResource::new(move || {
        depend_on(version);
        client::hosts::get_host_queues(id)
    });
    let listed_at = RwSignal::new(None);
    let health = Memo::new(move |_| hosts.get(id).map(|host| host.health));
    let status = Signal::derive(move || health.get().map_or(HostStatus::Unknown, |health| health.status));
    let as_of =
        Memo::new(move |_| listed_at.get().or_else(|| health.get().and_then(|health| health.snapshot_at)));
    let detail = move || match status.get() {
        HostStatus::Up => None,
        HostStatus::Unknown
        | HostStatus::SchedulerDown
        | HostStatus::Unreachable
        | HostStatus::KeyMismatch
        | HostStatus::Disabled => health.get().and_then(|health| health.detail),
    };
    // Of a host that was never listed nothing is below.
    let is_stale = move || {
        as_of.get().is_some()
            && (status.get() != HostStatus::Up || matches!(live.state(), LiveState::NotLiveSince(_)))
    };
    let title = Signal::derive(move || hosts.name(id));
    let known_queues =
        Memo::new(move |_| queues.get().and_then(Result::ok).map(|answer| answer.queues).unwrap_or_default());
    view! {
        <Panel
            title=title
            actions=move || {
                view! {
                    <HostStatusBadge status=status />
                    <span class="muted">
                        {move || match as_of.get() {
                            Some(at) => view! { "listed "<Time at=at /> }.into_any(),
                            None => "not listed yet".into_any(),
                        }}
                    </span>
                }
            }
        >
            {move || detail().map(|detail| view! { <p class="host-detail">{detail}</p> })}
            <Show when=is_stale>
                <p class="stale-note">"What is below is not live: it is the last listing that could be had."</p>
            </Show>
            <Load resource=queues what="queues" let:answer>
                <QueueTable queues=answer.queues />
            </Load>
            <Listing host=id filter=filter on_change=on_change version=version as_of=listed_at name=title queues=known_queues />
        </Panel>
    }
}

#[component]
fn QueueTable(queues: Vec<Queue>) -> impl IntoView {
    if queues.is_empty() {
        return view! {
            <EmptyState title="No queues known">
                <p>"They appear with the first listing of the host."</p>
            </EmptyState>
        }
        .into_any();
    }
    let rows = queues
        .into_iter()
        .map(|queue| {
            let (tone, shape, word) = queue_look(&queue);
            let processors = processors(&queue);
            let limit_view =
                |words: &String| view! { <span class="muted cell-small">{client::as_sentence(words)}</span> };
            let limits = queue.limits.iter().map(limit_view).collect_view();
            view! {
                <tr>
                    <th scope="row" data-label="Queue">
                        <span class="cell-lines">
                            <span>
                                {queue.name}
                                {queue.is_default.then(|| view! { <span class="muted">" (default)"</span> })}
                            </span>
                            {limits}
                        </span>
                    </th>
                    <td data-label="State"><Badge tone=tone shape=shape text=word /></td>
                    <td data-label="Running">{queue.n_running}</td>
                    <td data-label="Waiting">{queue.n_queued}</td>
                    <td data-label="Longest walltime">{limit(queue.max_walltime_seconds)}</td>
                    <td data-label="Processors">{processors}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Queues" stacks=true>
            <Columns names=["Queue", "State", "Running", "Waiting", "Longest walltime", "Processors"] />
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_says_whether_it_takes_and_runs_jobs() {
        let queue = |is_enabled, is_started| Queue {
            name: "q".to_owned(),
            is_enabled,
            is_started,
            is_default: false,
            is_offered: true,
            n_queued: 0,
            n_running: 0,
            max_walltime_seconds: None,
            default_walltime_seconds: None,
            max_ncpus: Some(4),
            min_ncpus: Some(2),
            limits: Vec::new(),
        };
        assert_eq!(queue_look(&queue(true, true)).2, "Open");
        assert_eq!(queue_look(&queue(true, false)).2, "Not started");
        assert_eq!(queue_look(&queue(false, true)).2, "Takes no jobs");
        assert_eq!(processors(&queue(true, true)).as_deref(), Some("2 to 4"));
    }
}
