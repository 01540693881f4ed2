//! One's own jobs, newest first, as they change. The filters are in the address.

mod filters;
mod job_table;
mod searches;
mod selection;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use pbsweb_shared::api::jobs::{Job as JobRow, JobsQuery};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::JobId;

use crate::client::{self, ClientError};
use crate::paths;
use crate::state::{CurrentUser, Live};
use crate::ui::{
    Button, ButtonKind, EmptyState, LinkButton, PageHeader, ProblemBox, Show, Spinner, depend_on, effect,
};
use filters::{FilterBar, Filters};
use job_table::JobTable;
use selection::{Selection, SelectionBar};

/// How many jobs are read at once.
const PAGE_LENGTH: u32 = 50;

/// What is shown: the ids in order. The jobs themselves are in the live store.
#[derive(Clone, Copy)]
struct List {
    live: Live,
    rows: RwSignal<Option<Vec<ArcRwSignal<JobRow>>>>,
    next_token: RwSignal<Option<String>>,
    error: RwSignal<Option<ClientError>>,
    is_reading: RwSignal<bool>,
    /// Tells the answer to these filters from one to earlier ones.
    turn: StoredValue<u32>,
}

/// Puts rows that are not there yet at the front, in their order.
fn merge<T>(known: &mut Vec<T>, newer: Vec<T>, is_same: impl Fn(&T, &T) -> bool) {
    let fresh: Vec<T> =
        newer.into_iter().filter(|row| !known.iter().any(|other| is_same(row, other))).collect();
    known.splice(0..0, fresh);
}

fn id_of(row: &ArcRwSignal<JobRow>) -> JobId {
    row.with_untracked(|job| job.id)
}

impl List {
    fn new(live: Live) -> Self {
        Self {
            live,
            rows: RwSignal::new(None),
            next_token: RwSignal::new(None),
            error: RwSignal::new(None),
            is_reading: RwSignal::new(false),
            turn: StoredValue::new(0),
        }
    }

    /// Reads the first page, or the one after what is shown.
    fn read(self, filters: &Filters, goes_on: bool) {
        let live = self.live;
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        self.is_reading.set(true);
        self.error.set(None);
        let page_token = if goes_on { self.next_token.get_untracked() } else { None };
        let query = JobsQuery { limit: Some(PAGE_LENGTH), page_token, ..filters.to_query() };
        spawn_local(async move {
            let answer = client::jobs::list_jobs(&query).await;
            // The page may be gone by now, or the filters may be others.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.is_reading.set(false);
            match answer {
                Ok(page) => {
                    let newer: Vec<_> = page.items.into_iter().map(|job| live.job(job)).collect();
                    self.rows.update(|rows| match rows {
                        Some(rows) if goes_on => rows.extend(newer),
                        Some(_) | None => *rows = Some(newer),
                    });
                    self.next_token.set(page.next_page_token);
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    /// Looks for jobs that came since; what is shown stays.
    fn look_for_newer(self, filters: &Filters) {
        let live = self.live;
        let turn = self.turn.get_value();
        let query = JobsQuery { limit: Some(PAGE_LENGTH), ..filters.to_query() };
        spawn_local(async move {
            let Ok(page) = client::jobs::list_jobs(&query).await else { return };
            if self.turn.try_get_value() == Some(turn) {
                let newer: Vec<_> = page.items.into_iter().map(|job| live.job(job)).collect();
                self.rows.update(|rows| {
                    merge(rows.get_or_insert_default(), newer, |one, other| id_of(one) == id_of(other));
                });
            }
        });
    }
}

/// The page.
#[component]
pub(crate) fn Jobs() -> impl IntoView {
    let live = Live::of_page();
    let query = use_query_map();
    let navigate = use_navigate();
    let filters = Memo::new(move |_| {
        let query = query.read();
        Filters::read(|name| query.get(name))
    });
    let user = CurrentUser::of_page();
    let is_others = Memo::new(move |_| {
        let person = filters.with(Filters::person);
        person.is_some() && person != user.me().map(|me| me.id)
    });
    let list = List::new(live);
    let rows = Signal::derive(move || list.rows.get().unwrap_or_default());
    let selection = Selection::of(rows);
    effect(move || {
        depend_on(filters);
        selection.clear();
    });
    effect(move || {
        live.generation();
        // The old rows stay until the new ones are there.
        list.read(&filters.read(), false);
    });
    live.on_event(move |event| match event {
        Event::Job(job) => {
            let is_known = list.rows.with_untracked(|rows| {
                rows.as_ref().map(|rows| rows.iter().any(|known| id_of(known) == job.id))
            });
            let filters = filters.get_untracked();
            match is_known {
                Some(false) if filters.takes(&job) => list.look_for_newer(&filters),
                Some(_) => {}
                // The answer that is on its way may be without it.
                None => list.read(&filters, false),
            }
        }
        Event::Build(_) | Event::Host { .. } | Event::Snapshot { .. } | Event::Reset => {}
    });
    let on_change = Callback::new(move |filters: Filters| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&filters.to_address(), options);
    });
    let n_rows = Memo::new(move |_| list.rows.read().as_ref().map(Vec::len));
    let body = move || match n_rows.get() {
        None if list.error.read().is_some() => ().into_any(),
        None => view! { <Spinner what="Loading jobs" /> }.into_any(),
        Some(0) if filters.read().is_empty() => view! {
            <EmptyState title="No jobs yet">
                <p>"Jobs that you submit appear here and follow the scheduler by themselves."</p>
                <LinkButton href=paths::COMPOSE kind=ButtonKind::Primary>"Compose a job"</LinkButton>
            </EmptyState>
        }
        .into_any(),
        Some(0) => view! {
            <EmptyState title="No job fits these filters">
                <Button on_press=move |()| on_change.run(Filters::default())>"Show all jobs"</Button>
            </EmptyState>
        }
        .into_any(),
        Some(_) => {
            let filter = Signal::derive(move || filters.read().to_action_filter());
            view! {
                <Show
                    when=move || !is_others.get()
                    fallback=|| view! { <p class="muted">"Somebody else's jobs: they can be looked through, and nothing more."</p> }
                >
                    <SelectionBar selection=selection filter=filter />
                </Show>
                <JobTable rows=rows selection=selection is_others=is_others />
            }
            .into_any()
        }
    };
    view! {
        <PageHeader title="Jobs" lead="Your jobs on all hosts, newest first. They change by themselves.">
            <LinkButton href=paths::COMPOSE kind=ButtonKind::Primary>"New job"</LinkButton>
        </PageHeader>
        <FilterBar filters=filters on_change=on_change />
        {body}
        {move || {
            list.error
                .get()
                .map(|error| {
                    let retry = Callback::new(move |()| {
                        let goes_on = list.rows.with_untracked(Option::is_some);
                        list.read(&filters.get_untracked(), goes_on);
                    });
                    view! { <ProblemBox error=error retry=retry /> }
                })
        }}
        <Show when=move || list.next_token.read().is_some() && n_rows.get().is_some()>
            <div>
                <Button busy=list.is_reading on_press=move |()| list.read(&filters.get_untracked(), true)>
                    "Load more"
                </Button>
            </div>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_rows_come_to_the_front_once() {
        let mut known = vec![3, 2, 1];
        merge(&mut known, vec![5, 4, 3], |one, other| one == other);
        assert_eq!(known, [5, 4, 3, 2, 1]);
    }
}
