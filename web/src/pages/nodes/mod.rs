//! The nodes of all hosts: a picture of each host, and the same as a table.

mod picture;

use leptos::ev;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use pbsweb_shared::host::HostStatus;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::node::{Amount, HostNodes, Node, NodeState};
use wasm_bindgen::JsCast;

use crate::client;
use crate::components::HostStatusBadge;
use crate::paths;
use crate::state::{Hosts, Live, every};
use crate::ui::{
    Bind, Button, Columns, EmptyState, Fact, Facts, LinkButton, PageHeader, Panel, ProblemBox, Spinner,
    Table, TextField, Time, format,
};
use picture::{picture, state_word, words};

/// How many rows of the table are drawn at once.
const PAGE_LENGTH: usize = 100;

/// How often it looks whether nodes that nobody had asked for have come.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Nodes that are shown are looked at again at every so many-th time: they are asked for twice a minute.
const SELDOM: u32 = 15;

/// The page.
#[component]
pub(crate) fn Nodes() -> impl IntoView {
    let hosts = Hosts::of_page();
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.read().get("host").and_then(|id| id.parse::<HostId>().ok()));
    let ids = Memo::new(move |_| {
        let wanted = wanted.get();
        hosts.answer().map(|answer| {
            answer.map(|hosts| {
                hosts
                    .iter()
                    .filter(|host| host.is_enabled && wanted.is_none_or(|wanted| wanted == host.id))
                    .map(|host| host.id)
                    .collect::<Vec<_>>()
            })
        })
    });
    let body = move || {
        match ids.get() {
        None => view! { <Spinner what="Loading hosts" /> }.into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> }.into_any()
        }
        Some(Ok(ids)) if ids.is_empty() && wanted.get().is_some() => view! {
            <EmptyState title="No such host is in use">
                <LinkButton href=paths::NODES>"All hosts"</LinkButton>
            </EmptyState>
        }
        .into_any(),
        Some(Ok(ids)) if ids.is_empty() => {
            view! { <EmptyState title="No host to show"><p>"Nodes appear here once a host is in use."</p></EmptyState> }
                .into_any()
        }
        Some(Ok(ids)) => ids.into_iter().map(|id| view! { <NodesOf host=id /> }).collect_view().into_any(),
    }
    };
    view! {
        <PageHeader
            title="Nodes"
            lead="Every node as its scheduler lists it. A box fills from below with what is in use: processors, memory and GPUs, side by side. A bar through it: kept free by an administrator. A cross: down. Press one for its jobs."
        />
        {body}
    }
}

#[component]
fn NodesOf(host: HostId) -> impl IntoView {
    let hosts = Hosts::of_page();
    let live = Live::of_page();
    let turn = RwSignal::new(0_u32);
    let answer = LocalResource::new(move || {
        live.generation();
        turn.track();
        client::hosts::get_host_nodes(host)
    });
    let health = Memo::new(move |_| hosts.get(host).map(|host| host.health));
    let status = Signal::derive(move || health.get().map_or(HostStatus::Unknown, |health| health.status));
    let title = Signal::derive(move || hosts.name(host));
    // The last good answer stays while the next one is on its way.
    let shown = Memo::new(move |before: Option<&Option<HostNodes>>| match answer.get() {
        Some(Ok(nodes)) => Some(nodes),
        Some(Err(_)) | None => before.cloned().flatten(),
    });
    let failed = move || answer.get().and_then(Result::err);
    let as_of = move || shown.with(|shown| shown.as_ref().and_then(|nodes| nodes.as_of));
    let problem = move || shown.with(|shown| shown.as_ref().and_then(|nodes| nodes.problem.clone()));
    let kind = Memo::new(move |_| {
        shown.with(|shown| match shown {
            None => 0_u8,
            Some(HostNodes { as_of: Some(_), .. }) => 1,
            Some(HostNodes { problem: None, .. }) => 2,
            Some(_) => 3,
        })
    });
    let n_looks = StoredValue::new(0_u32);
    let look = move || {
        n_looks.update_value(|n| *n = n.wrapping_add(1));
        if kind.get_untracked() > 1 || n_looks.get_value().is_multiple_of(SELDOM) {
            turn.update(|turn| *turn = turn.wrapping_add(1));
        }
    };
    every(LOOK_AGAIN, Box::new(look));
    let nodes = Memo::new(move |_| {
        shown.with(|shown| shown.as_ref().map(|nodes| nodes.nodes.clone()).unwrap_or_default())
    });
    view! {
        <Panel
            title=title
            actions=move || view! {
                <HostStatusBadge status=status />
                <span class="muted">
                    {move || as_of().map(|at| view! { "as of "<Time at=at /> })}
                </span>
            }
        >
            {move || problem().map(|words| {
                let what = if as_of().is_some() { ", so this may be old" } else { "" };
                view! { <p class="stale-note">{format!("The last question was not answered{what}: {words}")}</p> }
            })}
            {move || failed().map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| answer.refetch()) /> })}
            {move || match kind.get() {
                0 => view! { <Spinner what="Loading nodes" /> }.into_any(),
                1 => view! { <NodesShown nodes=nodes /> }.into_any(),
                2 => view! { <EmptyState title="The nodes are being asked for" /> }.into_any(),
                _ => view! { <EmptyState title="The nodes are not known yet" /> }.into_any(),
            }}
        </Panel>
    }
}

