//! Output that is shown while it is written: it goes on after an interruption, and scrolls along until the reader scrolls up.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local_scoped_with_cancellation;
use pbsweb_shared::problem::ProblemCode;

use super::escape_filter::EscapeFilter;
use crate::client::{Answer, ClientError, TextStream};
use crate::ui::{Button, ButtonKind, ProblemBox, Show, effect, format};

/// A text that is longer is shown from its last part on.
const MOST_BYTES_AT_FIRST: u64 = 1 << 20;

/// How much of a text that is too long is shown.
const LAST_BYTES: u64 = 256 << 10;

/// So much stays on the page; what is above goes.
const MOST_BYTES_KEPT: usize = 4 << 20;

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
    /// Said when it has ended without a byte.
    #[prop(default = "Nothing was written.")]
    when_empty: &'static str,
) -> impl IntoView {
    let pre = NodeRef::<html::Pre>::new();
    let state = RwSignal::new(TextState::Opening);
    let n_bytes = RwSignal::new(0_u64);
    let n_skipped = RwSignal::new(0_u64);
    let is_cut = RwSignal::new(false);
    let is_at_end = RwSignal::new(true);
    let attempt = RwSignal::new(0_u32);
    let to_end = move || {
        if let Some(pre) = pre.get_untracked() {
            pre.set_scroll_top(pre.scroll_height());
        }
    };
    effect(move || {
        attempt.track();
        let Some(element) = pre.get() else { return };
        element.set_text_content(None);
        state.set(TextState::Opening);
        n_bytes.set(0);
        n_skipped.set(0);
        is_cut.set(false);
        spawn_local_scoped_with_cancellation(async move {
            let mut filter = EscapeFilter::default();
            let mut kept: VecDeque<usize> = VecDeque::new();
            let mut n_kept = 0_usize;
            let mut offset = 0_u64;
            loop {
                let error = match open.run(offset).await {
                    Err(error) => Some(error),
                    Ok(mut stream) => {
                        let n_total = stream.n_total_bytes().unwrap_or(0);
                        if offset == 0 && n_total > MOST_BYTES_AT_FIRST {
                            offset = n_total.saturating_sub(LAST_BYTES);
                            n_skipped.set(offset);
                            continue;
                        }
                        state.set(TextState::Following);
                        let started_at = offset;
                        loop {
                            match stream.next().await {
                                Ok(Some(piece)) => {
                                    offset = started_at.saturating_add(stream.n_bytes());
                                    n_bytes.set(offset);
                                    let shown = filter.take(&piece);
                                    if shown.is_empty() {
                                        continue;
                                    }
                                    n_kept = n_kept.saturating_add(shown.len());
                                    kept.push_back(shown.len());
                                    let _ = element.append_with_str_1(&shown);
                                    while n_kept > MOST_BYTES_KEPT && kept.len() > 1 {
                                        n_kept = n_kept.saturating_sub(kept.pop_front().unwrap_or(0));
                                        if let Some(first) = element.first_child() {
                                            let _ = element.remove_child(&first);
                                        }
                                        is_cut.set(true);
                                    }
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
    let try_again = move |()| attempt.update(|attempt| *attempt = attempt.wrapping_add(1));
    let status = move || {
        let n_bytes = n_bytes.get();
        match state.get() {
            TextState::Opening => "Opening…".to_owned(),
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
        }
    };
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
            {move || error().map(|error| view! { <ProblemBox error=error /> })}
            <Show when=move || n_skipped.get() != 0 || is_cut.get()>
                <p class="live-text-cut">"The beginning is not shown here. Download the whole to read it."</p>
            </Show>
            // Focusable, so that it can be scrolled by keyboard; not a live region, which would read out every line.
            <pre
                node_ref=pre
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
