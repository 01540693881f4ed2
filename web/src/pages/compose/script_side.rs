//! The script beside the form: rendered as the fields change, or edited as text, with the fields following.

use leptos::prelude::*;
use pbsweb_shared::script::render;

use super::findings::words;
use super::form::Form;
use crate::ui::{Bind, Button, CodeBlock, Panel, TextArea};

/// The panel.
#[component]
pub(super) fn ScriptSide() -> impl IntoView {
    let form = Form::of_page();
    let text = Memo::new(move |_| render(&form.draft.read()));
    let is_editing = Memo::new(move |_| form.text.read().is_some());
    let edited = Bind::new(move || form.text.get().unwrap_or_default(), move |text| form.edit_text(text));
    let toggle = move |()| {
        if is_editing.get_untracked() {
            form.text.set(None);
            form.text_findings.set(Vec::new());
        } else {
            form.text.set(Some(text.get_untracked()));
        }
    };
    view! {
        <Panel
            title="Script"
            actions=move || {
                view! {
                    <Button on_press=toggle>
                        {move || if is_editing.get() { "Done editing" } else { "Edit as text" }}
                    </Button>
                }
            }
        >
            {move || {
                if is_editing.get() {
                    view! {
                        <TextArea
                            label="Script text"
                            name="script_text"
                            value=edited
                            rows=26
                            is_code=true
                            help="The fields follow what you type. What has no field is kept among the extra directives or the commands."
                        />
                        <TextFindings />
                    }
                        .into_any()
                } else {
                    view! { <CodeBlock text=text what="the script" /> }.into_any()
                }
            }}
        </Panel>
    }
}

/// What reading the text found, line by line.
#[component]
fn TextFindings() -> impl IntoView {
    let form = Form::of_page();
    let findings = Memo::new(move |_| {
        let is_tried = form.is_tried.get();
        form.text_findings
            .read()
            .iter()
            .filter(|finding| super::findings::is_shown(finding, is_tried))
            .map(|finding| {
                let place = finding.line.map(|line| format!("Line {line}: ")).unwrap_or_default();
                (finding.is_error(), format!("{place}{}", words(finding)))
            })
            .collect::<Vec<_>>()
    });
    view! {
        <ul class="text-findings" aria-label="Findings in the text">
            {move || {
                findings
                    .get()
                    .into_iter()
                    .map(|(is_error, text)| {
                        let class = if is_error { "field-error" } else { "field-note" };
                        view! { <li class=class>{text}</li> }
                    })
                    .collect_view()
            }}
        </ul>
    }
}
