//! Output that is shown while it is written: it goes on after an interruption, and scrolls along until the reader scrolls up.
//! It looks as on a terminal, and can be searched. Of a long text only the last part is on the page, and what the reader asks for
//! of the rest.

mod find_bar;
mod marks;
mod screen;
mod terminal;
mod whole;

use std::future::Future;
use std::pin::Pin;

use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local_scoped_with_cancellation;
use pbsweb_shared::problem::ProblemCode;

use crate::client::{Answer, ClientError, TextStream};
use crate::ui::{Action, Button, ButtonKind, ProblemBox, Show, action_error, effect, format};
use find_bar::FindBar;
use screen::{MOST_BYTES, Screen};
use whole::{Search, WholeSearch};

/// A text that is longer is shown from its last part on.
const MOST_BYTES_AT_FIRST: u64 = 1 << 20;

/// How much of a text that is too long is shown, and how much more at a time.
const PART_BYTES: u64 = 256 << 10;

/// How long to wait after an interruption, in milliseconds.
const RETRY_MS: u32 = 3000;

/// How long to wait for a text that is not there yet, in milliseconds.
const LOOK_AGAIN_MS: u32 = 5000;

/// So near the end counts as the end, in pixels.
const NEAR_END: i32 = 24;

/// Opens a text from a byte on.
pub(crate) type Open = Callback<u64, Pin<Box<dyn Future<Output = Answer<TextStream>>>>>;

#[derive(Debug, Clone, PartialEq)]
enum TextState {
    Opening,
    Following,
    Ended,
    /// It is not there (yet); why, in words.
    Missing(String),
    /// It will be tried again; why, in words.
    Interrupted(String),
    Failed(ClientError),
}

/// What to do about an error.
fn after(error: ClientError, is_running: bool) -> (TextState, Option<u32>) {
    if error.code() == Some(ProblemCode::NotFound) {
        let state = TextState::Missing(error.message());
        return (state, is_running.then_some(LOOK_AGAIN_MS));
    }
    if error.is_retryable() {
        return (TextState::Interrupted(error.message()), Some(RETRY_MS));
    }
    (TextState::Failed(error), None)
}

/// Opens it behind what is known of it; nothing, if that is not in it any more.
async fn open_after(open: Open, offset: u64, known: &[u8]) -> Answer<Option<TextStream>> {
    let mut stream = open.run(offset.saturating_sub(known.len() as u64)).await?;
    let is_shorter = stream.n_total_bytes().is_some_and(|n| n < offset);
    let goes_on = known.is_empty() || (!is_shorter && stream.goes_on_after(known).await?);
    Ok(goes_on.then_some(stream))
}

/// What stands between two bytes.
async fn read_part(open: Open, start: u64, end: u64) -> Answer<String> {
    let mut stream = open.run(start).await?;
    let n_bytes = end.saturating_sub(start);
    let mut text = String::new();
    while stream.n_bytes() < n_bytes {
        let Some(piece) = stream.next().await? else { break };
        text.push_str(&piece);
    }
    let over = usize::try_from(stream.n_bytes().saturating_sub(n_bytes)).unwrap_or(0);
    let mut end = text.len().saturating_sub(over);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    Ok(text)
}

