//! What nearly every job says: name, queue, time, resources.

use leptos::prelude::*;

use super::chunks::Chunks;
use super::queue::QueueChoice;
use crate::pages::compose::field::{DraftField, slot};
use crate::pages::compose::form::Form;

/// The section; it is always open.
#[component]
pub(in crate::pages::compose) fn Common() -> impl IntoView {
    let form = Form::of_page();
    view! {
        <div class="field-grid">
            <DraftField name="name" value=slot!(form, name) />
            <DraftField name="walltime" value=slot!(form, walltime) is_learned=true />
        </div>
        <QueueChoice />
        <Chunks />
    }
}
