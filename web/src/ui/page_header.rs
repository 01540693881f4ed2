//! The heading of a page: it names the document and takes the focus after a navigation.

use std::cell::Cell;

use leptos::html;
use leptos::prelude::*;

use super::effect;

thread_local! {
    /// The first page is shown by the browser, which puts the focus where it belongs by itself.
    static IS_FIRST_PAGE: Cell<bool> = const { Cell::new(true) };
}

/// The one `h1` of a page, with what can be done about the whole page beside it.
#[component]
pub(crate) fn PageHeader(
    /// The heading, also the document's title.
    #[prop(into)]
    title: Signal<String>,
    /// A line below the heading.
    #[prop(optional, into)]
    lead: MaybeProp<String>,
    /// Buttons on the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    effect(move || document().set_title(&format!("{} · PBSWeb", title.get())));
    heading.on_load(|heading| {
        if !IS_FIRST_PAGE.replace(false) {
            // The heading is read out, and Tab goes on from the page's beginning.
            request_animation_frame(move || {
                let _ = heading.focus();
            });
        }
    });
    view! {
        <header class="page-header">
            <div class="page-header-text">
                <h1 tabindex="-1" node_ref=heading>{move || title.get()}</h1>
                {move || lead.get().map(|lead| view! { <p class="page-header-lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-header-actions">{children()}</div> })}
        </header>
    }
}
