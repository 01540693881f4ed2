//! The script beside the form: the other view of the draft, always there to be read and edited.

use leptos::prelude::*;
use pbsweb_shared::script::Severity;

use super::editor::{ScriptEditor, go_to};
use super::findings::words;
use super::form::{Form, lead_to};
use crate::ui::{Button, ButtonKind, CopyButton, Panel};

/// The panel.
#[component]
pub(super) fn ScriptSide() -> impl IntoView {
    let form = Form::of_page();
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

/// What is found in the script, line by line; each leads to its line and to its field.
#[component]
fn TextFindings() -> impl IntoView {
    let form = Form::of_page();
    let findings = Memo::new(move |_| {
        let is_tried = form.is_tried.get();
        let mut shown: Vec<_> = form
            .findings
            .read()
            .iter()
            .filter(|finding| super::findings::is_shown(finding, is_tried) && finding.line.is_some())
            .cloned()
            .collect();
        shown.sort_by_key(|finding| (finding.severity, finding.line));
        shown
    });
    view! {
        <ul class="text-findings" aria-label="Findings in the text">
            {move || {
                findings
                    .get()
                    .into_iter()
                    .map(|finding| {
                        let class = match finding.severity {
                            Severity::Error => "field-error",
                            Severity::Warning | Severity::Hint => "field-note",
                        };
                        let (line, column) = (finding.line.unwrap_or(1), finding.column.unwrap_or(1));
                        let pointer = finding.pointer.clone();
                        let has_field = !pointer.is_empty();
                        view! {
                            <li class=class>
                                <button type="button" class="link-button" on:click=move |_| go_to(line, column)>
                                    {format!("Line {line}")}
                                </button>
                                <span>{words(&finding)}</span>
                                {has_field.then(|| {
                                    view! {
                                        <button type="button" class="link-button" on:click=move |_| lead_to(&pointer)>
                                            "Field"
                                        </button>
                                    }
                                })}
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
    }
}
