//! Tabs whose selection is in the address: links that say which of them is the current page.

use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::effect;

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tab {
    /// The word in the address.
    pub(crate) key: &'static str,
    /// The text.
    pub(crate) label: &'static str,
}

/// The tab that the address selects, or else the one that is `first`.
pub(crate) fn selected_tab(tabs: &'static [Tab], first: Signal<&'static str>) -> Memo<&'static str> {
    let query = use_query_map();
    Memo::new(move |_| {
        let wanted = query.read().get("tab");
        tabs.iter().find(|tab| Some(tab.key) == wanted.as_deref()).map_or_else(|| first.get(), |tab| tab.key)
    })
}

/// A row of tabs.
#[component]
pub(crate) fn Tabs(
    /// What is chosen between, for screen readers.
    #[prop(into)]
    label: String,
    /// The tabs.
    tabs: &'static [Tab],
    /// Which is selected: [`selected_tab`].
    selected: Memo<&'static str>,
) -> impl IntoView {
    let pathname = use_location().pathname;
    let row = NodeRef::<html::Nav>::new();
    effect(move || {
        selected.with(|_| ());
        request_animation_frame(move || show_selected(row));
    });
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
        <nav class="tabs" aria-label=label node_ref=row>
            <ul>{links}</ul>
        </nav>
    }
}

/// On a narrow screen the row scrolls: brings the selected tab to its middle.
fn show_selected(row: NodeRef<html::Nav>) {
    let Some(row) = row.try_get_untracked().flatten() else { return };
    let Ok(Some(tab)) = row.query_selector("[aria-current]") else { return };
    let (row_place, tab_place) = (row.get_bounding_client_rect(), tab.get_bounding_client_rect());
    let beside = tab_place.left() - row_place.left() - (row_place.width() - tab_place.width()) / 2.0;
    row.set_scroll_left(row.scroll_left().saturating_add(beside as i32));
}
