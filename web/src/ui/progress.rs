//! Waiting: with a known end, and without.

use leptos::prelude::*;

/// Something is being loaded. It appears only after a moment, so that quick answers do not flicker.
#[component]
pub(crate) fn Spinner(
    /// What is waited for, such as "Loading jobs".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <div class="spinner" role="status">
            <span class="spinner-ring" aria-hidden="true"></span>
            <span>{what}"…"</span>
        </div>
    }
}

/// A part of a whole.
#[component]
pub(crate) fn Progress(
    /// What is under way.
    #[prop(into)]
    label: Signal<String>,
    /// From 0 to 100; `None` while the end is not known.
    #[prop(into)]
    percent: Signal<Option<u64>>,
) -> impl IntoView {
    view! {
        <div class="progress">
            <div class="progress-text">
                <span>{move || label.get()}</span>
                <span class="numbers">{move || percent.get().map(|percent| format!("{percent} %"))}</span>
            </div>
            <progress
                max="100"
                aria-label=move || label.get()
                value=move || percent.get().map(|percent| percent.to_string())
            ></progress>
        </div>
    }
}
