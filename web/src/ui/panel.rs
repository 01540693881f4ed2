//! Framed parts of a page, and lists of facts.

use leptos::prelude::*;

use super::field::unique_id;

/// A part of a page with a heading.
#[component]
pub(crate) fn Panel(
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// A line below the heading.
    #[prop(optional, into)]
    lead: MaybeProp<String>,
    /// Buttons beside the heading.
    #[prop(optional, into)]
    actions: ViewFnOnce,
    /// Its content.
    children: Children,
) -> impl IntoView {
    let id = unique_id("panel");
    let labelled_by = id.clone();
    view! {
        <section class="panel" aria-labelledby=labelled_by>
            <header class="panel-header">
                <h2 id=id>{move || title.get()}</h2>
                <div class="panel-actions">{actions.run()}</div>
            </header>
            {move || lead.get().map(|lead| view! { <p class="panel-lead">{lead}</p> })}
            {children()}
        </section>
    }
}

/// A list of [`Fact`]s.
#[component]
pub(crate) fn Facts(children: Children) -> impl IntoView {
    view! { <dl class="facts">{children()}</dl> }
}

/// A name and what it stands for.
#[component]
pub(crate) fn Fact(
    /// The name.
    #[prop(into)]
    name: String,
    /// What it stands for.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}
