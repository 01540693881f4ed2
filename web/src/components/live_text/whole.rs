//! Searching in the whole of a text of which only a part is on the page: the server says where the words are, and what stands around
//! a place is fetched from there.

use std::future::Future;
use std::pin::Pin;

use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::api::jobs::{OutputFound, OutputMatch, OutputSearchQuery};
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::marks::html_of;
use super::terminal::Terminal;
use super::{Open, read_part};
use crate::client::Answer;
use crate::ui::{Action, Button, ButtonKind, ProblemBox, Show, action_error, effect, format};

/// Searches in the whole text.
pub(crate) type Search = Callback<OutputSearchQuery, Pin<Box<dyn Future<Output = Answer<OutputFound>>>>>;

/// So much is shown before a place, and after it, in bytes.
const AROUND: u64 = 4 << 10;

/// What was found so far, and of which words.
#[derive(Clone, Default)]
struct Found {
    words: String,
    matches: Vec<OutputMatch>,
    total_bytes: u64,
    is_whole: bool,
    stopped: Option<String>,
}

/// `3 places in all 120 MiB.`
fn sum(found: &Found) -> String {
    let n = found.matches.len();
    let places = if n == 1 { "1 place".to_owned() } else { format!("{n} places") };
    let all = format::bytes(found.total_bytes);
    match (&found.stopped, found.is_whole) {
        (Some(why), _) => format!("{places}, and the search was stopped: {why}."),
        (None, true) if n == 0 => format!("nowhere in all {all}."),
        (None, true) => format!("{places} in all {all}."),
        (None, false) => format!("the first {places} in {all}."),
    }
}

/// What stands around a place, by whole lines where that is possible, with the words marked.
async fn read_around(
    open: Open,
    place: OutputMatch,
    total_bytes: u64,
    words: String,
) -> Answer<(u64, String)> {
    let start = place.offset.saturating_sub(AROUND);
    let end = place.offset.saturating_add(AROUND).min(total_bytes);
    let text = read_part(open, start, end).await?;
    let cut = if start == 0 { 0 } else { text.find('\n').map_or(0, |line_end| line_end.saturating_add(1)) };
    let mut terminal = Terminal::default();
    let mut runs = terminal.take(text.get(cut..).unwrap_or(&text));
    runs.extend(terminal.last_line());
    Ok((place.line, html_of(&runs, &words, usize::MAX).0))
}

/// The button, and what came of it.
#[component]
pub(super) fn WholeSearch(
    search: Search,
    /// Opens the text from a byte on.
    open: Open,
    /// What is searched for.
    words: RwSignal<String>,
    /// Not all of the text is on the page.
    is_part: Signal<bool>,
) -> impl IntoView {
    let found = RwSignal::new(None::<Found>);
    let look = Action::new_local(move |goes_on: &bool| {
        let mut all = found.get_untracked().filter(|_| *goes_on).unwrap_or_default();
        if !goes_on {
            all.words = words.get_untracked();
        }
        let last = all.matches.last();
        let query = OutputSearchQuery {
            text: all.words.clone(),
            offset: last.map(|last| last.offset.saturating_add(1)),
            line: last.map(|last| last.line),
            ..OutputSearchQuery::default()
        };
        async move {
            let answer = search.run(query).await?;
            all.matches.extend(answer.matches);
            (all.total_bytes, all.is_whole, all.stopped) =
                (answer.total_bytes, answer.is_whole, answer.stopped);
            found.try_set(Some(all));
            Ok(())
        }
    });
    let around = Action::new_local(move |place: &OutputMatch| {
        let all = found.get_untracked().unwrap_or_default();
        read_around(open, place.clone(), all.total_bytes, all.words)
    });
    let shown = NodeRef::<html::Pre>::new();
    effect(move || {
        around.value().track();
        request_animation_frame(move || {
            let pre = shown.try_get_untracked().flatten();
            if let Some(mark) = pre.and_then(|pre| pre.query_selector("mark").ok().flatten()) {
                let middle = ScrollIntoViewOptions::new();
                middle.set_block(ScrollLogicalPosition::Center);
                mark.scroll_into_view_with_scroll_into_view_options(&middle);
            }
        });
    });
    let (not_searched, not_read) = (action_error(look), action_error(around));
    let error = move || not_searched.get().or_else(|| not_read.get());
    let can_search = move || is_part.get() && !words.read().trim().is_empty();
    let has_found = Memo::new(move |_| found.read().is_some());
    let can_go_on =
        move || found.read().as_ref().is_some_and(|found| !found.is_whole && found.stopped.is_none());
    let heading =
        move || found.read().as_ref().map(|found| format!("\u{201c}{}\u{201d}: {}", found.words, sum(found)));
    let places = move || {
        let matches = found.read().as_ref().map(|found| found.matches.clone()).unwrap_or_default();
        let place = |place: OutputMatch| {
            let OutputMatch { line, before, text, after, .. } = place.clone();
            view! {
                <li>
                    <button type="button" class="found-place" on:click=move |_| around.dispatch(place.clone())>
                        <span class="numbers muted">{format!("Line {line}")}</span>
                        <code>{before}<mark>{text}</mark>{after}</code>
                    </button>
                </li>
            }
        };
        matches.into_iter().map(place).collect_view()
    };
    view! {
        <Show when=can_search>
            <div class="live-text-cut">
                <p>"The search above sees only what is shown here."</p>
                <Button kind=ButtonKind::Quiet busy=look.pending() on_press=move |()| look.dispatch(false)>
                    "Search in all of it"
                </Button>
            </div>
        </Show>
        {move || error().map(|error| view! { <ProblemBox error=error /> })}
        <Show when=move || has_found.get()>
            <section class="found" aria-label="Found in all of it">
                <div class="live-text-cut">
                    <p role="status">{heading}</p>
                    <span class="row">
                        <Show when=can_go_on>
                            <Button kind=ButtonKind::Quiet busy=look.pending() on_press=move |()| look.dispatch(true)>
                                "Search on"
                            </Button>
                        </Show>
                        <Button kind=ButtonKind::Quiet on_press=move |()| found.set(None)>"Close"</Button>
                    </span>
                </div>
                <ol class="found-places" tabindex="0" aria-label="Places">{places}</ol>
                {move || {
                    around.value().get().and_then(Result::ok).map(|(line, html)| {
                        view! {
                            <pre node_ref=shown tabindex="0" role="region" aria-label=format!("Around line {line}") inner_html=html></pre>
                        }
                    })
                }}
            </section>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_summed_up() {
        let place =
            OutputMatch { line: 1, offset: 0, before: String::new(), text: "x".into(), after: String::new() };
        let found = |n, is_whole, stopped: Option<&str>| Found {
            words: "x".to_owned(),
            matches: vec![place.clone(); n],
            total_bytes: 200 << 20,
            is_whole,
            stopped: stopped.map(str::to_owned),
        };
        for (found, words) in [
            (found(0, true, None), "nowhere in all 200 MiB."),
            (found(1, true, None), "1 place in all 200 MiB."),
            (found(50, false, None), "the first 50 places in 200 MiB."),
            (found(2, false, Some("no time")), "2 places, and the search was stopped: no time."),
        ] {
            assert_eq!(sum(&found), words);
        }
    }
}
