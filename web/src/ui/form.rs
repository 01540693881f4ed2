//! A form: its fields below each other, what the server said of them, and the button that sends it.

use leptos::prelude::*;
use leptos::web_sys::SubmitEvent;

use super::{Button, ButtonKind, ProblemBox, focus_first_error};
use crate::client::ClientError;

/// The form. While it is being sent, sending it again does nothing.
#[component]
pub(crate) fn Form(
    /// The words on its button.
    #[prop(into)]
    action: String,
    /// It is being sent.
    #[prop(into)]
    busy: Signal<bool>,
    /// Why that failed.
    #[prop(into)]
    error: Signal<Option<ClientError>>,
    /// Why it cannot be sent now, if so.
    #[prop(optional, into)]
    disabled_because: MaybeProp<String>,
    /// Further classes.
    #[prop(optional)]
    class: &'static str,
    /// Sends it, or says false: then the first field that is marked as wrong gets the focus.
    #[prop(into)]
    on_submit: Callback<(), bool>,
    /// What stands beside the button.
    #[prop(optional, into)]
    beside: ViewFn,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() && !untrack(|| on_submit.run(())) {
            focus_first_error(&event);
        }
    };
    view! {
        <form class=format!("form {class}") on:submit=submit novalidate=true>
            {children()}
            {move || error.get().map(|error| view! { <ProblemBox error=error has_fields=true /> })}
            <div class="form-actions">
                <Button kind=ButtonKind::Primary kind_of_action="submit" busy=busy disabled_because=disabled_because>
                    {action}
                </Button>
                {beside.run()}
            </div>
        </form>
    }
}
