//! What a list shows when there is nothing in it: why, and what to do.

use leptos::prelude::*;

use super::{LinkButton, PageHeader};

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

/// The page of something that does not exist, or that is not the user's to see.
#[component]
pub(crate) fn NoSuch(
    /// What it would be, such as "job".
    what: &'static str,
    /// The list that it would be in; from `paths`.
    list: &'static str,
    /// What the list is called.
    list_name: &'static str,
) -> impl IntoView {
    view! {
        <PageHeader title=format!("No such {what}") />
        <EmptyState title="It does not exist, or it is not yours to see.">
            <LinkButton href=list>{list_name}</LinkButton>
        </EmptyState>
    }
}
