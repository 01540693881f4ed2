//! Moving the focus to what was just drawn.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Where one goes on in a dialog: its first field, or else the first button at its foot, which is the one that is safe to press.
/// A box to tick is no such field: it stands where something is confirmed, and Enter in it would be the answer.
const FIRST: &str = ":is(input:not([type='checkbox']), select, textarea):enabled, .dialog-footer .button";

/// Puts the focus on the first that fits, once what is shown now is laid out.
pub(crate) fn focus_within(place: Element, selector: &'static str) {
    request_animation_frame(move || {
        let found = place.query_selector(selector).ok().flatten();
        if let Some(found) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            // It fails only for an element that cannot take the focus.
            let _ = found.focus();
        }
    });
}

/// Puts the focus where one goes on in a dialog, or in a part of one.
pub(crate) fn focus_first(place: Element) {
    focus_within(place, FIRST);
}
