//! What must happen before the job may start.

use leptos::prelude::*;
use pbsweb_shared::script::{DependencyDraft, directive};

use super::section::Section;
use crate::pages::compose::field::{DraftSelect, GroupFindings};
use crate::pages::compose::findings::control_id;
use crate::pages::compose::form::Form;
use crate::ui::{Button, ButtonKind, For, Icon, Shape, TextField};

const FIELDS: &[&str] = &["dependencies"];

const KINDS: &[(&str, &str)] = &[
    ("afterok", "after they have succeeded (afterok)"),
    ("afterany", "after they have ended (afterany)"),
    ("afternotok", "after they have failed (afternotok)"),
    ("after", "after they have started (after)"),
    ("before", "they wait until this one has started (before)"),
    ("beforeok", "they wait until this one has succeeded (beforeok)"),
    ("beforeany", "they wait until this one has ended (beforeany)"),
    ("beforenotok", "they wait until this one has failed (beforenotok)"),
    ("on", "so many others have named this one (on)"),
];

/// The section.
#[component]
pub(in crate::pages::compose) fn Dependencies() -> impl IntoView {
    let form = Form::of_page();
    let n_rows = Memo::new(move |_| form.draft.read().dependencies.len());
    let add = move |()| {
        form.edit("/dependencies", |draft| {
            draft.dependencies.push(DependencyDraft { kind: "afterok".to_owned(), jobs: String::new() });
        });
    };
    view! {
        <Section title="Dependencies" fields=FIELDS n_set=|draft| draft.dependencies.len()>
            <fieldset class="draft-rows" id=control_id("/dependencies") tabindex="-1">
                <legend class="visually-hidden">{directive::label("dependencies")}</legend>
                <p class="field-help">{directive::help("dependencies")}</p>
                <GroupFindings pointer="/dependencies" />
                <For each=move || 0..n_rows.get() key=|index| *index let:index>
                    <DependencyRow index=index />
                </For>
                <div class="row">
                    <Button on_press=add><Icon shape=Shape::Plus />"Add a dependency"</Button>
                </div>
            </fieldset>
        </Section>
    }
}

#[component]
fn DependencyRow(index: usize) -> impl IntoView {
    let form = Form::of_page();
    let kind_at = format!("/dependencies/{index}/kind");
    let jobs_at = format!("/dependencies/{index}/jobs");
    let kind = form.bind(
        kind_at.clone(),
        move |draft| draft.dependencies.get(index).map(|term| term.kind.clone()).unwrap_or_default(),
        move |draft, value| {
            if let Some(term) = draft.dependencies.get_mut(index) {
                term.kind = value;
            }
        },
    );
    let jobs = form.bind(
        jobs_at.clone(),
        move |draft| draft.dependencies.get(index).map(|term| term.jobs.clone()).unwrap_or_default(),
        move |draft, value| {
            if let Some(term) = draft.dependencies.get_mut(index) {
                term.jobs = value;
            }
        },
    );
    let remove = move |()| {
        form.edit("/dependencies", |draft| {
            if index < draft.dependencies.len() {
                draft.dependencies.remove(index);
            }
        });
    };
    let number = index.saturating_add(1);
    view! {
        <fieldset class="draft-row" id=control_id(&format!("/dependencies/{index}")) tabindex="-1">
            <legend class="visually-hidden">{format!("Dependency {number}")}</legend>
            <div class="draft-row-fields">
                <DraftSelect name="dependencies" label="When" value=kind choices=KINDS pointer=kind_at is_bare=true />
                <TextField
                    id=control_id(&jobs_at)
                    label="Jobs"
                    name="dependency_jobs"
                    value=jobs
                    is_code=true
                    placeholder="1234.pbs:1235.pbs"
                    note=form.note_at(jobs_at.clone())
                    error=form.error_at(jobs_at)
                />
            </div>
            <Button kind=ButtonKind::Quiet label=format!("Remove dependency {number}") on_press=remove>
                <Icon shape=Shape::Cross />
            </Button>
        </fieldset>
    }
}
