//! The last step: what came of it, job by job as it goes, and the way back where there is one.

use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use pbsweb_shared::api::job_actions::{ActionItemsQuery, ActionOutcome, JobActionItem};
use pbsweb_shared::ids::ActionId;

use super::preview::ids;
use crate::client::job_actions::{self as client, ActionRun};
use crate::client::{ClientError, IdempotencyKey, as_sentence};
use crate::paths;
use crate::state::Notices;
use crate::ui::{
    Action, Badge, Button, ButtonKind, For, LocalResource, ProblemBox, Progress, Shape, Show, Tone,
    action_error, depend_on, effect, focus_within,
};

/// How often the results so far are looked at, in seconds; the end is told at once.
const LOOK_EVERY: u32 = 2;

/// How long to wait when the server does not answer, in milliseconds.
const RETRY_MS: u32 = 3000;

/// How many results are shown at once.
const PAGE_LENGTH: u32 = 50;

const fn outcome_label(outcome: ActionOutcome) -> &'static str {
    match outcome {
        ActionOutcome::Requested => "not sent yet",
        ActionOutcome::Sent => "no answer yet",
        ActionOutcome::Done => "done",
        ActionOutcome::Refused => "refused",
        ActionOutcome::NotSent => "not sent",
        ActionOutcome::Unknown => "not known",
        ActionOutcome::Skipped => "left alone",
    }
}

const fn outcome_look(outcome: ActionOutcome) -> (Tone, Shape) {
    match outcome {
        ActionOutcome::Requested => (Tone::Neutral, Shape::Ring),
        ActionOutcome::Sent => (Tone::Active, Shape::Dots),
        ActionOutcome::Done => (Tone::Good, Shape::Check),
        ActionOutcome::Refused => (Tone::Bad, Shape::Cross),
        ActionOutcome::NotSent => (Tone::Warning, Shape::Warning),
        ActionOutcome::Unknown => (Tone::Warning, Shape::Question),
        ActionOutcome::Skipped => (Tone::Neutral, Shape::Bar),
    }
}

/// `3 done, 1 refused.`
pub(super) fn summary(run: &ActionRun) -> String {
    let parts: Vec<String> =
        run.counts().into_iter().map(|(outcome, n)| format!("{n} {}", outcome_label(outcome))).collect();
    let lead = if run.is_undo() { "Taken back: " } else { "" };
    if parts.is_empty() {
        "There was no job to do it to.".to_owned()
    } else {
        format!("{lead}{}.", parts.join(", "))
    }
}

/// Follows an action to its end. It goes on when the dialog is closed; the end is then told in a message.
pub(super) fn follow(run: RwSignal<Option<ActionRun>>, notices: Notices, label: &'static str) {
    let Some(id) = run.with_untracked(|run| run.as_ref().filter(|run| !run.is_finished()).map(|run| run.id))
    else {
        return;
    };
    spawn_local(async move {
        loop {
            match client::get_job_action(id, LOOK_EVERY).await {
                Ok(newer) => {
                    let end = newer.is_finished().then(|| summary(&newer));
                    let is_closed = run.try_set(Some(newer)).is_some();
                    if let Some(end) = end {
                        if is_closed {
                            notices.note(format!("{label}: {end}"));
                        }
                        return;
                    }
                }
                Err(error) if error.is_retryable() => TimeoutFuture::new(RETRY_MS).await,
                Err(error) => return notices.failed(error.message()),
            }
        }
    });
}

