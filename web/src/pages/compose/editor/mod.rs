//! The editor of the script's text: a text area over the same text in colours, and what may follow at the cursor. All that it
//! knows of scripts comes from `pbsweb_shared::script`; the text is [`Form`]'s.

mod offers;
mod paint;
mod place;

use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::web_sys::{HtmlElement, HtmlTextAreaElement};
use pbsweb_shared::script::{DEFAULT_PREFIX, Diagnostic, MAX_SCRIPT_BYTES, highlight};
use wasm_bindgen::JsCast;

use super::findings::words;
use super::form::Form;
use crate::ui::effect;
use crate::ui::field::refuse_huge;
use offers::{Offers, OffersList};
use paint::{Line, Number, lines_of, numbers_of, paint};
use place::{bytes_at, line_of, moved, place_of, units_at};

/// The text area, to which findings lead.
const EDITOR: &str = "compose-script-text";

/// A longer text is shown without colours, and read when typing pauses: browsers themselves take long for it.
const LONGEST_COLOURED: usize = 100_000;

/// What is typed into such a text is read after so long.
const PAUSE: Duration = Duration::from_millis(300);

/// Lines are painted in steps of so many, so that scrolling seldom paints.
const STEP: usize = 8;

/// So many lines are painted: those in view (the style sheet's greatest height), and some around them.
const N_PAINTED: usize = 32 + 3 * STEP;

/// How the directives of the draft begin.
fn prefix(form: Form) -> String {
    form.draft.with_untracked(|draft| match draft.directive_prefix.trim() {
        "" => DEFAULT_PREFIX.to_owned(),
        own => own.to_owned(),
    })
}

/// A text with the line ends that a text area has.
fn as_edited(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

/// The text area, if it is on the page.
fn text_area() -> Option<HtmlTextAreaElement> {
    document().get_element_by_id(EDITOR)?.dyn_into().ok()
}

/// The cursor's place in bytes.
fn cursor(area: &HtmlTextAreaElement, text: &str) -> usize {
    bytes_at(text, area.selection_start().ok().flatten().unwrap_or(0))
}

/// Puts the cursor to what a finding is about.
pub(super) fn go_to(finding: &Diagnostic) {
    let Some(area) = text_area() else { return };
    let text = area.value();
    put_cursor(&area, &text, place_of(&text, finding.line.unwrap_or(1), finding.column.unwrap_or(1)));
}

fn put_cursor(area: &HtmlTextAreaElement, text: &str, place: usize) {
    let units = units_at(text, place);
    let _ = area.focus();
    let _ = area.set_selection_range(units, units);
    // Browsers show the cursor when it is moved by a key only.
    let (line, _) = line_of(text, place);
    let height = line_height(area);
    let top = u32::try_from(line).map_or(0.0, |line| f64::from(line) * height);
    let (seen, room) = (f64::from(area.scroll_top()), f64::from(area.client_height()));
    if top < seen || top + 3.0 * height > seen + room {
        area.set_scroll_top(pixels(top - room / 2.0).max(0));
    }
}

/// The height of its lines, in pixels.
fn line_height(area: &HtmlTextAreaElement) -> f64 {
    let style = window().get_computed_style(area).ok().flatten();
    let height = style.and_then(|style| style.get_property_value("line-height").ok());
    height.map(|height| js_sys::parse_float(&height)).filter(|height| *height > 0.0).unwrap_or(20.0)
}

/// Whole pixels: writing fractions is much code to download.
#[expect(clippy::cast_possible_truncation, reason = "a place on the page")]
fn pixels(length: f64) -> i32 {
    length.round() as i32
}

/// Shows a text that is not the one that was typed just now; the cursor stays with what is around it.
fn show(area: &HtmlTextAreaElement, text: &str) {
    let old = area.value();
    // An emptied script is one empty line to the draft.
    if old == text || (old.is_empty() && text == "\n") {
        return;
    }
    let place = |place: Option<u32>| moved(&old, text, place.unwrap_or(0));
    let selection =
        (place(area.selection_start().ok().flatten()), place(area.selection_end().ok().flatten()));
    let scrolled = (area.scroll_top(), area.scroll_left());
    area.set_value(text);
    let _ = area.set_selection_range(selection.0, selection.1);
    area.set_scroll_top(scrolled.0);
    area.set_scroll_left(scrolled.1);
}

/// The next thing found behind the cursor, or before it; goes round at the end.
fn next_finding(findings: &[Diagnostic], at: (u32, u32), is_back: bool) -> Option<&Diagnostic> {
    let place = |finding: &Diagnostic| (finding.line.unwrap_or(1), finding.column.unwrap_or(1));
    let mut placed: Vec<&Diagnostic> = findings.iter().filter(|finding| finding.line.is_some()).collect();
    placed.sort_by_key(|finding| place(finding));
    if is_back {
        placed.iter().rfind(|finding| place(finding) < at).or(placed.last()).copied()
    } else {
        placed.iter().find(|finding| place(finding) > at).or(placed.first()).copied()
    }
}

/// What is in view of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct View {
    top: i32,
    left: i32,
    line_height: f64,
}

