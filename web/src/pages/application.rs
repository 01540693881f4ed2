//! One application: its hosts, its builds, their output.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// One application: its hosts, its builds, their output.
#[component]
pub(crate) fn Application() -> impl IntoView {
    view! { <PageHeader title="Application" /> }
}
