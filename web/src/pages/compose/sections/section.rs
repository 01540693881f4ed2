//! A part of the form that can be folded away, and says what is in it while it is.

use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::script::JobScriptDraft;

use crate::pages::compose::findings::{in_sum, is_within};
use crate::pages::compose::form::Form;
use crate::ui::effect;

/// The section.
#[component]
pub(super) fn Section(
    /// Its heading.
    title: &'static str,
    /// The fields of the draft that are in it.
    fields: &'static [&'static str],
    /// How many of them are set.
    n_set: fn(&JobScriptDraft) -> usize,
    /// Its controls.
    children: Children,
) -> impl IntoView {
    let form = Form::of_page();
    let details = NodeRef::<html::Details>::new();
    let n_set = Memo::new(move |_| n_set(&form.draft.read()));
    let has_any = Memo::new(move |_| n_set.get() > 0);
    let findings = Memo::new(move |_| {
        let mut own = form.shown_findings();
        own.retain(|finding| is_within(&finding.pointer, fields));
        in_sum(&own)
    });
    // What was just filled is shown; what the reader folded stays folded while it changes.
    effect(move || {
        if let (true, Some(details)) = (has_any.get(), details.get()) {
            details.set_open(true);
        }
    });
    view! {
        <details class="compose-section" node_ref=details>
            <summary>
                <span class="compose-section-title">{title}</span>
                <span class="muted">
                    {move || match n_set.get() {
                        0 => None,
                        n => Some(format!("{n} set")),
                    }}
                </span>
                {move || findings.get().map(|text| view! { <span class="compose-section-findings">{text}</span> })}
            </summary>
            <div class="compose-section-body">{children()}</div>
        </details>
    }
}

/// How many of these texts are given.
pub(super) fn n_given(texts: &[&str]) -> usize {
    texts.iter().filter(|text| !text.trim().is_empty()).count()
}
