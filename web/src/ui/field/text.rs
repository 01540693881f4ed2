//! Fields to type into.

use leptos::prelude::*;
use leptos::web_sys::{DataTransfer, Event};

use super::{FieldFrame, FieldIds, Said};
use crate::ui::Bind;

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
    let said = Said { ids, name, label, help, note, error, is_required: required, is_disabled: disabled };
    let control = said.of_the_control();
    view! {
        <FieldFrame said=said>
            <input
                class="input"
                {..control}
                type=input_type
                data-code=is_code.then_some("true")
                spellcheck=is_code.then_some("false")
                autocapitalize=is_code.then_some("none")
                autocomplete=autocomplete.unwrap_or("off")
                placeholder=move || placeholder.get()
                list=has_list
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
    let said = Said { ids, name, label, help, note, error, is_required: required, is_disabled: disabled };
    let control = said.of_the_control();
    view! {
        <FieldFrame said=said>
            <textarea
                class="input"
                {..control}
                rows=rows
                data-code=is_code.then_some("true")
                spellcheck=is_code.then_some("false")
                autocapitalize=is_code.then_some("none")
                placeholder=move || placeholder.get()
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
