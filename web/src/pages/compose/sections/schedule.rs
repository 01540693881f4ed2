//! When the job may start, and before which others.

use leptos::prelude::*;
use pbsweb_shared::script::directive;

use super::section::{Section, n_given};
use crate::pages::compose::field::{DraftField, DraftSelect, slot};
use crate::pages::compose::form::Form;
use crate::ui::Checkbox;

const FIELDS: &[&str] = &["start_after", "priority", "rerunnable", "hold"];

/// The section.
#[component]
pub(in crate::pages::compose) fn Schedule() -> impl IntoView {
    let form = Form::of_page();
    view! {
        <Section
            title="Schedule and priority"
            fields=FIELDS
            n_set=|draft| {
                n_given(&[&draft.start_after, &draft.priority, &draft.rerunnable]) + usize::from(draft.hold)
            }
        >
            <div class="field-grid">
                <DraftField name="start_after" value=slot!(form, start_after) />
                <DraftField name="priority" value=slot!(form, priority) />
                <DraftSelect
                    name="rerunnable"
                    value=slot!(form, rerunnable)
                    choices=&[("", "As the host does"), ("y", "Yes (y)"), ("n", "No (n)")]
                />
            </div>
            <Checkbox
                label=directive::label("hold")
                name="hold"
                value=slot!(form, hold)
                help=directive::help("hold")
            />
        </Section>
    }
}
