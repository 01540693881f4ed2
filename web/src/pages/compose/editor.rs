//! The editor of the script's text: a text area over the same text in colours, with the numbers of its lines, and with what may
//! follow at the cursor. All that it knows of scripts comes from `pbsweb_shared::script`.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::script::{Completion, DEFAULT_PREFIX, Part, Severity, complete, highlight};
use wasm_bindgen::JsCast;

use super::form::Form;

/// The text area, to which findings lead.
const EDITOR: &str = "compose-script-text";

/// A longer text is shown without colours: painting so many pieces takes longer than typing.
const LONGEST_COLOURED: usize = 100_000;

/// So many are offered at once.
const MOST_OFFERED: usize = 12;

const fn class_of(part: Part) -> &'static str {
    match part {
        Part::FirstLine => "script-first",
        Part::Prefix => "script-prefix",
        Part::Option => "script-option",
        Part::Value => "script-value",
        Part::Unknown => "script-unknown",
        Part::Comment => "script-comment",
    }
}

/// The place in bytes of one in UTF-16 units, as browsers count.
fn bytes_at(text: &str, units: u32) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        if passed >= units as usize {
            return at;
        }
        passed += c.len_utf16();
    }
    text.len()
}

/// The other way round.
fn units_at(text: &str, bytes: usize) -> u32 {
    text.get(..bytes).map_or(0, |before| u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX))
}

/// The place in bytes of a line and a column, both from 1.
fn place_of(text: &str, line: u32, column: u32) -> usize {
    let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let most = rest.find('\n').unwrap_or(rest.len());
    let columns = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
    start + rest.char_indices().nth(columns).map_or(most, |(at, _)| at.min(most))
}

/// Puts the cursor to a line and column of the script.
pub(super) fn go_to(line: u32, column: u32) {
    let area = document().get_element_by_id(EDITOR);
    let Some(area) = area.and_then(|area| area.dyn_into::<leptos::web_sys::HtmlTextAreaElement>().ok())
    else {
        return;
    };
    let text = area.value();
    put_cursor(&area, &text, place_of(&text, line, column));
}

fn put_cursor(area: &leptos::web_sys::HtmlTextAreaElement, text: &str, place: usize) {
    let units = units_at(text, place);
    let _ = area.focus();
    let _ = area.set_selection_range(units, units);
}

