//! Ways to a control of the form: from what is found to where it can be mended.

use std::time::Duration;

use leptos::prelude::*;
use pbsweb_shared::script::Diagnostic;

use super::findings::control_id;

/// Leads to what a finding is about: its control, or else its line of the script.
pub(super) fn lead_to(finding: &Diagnostic) {
    if !lead_to_control(&finding.pointer) {
        super::editor::go_to(finding);
    }
}

/// Leads to the control at a pointer: opens the section it is in, and puts the focus there. `false` if there is none.
pub(super) fn lead_to_control(pointer: &str) -> bool {
    let mut pointer = pointer.to_owned();
    // What has no control of its own is shown at what it is a part of.
    let control = loop {
        if let Some(control) = document().get_element_by_id(&control_id(&pointer)) {
            break Some(control);
        }
        match pointer.rfind('/') {
            Some(at) if at > 0 => pointer.truncate(at),
            Some(_) | None => break None,
        }
    };
    let Some(control) = control else { return false };
    if let Ok(Some(section)) = control.closest("details") {
        let _ = section.set_attribute("open", "");
    }
    control.scroll_into_view();
    focus_element(control);
    true
}

/// Puts the focus on a control that is in view.
pub(super) fn focus_control(id: &str) {
    if let Some(control) = document().get_element_by_id(id) {
        focus_element(control);
    }
}

fn focus_element(element: leptos::web_sys::Element) {
    use wasm_bindgen::JsCast;
    // After the section has been laid out.
    set_timeout(
        move || {
            if let Ok(element) = element.dyn_into::<leptos::web_sys::HtmlElement>() {
                let _ = element.focus();
            }
        },
        Duration::ZERO,
    );
}
