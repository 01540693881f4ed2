//! A button that unfolds further ones, each with a line that says what it does or why it cannot now.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::field::unique_id;

/// One entry.
#[derive(Clone)]
pub(crate) struct MenuItem {
    /// What it is called.
    pub(crate) label: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// Why it cannot be chosen now, if so.
    pub(crate) refused: Signal<Option<String>>,
    /// Called when it is chosen.
    pub(crate) on_choose: Callback<()>,
}

/// A menu. It closes when something is chosen, by Escape, and when the focus goes elsewhere.
#[component]
pub(crate) fn Menu(
    /// What is on its button.
    label: &'static str,
    /// Its entries, in order.
    items: Vec<MenuItem>,
) -> impl IntoView {
    let menu = NodeRef::<html::Details>::new();
    let button = NodeRef::<html::Summary>::new();
    let close = move || {
        if let (Some(menu), Some(button)) = (menu.get_untracked(), button.get_untracked()) {
            menu.set_open(false);
            // A dialog that opens now gives the focus back to it. It fails only for what cannot take the focus.
            let _ = button.focus();
        }
    };
    let keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && menu.get_untracked().is_some_and(|menu| menu.open()) {
            event.prevent_default();
            close();
        }
    };
    let focusout = move |event: ev::FocusEvent| {
        // With the focus in it the browser tells so, too, when it is taken out of the page.
        let Some(menu) = menu.try_get_untracked().flatten() else { return };
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        if !menu.contains(to.as_ref()) {
            menu.set_open(false);
        }
    };
    let entries = items.into_iter().map(|item| entry(item, Callback::new(move |()| close()))).collect_view();
    view! {
        <details class="menu" node_ref=menu on:keydown=keydown on:focusout=focusout>
            <summary class="button" node_ref=button>{label}</summary>
            // Focusable, since in some browsers a pressed button does not take the focus, which must not leave the menu.
            <ul class="menu-list" tabindex="-1">{entries}</ul>
        </details>
    }
}

fn entry(item: MenuItem, close: Callback<()>) -> AnyView {
    let (name_id, about_id) = (unique_id("menu"), unique_id("menu"));
    let (labelled_by, described_by) = (name_id.clone(), about_id.clone());
    let MenuItem { label, about, refused, on_choose } = item;
    let press = move |_| {
        if refused.with_untracked(Option::is_none) {
            close.run(());
            on_choose.run(());
        }
    };
    view! {
        <li>
            <button
                type="button"
                class="menu-item"
                aria-labelledby=labelled_by
                aria-describedby=described_by
                aria-disabled=move || refused.read().is_some().then_some("true")
                on:click=press
            >
                <span id=name_id>{label}</span>
                <span id=about_id class="menu-about">{move || refused.get().unwrap_or_else(|| about.to_owned())}</span>
            </button>
        </li>
    }
    .into_any()
}
