//! What went wrong, in words, with what can be done about it.

use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::problem::ProblemCode;
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{Button, Icon, Shape};
use crate::client::ClientError;

/// An error of the client or the server. One that nobody waits for any more is not shown.
#[component]
pub(crate) fn ProblemBox(
    /// What went wrong.
    #[prop(into)]
    error: Signal<ClientError>,
    /// The fields are shown elsewhere, each with its error.
    #[prop(optional)]
    has_fields: bool,
    /// Tries again.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let shown = NodeRef::<html::Div>::new();
    shown.on_load(|shown| {
        // At the end of a long form it would be out of sight.
        let nearest = ScrollIntoViewOptions::new();
        nearest.set_block(ScrollLogicalPosition::Nearest);
        shown.scroll_into_view_with_scroll_into_view_options(&nearest);
    });
    move || {
        let error = error.get();
        if error == ClientError::Aborted {
            return None;
        }
        if error.code() == Some(ProblemCode::Forbidden) {
            return Some(view! { <NotAllowed text=error.message() /> }.into_any());
        }
        let (field_errors, request_id) = match &error {
            ClientError::Problem(problem) => {
                let request_id = (problem.status >= 500).then(|| problem.request_id.clone());
                (problem.errors.clone(), request_id)
            }
            ClientError::Offline
            | ClientError::Unreadable { .. }
            | ClientError::Browser(_)
            | ClientError::Aborted => (Vec::new(), None),
        };
        let can_retry = retry.filter(|_| error.is_retryable());
        Some(
            view! {
                <div class="problem-box" role="alert" node_ref=shown>
                    <Icon shape=Shape::Warning />
                    <div class="problem-box-text">
                        <p class="problem-box-title">{error.title()}</p>
                        <p>{error.message()}</p>
                        {(!has_fields && !field_errors.is_empty())
                            .then(|| {
                                let items = field_errors
                                    .into_iter()
                                    .map(|field| {
                                        view! { <li><code>{field.pointer}</code>": "{field.message}</li> }
                                    })
                                    .collect_view();
                                view! { <ul class="problem-box-fields">{items}</ul> }
                            })}
                        {request_id
                            .map(|id| {
                                view! { <p class="muted">"Tell an administrator the request "<code>{id}</code>"."</p> }
                            })}
                    </div>
                    {can_retry.map(|retry| view! { <Button on_press=retry>"Try again"</Button> })}
                </div>
            }
            .into_any(),
        )
    }
}

/// The user may not do or see this.
#[component]
pub(crate) fn NotAllowed(
    /// What is not allowed.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <div class="problem-box" data-kind="not-allowed" role="alert">
            <Icon shape=Shape::Key />
            <div class="problem-box-text">
                <p class="problem-box-title">"Not allowed"</p>
                <p>{text}</p>
            </div>
        </div>
    }
}
