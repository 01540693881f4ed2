//! What came of an action, as signals that forms show.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, SubmitEvent};

use super::{Action, focus_within};
use crate::client::{Answer, ClientError};

/// Why the last run of an action failed; nothing while it runs again.
pub(crate) fn action_error<I, T>(action: Action<I, Answer<T>>) -> Signal<Option<ClientError>>
where
    I: 'static,
    T: Clone + Send + Sync + 'static,
{
    let value = action.value();
    let pending = action.pending();
    Signal::derive(move || {
        if pending.get() {
            None
        } else {
            value.with(|answer| answer.as_ref().and_then(|answer| answer.as_ref().err().cloned()))
        }
    })
}

/// What the server said about one field of the form.
pub(crate) fn field_error(
    error: Signal<Option<ClientError>>,
    pointer: &'static str,
) -> Signal<Option<String>> {
    Signal::derive(move || error.with(|error| error.as_ref().and_then(|error| error.field(pointer))))
}

/// What is wrong with a field: found here, or else by the server.
pub(crate) fn first_error(
    here: Signal<Option<String>>,
    server: Signal<Option<String>>,
) -> Signal<Option<String>> {
    Signal::derive(move || here.get().or_else(|| server.get()))
}

/// After a form was found wrong: puts the focus on its first wrong field, once the errors are drawn.
pub(crate) fn focus_first_error(event: &SubmitEvent) {
    let Some(form) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    focus_within(form, "[aria-invalid='true']");
}