/// How many nodes are in each state, and what is in use of everything.
fn sums(nodes: &[Node]) -> (Vec<(NodeState, usize)>, Amount, Amount, Amount) {
    let states = NodeState::ALL
        .iter()
        .map(|state| (*state, nodes.iter().filter(|node| node.state == *state).count()))
        .filter(|(_, n)| *n > 0)
        .collect();
    let sum = |of: fn(&Node) -> Amount| nodes.iter().map(of).fold(Amount::default(), Amount::plus);
    (states, sum(|node| node.cores), sum(|node| node.memory_bytes), sum(|node| node.gpus))
}

fn takes(node: &Node, text: &str) -> bool {
    let has = |field: &str| field.to_ascii_lowercase().contains(text);
    text.is_empty()
        || has(&node.name)
        || has(state_word(node.state))
        || node.queue.as_deref().is_some_and(has)
        || node.comment.as_deref().is_some_and(has)
        || node.jobs.iter().any(|job| has(job.as_str()))
}

#[component]
fn NodesShown(nodes: Memo<Vec<Node>>) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(None::<String>);
    let selected = Memo::new(move |_| {
        let text = text.read().trim().to_ascii_lowercase();
        nodes.read().iter().filter(|node| takes(node, &text)).cloned().collect::<Vec<_>>()
    });
    let drawing = move || picture(&selected.read());
    let press = move |event: ev::MouseEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let node = element.and_then(|element| element.closest("[data-node]").ok().flatten());
        let place = node.and_then(|node| node.get_attribute("data-node")?.parse::<usize>().ok());
        if let Some(place) = place {
            chosen.set(selected.read_untracked().get(place).map(|node| node.name.clone()));
        }
    };
    let one = Memo::new(move |_| {
        let name = chosen.get()?;
        nodes.read().iter().find(|node| node.name == name).cloned()
    });
    let in_use = |amount: Amount| format!("{} of {} in use", amount.used, amount.total);
    let facts = move || {
        let (states, cores, memory, gpus) = sums(&nodes.read());
        let states: Vec<String> =
            states.iter().map(|(state, n)| format!("{n} {}", state_word(*state))).collect();
        view! {
            <Facts>
                <Fact name="Nodes">{format!("{}: {}", nodes.read().len(), states.join(", "))}</Fact>
                <Fact name="Processors">{in_use(cores)}</Fact>
                <Fact name="Memory">
                    {format!("{} of {} in use", format::bytes(memory.used), format::bytes(memory.total))}
                </Fact>
                {(gpus.total > 0).then(|| view! { <Fact name="GPUs">{in_use(gpus)}</Fact> })}
            </Facts>
        }
    };
    let bind = Bind::new(move || text.get(), move |value: String| text.set(value));
    view! {
        {facts}
        <search class="filter-bar">
            <TextField label="Search" name="node" input_type="search" value=bind placeholder="name, state, queue, job or comment" />
        </search>
        <div class="nodes-picture" aria-hidden="true" on:click=press inner_html=drawing></div>
        <div role="status" class="live-region">
            {move || one.get().map(|node| view! { <NodeFacts node=node /> })}
        </div>
        <details class="nodes-table">
            <summary>"The same as a table"</summary>
            <NodeTable nodes=selected />
        </details>
    }
}

