//! What may follow at the cursor: a list below it, from which is chosen without leaving the text.

use leptos::prelude::*;
use leptos::web_sys::{
    Element, HtmlElement, HtmlTextAreaElement, ScrollIntoViewOptions, ScrollLogicalPosition,
};
use pbsweb_shared::script::{Completion, complete};
use wasm_bindgen::JsCast;

use super::place::line_of;
use super::{cursor, pixels, prefix, put_cursor, text_area};
use crate::pages::compose::form::Form;
use crate::ui::effect;

/// The list.
pub(super) const LIST: &str = "compose-script-offers";

/// The room a list needs below its line, in pixels; else it is shown above.
const HEIGHT: f64 = 260.0;

/// What is offered.
#[derive(Clone, Copy)]
pub(super) struct Offers {
    form: Form,
    /// The first line that is painted.
    first: Memo<usize>,
    list: RwSignal<Vec<Completion>>,
    chosen: RwSignal<usize>,
}

impl Offers {
    pub(super) fn new(form: Form, first: Memo<usize>) -> Self {
        Self { form, first, list: RwSignal::new(Vec::new()), chosen: RwSignal::new(0) }
    }

    /// Whether something is offered. Tracked.
    pub(super) fn is_open(self) -> bool {
        !self.list.read().is_empty()
    }

    /// The chosen one's element. Tracked.
    pub(super) fn active(self) -> Option<String> {
        self.is_open().then(|| id_of(self.chosen.get()))
    }

    pub(super) fn close(self) {
        if !self.list.read_untracked().is_empty() {
            self.list.set(Vec::new());
        }
    }

    /// Offers what may follow at the cursor; unasked only what is called for.
    pub(super) fn offer(self, area: &HtmlTextAreaElement, text: &str, is_asked: bool) {
        let place = cursor(area, text);
        let mut found = complete(text, place, &prefix(self.form), self.form.rules.read_untracked().as_ref());
        let is_typed_whole = |completion: &Completion| {
            let typed = text.get(completion.start..place).unwrap_or_default();
            !completion.is_called_for(typed)
        };
        if !is_asked && found.iter().any(is_typed_whole) {
            found.clear();
        }
        if found.is_empty() {
            return self.close();
        }
        self.chosen.set(0);
        self.list.set(found);
        put_list(area, text, place, self.first.get_untracked());
    }

    /// The text was scrolled: the list goes with its line, and closes when that is out of view.
    pub(super) fn follow(self, area: &HtmlTextAreaElement) {
        if self.list.read_untracked().is_empty() {
            return;
        }
        let text = area.value();
        let place = cursor(area, &text);
        if put_list(area, &text, place, self.first.get_untracked()).is_none() {
            self.close();
        }
    }

    /// What a key does; `false` if it is none of ours.
    pub(super) fn take_key(self, area: &HtmlTextAreaElement, key: &str, is_control: bool) -> bool {
        let n = self.list.read_untracked().len();
        match key {
            " " if is_control => self.offer(area, &area.value(), true),
            _ if n == 0 || is_control => return false,
            "ArrowDown" => self.chosen.update(|chosen| *chosen = (*chosen + 1) % n),
            "ArrowUp" => self.chosen.update(|chosen| *chosen = (*chosen + n - 1) % n),
            "Enter" | "Tab" => self.take(self.chosen.get_untracked()),
            "Escape" => self.close(),
            "ArrowLeft" | "ArrowRight" | "Home" | "End" | "PageUp" | "PageDown" => {
                self.close();
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Puts one into the text.
    fn take(self, index: usize) {
        let completion = self.list.with_untracked(|list| list.get(index).cloned());
        let (Some(area), Some(completion)) = (text_area(), completion) else { return };
        let text = area.value();
        let before = text.get(..completion.start).unwrap_or_default();
        let after = text.get(cursor(&area, &text)..).unwrap_or_default();
        let new = format!("{before}{}{after}", completion.text);
        area.set_value(&new);
        put_cursor(&area, &new, completion.start + completion.text.len());
        self.close();
        self.form.edit_text(&new, "");
        // What was taken often wants a value.
        if completion.text.ends_with([' ', '=', ':']) {
            self.offer(&area, &new, false);
        }
    }
}

fn id_of(index: usize) -> String {
    format!("{LIST}-{index}")
}

/// Scrolls no further than needed.
fn reveal(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options.set_inline(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Tells the list where the cursor is; how it stands there is the style sheet's. `None` if its line is out of view.
fn put_list(area: &HtmlTextAreaElement, text: &str, place: usize, first: usize) -> Option<()> {
    let list: HtmlElement = document().get_element_by_id(LIST)?.dyn_into().ok()?;
    let (line, column) = line_of(text, place);
    let painted = area.previous_element_sibling()?.children();
    let line = painted.item(u32::try_from(line.checked_sub(first)?).ok()?)?.get_bounding_client_rect();
    let (frame, seen) = (list.parent_element()?.get_bounding_client_rect(), area.get_bounding_client_rect());
    if line.bottom() <= seen.top() || line.top() >= seen.bottom() {
        return None;
    }
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(f64::MAX);
    let is_above = line.bottom() + HEIGHT > height && line.top() > HEIGHT;
    let _ = list.set_attribute("data-side", if is_above { "above" } else { "below" });
    for (name, value) in [
        ("--line-left", format!("{}px", pixels(line.left() - frame.left()))),
        ("--line-top", format!("{}px", pixels(line.top() - frame.top()))),
        ("--line-bottom", format!("{}px", pixels(line.bottom() - frame.top()))),
        ("--column", column.to_string()),
    ] {
        let _ = list.style().set_property(name, &value);
    }
    Some(())
}

/// The list, empty while nothing is offered.
#[component]
pub(super) fn OffersList(offers: Offers) -> impl IntoView {
    // The chosen one is in view.
    effect(move || {
        if let Some(active) = offers.active().and_then(|id| document().get_element_by_id(&id)) {
            reveal(&active);
        }
    });
    let rows = move || {
        let row = |(index, completion): (usize, Completion)| {
            view! {
                <li
                    id=id_of(index)
                    role="option"
                    aria-selected=move || if offers.chosen.get() == index { "true" } else { "false" }
                    // Before the text area loses the focus.
                    on:mousedown=move |event| {
                        event.prevent_default();
                        offers.take(index);
                    }
                >
                    <code>{completion.text}</code>
                    <span class="script-offer-help">{completion.help}</span>
                </li>
            }
        };
        offers.list.get().into_iter().enumerate().map(row).collect_view()
    };
    view! { <ul id=LIST class="script-offers" role="listbox" aria-label="What may follow">{rows}</ul> }
}
