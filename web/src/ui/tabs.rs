//! Tabs whose selection is in the address: links that say which of them is the current page.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tab {
    /// The word in the address.
    pub(crate) key: &'static str,
    /// The text.
    pub(crate) label: &'static str,
}

/// The tab that the address selects, or the first.
pub(crate) fn selected_tab(tabs: &'static [Tab]) -> Memo<&'static str> {
    let query = use_query_map();
    Memo::new(move |_| {
        let wanted = query.read().get("tab");
        let first = tabs.first().map_or("", |tab| tab.key);
        tabs.iter().find(|tab| Some(tab.key) == wanted.as_deref()).map_or(first, |tab| tab.key)
    })
}

/// A row of tabs.
#[component]
pub(crate) fn Tabs(
    /// What is chosen between, for screen readers.
    #[prop(into)]
    label: String,
    /// The tabs; the first is shown when the address names none.
    tabs: &'static [Tab],
) -> impl IntoView {
    let selected = selected_tab(tabs);
    let pathname = use_location().pathname;
    let links = tabs
        .iter()
        .map(|tab| {
            let is_selected = move || selected.get() == tab.key;
            view! {
                <li>
                    // Not the router's `A`: that one compares paths only, and all tabs have the same.
                    <a
                        class="tab"
                        href=move || format!("{}?tab={}", pathname.get(), tab.key)
                        data-noscroll="true"
                        aria-current=move || is_selected().then_some("page")
                    >
                        {tab.label}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="tabs" aria-label=label>
            <ul>{links}</ul>
        </nav>
    }
}
