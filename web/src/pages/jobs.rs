//! One's own jobs, with filters.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// One's own jobs, with filters.
#[component]
pub(crate) fn Jobs() -> impl IntoView {
    view! { <PageHeader title="Jobs" /> }
}