/// The editor.
#[component]
pub(super) fn ScriptEditor() -> impl IntoView {
    let form = Form::of_page();
    let area = NodeRef::<html::Textarea>::new();
    let offers = RwSignal::new(Vec::<Completion>::new());
    let chosen = RwSignal::new(0_usize);
    let prefix = move || {
        let own = form.draft.with_untracked(|draft| draft.directive_prefix.clone());
        if own.is_empty() { DEFAULT_PREFIX.to_owned() } else { own }
    };
    let offer = move |is_asked: bool| {
        let Some(area) = area.get_untracked() else { return };
        let text = area.value();
        let cursor = bytes_at(&text, area.selection_start().ok().flatten().unwrap_or(0));
        let mut found = complete(&text, cursor, &prefix(), form.rules.read_untracked().as_ref());
        // Unasked, nothing is offered before the first letter.
        if !is_asked && found.iter().all(|completion| completion.start == cursor) {
            found.clear();
        }
        found.truncate(MOST_OFFERED);
        chosen.set(0);
        offers.set(found);
    };
    let take = move |index: usize| {
        let (Some(area), Some(completion)) =
            (area.get_untracked(), offers.with_untracked(|offers| offers.get(index).cloned()))
        else {
            return;
        };
        let text = area.value();
        let cursor = bytes_at(&text, area.selection_start().ok().flatten().unwrap_or(0));
        let before = text.get(..completion.start).unwrap_or_default();
        let after = text.get(cursor..).unwrap_or_default();
        let new = format!("{before}{}{after}", completion.text);
        let place = completion.start + completion.text.len();
        form.edit_text(&new);
        area.set_value(&new);
        put_cursor(&area, &new, place);
        offers.set(Vec::new());
        // What was taken often wants a value.
        if completion.text.ends_with([' ', '=', ':']) {
            offer(true);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let n = offers.read_untracked().len();
        let key = event.key();
        let is_control = event.ctrl_key() || event.meta_key();
        match key.as_str() {
            " " if event.ctrl_key() => offer(true),
            "z" | "Z" if is_control => {
                if event.shift_key() {
                    form.redo()
                } else {
                    form.undo()
                }
            }
            "y" if is_control => form.redo(),
            "ArrowDown" if n > 0 => chosen.update(|chosen| *chosen = (*chosen + 1) % n),
            "ArrowUp" if n > 0 => chosen.update(|chosen| *chosen = (*chosen + n - 1) % n),
            "Enter" | "Tab" if n > 0 => take(chosen.get_untracked()),
            "Escape" if n > 0 => offers.set(Vec::new()),
            _ => return,
        }
        event.prevent_default();
    };
    let coloured = move || {
        let text = form.text.get();
        let parts = if text.len() > LONGEST_COLOURED { Vec::new() } else { highlight(&text, &prefix()) };
        let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
        let mut done = 0;
        for part in parts {
            let piece = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
            pieces.push(view! { <span>{piece(done..part.start)}</span> }.into_any());
            pieces.push(
                view! { <span class=class_of(part.part)>{piece(part.start..part.end)}</span> }.into_any(),
            );
            done = part.end;
        }
        // A line end at the very end makes no line of its own in a <pre>.
        pieces.push(view! { <span>{format!("{} ", text.get(done..).unwrap_or_default())}</span> }.into_any());
        pieces
    };
    // Which lines have something to say: the worst of it.
    let marks = Memo::new(move |_| {
        let n_lines = form.text.read().matches('\n').count() + 1;
        let mut marks: Vec<Option<Severity>> = vec![None; n_lines.min(5000)];
        for finding in form.findings.read().iter() {
            let index = finding.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            if let Some(mark) = index.and_then(|index| marks.get_mut(index)) {
                *mark = Some(mark.map_or(finding.severity, |known| known.min(finding.severity)));
            }
        }
        marks
    });
    let numbers = move || {
        marks
            .get()
            .into_iter()
            .map(|mark| {
                let mark = match mark {
                    Some(Severity::Error) => Some("error"),
                    Some(Severity::Warning) => Some("warning"),
                    Some(Severity::Hint) | None => None,
                };
                view! { <li data-mark=mark></li> }
            })
            .collect_view()
    };
    view! {
        <div class="script-editor" role="region" aria-label="the script">
            <ol class="script-lines" aria-hidden="true">{numbers}</ol>
            <div class="script-stack">
                <pre aria-hidden="true"><code>{coloured}</code></pre>
                <textarea
                    id=EDITOR
                    node_ref=area
                    name="script_text"
                    aria-label="Script text"
                    aria-describedby="compose-script-help"
                    aria-autocomplete="list"
                    aria-controls="compose-script-offers"
                    aria-activedescendant=move || {
                        (!offers.read().is_empty()).then(|| format!("compose-script-offer-{}", chosen.get()))
                    }
                    spellcheck="false"
                    autocapitalize="none"
                    autocomplete="off"
                    wrap="off"
                    prop:value=move || form.text.get()
                    on:input=move |event| {
                        form.edit_text(&event_target_value(&event));
                        offer(false);
                    }
                    on:keydown=on_key
                    on:blur=move |_| offers.set(Vec::new())
                ></textarea>
            </div>
        </div>
        <ul id="compose-script-offers" class="script-offers" role="listbox" aria-label="What may follow">
            {move || {
                offers
                    .get()
                    .into_iter()
                    .enumerate()
                    .map(|(index, completion)| {
                        view! {
                            <li
                                id=format!("compose-script-offer-{index}")
                                role="option"
                                aria-selected=move || if chosen.get() == index { "true" } else { "false" }
                                // Before the text area loses the focus.
                                on:mousedown=move |event| {
                                    event.prevent_default();
                                    take(index);
                                }
                            >
                                <code>{completion.text}</code>
                                <span class="muted">{completion.help}</span>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
        <p class="field-help" id="compose-script-help">
            "The fields follow what you type, and the script follows the fields; what you do not change stays as it is. Ctrl+Space offers what may follow."
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_browsers_do() {
        let text = "é🔥x";
        for (units, bytes) in [(0, 0), (1, 2), (3, 6), (4, 7), (9, 7)] {
            assert_eq!(bytes_at(text, units), bytes, "{units}");
        }
        assert_eq!([0, 2, 6, 7].map(|bytes| units_at(text, bytes)), [0, 1, 3, 4]);
    }

    #[test]
    fn lines_and_columns_lead_to_places() {
        let text = "ab\nécd\n";
        assert_eq!(place_of(text, 1, 1), 0);
        assert_eq!(place_of(text, 2, 2), 5);
        assert_eq!(place_of(text, 2, 99), 7);
        assert_eq!(place_of(text, 9, 9), text.len());
    }
}
