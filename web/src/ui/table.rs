//! Tables in a box of their own that scrolls sideways when the page is narrow.

use leptos::prelude::*;

/// A table; its children are `thead` and `tbody`. Cells with `data-label` become labelled lines on a phone when
/// `stacks` is set.
#[component]
pub(crate) fn Table(
    /// What the table holds, for screen readers.
    #[prop(into)]
    caption: Signal<String>,
    /// On a narrow page each row becomes a card; every cell then needs `data-label`.
    #[prop(optional)]
    stacks: bool,
    /// Head and body.
    children: Children,
) -> impl IntoView {
    view! {
        // Focusable, so that it can be scrolled by keyboard.
        <div class="table-box" role="region" tabindex="0" aria-label=move || caption.get()>
            <table class="table" data-stacks=stacks.then_some("true")>
                <caption class="visually-hidden">{move || caption.get()}</caption>
                {children()}
            </table>
        </div>
    }
}
