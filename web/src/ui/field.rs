//! Form fields: a visible label, the control, its help and its error, tied together for screen readers.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;
use leptos::web_sys::{DataTransfer, Event};

use super::Bind;

static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// An id for an element that no other element has.
pub(crate) fn unique_id(prefix: &str) -> String {
    format!("{prefix}-{}", NEXT_ID.fetch_add(1, Ordering::Relaxed))
}

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

/// The ids that tie a control to its texts.
#[derive(Clone)]
struct FieldIds {
    control: String,
    help: String,
    note: String,
    error: String,
}

impl FieldIds {
    fn new(name: &str) -> Self {
        Self::of(unique_id(name))
    }

    /// For a control whose id others know, so that they can lead to it.
    fn given(id: Option<String>, name: &str) -> Self {
        id.map_or_else(|| Self::new(name), Self::of)
    }

    fn of(control: String) -> Self {
        Self {
            help: format!("{control}-help"),
            note: format!("{control}-note"),
            error: format!("{control}-error"),
            control,
        }
    }

    /// As [`Self::described_by`], with a note as well.
    fn described_with_note(&self, has_help: bool, has_note: bool, has_error: bool) -> Option<String> {
        let rest = self.described_by(has_help, has_error);
        match (has_note, rest) {
            (false, rest) => rest,
            (true, None) => Some(self.note.clone()),
            (true, Some(rest)) => Some(format!("{} {rest}", self.note)),
        }
    }

    /// For `aria-describedby`: those texts that are there.
    fn described_by(&self, has_help: bool, has_error: bool) -> Option<String> {
        match (has_help, has_error) {
            (true, true) => Some(format!("{} {}", self.error, self.help)),
            (true, false) => Some(self.help.clone()),
            (false, true) => Some(self.error.clone()),
            (false, false) => None,
        }
    }
}

/// Label, help and error around a control.
#[component]
fn FieldFrame(
    ids: FieldIds,
    label: Signal<String>,
    is_required: bool,
    help: MaybeProp<String>,
    note: Signal<Option<String>>,
    error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let note_id = ids.note.clone();
    let error_id = ids.error.clone();
    let help_id = ids.help.clone();
    view! {
        <div class="field">
            <label class="field-label" for=ids.control>
                {move || label.get()}
                {is_required.then(|| view! { <span class="field-required">" (required)"</span> })}
            </label>
            {children()}
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="field-error" id=error_id.clone()>
                                <super::Icon shape=super::Shape::Warning />
                                <span>{error}</span>
                            </p>
                        }
                    })
            }}
            {move || note.get().map(|note| view! { <p class="field-note" id=note_id.clone()>{note}</p> })}
            {move || help.get().map(|help| view! { <p class="field-help" id=help_id.clone()>{help}</p> })}
        </div>
    }
}

/// One line of text. The type of input only helps keyboards and password managers; what is typed is parsed by us.
#[component]
pub(crate) fn TextField(
    /// The visible label.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the control.
    name: &'static str,
    /// What it shows and changes.
    #[prop(into)]
    value: Bind<String>,
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
    /// `text`, `password`, `email`, `number`, `search`, `datetime-local`.
    #[prop(default = "text")]
    input_type: &'static str,
    /// For password managers and autofill.
    #[prop(optional, into)]
    autocomplete: Option<&'static str>,
    /// An example, shown while it is empty.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// Must be given.
    #[prop(optional)]
    required: bool,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// In a fixed-width font, without spelling aid.
    #[prop(optional)]
    is_code: bool,
    /// Values to pick from while still free to type another.
    #[prop(optional, into)]
    suggestions: Signal<Vec<String>>,
) -> impl IntoView {
    let ids = FieldIds::given(id, name);
    let list_id = format!("{}-list", ids.control);
    let has_list = {
        let list_id = list_id.clone();
        move || (!suggestions.read().is_empty()).then(|| list_id.clone())
    };
    let control = ids.clone();
    view! {
        <FieldFrame ids=ids label=label is_required=required help=help note=note error=error>
            <input
                class="input"
                id=control.control.clone()
                name=name
                type=input_type
                data-code=is_code.then_some("true")
                spellcheck=is_code.then_some("false")
                autocapitalize=is_code.then_some("none")
                autocomplete=autocomplete.unwrap_or("off")
                placeholder=move || placeholder.get()
                list=has_list
                aria-required=required.then_some("true")
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=move || {
                    control.described_with_note(help.read().is_some(), note.read().is_some(), error.read().is_some())
                }
                disabled=move || disabled.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <datalist id=list_id>
                {move || {
                    suggestions.get().into_iter().map(|text| view! { <option value=text></option> }).collect_view()
                }}
            </datalist>
        </FieldFrame>
    }
}

