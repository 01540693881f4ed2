//! What all hosts list, one's own jobs marked.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// What all hosts list, one's own jobs marked.
#[component]
pub(crate) fn Queues() -> impl IntoView {
    view! { <PageHeader title="Queues" /> }
}