/// The step.
#[component]
pub(super) fn Results(
    /// What was begun; back to what is needed when it is taken away.
    run: RwSignal<Option<ActionRun>>,
    open: RwSignal<bool>,
    label: &'static str,
) -> impl IntoView {
    let notices = Notices::of_page();
    let key = StoredValue::new(IdempotencyKey::random());
    let undo = Action::new_local(move |id: &ActionId| {
        let undone = client::undo_job_action(*id, &key.get_value(), 0);
        async move {
            let undone = undone.await?;
            if run.try_set(Some(undone)).is_none() {
                follow(run, notices, label);
            }
            Ok(())
        }
    });
    let error = action_error(undo);
    let look = move |of: fn(&ActionRun) -> bool| Signal::derive(move || run.read().as_ref().is_some_and(of));
    let is_open = look(|run| !run.is_finished());
    let percent = Signal::derive(move || {
        let run = run.read();
        let run = run.as_ref()?;
        u64::from(run.n_settled()).saturating_mul(100).checked_div(u64::from(run.n_jobs))
    });
    // What was done for none can be mended and asked for again.
    let can_change = look(|run| run.is_finished() && !run.is_undo() && run.count(ActionOutcome::Done) == 0);
    let press_undo = move |()| {
        if let Some(id) = run.with_untracked(|run| run.as_ref().map(|run| run.id)) {
            undo.dispatch(id);
        }
    };
    // The button that was pressed is gone.
    let foot = NodeRef::<html::Footer>::new();
    foot.on_load(|foot| focus_within(foot.into(), ".button:last-child"));
    view! {
        <p role="status">{move || run.read().as_ref().map(summary)}</p>
        <Show when=is_open>
            <Progress label="Jobs that have their outcome" percent=percent />
            <p class="muted">"It goes on when this is closed."</p>
        </Show>
        <Items run=run />
        {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
        <footer class="dialog-footer" node_ref=foot>
            <Show when=look(ActionRun::can_be_undone)>
                <Button busy=undo.pending() on_press=press_undo>"Undo"</Button>
            </Show>
            <Show when=can_change>
                <Button on_press=move |()| run.set(None)>"Change and try again"</Button>
            </Show>
            <Button kind=ButtonKind::Primary on_press=move |()| open.set(false)>"Close"</Button>
        </footer>
    }
}

/// The results, as they are so far; of many, one outcome or one page at a time.
#[component]
fn Items(run: RwSignal<Option<ActionRun>>) -> impl IntoView {
    let outcome = RwSignal::new(None::<ActionOutcome>);
    // The places where the pages before this one ended; the last is where it begins.
    let pages = RwSignal::new(Vec::<String>::new());
    let id = Memo::new(move |_| run.read().as_ref().map(|run| run.id));
    let choose = move |wanted: Option<ActionOutcome>| {
        pages.set(Vec::new());
        outcome.set(wanted);
    };
    effect(move || {
        depend_on(id);
        choose(None);
    });
    let loaded = LocalResource::new(move || {
        let query = ActionItemsQuery {
            outcome: outcome.get(),
            limit: Some(PAGE_LENGTH),
            page_token: pages.read().last().cloned(),
        };
        run.track();
        async move {
            match id.get_untracked() {
                Some(action) => client::list_job_action_items(action, &query).await,
                None => Err(ClientError::Aborted),
            }
        }
    });
    // What is shown stays until the next is there.
    let page = move || loaded.get().and_then(Result::ok);
    let items = move || page().map(|page| page.items).unwrap_or_default();
    let next = move || page().and_then(|page| page.next_page_token);
    let filter = move |wanted: Option<ActionOutcome>, label: String| {
        view! {
            <button
                type="button"
                class="button"
                data-kind="quiet"
                aria-pressed=move || (outcome.get() == wanted).to_string()
                on:click=move |_| choose(wanted)
            >
                {label}
            </button>
        }
        .into_any()
    };
    let filters = move || {
        let counts = run.read().as_ref()?.counts();
        let one = |(outcome, n)| filter(Some(outcome), format!("{} ({n})", as_word(outcome_label(outcome))));
        (counts.len() > 1).then(|| {
            let buttons: Vec<AnyView> =
                std::iter::once(filter(None, "All".to_owned())).chain(counts.into_iter().map(one)).collect();
            view! { <div class="row" role="group" aria-label="Show results">{buttons}</div> }
        })
    };
    view! {
        {filters}
        // Focusable, so that it can be scrolled by keyboard.
        <ul class="steer-list" tabindex="0" aria-label="Results">
            <For each=items key=|item| format!("{} {} {}", item.action, item.position, item.outcome) let:item>
                {item_view(item)}
            </For>
        </ul>
        {move || loaded.get().and_then(Result::err).map(|error| view! { <ProblemBox error=error /> })}
        <Show when=move || next().is_some() || !pages.read().is_empty()>
            <div class="row">
                <Show when=move || !pages.read().is_empty()>
                    <Button kind=ButtonKind::Quiet on_press=move |()| pages.update(|pages| drop(pages.pop()))>
                        "Back"
                    </Button>
                </Show>
                <Show when=move || next().is_some()>
                    <Button
                        kind=ButtonKind::Quiet
                        on_press=move |()| pages.update(|pages| pages.extend(next()))
                    >
                        "Next"
                    </Button>
                </Show>
            </div>
        </Show>
    }
}

/// With a capital.
fn as_word(label: &str) -> String {
    as_sentence(label).trim_end_matches('.').to_owned()
}

/// The outcome, as text and shape.
pub(crate) fn outcome_badge(outcome: ActionOutcome) -> AnyView {
    let (tone, shape) = outcome_look(outcome);
    view! { <Badge tone=tone shape=shape text=as_word(outcome_label(outcome)) /> }.into_any()
}

/// The scheduler's words, and what its refusal means.
pub(crate) fn result_words(item: &JobActionItem) -> AnyView {
    let meaning = item.meaning.filter(|_| item.outcome == ActionOutcome::Refused).map(|meaning| {
        let status = item.status.map(|status| format!(" (exit status {status})")).unwrap_or_default();
        view! { <p class="muted">{format!("{}{status}", meaning.sentence())}</p> }
    });
    let words = item.words.clone().map(|words| view! { <p class="job-reason">{words}</p> });
    view! { {words}{meaning} }.into_any()
}

fn item_view(item: JobActionItem) -> AnyView {
    let words = result_words(&item);
    view! {
        <li class="steer-item">
            <p class="row">
                {outcome_badge(item.outcome)}
                <span>
                    <A href=paths::job(item.job)>{item.name}</A>" "<code>{ids(&item.pbs_ids)}</code>
                    <span class="muted">" on "{item.host_name}</span>
                </span>
            </p>
            {words}
        </li>
    }
    .into_any()
}
