//! Environment variables.

use leptos::prelude::*;
use pbsweb_shared::script::{VariableDraft, directive};

use super::section::Section;
use crate::pages::compose::field::GroupFindings;
use crate::pages::compose::findings::control_id;
use crate::pages::compose::form::Form;
use crate::ui::{Button, ButtonKind, For, Icon, Shape, TextArea, TextField};

/// The section.
#[component]
pub(in crate::pages::compose) fn Variables() -> impl IntoView {
    let form = Form::of_page();
    let n_rows = Memo::new(move |_| form.draft.read().variables.len());
    let add = move |()| form.edit("/variables", |draft| draft.variables.push(VariableDraft::default()));
    view! {
        <Section title="Environment variables" fields=&["variables"] n_set=|draft| draft.variables.len()>
            <fieldset class="draft-rows" id=control_id("/variables") tabindex="-1">
                <legend class="visually-hidden">{directive::label("variables")}</legend>
                <p class="field-help">{directive::help("variables")}</p>
                <GroupFindings pointer="/variables" />
                <For each=move || 0..n_rows.get() key=|index| *index let:index>
                    <VariableRow index=index />
                </For>
                <div class="row">
                    <Button on_press=add><Icon shape=Shape::Plus />"Add a variable"</Button>
                </div>
            </fieldset>
        </Section>
    }
}

#[component]
fn VariableRow(index: usize) -> impl IntoView {
    let form = Form::of_page();
    let name_at = format!("/variables/{index}/name");
    let value_at = format!("/variables/{index}/value");
    let name = form.bind(
        name_at.clone(),
        move |draft| draft.variables.get(index).map(|variable| variable.name.clone()).unwrap_or_default(),
        move |draft, value| {
            if let Some(variable) = draft.variables.get_mut(index) {
                variable.name = value;
            }
        },
    );
    let value = form.bind(
        value_at.clone(),
        move |draft| draft.variables.get(index).map(|variable| variable.value.clone()).unwrap_or_default(),
        move |draft, value| {
            if let Some(variable) = draft.variables.get_mut(index) {
                variable.value = value;
            }
        },
    );
    let remove = move |()| {
        form.edit("/variables", |draft| {
            if index < draft.variables.len() {
                draft.variables.remove(index);
            }
        });
    };
    let number = index.saturating_add(1);
    view! {
        <fieldset class="draft-row" id=control_id(&format!("/variables/{index}")) tabindex="-1">
            <legend class="visually-hidden">{format!("Variable {number}")}</legend>
            <div class="draft-row-fields">
                <TextField
                    id=control_id(&name_at)
                    label="Variable"
                    name="variable_name"
                    value=name
                    is_code=true
                    placeholder="OMP_NUM_THREADS"
                    note=form.note_at(name_at.clone())
                    error=form.error_at(name_at)
                />
                // A value may have several lines; an input of one line would lose them.
                <TextArea
                    id=control_id(&value_at)
                    label="Value"
                    name="variable_value"
                    value=value
                    rows=1
                    is_code=true
                    note=form.note_at(value_at.clone())
                    error=form.error_at(value_at)
                />
            </div>
            <Button kind=ButtonKind::Quiet label=format!("Remove variable {number}") on_press=remove>
                <Icon shape=Shape::Cross />
            </Button>
        </fieldset>
    }
}