impl View {
    fn of(area: &HtmlTextAreaElement) -> Self {
        Self { top: area.scroll_top(), left: area.scroll_left(), line_height: line_height(area) }
    }

    /// The first line to be painted.
    fn first(self) -> usize {
        let line = pixels((f64::from(self.top) / self.line_height.max(1.0)).floor());
        usize::try_from(line).unwrap_or(0).saturating_sub(STEP) / STEP * STEP
    }

    /// Moves what is painted from a line on to where that line is in the text area.
    fn place(self, rows: &HtmlElement, first: usize, left: i32) {
        let above = u32::try_from(first).map_or(0.0, |first| f64::from(first) * self.line_height);
        let (x, y) = (-left, pixels(above) - self.top);
        let _ = rows.style().set_property("transform", &format!("translate({x}px, {y}px)"));
    }
}

/// The editor.
#[component]
pub(super) fn ScriptEditor() -> impl IntoView {
    let form = Form::of_page();
    let area = NodeRef::<html::Textarea>::new();
    let numbers = NodeRef::<html::Div>::new();
    let painted = NodeRef::<html::Div>::new();
    let seen = RwSignal::new(View::default());
    let first = Memo::new(move |_| seen.get().first());
    let offers = Offers::new(form, first);
    let said = RwSignal::new(String::new());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let text = Memo::new(move |_| as_edited(&form.text.read()));
    let is_plain = Memo::new(move |_| text.read().len() > LONGEST_COLOURED);
    let has_errors = Memo::new(move |_| form.shown_findings().iter().any(Diagnostic::is_error));
    let error = form.error_at("/text".to_owned());
    effect(move || {
        if let Some(area) = area.get() {
            show(&area, &text.read());
        }
    });
    let shown = StoredValue::new((Vec::<Line>::new(), Vec::<Number>::new()));
    effect(move || {
        let (Some(painted), Some(numbers)) = (painted.get(), numbers.get()) else { return };
        let first = first.get();
        let lines = if is_plain.get() {
            Vec::new()
        } else {
            let text = text.read();
            let parts = highlight(&text, &prefix(form));
            lines_of(&text, &parts, &form.shown_findings(), first..first + N_PAINTED)
        };
        let new = (numbers_of(&lines, first), lines);
        shown.update_value(|shown| {
            paint(&painted, &shown.0, &new.1);
            paint(&numbers, &shown.1, &new.0);
            *shown = (new.1, new.0);
        });
    });
    effect(move || {
        let (seen, first) = (seen.get(), first.get());
        if let (Some(painted), Some(numbers)) = (painted.get(), numbers.get()) {
            seen.place(&painted, first, seen.left);
            seen.place(&numbers, first, 0);
        }
        if let Some(area) = area.get_untracked() {
            offers.follow(&area);
        }
    });
    let on_scroll = move |_| {
        if let Some(area) = area.get_untracked() {
            seen.set(View::of(&area));
        }
    };
    // Brings to the draft what was typed into a long text.
    let read_now = move || {
        let Some(handle) = waiting.try_update_value(Option::take).flatten() else { return };
        handle.clear();
        if let Some(area) = area.get_untracked() {
            form.edit_text(&area.value(), "");
        }
    };
    let step = move |area: &HtmlTextAreaElement, is_back: bool| {
        let text = area.value();
        let (line, column) = line_of(&text, cursor(area, &text));
        let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let findings = form.shown_findings();
        match next_finding(&findings, (count(line), count(column)), is_back) {
            Some(finding) => {
                go_to(finding);
                said.set(format!("Line {}: {}", finding.line.unwrap_or(1), words(finding)));
            }
            None => said.set("Nothing is found in the script.".to_owned()),
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(area) = area.get_untracked() else { return };
        let is_control = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            // What an input method is composing is not ours yet.
            _ if event.is_composing() => return,
            "z" | "Z" | "y" if is_control => {
                read_now();
                if event.shift_key() || event.key() == "y" { form.redo() } else { form.undo() }
            }
            "F8" => untrack(|| step(&area, event.shift_key())),
            key => {
                if !offers.take_key(&area, key, is_control) {
                    return;
                }
            }
        }
        event.prevent_default();
    };
    let on_input = move |_| {
        let Some(area) = area.get_untracked() else { return };
        let text = area.value();
        if text.len() > MAX_SCRIPT_BYTES {
            area.set_value(&as_edited(&form.text.read_untracked()));
            return form.refuse("/text", text.len());
        }
        if text.len() > LONGEST_COLOURED && is_plain.get_untracked() {
            if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
                handle.clear();
            }
            waiting.set_value(set_timeout_with_handle(read_now, PAUSE).ok());
            return;
        }
        // What is typed on one line in a row is undone together.
        let (line, _) = line_of(&text, cursor(&area, &text));
        form.edit_text(&text, &format!("line {line}"));
        offers.offer(&area, &text, false);
    };
    on_cleanup(read_now);
    view! {
        <div class="script-frame">
            <div class="script-editor" data-plain=move || is_plain.get().then_some("true")>
                <div class="script-gutter" aria-hidden="true">
                    <div class="script-rows" node_ref=numbers></div>
                </div>
                <div class="script-stack">
                    <div class="script-rows" aria-hidden="true" node_ref=painted></div>
                    <textarea
                        id=EDITOR
                        class="script-text"
                        node_ref=area
                        name="script_text"
                        aria-label="Script text"
                        aria-describedby="compose-script-help compose-script-error"
                        aria-invalid=move || has_errors.get().then_some("true")
                        aria-autocomplete="list"
                        aria-controls=move || offers.is_open().then_some(offers::LIST)
                        aria-activedescendant=move || offers.active()
                        spellcheck="false"
                        autocapitalize="none"
                        autocomplete="off"
                        wrap="off"
                        on:input=on_input
                        on:keydown=on_key
                        on:scroll=on_scroll
                        on:paste=move |event| {
                            refuse_huge(&event, event.clipboard_data(), move |n_bytes| form.refuse("/text", n_bytes));
                        }
                        on:click=move |_| offers.close()
                        on:blur=move |_| {
                            offers.close();
                            read_now();
                        }
                    ></textarea>
                </div>
            </div>
            <OffersList offers=offers />
        </div>
        <p class="visually-hidden" role="status">{move || said.get()}</p>
        <p class="field-error" id="compose-script-error" role="alert">{move || error.get()}</p>
        <p class="field-help" id="compose-script-help">
            "Form and script are one: each follows the other. Ctrl+Space offers what may follow, F8 goes to the next finding."
        </p>
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::script::{diagnose, parse};

    use super::*;

    #[test]
    fn findings_are_gone_through_in_the_order_of_the_text() {
        let draft = parse("#!/bin/sh\n#PBS -l walltime=x -q a/b\n#PBS -p 9999\ntrue\n").draft;
        let findings = diagnose(&draft, None).1;
        let lines = |at, is_back| next_finding(&findings, at, is_back).and_then(|finding| finding.line);
        assert_eq!(lines((1, 1), false), Some(2));
        assert_eq!(lines((2, 99), false), Some(3));
        assert_eq!(lines((3, 1), true), Some(2));
        assert!(lines((99, 1), false).is_some(), "round the end");
        assert_eq!(next_finding(&[], (1, 1), false), None);
    }

    #[test]
    fn line_ends_are_shown_as_a_text_area_has_them() {
        assert_eq!(as_edited("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
