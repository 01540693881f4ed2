//! Searching in what is shown: how often it is there, and from one to the next.

use leptos::ev;
use leptos::prelude::*;
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::screen::{MOST_FOUND, Screen};
use crate::ui::{Button, ButtonKind, Icon, Shape, effect};

/// Matches beyond are not counted.
const fn or_more(n: usize) -> &'static str {
    if n >= MOST_FOUND { "+" } else { "" }
}

/// The field, the count and the buttons.
#[component]
pub(super) fn FindBar(
    screen: StoredValue<Option<Screen>, LocalStorage>,
    /// What is searched for.
    words: RwSignal<String>,
    /// Told when what is shown has changed.
    changed: Trigger,
) -> impl IntoView {
    let place = RwSignal::new((None::<usize>, 0_usize));
    let look = move || {
        let now = screen.with_value(|screen| screen.as_ref().map(Screen::place)).unwrap_or_default();
        if place.get_untracked() != now {
            place.set(now);
        }
    };
    effect(move || {
        let words = words.read();
        screen.update_value(|screen| {
            if let Some(screen) = screen {
                screen.mark(&words);
            }
        });
        look();
    });
    effect(move || {
        changed.track();
        look();
    });
    let go = move |forward: bool| {
        let mark = screen.try_update_value(|screen| screen.as_mut()?.go(forward)).flatten();
        if let Some(mark) = mark {
            let nearest = ScrollIntoViewOptions::new();
            nearest.set_block(ScrollLogicalPosition::Nearest);
            mark.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
        look();
    };
    let keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            go(!event.shift_key());
        }
    };
    let sum = move || match (words.read().is_empty(), place.get()) {
        (true, _) => String::new(),
        (false, (_, 0)) => "not found".to_owned(),
        (false, (None, n)) => format!("{n}{} found", or_more(n)),
        (false, (Some(at), n)) => format!("{} of {n}{}", at.saturating_add(1), or_more(n)),
    };
    let none = Signal::derive(move || (place.get().1 == 0).then(|| "Nothing is found.".to_owned()));
    view! {
        <search class="find-bar">
            <input
                class="input"
                type="search"
                aria-label="Search in what is shown"
                placeholder="Search"
                autocomplete="off"
                spellcheck="false"
                prop:value=move || words.get()
                on:input=move |event| words.set(event_target_value(&event))
                on:keydown=keydown
            />
            <span class="numbers muted" role="status">{sum}</span>
            <Button kind=ButtonKind::Quiet label="Previous match" disabled_because=none on_press=move |()| go(false)>
                <Icon shape=Shape::Up />
            </Button>
            <Button kind=ButtonKind::Quiet label="Next match" disabled_because=none on_press=move |()| go(true)>
                <Icon shape=Shape::Down />
            </Button>
        </search>
    }
}
