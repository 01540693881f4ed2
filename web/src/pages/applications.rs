//! The applications and the upload.

use leptos::prelude::*;

use crate::ui::PageHeader;

/// The applications and the upload.
#[component]
pub(crate) fn Applications() -> impl IntoView {
    view! { <PageHeader title="Applications" /> }
}
