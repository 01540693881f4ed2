//! What a list shows when there is nothing in it: why, and what to do.

use leptos::prelude::*;

/// An empty list.
#[component]
pub(crate) fn EmptyState(
    /// What is not there, such as "No jobs yet".
    #[prop(into)]
    title: String,
    /// What to do about it; perhaps a link button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <p class="empty-state-title">{title}</p>
            {children.map(|children| children())}
        </div>
    }
}
