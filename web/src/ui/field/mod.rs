//! Form fields: a visible label, the control, its help and its error, tied together for screen readers.

mod pick;
mod text;

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::attr::Attribute;
use leptos::prelude::*;

pub(crate) use pick::{Checkbox, Choice, RadioGroup, SelectField};
pub(crate) use text::{TextArea, TextField, refuse_huge};

static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// An id for an element that no other element has.
pub(crate) fn unique_id(prefix: &str) -> String {
    format!("{prefix}-{}", NEXT_ID.fetch_add(1, Ordering::Relaxed))
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

/// What is said of a control: around it to be seen, and by its own attributes to be heard.
#[derive(Clone)]
struct Said {
    ids: FieldIds,
    name: &'static str,
    label: Signal<String>,
    help: MaybeProp<String>,
    note: Signal<Option<String>>,
    error: Signal<Option<String>>,
    is_required: bool,
    is_disabled: Signal<bool>,
}

impl Said {
    /// The attributes of the control.
    fn of_the_control(&self) -> impl Attribute + use<> {
        let Self { ids, name, help, note, error, is_required, is_disabled, .. } = self.clone();
        view! {
            <{..}
                id=ids.control.clone()
                name=name
                aria-required=is_required.then_some("true")
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=move || {
                    ids.described_with_note(help.read().is_some(), note.read().is_some(), error.read().is_some())
                }
                disabled=move || is_disabled.get()
            />
        }
    }
}

/// Label, help and error around a control.
#[component]
fn FieldFrame(said: Said, children: Children) -> impl IntoView {
    let Said { ids, label, help, note, error, is_required, .. } = said;
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
