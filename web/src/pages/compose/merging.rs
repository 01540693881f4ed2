//! Somebody saved the script while it was being changed here: both changes side by side, to be put together.
//!
//! Nothing is decided by itself where both sides changed a place, and nothing that was typed is gone before it is decided: the
//! form keeps it, over a reload too, and saving again leads here again.

use std::sync::Arc;

use leptos::prelude::*;
use pbsweb_shared::api::scripts::Revision;
use pbsweb_shared::script::{
    LineChange, MergeChoice, MergePiece, Merged, changed_lines, merge, merged_text, parse_with, render,
};

use super::form::Form;
use super::origin::Save;
use crate::components::changed_line;
use crate::state::CurrentUser;
use crate::ui::{Bind, Button, ButtonKind, Choice, PageHeader, Panel, RadioGroup};

/// What was chosen for each place that both sides changed.
type Choices = RwSignal<Vec<Option<MergeChoice>>>;

/// Unchanged lines in a row that are shown; more are folded.
const MOST_UNCHANGED: usize = 8;

/// Who saved it meanwhile, in words: that may be oneself in another window.
#[derive(Clone)]
struct Other {
    /// Such as "bob", at the beginning of a sentence.
    name: String,
    /// Such as "bob’s".
    whose: String,
}

impl Other {
    fn of(revision: &Revision) -> Self {
        let user = CurrentUser::of_page();
        let is_me = untrack(move || user.me()).is_some_and(|me| me.user_name == revision.by);
        if is_me {
            Self {
                name: "You yourself, in another window,".to_owned(),
                whose: "the other window’s".to_owned(),
            }
        } else {
            Self { name: revision.by.to_string(), whose: format!("{}’s", revision.by) }
        }
    }
}

/// The page.
#[component]
pub(super) fn Merging(
    /// What was saved meanwhile.
    current: Revision,
    /// Saves the form.
    save: Save,
) -> impl IntoView {
    let form = Form::of_page();
    let (name, made_from, base) = form
        .origin
        .with_untracked(|origin| {
            origin.as_ref().map(|origin| (origin.name.clone(), origin.made_from, render(&origin.base)))
        })
        .unwrap_or_default();
    let mine = form.draft.with_untracked(render);
    let pieces = StoredValue::new(merge(&base, &mine, &render(&current.draft)));
    let n_conflicts = pieces.with_value(|pieces| pieces.iter().filter(|piece| is_conflict(piece)).count());
    let choices: Choices = RwSignal::new(vec![None; n_conflicts]);
    let other = Other::of(&current);
    let lead = format!(
        "{} saved revision {} of {name} while you were changing revision {made_from}.",
        other.name, current.number
    );
    let undecided = MaybeProp::derive(move || {
        let n_open = choices.read().iter().filter(|choice| choice.is_none()).count();
        match n_open {
            0 => None,
            1 => Some("One place is still to be decided.".to_owned()),
            n => Some(format!("{n} places are still to be decided.")),
        }
    });
    let current = StoredValue::new(current);
    let take_over = move || {
        let choices: Vec<MergeChoice> = choices.read_untracked().iter().copied().flatten().collect();
        let text = pieces.with_value(|pieces| merged_text(pieces, &choices));
        form.take_merged(&text, &current.get_value());
    };
    let mut nth = 0;
    let rows = pieces.with_value(|pieces| {
        pieces
            .iter()
            .map(|piece| {
                let place = nth;
                if is_conflict(piece) {
                    nth += 1;
                }
                row(piece, &other, choices, place)
            })
            .collect_view()
    });
    let conflicts = match n_conflicts {
        0 => "The changes are in different places: together they are the script below.".to_owned(),
        1 => "Both of you changed one place: choose there.".to_owned(),
        n => format!("Both of you changed {n} places: choose at each."),
    };
    view! {
        <PageHeader title="Merge two changes" lead=lead />
        <Panel title="The script" lead=format!("{conflicts} Nothing of yours is saved yet, and nothing is lost.")>
            <div class="merge">
                {rows}
                <div class="form-actions">
                    <Button
                        kind=ButtonKind::Primary
                        disabled_because=undecided
                        on_press=move |()| {
                            take_over();
                            save.dispatch(());
                        }
                    >
                        "Save the merge"
                    </Button>
                    <Button disabled_because=undecided on_press=move |()| take_over()>
                        "Edit it first"
                    </Button>
                    <Button kind=ButtonKind::Quiet on_press=move |()| form.conflict.set(None)>
                        "Back to my version"
                    </Button>
                    <span class="muted" role="status">
                        {move || undecided.get()}
                    </span>
                </div>
            </div>
        </Panel>
    }
}

fn is_conflict(piece: &MergePiece) -> bool {
    matches!(piece.merged(), Merged::Conflict)
}

/// A box of lines; one that is wider than the screen is scrolled by itself.
fn lines(label: String, shown: impl IntoView + 'static) -> AnyView {
    view! {
        <pre class="changed-lines" tabindex="0" role="group" aria-label=label>
            {shown.into_any()}
        </pre>
    }
    .into_any()
}

