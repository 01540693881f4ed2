//! One job: timeline, script, output, files, actions.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// One job: timeline, script, output, files, actions.
#[component]
pub(crate) fn Job() -> impl IntoView {
    view! { <PageHeader title="Job" /> }
}
