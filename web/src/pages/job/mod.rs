//! One job: where it is and how that is known, what can be done, its output, script, life and files.

mod actions;
mod files;
mod output;
mod overview;
mod past;
mod revisions;
mod script;
mod set;
mod silent;
mod since;
mod subjobs;
mod timeline;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_params_map, use_query_map};
use pbsweb_shared::api::jobs::{Job as JobRow, JobWaitQuery, OutputStream};
use pbsweb_shared::ids::JobId;

use crate::client::{self, jobs::OutputOf};
use crate::paths;
use crate::state::Live;
use crate::ui::tabs::selected_tab;
use crate::ui::{Load, LocalResource, NoSuch, PageHeader, Show, Tab, Tabs, effect, is_missing};
use actions::Actions;
use overview::Overview;
use silent::ended_badly;

const TABS: &[Tab] = &[
    Tab { key: "stdout", label: "Output" },
    Tab { key: "stderr", label: "Errors" },
    Tab { key: "timeline", label: "Timeline" },
    Tab { key: "script", label: "Script" },
    Tab { key: "files", label: "Files" },
];

/// The id of the element that the selected tab is shown in.
const SELECTED_PART: &str = "selected-part";

/// The page.
#[component]
pub(crate) fn Job() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("job").and_then(|id| id.parse::<JobId>().ok()));
    move || match id.get() {
        Some(id) => view! { <JobLoader id=id /> }.into_any(),
        None => no_such_job(),
    }
}

fn no_such_job() -> AnyView {
    view! { <NoSuch what="job" list=paths::JOBS list_name="All jobs" /> }.into_any()
}

#[component]
fn JobLoader(id: JobId) -> impl IntoView {
    let live = Live::of_page();
    // Read once: the page stays as it is, and what changes in the job arrives by its signal.
    let loaded =
        LocalResource::new(move || async move { client::jobs::get_job(id, &JobWaitQuery::default()).await });
    let mut is_known = false;
    effect(move || {
        live.generation();
        if std::mem::replace(&mut is_known, true) {
            spawn_local(async move {
                if let Ok(job) = client::jobs::get_job(id, &JobWaitQuery::default()).await {
                    live.job(job);
                }
            });
        }
    });
    let has_failed = Memo::new(move |_| loaded.get().is_some_and(|answer| answer.is_err()));
    let is_missing = is_missing(loaded);
    move || {
        if is_missing.get() {
            return no_such_job();
        }
        view! {
            <Show when=move || has_failed.get()>
                <PageHeader title="Job" />
            </Show>
            <Load resource=loaded what="the job" let:job>
                <JobPage job=job />
            </Load>
        }
        .into_any()
    }
}

#[component]
fn JobPage(job: JobRow) -> impl IntoView {
    let live = Live::of_page();
    let (id, script, revision) = (job.id, job.script, job.revision);
    let job: Signal<JobRow> = live.job(job).into();
    let title = Signal::derive(move || format!("Job {}", job.read().name));
    let lead = Signal::derive(move || {
        let job = job.read();
        Some(match &job.pbs_id {
            Some(id) => format!("{id} on {}", job.host_name),
            None => format!("on {}, where it has no id", job.host_name),
        })
    });
    let is_running = Signal::derive(move || !job.read().state.has_ended());
    let query = use_query_map();
    // An address that says nothing of it, as those of the tabs, leaves it as it was.
    let index = Memo::new(move |known: Option<&Option<u32>>| match query.read().get("index") {
        Some(text) => text.parse().ok(),
        None => known.copied().flatten(),
    });
    // What went wrong is in the standard error, when the standard output has nothing to say.
    let is_silent = RwSignal::new(false);
    let has_errors = LocalResource::new(move || {
        let is_wanted = is_silent.get() && ended_badly(&job.read());
        let of = OutputOf { job: id, stream: OutputStream::Stderr, index: index.get() };
        async move { is_wanted && client::jobs::has_output(of).await }
    });
    let first = Signal::derive(move || if has_errors.get() == Some(true) { "stderr" } else { "stdout" });
    let selected = selected_tab(TABS, first);
    let errors = Signal::derive(move || (has_errors.get() == Some(true)).then_some(("stderr", "Errors")));
    let output = move |stream, is_silent, other| {
        view! { <output::Output job=job stream=stream index=index is_silent=is_silent other=other /> }
            .into_any()
    };
    view! {
        <PageHeader title=title lead=lead>
            <Actions job=job />
        </PageHeader>
        <Overview job=job />
        <since::Since job=job />
        <subjobs::Subjobs job=job />
        <set::Set job=job />
        <Tabs label="Parts of the job" tabs=TABS selected=selected />
        <div id=SELECTED_PART>{move || match selected.get() {
            "stderr" => output(
                OutputStream::Stderr,
                RwSignal::new(false),
                Signal::stored((!is_silent.get_untracked()).then_some(("stdout", "Output"))),
            ),
            "timeline" => view! {
                <div class="stack">
                    <timeline::Timeline job=job />
                    <past::PastActions job=job />
                </div>
            }
            .into_any(),
            "script" => view! { <script::Script job=id script=script revision=revision /> }.into_any(),
            "files" => view! { <files::Files job=id is_running=is_running /> }.into_any(),
            _ => output(OutputStream::Stdout, is_silent, errors),
        }}</div>
    }
}
