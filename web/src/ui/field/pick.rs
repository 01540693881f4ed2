//! Fields to pick from: menus, boxes to tick, one of several.

use leptos::prelude::*;

use super::{FieldFrame, FieldIds, Said};
use crate::ui::Bind;

/// One of several to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What is stored.
    pub(crate) value: String,
    /// What is shown.
    pub(crate) label: String,
}

impl Choice {
    /// A choice.
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// One of several, as a menu. A value that is not among the choices is shown as such, never silently replaced.
#[component]
pub(crate) fn SelectField(
    /// The visible label.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the control.
    name: &'static str,
    /// What it shows and changes.
    #[prop(into)]
    value: Bind<String>,
    /// What can be chosen.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// A line below it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// The id of the control, for those who lead to it; one is made up when absent.
    #[prop(optional, into)]
    id: Option<String>,
    /// What is worth knowing about what is in it, though nothing is wrong.
    #[prop(optional, into)]
    note: Signal<Option<String>>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Must be given.
    #[prop(optional)]
    required: bool,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let ids = FieldIds::given(id, name);
    let said = Said { ids, name, label, help, note, error, is_required: required, is_disabled: disabled };
    let control = said.of_the_control();
    let options = move || {
        let current = value.get();
        let mut choices = choices.get();
        if !choices.iter().any(|choice| choice.value == current) {
            choices.push(Choice { label: current.clone(), value: current.clone() });
        }
        choices
            .into_iter()
            .map(|choice| {
                let is_chosen = choice.value == current;
                view! { <option value=choice.value selected=is_chosen prop:selected=is_chosen>{choice.label}</option> }
            })
            .collect_view()
    };
    view! {
        <FieldFrame said=said>
            <select
                class="input"
                {..control}
                on:change=move |event| value.set(event_target_value(&event))
            >
                {options}
            </select>
        </FieldFrame>
    }
}

/// Yes or no.
#[component]
pub(crate) fn Checkbox(
    /// The visible label.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the control.
    name: &'static str,
    /// What it shows and changes.
    #[prop(into)]
    value: Bind<bool>,
    /// A line below it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let ids = FieldIds::new(name);
    let control = ids.clone();
    view! {
        <div class="field" data-kind="checkbox">
            <input
                class="checkbox"
                type="checkbox"
                id=ids.control.clone()
                name=name
                aria-describedby=move || control.described_by(help.read().is_some(), false)
                disabled=move || disabled.get()
                prop:checked=move || value.get()
                on:change=move |event| value.set(event_target_checked(&event))
            />
            <label class="field-label" for=ids.control.clone()>{move || label.get()}</label>
            {move || help.get().map(|help| view! { <p class="field-help" id=ids.help.clone()>{help}</p> })}
        </div>
    }
}

/// One of a few, all visible.
#[component]
pub(crate) fn RadioGroup(
    /// The visible legend.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the controls.
    name: &'static str,
    /// What it shows and changes.
    #[prop(into)]
    value: Bind<String>,
    /// What can be chosen.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// A line below it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
) -> impl IntoView {
    let ids = FieldIds::new(name);
    // Two groups on one page must not share a name.
    let group = StoredValue::new(ids.control.clone());
    let help_id = ids.help.clone();
    view! {
        <fieldset class="radio-group" aria-describedby=move || ids.described_by(help.read().is_some(), false)>
            <legend class="field-label">{move || label.get()}</legend>
            <div class="radio-group-choices">
                {move || {
                    choices
                        .get()
                        .into_iter()
                        .map(|choice| {
                            let stored = choice.value.clone();
                            let shown = choice.value.clone();
                            view! {
                                <label class="radio">
                                    <input
                                        type="radio"
                                        name=group.get_value()
                                        value=choice.value
                                        prop:checked=move || value.get() == shown
                                        on:change=move |_| value.set(stored.clone())
                                    />
                                    <span>{choice.label}</span>
                                </label>
                            }
                        })
                        .collect_view()
                }}
            </div>
            {move || help.get().map(|help| view! { <p class="field-help" id=help_id.clone()>{help}</p> })}
        </fieldset>
    }
}
