//! One of the two streams, followed while the job runs; of an array, that of one of its jobs.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use pbsweb_shared::api::jobs::{Job, OutputStream};
use pbsweb_shared::ids::JobId;

use super::silent::Silent;
use crate::client::jobs::{self as client, OutputOf};
use crate::components::LiveText;
use crate::paths;
use crate::ui::{EmptyState, Panel, Show, TextField, Typed};

/// What the stream is called, and the tab that it is in.
const fn words(stream: OutputStream) -> (&'static str, &'static str) {
    match stream {
        OutputStream::Stdout => ("Standard output", "stdout"),
        OutputStream::Stderr => ("Standard error", "stderr"),
    }
}

/// An array, also one whose jobs were not looked at yet.
fn is_array(job: &Job) -> bool {
    job.subjobs.is_some() || job.pbs_id.as_ref().is_some_and(|id| id.as_str().contains("[]"))
}

/// The panel.
#[component]
pub(super) fn Output(
    /// Whose.
    job: Signal<Job>,
    /// Which.
    stream: OutputStream,
    /// Of an array: whose.
    index: Memo<Option<u32>>,
    /// Set while there is nothing in it, and nothing will come.
    is_silent: RwSignal<bool>,
    /// The tab of the other stream, and what it is called, if there may be something in that one.
    other: Signal<Option<(&'static str, &'static str)>>,
) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    let is_array = Memo::new(move |_| is_array(&job.read()));
    let is_running = Signal::derive(move || !job.read().state.has_ended());
    // None: it is not said yet, whose.
    let of = Memo::new(move |_| match (is_array.get(), index.get()) {
        (true, None) => None,
        (true, index) => Some(OutputOf { job: id, stream, index }),
        (false, _) => Some(OutputOf { job: id, stream, index: None }),
    });
    let (title, tab) = words(stream);
    let download = move || {
        of.get().filter(|_| !is_silent.get()).map(|of| {
            view! {
                // A download is the browser's own affair, not a navigation within the page.
                <a class="button" data-kind="secondary" href=client::job_output_address(of) rel="external" download="">
                    "Download"
                </a>
            }
        })
    };
    let text = move || {
        match of.get() {
        None => view! {
            <EmptyState title="Of which job of the array?">
                <p>"Type its index, or press Output in its line above."</p>
            </EmptyState>
        }
        .into_any(),
        Some(of) => view! {
            <LiveText
                what=format!("Text of {}", title.to_ascii_lowercase())
                open=move |offset| Box::pin(client::open_job_output(of, offset, is_running.get_untracked())) as _
                is_running=is_running
                search=move |query| Box::pin(async move { client::search_job_output(of, query).await }) as _
                when_empty="The job wrote nothing here."
                is_silent=is_silent
            />
            <Show when=move || is_silent.get()>
                <Silent job=job other=other />
            </Show>
        }
        .into_any(),
    }
    };
    view! {
        <Panel title=title actions=move || download>
            {move || is_array.get().then(|| view! { <IndexField job=id tab=tab index=index /> })}
            {text}
        </Panel>
    }
}

/// Says by its index, whose output is shown.
#[component]
fn IndexField(job: JobId, tab: &'static str, index: Memo<Option<u32>>) -> impl IntoView {
    let navigate = StoredValue::new_local(use_navigate());
    let value = Typed::new().bind(
        move || index.get().map(|index| index.to_string()).unwrap_or_default(),
        move |text| {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate.with_value(|navigate| navigate(&paths::job_output(job, tab, &text), options));
        },
    );
    view! {
        <div class="field-grid">
            <TextField label="Index in the array" name="index" input_type="number" value=value />
        </div>
    }
}
