//! What few jobs need.

use leptos::prelude::*;
use pbsweb_shared::script::directive;

use super::section::{Section, n_given};
use crate::pages::compose::field::{DraftArea, DraftField, slot};
use crate::pages::compose::form::Form;
use crate::ui::{Checkbox, TextField};

const FIELDS: &[&str] =
    &["account", "project", "place", "shell", "working_directory", "extra_directives", "without_epilogue"];

/// The section.
#[component]
pub(in crate::pages::compose) fn Advanced() -> impl IntoView {
    let form = Form::of_page();
    view! {
        <Section
            title="Advanced"
            fields=FIELDS
            n_set=|draft| {
                n_given(&[
                    &draft.account,
                    &draft.project,
                    &draft.place,
                    &draft.shell,
                    &draft.working_directory,
                    &draft.extra_directives,
                ]) + usize::from(draft.without_epilogue)
            }
        >
            <div class="field-grid">
                <DraftField name="account" value=slot!(form, account) />
                <DraftField name="project" value=slot!(form, project) />
                <DraftField name="place" value=slot!(form, place) />
                <DraftField name="shell" value=slot!(form, shell) />
                <DraftField name="working_directory" value=slot!(form, working_directory) />
                <TextField
                    label="Name in the history"
                    name="script_name"
                    value=form.script_name
                    help="What the list of past scripts calls it; empty means the job's name. The same name makes a new revision."
                />
            </div>
            <DraftArea name="extra_directives" value=slot!(form, extra_directives) rows=3 />
            <Checkbox
                label=directive::label("without_epilogue")
                name="without_epilogue"
                value=slot!(form, without_epilogue)
                help=directive::help("without_epilogue")
            />
        </Section>
    }
}