/// A text that comes from the server piece by piece.
#[component]
pub(crate) fn LiveText(
    /// What it is called, such as "Output of the build".
    #[prop(into)]
    what: String,
    /// Opens it from a byte on.
    #[prop(into)]
    open: Open,
    /// More may still be written.
    #[prop(into)]
    is_running: Signal<bool>,
    /// Searches in the whole of it, where that is possible.
    #[prop(optional, into)]
    search: Option<Search>,
    /// Said when it has ended without a byte.
    #[prop(default = "Nothing was written.")]
    when_empty: &'static str,
    /// Set while there is nothing in it, and nothing will come.
    #[prop(default = RwSignal::new(false))]
    is_silent: RwSignal<bool>,
) -> impl IntoView {
    let pre = NodeRef::<html::Pre>::new();
    let state = RwSignal::new(TextState::Opening);
    let n_bytes = RwSignal::new(0_u64);
    let n_skipped = RwSignal::new(0_u64);
    let is_cut = RwSignal::new(false);
    let screen = StoredValue::new_local(None::<Screen>);
    let words = RwSignal::new(String::new());
    let changed = Trigger::new();
    let is_at_end = RwSignal::new(true);
    let is_anew = RwSignal::new(false);
    let attempt = RwSignal::new(0_u32);
    let to_end = move || {
        if let Some(pre) = pre.get_untracked() {
            pre.set_scroll_top(pre.scroll_height());
        }
    };
    effect(move || {
        attempt.track();
        let Some(element) = pre.get() else { return };
        screen.set_value(Screen::new(element.clone().into(), words.get_untracked()));
        changed.notify();
        state.set(TextState::Opening);
        n_bytes.set(0);
        n_skipped.set(0);
        is_cut.set(false);
        spawn_local_scoped_with_cancellation(async move {
            let mut offset = 0_u64;
            let mut known = Vec::new();
            loop {
                let error = match open_after(open, offset, &known).await {
                    Err(error) => Some(error),
                    // Another text is in its place, as after a second run.
                    Ok(None) => {
                        is_anew.set(true);
                        return attempt.update(|attempt| *attempt = attempt.wrapping_add(1));
                    }
                    Ok(Some(mut stream)) => {
                        let n_total = stream.n_total_bytes().unwrap_or(0);
                        if offset == 0 && n_total > MOST_BYTES_AT_FIRST {
                            offset = n_total.saturating_sub(PART_BYTES);
                            n_skipped.set(offset);
                            continue;
                        }
                        state.set(TextState::Following);
                        let started_at = offset;
                        loop {
                            match stream.next().await {
                                Ok(Some(piece)) => {
                                    offset = started_at.saturating_add(stream.n_bytes());
                                    stream.last().clone_into(&mut known);
                                    n_bytes.set(offset);
                                    let is_gone = screen.try_update_value(|screen| {
                                        screen.as_mut().is_some_and(|screen| screen.take(&piece))
                                    });
                                    if is_gone == Some(true) {
                                        is_cut.set(true);
                                    }
                                    changed.notify();
                                    if is_at_end.get_untracked() {
                                        element.set_scroll_top(element.scroll_height());
                                    }
                                }
                                Ok(None) => break None,
                                Err(error) => break Some(error),
                            }
                        }
                    }
                };
                let is_running = is_running.get_untracked();
                let pause = match error {
                    Some(error) => {
                        let (next, pause) = after(error, is_running);
                        state.set(next);
                        pause
                    }
                    // The server may end a long answer; the text goes on in the next one.
                    None if is_running => Some(RETRY_MS),
                    None => {
                        state.set(TextState::Ended);
                        None
                    }
                };
                match pause {
                    Some(pause) => TimeoutFuture::new(pause).await,
                    None => return,
                }
            }
        });
    });
    let earlier = Action::new_local(move |(): &()| {
        let end = n_skipped.get_untracked();
        let start = end.saturating_sub(PART_BYTES);
        async move {
            let part = read_part(open, start, end).await?;
            // The page may be gone by now.
            let Some(element) = pre.try_get_untracked().flatten() else { return Ok(()) };
            // What is looked at stays where it is.
            let below = element.scroll_height().saturating_sub(element.scroll_top());
            screen.update_value(|screen| {
                if let Some(screen) = screen {
                    screen.take_before(&part);
                }
            });
            n_skipped.set(start);
            changed.notify();
            element.set_scroll_top(element.scroll_height().saturating_sub(below));
            Ok(())
        }
    });
    let earlier_error = action_error(earlier);
    let has_room = move || {
        changed.track();
        let n_bytes = usize::try_from(PART_BYTES).unwrap_or(MOST_BYTES);
        screen.with_value(|screen| screen.as_ref().is_some_and(|screen| screen.has_room_for(n_bytes)))
    };
    let can_show_earlier = move || n_skipped.get() != 0 && !is_cut.get() && has_room();
    let cut_words = move || match (is_cut.get(), n_skipped.get()) {
        (true, _) => "The beginning is not shown here any more.".to_owned(),
        (false, n) => format!("The first {} are not shown here.", format::bytes(n)),
    };
    let try_again = move |()| attempt.update(|attempt| *attempt = attempt.wrapping_add(1));
    let status = move || {
        let n_bytes = n_bytes.get();
        let words = match state.get() {
            TextState::Opening => "Opening…".to_owned(),
            TextState::Following if is_running.get() && n_bytes == 0 => "Nothing yet, following".to_owned(),
            TextState::Following if is_running.get() => {
                format!("{} so far, following", format::bytes(n_bytes))
            }
            TextState::Following => format!("{} so far", format::bytes(n_bytes)),
            TextState::Ended if n_bytes == 0 => when_empty.to_owned(),
            TextState::Ended => format!("{}, complete", format::bytes(n_bytes)),
            TextState::Missing(reason) if is_running.get() => format!("Not there yet. {reason}"),
            TextState::Missing(reason) => reason,
            TextState::Interrupted(reason) => format!("Interrupted; trying again. {reason}"),
            TextState::Failed(_) => "Cannot be read.".to_owned(),
        };
        if is_anew.get() { format!("{words}. The file was begun anew.") } else { words }
    };
    effect(move || {
        is_silent.set(match state.get() {
            TextState::Ended => n_bytes.get() == 0,
            TextState::Missing(_) => !is_running.get(),
            TextState::Opening | TextState::Following | TextState::Interrupted(_) | TextState::Failed(_) => {
                false
            }
        });
    });
    let error = move || match state.get() {
        TextState::Failed(error) => Some(error),
        TextState::Opening
        | TextState::Following
        | TextState::Ended
        | TextState::Missing(_)
        | TextState::Interrupted(_) => None,
    };
    let can_try_again = move || match state.get() {
        TextState::Missing(_) | TextState::Failed(_) => true,
        TextState::Opening | TextState::Following | TextState::Ended | TextState::Interrupted(_) => false,
    };
    view! {
        <div class="live-text">
            <div class="live-text-bar">
                <span class="muted numbers">{status}</span>
                <span class="row">
                    <Show when=move || !is_silent.get()>
                        <FindBar screen=screen words=words changed=changed />
                    </Show>
                    <Show when=can_try_again>
                        <Button kind=ButtonKind::Quiet on_press=try_again>"Look again"</Button>
                    </Show>
                    <Show when=move || !is_at_end.get()>
                        <Button
                            kind=ButtonKind::Quiet
                            on_press=move |()| {
                                is_at_end.set(true);
                                to_end();
                            }
                        >
                            "Follow the end"
                        </Button>
                    </Show>
                </span>
            </div>
            {move || error().or_else(|| earlier_error.get()).map(|error| view! { <ProblemBox error=error /> })}
            <Show when=move || n_skipped.get() != 0 || is_cut.get()>
                <div class="live-text-cut">
                    <p>
                        {cut_words}
                        {move || (!can_show_earlier()).then_some(" Download the whole to read it.")}
                    </p>
                    <Show when=can_show_earlier>
                        <Button kind=ButtonKind::Quiet busy=earlier.pending() on_press=move |()| earlier.dispatch(())>
                            "Show more of it"
                        </Button>
                    </Show>
                </div>
            </Show>
            {search.map(|search| {
                let is_part = Signal::derive(move || n_skipped.get() != 0 || is_cut.get());
                view! { <WholeSearch search=search open=open words=words is_part=is_part /> }
            })}
            // Focusable, so that it can be scrolled by keyboard; not a live region, which would read out every line.
            <pre
                node_ref=pre
                hidden=move || is_silent.get()
                tabindex="0"
                role="region"
                aria-label=what
                on:scroll=move |_| {
                    if let Some(pre) = pre.get_untracked() {
                        let below = pre.scroll_height() - pre.scroll_top() - pre.client_height();
                        is_at_end.set(below <= NEAR_END);
                    }
                }
            ></pre>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::problem::Problem;

    use super::*;

    fn problem(code: ProblemCode) -> ClientError {
        ClientError::Problem(Box::new(Problem {
            kind: String::new(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: Some("no file yet".to_owned()),
            instance: String::new(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            current: None,
        }))
    }

    #[test]
    fn what_is_not_there_is_looked_for_while_it_may_come() {
        let missing = TextState::Missing("No file yet.".to_owned());
        assert_eq!(after(problem(ProblemCode::NotFound), true), (missing.clone(), Some(LOOK_AGAIN_MS)));
        assert_eq!(after(problem(ProblemCode::NotFound), false), (missing, None));
    }

    #[test]
    fn an_interruption_is_tried_again_and_a_refusal_is_not() {
        assert_eq!(after(ClientError::Offline, false).1, Some(RETRY_MS));
        assert_eq!(after(problem(ProblemCode::Forbidden), true).1, None);
    }
}
