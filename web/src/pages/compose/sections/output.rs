//! Where the streams go.

use leptos::prelude::*;

use super::section::{Section, n_given};
use crate::pages::compose::field::{DraftField, DraftSelect, slot};
use crate::pages::compose::form::Form;

const FIELDS: &[&str] = &["join", "output_path", "error_path"];

/// The section.
#[component]
pub(in crate::pages::compose) fn Output() -> impl IntoView {
    let form = Form::of_page();
    view! {
        <Section
            title="Output"
            fields=FIELDS
            n_set=|draft| n_given(&[&draft.join, &draft.output_path, &draft.error_path])
        >
            <div class="field-grid">
                <DraftSelect
                    name="join"
                    value=slot!(form, join)
                    choices=&[
                        ("", "As the host does (apart)"),
                        ("oe", "Both into the output file (oe)"),
                        ("eo", "Both into the error file (eo)"),
                        ("n", "Apart (n)"),
                    ]
                />
                <DraftField name="output_path" value=slot!(form, output_path) />
                <DraftField name="error_path" value=slot!(form, error_path) />
            </div>
        </Section>
    }
}