fn plain(text: &str) -> AnyView {
    view! { <span class="changed-line">{text.to_owned()}</span> }.into_any()
}

/// What nobody changed, or both alike.
fn unchanged(text: &str) -> AnyView {
    let n_lines = text.lines().count();
    let shown = lines("Unchanged, or changed alike".to_owned(), plain(text));
    if n_lines <= MOST_UNCHANGED {
        return shown;
    }
    view! {
        <details class="merge-unchanged">
            <summary>{format!("{n_lines} lines that nobody changed, or both alike")}</summary>
            {shown}
        </details>
    }
    .into_any()
}

/// What one side alone made of a place, with what was there before.
fn taken(heading: String, before: &str, now: &str) -> AnyView {
    let sign = |change: &LineChange| if change.is_new { "+ " } else { "- " }.to_owned();
    let changes = changed_lines(before, now).into_iter();
    let shown = changes.map(|change| changed_line(sign(&change), change)).collect_view();
    view! {
        <div>
            <h3 class="merge-heading">{heading.clone()}</h3>
            {lines(heading, shown)}
        </div>
    }
    .into_any()
}

/// One side of a place: what it says otherwise than before is marked.
fn side(label: String, before: &str, now: &str) -> AnyView {
    if now.is_empty() {
        return lines(label, view! { <em class="changed-line muted">"nothing"</em> });
    }
    let mut changes = changed_lines(before, now).into_iter().filter(|change| change.is_new).peekable();
    let shown = now
        .lines()
        .enumerate()
        .map(|(index, text)| match changes.next_if(|change| change.number == index.saturating_add(1)) {
            Some(change) => changed_line(String::new(), change),
            None => plain(text),
        })
        .collect_view();
    lines(label, shown)
}

fn row(piece: &MergePiece, other: &Other, choices: Choices, place: usize) -> AnyView {
    match piece.merged() {
        Merged::Same(text) => unchanged(text),
        Merged::Mine(text) => taken("My change".to_owned(), &piece.base, text),
        Merged::Theirs(text) => taken(as_heading(&format!("{} change", other.whose)), &piece.base, text),
        Merged::Conflict => conflict(piece, other, choices, place),
    }
}

/// User names stay as they are; other words begin with a capital.
fn as_heading(words: &str) -> String {
    words.strip_prefix("the ").map_or_else(|| words.to_owned(), |rest| format!("The {rest}"))
}

fn conflict(piece: &MergePiece, other: &Other, choices: Choices, place: usize) -> AnyView {
    let words = |choice: MergeChoice| match choice {
        MergeChoice::Mine => "mine",
        MergeChoice::Theirs => "theirs",
        MergeChoice::Both => "both",
    };
    let value = Bind::new(
        move || choices.read().get(place).copied().flatten().map(words).unwrap_or_default().to_owned(),
        move |word: String| {
            let all = [MergeChoice::Mine, MergeChoice::Theirs, MergeChoice::Both];
            let chosen = all.into_iter().find(|choice| words(*choice) == word);
            choices.update(|choices| {
                if let Some(choice) = choices.get_mut(place) {
                    *choice = chosen;
                }
            });
        },
    );
    let theirs = as_heading(&other.whose);
    let offered = vec![
        Choice::new("mine", "Mine"),
        Choice::new("theirs", theirs.clone()),
        Choice::new("both", format!("Both: mine, then {}", other.whose)),
    ];
    let number = place.saturating_add(1);
    let heading = format!("Place {number}: both changed it");
    view! {
        <section class="merge-conflict" aria-label=heading.clone()>
            <h3 class="merge-heading">{heading.clone()}</h3>
            <div class="merge-sides">
                <div>
                    <h4 class="merge-side">"Mine"</h4>
                    {side(format!("Mine at place {number}"), &piece.base, &piece.mine)}
                </div>
                <div>
                    <h4 class="merge-side">{theirs.clone()}</h4>
                    {side(format!("{theirs} at place {number}"), &piece.base, &piece.theirs)}
                </div>
                <div>
                    <h4 class="merge-side">"Before"</h4>
                    {side(format!("Before, at place {number}"), &piece.base, &piece.base)}
                </div>
            </div>
            <RadioGroup
                label=format!("Take at place {number}")
                name="merge"
                value=value
                choices=Signal::derive(move || offered.clone())
            />
        </section>
    }
    .into_any()
}

impl Form {
    /// The merged text is the draft from now on, made from what was saved meanwhile.
    fn take_merged(self, text: &str, current: &Revision) {
        let prefix = self.draft.with_untracked(|draft| draft.directive_prefix.clone());
        let draft = parse_with(text.as_bytes(), &prefix).draft;
        self.origin.update(|origin| {
            if let Some(origin) = origin.as_mut().map(Arc::make_mut) {
                origin.move_to(current);
                // Somebody may have given the job another name: it still is this script.
                let is_named_so = draft.name.trim() == origin.name;
                self.script_name.set(if is_named_so { String::new() } else { origin.name.clone() });
            }
        });
        self.replace(draft);
        self.conflict.set(None);
    }
}
