//! The rows: a table on a wide page, cards on a narrow one.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::jobs::Job;

use super::selection::Selection;
use crate::components::{JobStateBadge, ending_words, next_try_words, telling_moment, walltime_words};
use crate::paths;
use crate::state::Clock;
use crate::ui::{For, Show, Table, Time};

/// The table.
#[component]
pub(super) fn JobTable(
    /// The jobs, in order.
    rows: Signal<Vec<ArcRwSignal<Job>>>,
    /// Which of them are chosen.
    selection: Selection,
    /// They are somebody else's: there is no more to see of them, and nothing to choose.
    is_others: Memo<bool>,
) -> impl IntoView {
    let caption = Signal::derive(move || {
        if is_others.get() { "Jobs, newest first" } else { "Your jobs, newest first" }.to_owned()
    });
    view! {
        <Table caption=caption stacks=true>
            <thead>
                <tr>
                    <td>
                        <Show when=move || !is_others.get()>
                            <input
                                class="checkbox"
                                type="checkbox"
                                aria-label="Choose all jobs shown"
                                prop:checked=move || selection.has_shown()
                                on:change=move |event| selection.set_shown(event_target_checked(&event))
                            />
                        </Show>
                    </td>
                    <th scope="col">"Name"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Host and queue"</th>
                    <th scope="col">"Job id"</th>
                    <th scope="col">"Walltime"</th>
                    <th scope="col">"When"</th>
                </tr>
            </thead>
            <tbody>
                <For each=move || rows.get() key=|job| job.with_untracked(|job| job.id) let:job>
                    <JobRow job=job selection=selection is_others=is_others />
                </For>
            </tbody>
        </Table>
    }
}

#[component]
fn JobRow(job: ArcRwSignal<Job>, selection: Selection, is_others: Memo<bool>) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    // What a link is given may be asked once more when the row is gone; a signal of the row's own would be gone too.
    let name = job.clone();
    let job: Signal<Job> = job.into();
    let clock = Clock::of_page();
    let can_be_chosen = Memo::new(move |_| !is_others.get() && !job.read().state.has_ended());
    let name = if is_others.get_untracked() {
        view! { <span>{move || name.read().name.clone()}</span> }.into_any()
    } else {
        view! { <A href=paths::job(id)>{move || name.read().name.clone()}</A> }.into_any()
    };
    let choice = move || {
        view! {
            <input
                class="checkbox"
                type="checkbox"
                aria-label=move || format!("Choose {}", job.read().name)
                prop:checked=move || selection.has(id)
                on:change=move |event| selection.set(id, event_target_checked(&event))
            />
        }
    };
    view! {
        <tr>
            <td data-label="Choose">{move || can_be_chosen.get().then(choice)}</td>
            <th scope="row" data-label="Name">
                <span class="cell-lines">
                    {name}
                    {move || {
                        let name = job.read().application_name.clone();
                        name.map(|name| view! { <span class="muted cell-small">{name}</span> })
                    }}
                </span>
            </th>
            <td data-label="State">
                <span class="row">
                    <JobStateBadge state=Signal::derive(move || job.read().state) />
                    <span class="muted">{move || ending_words(&job.read())}</span>
                    {move || {
                        job.read().looking.clone().map(|looking| {
                            let next = next_try_words(&looking, clock.now());
                            view! {
                                <span class="muted cell-small">
                                    "looking for it since "<Time at=looking.since is_absolute=true />"; "{next}
                                </span>
                            }
                        })
                    }}
                </span>
            </td>
            <td data-label="Host and queue">
                <span>
                    {move || job.read().host_name.clone()}
                    {move || job.read().queue.clone().map(|queue| view! { <span class="muted">", "{queue}</span> })}
                </span>
            </td>
            <td data-label="Job id">
                {move || {
                    let id = job.read().pbs_id.as_ref().map(ToString::to_string);
                    id.map_or_else(
                        || view! { <span class="muted">"none yet"</span> }.into_any(),
                        |id| view! { <code>{id}</code> }.into_any(),
                    )
                }}
            </td>
            <td data-label="Walltime">
                {move || walltime_words(job.read().used_walltime_seconds, job.read().walltime_seconds)}
            </td>
            <td data-label="When">
                <span>
                    <span class="muted">{move || telling_moment(&job.read()).0}" "</span>
                    <Time at=Signal::derive(move || telling_moment(&job.read()).1) />
                </span>
            </td>
        </tr>
    }
}