/// The jobs on a node.
fn job_ids(node: &Node) -> String {
    node.jobs.iter().map(|job| job.as_str()).collect::<Vec<_>>().join(", ")
}

#[component]
fn NodeFacts(node: Node) -> impl IntoView {
    let jobs = job_ids(&node);
    view! {
        <p>
            <strong>{words(&node)}</strong>
            {format!(" ({})", node.state_words)}
            {node.comment.map(|comment| view! { <span class="muted">" – "{comment}</span> })}
            {(!jobs.is_empty()).then(|| view! { <span class="muted">" – jobs "<code>{jobs}</code></span> })}
        </p>
    }
}

#[component]
fn NodeTable(nodes: Memo<Vec<Node>>) -> impl IntoView {
    let page = RwSignal::new(0_usize);
    let n_pages = Memo::new(move |_| nodes.read().len().div_ceil(PAGE_LENGTH).max(1));
    let rows = move || {
        let nodes = nodes.read();
        let first = page.get().min(n_pages.get().saturating_sub(1)).saturating_mul(PAGE_LENGTH);
        nodes
            .iter()
            .skip(first)
            .take(PAGE_LENGTH)
            .cloned()
            .map(|node| view! { <NodeRow node=node /> })
            .collect_view()
    };
    view! {
        <Table caption="Nodes" stacks=true>
            <Columns names=["Node", "State", "Processors", "Memory", "GPUs", "Queue", "Jobs"] />
            <tbody>{rows}</tbody>
        </Table>
        <Show when=move || { n_pages.get() > 1 }>
            <nav class="pager" aria-label="Pages of nodes">
                <Button
                    disabled_because=Signal::derive(move || (page.get() == 0).then(|| "This is the first page.".to_owned()))
                    on_press=move |()| page.update(|page| *page = page.saturating_sub(1))
                >
                    "Previous"
                </Button>
                <span class="numbers" role="status">
                    {move || format!("page {} of {}", page.get().saturating_add(1), n_pages.get())}
                </span>
                <Button
                    disabled_because=Signal::derive(move || {
                        (page.get().saturating_add(1) >= n_pages.get()).then(|| "This is the last page.".to_owned())
                    })
                    on_press=move |()| page.update(|page| *page = page.saturating_add(1))
                >
                    "Next"
                </Button>
            </nav>
        </Show>
    }
}

#[component]
fn NodeRow(node: Node) -> impl IntoView {
    let (n_jobs, jobs) = (node.jobs.len(), job_ids(&node));
    let amount = |amount: Amount| (amount.total > 0).then(|| format!("{} of {}", amount.used, amount.total));
    let memory = (node.memory_bytes.total > 0).then(|| {
        format!("{} of {}", format::bytes(node.memory_bytes.used), format::bytes(node.memory_bytes.total))
    });
    view! {
        <tr>
            <th scope="row" data-label="Node">{node.name}</th>
            <td data-label="State">
                <span class="cell-lines">
                    <span>{state_word(node.state)}</span>
                    {node.comment.map(|comment| view! { <span class="muted cell-small">{comment}</span> })}
                </span>
            </td>
            <td data-label="Processors">{amount(node.cores)}</td>
            <td data-label="Memory">{memory}</td>
            <td data-label="GPUs">{amount(node.gpus)}</td>
            <td data-label="Queue">{node.queue}</td>
            <td data-label="Jobs">
                <span class="cell-lines">
                    <span>{n_jobs}</span>
                    <code class="muted cell-small">{jobs}</code>
                </span>
            </td>
        </tr>
    }
}
