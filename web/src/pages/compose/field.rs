//! The controls of the form, each bound to a part of the draft, with label, help and findings from `shared`.

use leptos::prelude::*;
use pbsweb_shared::script::directive;

use super::findings::{control_id, say_the_same};
use super::form::Form;
use super::lead::focus_control;
use crate::ui::{Bind, Button, Choice, SelectField, TextArea, TextField};

/// A text field of the draft: `text_field!(form, walltime)`.
macro_rules! slot {
    ($form:expr, $field:ident) => {
        $form.bind(
            concat!("/", stringify!($field)).to_owned(),
            |draft| draft.$field.clone(),
            |draft, value| draft.$field = value,
        )
    };
}
pub(super) use slot;

fn placeholder(name: &str) -> MaybeProp<String> {
    let example = directive::find(name).map_or("", |directive| directive.example);
    MaybeProp::from((!example.is_empty()).then(|| example.to_owned()))
}

/// The help, with the way it stands in a script.
fn help(name: &str) -> String {
    let help = directive::help(name);
    match directive::find(name).map(|directive| directive.flag.trim_end_matches('=')) {
        Some(flag) if !flag.is_empty() => format!("{help} ({flag})"),
        Some(_) | None => help.to_owned(),
    }
}

/// One line of text.
#[component]
pub(super) fn DraftField(
    /// The field of the draft, such as `walltime`.
    name: &'static str,
    /// What it shows and changes.
    value: Bind<String>,
    /// Where it is in the draft; `/name` when absent.
    #[prop(optional, into)]
    pointer: Option<String>,
    /// Without help, where the help stands elsewhere.
    #[prop(optional)]
    is_bare: bool,
    /// Shown while it is empty, instead of the example.
    #[prop(optional, into)]
    when_empty: Option<String>,
    /// Values to pick from while still free to type another.
    #[prop(optional)]
    suggestions: Vec<String>,
    /// A value is learned for it, which one press takes.
    #[prop(optional)]
    is_learned: bool,
) -> impl IntoView {
    let form = Form::of_page();
    let pointer = pointer.unwrap_or_else(|| format!("/{name}"));
    let help = (!is_bare).then(|| help(name));
    let learned_at = pointer.clone();
    let field = view! {
        <TextField
            id=control_id(&pointer)
            label=directive::label(name)
            name=name
            value=value
            is_code=true
            placeholder=when_empty.map_or_else(|| placeholder(name), MaybeProp::from)
            help=MaybeProp::from(help)
            note=form.note_at(pointer.clone())
            error=form.error_at(pointer)
            suggestions=Signal::stored(suggestions)
        />
    };
    if !is_learned {
        return field.into_any();
    }
    let offer = move || {
        let learned = form.learned_at(&learned_at)?.value;
        if say_the_same(&value.get(), &learned) {
            return None;
        }
        let text = format!("Use {learned}");
        let id = control_id(&learned_at);
        let take = move |()| {
            value.set(learned.clone());
            // The button is gone now.
            focus_control(&id);
        };
        Some(view! { <div><Button on_press=take>{text}</Button></div> })
    };
    view! { <div class="field">{field} {offer}</div> }.into_any()
}

/// Several lines of text.
#[component]
pub(super) fn DraftArea(
    /// The field of the draft, such as `commands`.
    name: &'static str,
    /// What it shows and changes.
    value: Bind<String>,
    /// Where it is in the draft; `/name` when absent.
    #[prop(optional, into)]
    pointer: Option<String>,
    /// How many lines are shown.
    rows: u32,
    /// Without help, where the help stands elsewhere.
    #[prop(optional)]
    is_bare: bool,
    /// The label, when it is not the field's own.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let form = Form::of_page();
    let pointer = pointer.unwrap_or_else(|| format!("/{name}"));
    let help = (!is_bare).then(|| help(name));
    let refused_at = pointer.clone();
    view! {
        <TextArea
            id=control_id(&pointer)
            label=label.unwrap_or_else(|| directive::label(name).to_owned())
            name=name
            value=value
            rows=rows
            is_code=true
            placeholder=placeholder(name)
            help=MaybeProp::from(help)
            note=form.note_at(pointer.clone())
            error=form.error_at(pointer)
            on_refused=Callback::new(move |n_bytes| form.refuse(&refused_at, n_bytes))
        />
    }
}

/// One of a few values.
#[component]
pub(super) fn DraftSelect(
    /// The field of the draft, such as `join`.
    name: &'static str,
    /// What it shows and changes.
    value: Bind<String>,
    /// Value and text of each choice.
    choices: &'static [(&'static str, &'static str)],
    /// Where it is in the draft; `/name` when absent.
    #[prop(optional, into)]
    pointer: Option<String>,
    /// The label, when it is not the field's own.
    #[prop(optional, into)]
    label: Option<String>,
    /// Without help, where the help stands elsewhere.
    #[prop(optional)]
    is_bare: bool,
) -> impl IntoView {
    let form = Form::of_page();
    let pointer = pointer.unwrap_or_else(|| format!("/{name}"));
    let help = (!is_bare).then(|| help(name));
    let choices: Vec<Choice> = choices.iter().map(|(value, text)| Choice::new(*value, *text)).collect();
    view! {
        <SelectField
            id=control_id(&pointer)
            label=label.unwrap_or_else(|| directive::label(name).to_owned())
            name=name
            value=value
            choices=choices
            help=MaybeProp::from(help)
            note=form.note_at(pointer.clone())
            error=form.error_at(pointer)
        />
    }
}

/// The findings of a group of controls that belong to none of them alone.
#[component]
pub(super) fn GroupFindings(
    /// Where the group is in the draft.
    #[prop(into)]
    pointer: String,
) -> impl IntoView {
    let form = Form::of_page();
    let error = form.error_at(pointer.clone());
    let note = form.note_at(pointer.clone());
    let id = control_id(&pointer);
    view! {
        <div class="group-findings" id=format!("{id}-findings")>
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="field-error">
                                <crate::ui::Icon shape=crate::ui::Shape::Warning />
                                <span>{error}</span>
                            </p>
                        }
                    })
            }}
            {move || note.get().map(|note| view! { <p class="field-note">{note}</p> })}
        </div>
    }
}
