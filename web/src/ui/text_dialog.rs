//! A dialog that asks for one line of text, such as a name.

use leptos::prelude::*;

use super::{Action, Dialog, Form, TextField, action_error, field_error};
use crate::client::Answer;

/// The dialog.
#[component]
pub(crate) fn TextDialog(
    /// Whether it is open; what it does closes it.
    open: RwSignal<bool>,
    /// Its heading.
    title: &'static str,
    /// The visible label of the text.
    label: &'static str,
    /// Where the text is in the body of the request, for what the server says about it.
    pointer: &'static str,
    /// A line below it.
    help: &'static str,
    /// The text.
    value: RwSignal<String>,
    /// What is done with it.
    save: Action<String, Answer<()>>,
) -> impl IntoView {
    view! {
        <Dialog open=open title=title>
            {
                // What went wrong the last time it was open is not shown again.
                let is_tried = RwSignal::new(false);
                let failed = action_error(save);
                let error = Signal::derive(move || is_tried.get().then(|| failed.get()).flatten());
                let submit = move |()| {
                    is_tried.set(true);
                    save.dispatch(value.get_untracked());
                    true
                };
                view! {
                    <Form action="Save" busy=save.pending() error=error on_submit=submit>
                        <TextField
                            label=label
                            name="text"
                            value=value
                            help=help
                            error=field_error(error, pointer)
                        />
                    </Form>
                }
            }
        </Dialog>
    }
}
