//! Text for machines: shown as it is, with a button that copies it.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::{Button, ButtonKind, Icon, Shape};
use crate::state::Notices;

/// Copies a text to the clipboard.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it is called, as in "Copy the key line".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let notices = Notices::of_page();
    let copy = move |()| {
        let promise = window().navigator().clipboard().write_text(&text.get_untracked());
        spawn_local(async move {
            if JsFuture::from(promise).await.is_ok() {
                is_copied.try_set(true);
                set_timeout(
                    move || {
                        is_copied.try_set(false);
                    },
                    Duration::from_secs(2),
                );
            } else {
                notices.failed("The browser did not allow copying. Select the text and copy it by hand.");
            }
        });
    };
    view! {
        <Button kind=ButtonKind::Quiet label=format!("Copy {what}") on_press=copy>
            <Icon shape=Signal::derive(move || if is_copied.get() { Shape::Check } else { Shape::Copy }) />
            <span aria-live="polite">{move || if is_copied.get() { "Copied" } else { "Copy" }}</span>
        </Button>
    }
}

/// A block of text in a fixed-width font.
#[component]
pub(crate) fn CodeBlock(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What it is called, for screen readers and the copy button, such as "the key line".
    #[prop(into)]
    what: String,
    /// Long lines are broken rather than scrolled.
    #[prop(optional)]
    wraps: bool,
) -> impl IntoView {
    view! {
        <div class="code-block" data-wraps=wraps.then_some("true")>
            <div class="code-block-bar">
                <CopyButton text=text what=what.clone() />
            </div>
            // Focusable, so that a long text can be scrolled by keyboard.
            <pre tabindex="0" role="region" aria-label=what>
                <code>{move || text.get()}</code>
            </pre>
        </div>
    }
}
