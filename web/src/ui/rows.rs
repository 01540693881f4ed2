//! A list whose items keep their place on the page while others come and go.
//!
//! It has the face of Leptos' own `For`, which is compiled anew for each list; this one is compiled once.

use std::sync::Arc;

use leptos::prelude::*;

/// An item: what tells it from the others, and what draws it.
struct Row {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Draws each item once, as long as an item with its key is there.
#[component]
pub(crate) fn For<E, I, T, KF, K, EF, V>(
    /// The items, tracked.
    each: E,
    /// What tells an item from the others.
    key: KF,
    /// Draws an item.
    children: EF,
) -> impl IntoView
where
    E: Fn() -> I + Send + Sync + 'static,
    I: IntoIterator<Item = T>,
    T: Send + 'static,
    KF: Fn(&T) -> K + Send + Sync + 'static,
    K: ToString,
    EF: Fn(T) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let children = Arc::new(children);
    rows(Box::new(move || {
        let row = |item| {
            let key = key(&item).to_string();
            let children = Arc::clone(&children);
            Row { key, draw: Box::new(move || children(item).into_any()) }
        };
        each().into_iter().map(row).collect()
    }))
}

fn rows(each: Box<dyn Fn() -> Vec<Row> + Send + Sync>) -> impl IntoView {
    view! { <leptos::control_flow::For each=each key=|row| row.key.clone() children=|row| (row.draw)() /> }
}
