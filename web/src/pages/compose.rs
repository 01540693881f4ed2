//! Composing and submitting a job.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// Composing and submitting a job.
#[component]
pub(crate) fn Compose() -> impl IntoView {
    view! { <PageHeader title="New job" /> }
}
