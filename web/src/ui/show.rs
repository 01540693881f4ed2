//! Something that is there while a condition holds.
//!
//! It has the face of Leptos' own `Show`, which is compiled anew for each condition; this one is compiled once.

use leptos::prelude::*;

/// Shows its children while `when` holds.
#[component]
pub(crate) fn Show(
    /// The condition; the children are made anew only when it changes.
    #[prop(into)]
    when: Signal<bool>,
    /// Shown otherwise.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// What is shown.
    children: ChildrenFn,
) -> impl IntoView {
    let when = Memo::new(move |_| when.get());
    move || if when.get() { children() } else { fallback.run() }
}
