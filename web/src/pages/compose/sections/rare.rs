//! The rest of what PBS can be told: every parameter that is one text, straight from its definition.

use leptos::prelude::*;
use pbsweb_shared::script::directive::{ALL, Directive};

use super::section::{Section, n_given};
use crate::pages::compose::field::DraftField;
use crate::pages::compose::form::Form;

const FIELDS: &[&str] = &[
    "umask",
    "group_list",
    "sandbox",
    "stagein",
    "stageout",
    "release_nodes_on_stageout",
    "tolerate_node_failures",
    "run_count",
    "max_run_subjobs",
    "create_resv_from_job",
    "checkpoint",
    "keep_files",
    "remove_files",
    "shell_path",
    "user_list",
    "directive_prefix",
];

fn rare() -> impl Iterator<Item = &'static Directive> {
    ALL.iter().filter(|directive| directive.is_text())
}

/// The section.
#[component]
pub(in crate::pages::compose) fn Rare() -> impl IntoView {
    let form = Form::of_page();
    let fields = rare()
        .map(|directive| {
            let value = form.bind(
                format!("/{}", directive.name),
                move |draft| directive.typed(draft).to_owned(),
                move |draft, value: String| directive.set(draft, &value),
            );
            let suggestions: Vec<String> =
                directive.choices.iter().map(|(value, _)| (*value).to_owned()).collect();
            view! { <DraftField name=directive.name value=value suggestions=suggestions /> }
        })
        .collect_view();
    view! {
        <Section
            title="Everything else"
            fields=FIELDS
            n_set=|draft| n_given(&rare().map(|directive| directive.typed(draft)).collect::<Vec<_>>())
        >
            <div class="field-grid">{fields}</div>
        </Section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_knows_its_fields() {
        assert_eq!(rare().map(|directive| directive.name).collect::<Vec<_>>(), FIELDS);
    }
}
