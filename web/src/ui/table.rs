//! Tables in a box of their own that scrolls sideways when the page is narrow.

use leptos::prelude::*;

/// A table; its children are [`Columns`], or a `thead` of its own, and `tbody`. Cells with `data-label` become labelled lines on a phone when
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

/// The head of a table: what each column holds. One without a name is of actions.
#[component]
pub(crate) fn Columns(
    /// Their names.
    #[prop(into)]
    names: Vec<&'static str>,
) -> impl IntoView {
    let cells = names.into_iter().map(|name| {
        if name.is_empty() {
            view! { <td></td> }.into_any()
        } else {
            view! { <th scope="col">{name}</th> }.into_any()
        }
    });
    view! {
        <thead>
            <tr>{cells.collect_view()}</tr>
        </thead>
    }
}
