//! The resources: a row for each kind of chunk.

use leptos::prelude::*;
use pbsweb_shared::script::{ChunkDraft, JobScriptDraft, directive};

use crate::pages::compose::field::{DraftField, GroupFindings};
use crate::pages::compose::findings::control_id;
use crate::pages::compose::form::Form;
use crate::ui::{Button, ButtonKind, For, Icon, Shape, Show};

/// The parts of a chunk: the field's name, how it is read and how it is written.
type Part = (&'static str, fn(&ChunkDraft) -> &String, fn(&mut ChunkDraft) -> &mut String);

const PARTS: [Part; 7] = [
    ("chunks.count", |chunk| &chunk.count, |chunk| &mut chunk.count),
    ("chunks.ncpus", |chunk| &chunk.ncpus, |chunk| &mut chunk.ncpus),
    ("chunks.mpiprocs", |chunk| &chunk.mpiprocs, |chunk| &mut chunk.mpiprocs),
    ("chunks.ompthreads", |chunk| &chunk.ompthreads, |chunk| &mut chunk.ompthreads),
    ("chunks.mem", |chunk| &chunk.mem, |chunk| &mut chunk.mem),
    ("chunks.ngpus", |chunk| &chunk.ngpus, |chunk| &mut chunk.ngpus),
    ("chunks.other", |chunk| &chunk.other, |chunk| &mut chunk.other),
];

fn get(draft: &JobScriptDraft, index: usize, part: fn(&ChunkDraft) -> &String) -> String {
    draft.chunks.get(index).map(|chunk| part(chunk).clone()).unwrap_or_default()
}

/// The field.
#[component]
pub(super) fn Chunks() -> impl IntoView {
    let form = Form::of_page();
    // Rows of a draft have no ids; a row is its place, and shows what stands there.
    let n_rows = Memo::new(move |_| form.draft.read().chunks.len());
    let add = move |()| form.edit("/chunks", |draft| draft.chunks.push(ChunkDraft::default()));
    view! {
        <fieldset class="draft-rows" id=control_id("/chunks") tabindex="-1">
            <legend class="field-label">{directive::label("chunks")}</legend>
            <p class="field-help">{directive::help("chunks")}</p>
            <GroupFindings pointer="/chunks" />
            <For each=move || 0..n_rows.get() key=|index| *index let:index>
                <ChunkRow index=index />
            </For>
            <div class="row">
                <Button on_press=add>
                    <Icon shape=Shape::Plus />
                    {move || if n_rows.get() == 0 { "Ask for resources" } else { "Add another kind of chunk" }}
                </Button>
            </div>
            <Show when=move || { n_rows.get() > 0 }>
                <details class="compose-words">
                    <summary>"What these fields mean"</summary>
                    <dl class="compose-words-list">
                        {PARTS
                            .iter()
                            .filter_map(|(name, ..)| directive::find(name))
                            .map(|part| view! { <dt>{part.label}</dt><dd>{part.help}</dd> })
                            .collect_view()}
                    </dl>
                </details>
            </Show>
        </fieldset>
    }
}

#[component]
fn ChunkRow(index: usize) -> impl IntoView {
    let form = Form::of_page();
    let pointer = format!("/chunks/{index}");
    let fields = PARTS
        .into_iter()
        .map(|(name, read, write)| {
            let field = name.rsplit('.').next().unwrap_or(name);
            let pointer = format!("{pointer}/{field}");
            let value = form.bind(
                pointer.clone(),
                move |draft| get(draft, index, read),
                move |draft, value| {
                    if let Some(chunk) = draft.chunks.get_mut(index) {
                        *write(chunk) = value;
                    }
                },
            );
            let is_learned = field == "mem" && index == 0;
            view! { <DraftField name=name value=value pointer=pointer is_bare=true is_learned=is_learned /> }
        })
        .collect_view();
    let remove = move |()| {
        form.edit("/chunks", |draft| {
            if index < draft.chunks.len() {
                draft.chunks.remove(index);
            }
        });
    };
    let number = index.saturating_add(1);
    let id = control_id(&pointer);
    view! {
        <fieldset class="draft-row" id=id tabindex="-1">
            <legend class="visually-hidden">{format!("Kind {number} of chunk")}</legend>
            <div class="chunk-fields">{fields}</div>
            <Button kind=ButtonKind::Quiet label=format!("Remove kind {number} of chunk") on_press=remove>
                <Icon shape=Shape::Cross />
            </Button>
            <GroupFindings pointer=pointer />
        </fieldset>
    }
}
