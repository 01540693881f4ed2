//! One's own settings, a tab for each concern. The tab is in the address.

mod account;
mod groups;
mod key;
mod preferences;
mod sessions;
mod tokens;

use leptos::prelude::*;

use crate::client;
use crate::components::ActivityTable;
use crate::ui::tabs::selected_tab;
use crate::ui::{PageHeader, Panel, Tab, Tabs};

const TABS: &[Tab] = &[
    Tab { key: "preferences", label: "Preferences" },
    Tab { key: "groups", label: "Groups" },
    Tab { key: "key", label: "SSH key" },
    Tab { key: "tokens", label: "API tokens" },
    Tab { key: "sessions", label: "Sessions" },
    Tab { key: "account", label: "Account and password" },
    Tab { key: "activity", label: "Activity" },
];

/// The page.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    let selected = selected_tab(TABS, Signal::stored("preferences"));
    view! {
        <PageHeader title="Settings" />
        <Tabs label="Settings" tabs=TABS selected=selected />
        {move || match selected.get() {
            "groups" => view! { <groups::GroupsTab /> }.into_any(),
            "key" => view! { <key::KeyTab /> }.into_any(),
            "tokens" => view! { <tokens::TokensTab /> }.into_any(),
            "sessions" => view! { <sessions::SessionsTab /> }.into_any(),
            "account" => view! { <account::AccountTab /> }.into_any(),
            "activity" => {
                view! {
                    <Panel title="What you did" lead="Everything done in your name, with the session it was done in.">
                        <ActivityTable list=client::me::list_my_activity />
                    </Panel>
                }
                    .into_any()
            }
            _ => view! { <preferences::PreferencesTab /> }.into_any(),
        }}
    }
}
