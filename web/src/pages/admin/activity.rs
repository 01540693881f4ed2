//! What everybody did.

use leptos::prelude::*;

use crate::client;
use crate::components::ActivityTable;
use crate::ui::PageHeader;

/// The page.
#[component]
pub(crate) fn Activity() -> impl IntoView {
    view! {
        <PageHeader
            title="Activity"
            lead="Sign-ins, uploads, builds, submissions and changes, of all users. Nothing in it can be changed or removed."
        />
        <ActivityTable list=|query| async move { client::activity::list_activity(&query).await } shows_user=true />
    }
}
