//! The script beside the form: the other view of the draft, always there to be read and edited.

use leptos::ev;
use leptos::prelude::*;
use leptos::web_sys::{Element, KeyboardEvent};
use pbsweb_shared::script::{Diagnostic, Severity};
use wasm_bindgen::JsCast;

use super::editor::{ScriptEditor, go_to};
use super::findings::{words, worst_first};
use super::form::Form;
use super::lead::lead_to_control;
use crate::ui::code_block::CopyButton;
use crate::ui::{Button, ButtonKind, Panel};

/// The panel.
#[component]
pub(super) fn ScriptSide() -> impl IntoView {
    let form = Form::of_page();
    let keys = window_event_listener(ev::keydown, move |event| undo_by_key(form, &event));
    on_cleanup(move || keys.remove());
    let unless = move |can: fn((bool, bool)) -> bool, why: &'static str| {
        MaybeProp::derive(move || (!can(form.can_undo())).then(|| why.to_owned()))
    };
    view! {
        <Panel
            title="Script"
            actions=move || {
                view! {
                    <Button
                        kind=ButtonKind::Quiet
                        disabled_because=unless(|(undo, _)| undo, "There is nothing to undo.")
                        on_press=move |()| form.undo()
                    >
                        "Undo"
                    </Button>
                    <Button
                        kind=ButtonKind::Quiet
                        disabled_because=unless(|(_, redo)| redo, "There is nothing to do again.")
                        on_press=move |()| form.redo()
                    >
                        "Redo"
                    </Button>
                    <CopyButton text=form.text what="the script" />
                }
            }
        >
            <ScriptEditor />
            <TextFindings />
        </Panel>
    }
}

/// Ctrl+Z where there is nothing of its own to undo: outside of controls that one types into.
fn undo_by_key(form: Form, event: &KeyboardEvent) {
    let is_typed_into = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|target| target.matches("input, textarea, select, dialog *").unwrap_or(true));
    if is_typed_into || event.default_prevented() || !(event.ctrl_key() || event.meta_key()) {
        return;
    }
    match (event.key().as_str(), event.shift_key()) {
        ("z", false) => form.undo(),
        ("z" | "Z", true) | ("y", false) => form.redo(),
        _ => return,
    }
    event.prevent_default();
}

/// What is found in the script, the worst first; each leads to its line and to its field.
#[component]
fn TextFindings() -> impl IntoView {
    let form = Form::of_page();
    let findings = Memo::new(move |_| {
        let mut shown = form.shown_findings();
        shown.retain(|finding| finding.line.is_some());
        worst_first(&mut shown);
        shown
    });
    view! {
        <ul class="text-findings" aria-label="Findings in the text">
            {move || findings.get().into_iter().map(finding_row).collect_view()}
        </ul>
    }
}

fn finding_row(finding: Diagnostic) -> impl IntoView {
    let class = match finding.severity {
        Severity::Error => "field-error",
        Severity::Warning | Severity::Hint => "field-note",
    };
    let kind = match finding.severity {
        Severity::Error => "",
        Severity::Warning => "Warning: ",
        Severity::Hint => "Hint: ",
    };
    let line = finding.line.unwrap_or(1);
    let text = format!("{kind}{}", words(&finding));
    let pointer = finding.pointer.clone();
    let to_field = (!pointer.is_empty()).then(|| {
        let to_field = move |_| {
            lead_to_control(&pointer);
        };
        view! { <button type="button" class="link-button" on:click=to_field>"Field"</button> }
    });
    view! {
        <li class=class>
            <button type="button" class="link-button" on:click=move |_| go_to(&finding)>
                {format!("Line {line}")}
            </button>
            <span>{text}</span>
            {to_field}
        </li>
    }
}
