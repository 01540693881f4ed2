//! Arrays of jobs.

use leptos::prelude::*;

use super::section::{Section, n_given};
use crate::pages::compose::field::{DraftField, slot};
use crate::pages::compose::form::Form;

/// The section.
#[component]
pub(in crate::pages::compose) fn Array() -> impl IntoView {
    let form = Form::of_page();
    view! {
        <Section title="Array" fields=&["array"] n_set=|draft| n_given(&[&draft.array])>
            <div class="field-grid">
                <DraftField name="array" value=slot!(form, array) />
            </div>
        </Section>
    }
}