/// Whoever pastes more than this into a field has the wrong thing on the clipboard, and the browser would take minutes to show it.
const MOST_PASTED: usize = 1 << 20;

/// Keeps a huge paste out before the browser takes it in, and tells how large it is.
pub(crate) fn refuse_huge(event: &Event, pasted: Option<DataTransfer>, refused: impl FnOnce(usize)) {
    let n_bytes = pasted.and_then(|pasted| pasted.get_data("text/plain").ok()).map_or(0, |text| text.len());
    if n_bytes > MOST_PASTED {
        event.prevent_default();
        refused(n_bytes);
    }
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(
    /// The visible label.
    #[prop(into)]
    label: Signal<String>,
    /// The name of the control.
    name: &'static str,
    /// What it shows and changes.
    #[prop(into)]
    value: Bind<String>,
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
    /// How many lines are shown.
    #[prop(default = 4)]
    rows: u32,
    /// An example, shown while it is empty.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// Must be given.
    #[prop(optional)]
    required: bool,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// In a fixed-width font, without spelling aid.
    #[prop(optional)]
    is_code: bool,
    /// Is told how many bytes were pasted, when that was far too much and was left out.
    #[prop(optional, into)]
    on_refused: Option<Callback<usize>>,
) -> impl IntoView {
    let ids = FieldIds::given(id, name);
    let control = ids.clone();
    view! {
        <FieldFrame ids=ids label=label is_required=required help=help note=note error=error>
            <textarea
                class="input"
                id=control.control.clone()
                name=name
                rows=rows
                data-code=is_code.then_some("true")
                spellcheck=is_code.then_some("false")
                autocapitalize=is_code.then_some("none")
                placeholder=move || placeholder.get()
                aria-required=required.then_some("true")
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=move || {
                    control.described_with_note(help.read().is_some(), note.read().is_some(), error.read().is_some())
                }
                disabled=move || disabled.get()
                prop:value=move || value.get()
                on:paste=move |event| {
                    refuse_huge(&event, event.clipboard_data(), |n_bytes| {
                        if let Some(on_refused) = on_refused {
                            on_refused.run(n_bytes);
                        }
                    });
                }
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </FieldFrame>
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
    let control = ids.clone();
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
        <FieldFrame ids=ids label=label is_required=required help=help note=note error=error>
            <select
                class="input"
                id=control.control.clone()
                name=name
                aria-required=required.then_some("true")
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=move || {
                    control.described_with_note(help.read().is_some(), note.read().is_some(), error.read().is_some())
                }
                disabled=move || disabled.get()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_described_by_what_is_there() {
        let ids = FieldIds::of("x".into());
        assert_eq!(ids.described_by(false, false), None);
        assert_eq!(ids.described_by(true, true).as_deref(), Some("x-error x-help"));
        assert_eq!(ids.described_by(false, true).as_deref(), Some("x-error"));
        assert_eq!(ids.described_with_note(true, true, false).as_deref(), Some("x-note x-help"));
    }

    #[test]
    fn ids_differ() {
        assert_ne!(unique_id("a"), unique_id("a"));
    }
}
