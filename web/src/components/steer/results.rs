//! The last step: what came of it, job by job, and the way back where there is one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use pbsweb_shared::api::job_actions::{ActionItemsQuery, ActionOutcome, JobActionItem};
use pbsweb_shared::ids::ActionId;

use crate::client::job_actions::{self as client, ActionRun};
use crate::client::{ClientError, IdempotencyKey};
use crate::paths;
use crate::ui::{Button, ButtonKind, Load, ProblemBox, Spinner, action_error};

const fn outcome_label(outcome: ActionOutcome) -> &'static str {
    match outcome {
        ActionOutcome::Requested => "waits to be sent",
        ActionOutcome::Sent => "no answer yet",
        ActionOutcome::Done => "done",
        ActionOutcome::Refused => "refused",
        ActionOutcome::NotSent => "not sent",
        ActionOutcome::Unknown => "not known whether it arrived",
        ActionOutcome::Skipped => "left alone",
    }
}

/// `3 done, 1 refused.`
fn summary(run: &ActionRun) -> String {
    let parts: Vec<String> = ActionOutcome::ALL
        .iter()
        .filter(|outcome| run.count(**outcome) > 0)
        .map(|outcome| format!("{} {}", run.count(*outcome), outcome_label(*outcome)))
        .collect();
    if parts.is_empty() {
        "There was no job to do it to.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

/// The step.
#[component]
pub(super) fn Results(
    run: RwSignal<Option<ActionRun>>,
    open: RwSignal<bool>,
    on_done: Callback<()>,
) -> impl IntoView {
    // Follows it to its end; each request waits for that a while.
    let follow = move |id: ActionId| {
        spawn_local(async move {
            loop {
                let is_open = run.try_with_untracked(|run| {
                    run.as_ref().is_some_and(|run| run.id == id && !run.is_finished())
                });
                if is_open != Some(true) {
                    return;
                }
                match client::get_job_action(id).await {
                    Ok(newer) => {
                        let is_finished = newer.is_finished();
                        run.try_set(Some(newer));
                        if is_finished {
                            on_done.run(());
                        }
                    }
                    Err(_) => gloo_timers::future::TimeoutFuture::new(2000).await,
                }
            }
        });
    };
    let id = Memo::new(move |_| run.read().as_ref().map(|run| run.id));
    Effect::new(move |_| {
        if let Some(id) = id.get() {
            follow(id);
        }
    });
    let key = StoredValue::new(IdempotencyKey::random());
    let undo = Action::new_local(move |id: &ActionId| {
        let id = *id;
        async move {
            let undone = client::undo_job_action(id, &key.get_value()).await?;
            key.try_update_value(|key| *key = IdempotencyKey::random());
            run.try_set(Some(undone));
            on_done.run(());
            Ok(())
        }
    });
    let error = action_error(undo);
    let finished = Memo::new(move |_| run.read().as_ref().filter(|run| run.is_finished()).map(|run| run.id));
    view! {
        <div role="status">
            <p>{move || run.read().as_ref().map(summary)}</p>
        </div>
        {move || match (finished.get(), run.get()) {
            (Some(id), _) => view! { <Items id=id /> }.into_any(),
            (None, Some(run)) => {
                view! { <Spinner what=format!("{} of {} have their outcome", run.n_settled(), run.n_jobs) /> }.into_any()
            }
            (None, None) => ().into_any(),
        }}
        {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
        <footer class="dialog-footer">
            {move || {
                run.get()
                    .filter(ActionRun::can_be_undone)
                    .map(|run| {
                        let press = move |()| {
                            undo.dispatch(run.id);
                        };
                        view! { <Button busy=undo.pending() on_press=press>"Undo"</Button> }
                    })
            }}
            <Button kind=ButtonKind::Primary on_press=move |()| open.set(false)>"Close"</Button>
        </footer>
    }
}

/// The first of the results; those that were not done come first.
#[component]
fn Items(id: ActionId) -> impl IntoView {
    let loaded = LocalResource::new(move || async move {
        let mut items = Vec::new();
        let not_done =
            [ActionOutcome::Unknown, ActionOutcome::Refused, ActionOutcome::NotSent, ActionOutcome::Skipped];
        for outcome in not_done.into_iter().chain([ActionOutcome::Done]) {
            let query = ActionItemsQuery { outcome: Some(outcome), limit: Some(50), page_token: None };
            items.extend(client::list_job_action_items(id, &query).await?.items);
        }
        Ok::<_, ClientError>(items)
    });
    view! {
        <Load resource=loaded what="the results" let:items>
            <ul class="steer-list" aria-label="Results">{items.into_iter().map(item_view).collect_view()}</ul>
        </Load>
    }
}

fn item_view(item: JobActionItem) -> impl IntoView {
    let ids = item.pbs_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let meaning = item.meaning.filter(|_| item.outcome == ActionOutcome::Refused).map(|meaning| {
        let status = item.status.map(|status| format!(" (status {status})")).unwrap_or_default();
        view! { <span class="muted">{format!("{}{status}", meaning.sentence())}</span> }
    });
    let words = item.words.map(|words| view! { <span class="steer-words">{words}</span> });
    view! {
        <li class="cell-lines">
            <span>
                <A href=paths::job(item.job)>{item.name}</A>
                " "
                <code>{ids}</code>
                {format!(" on {}: {}", item.host_name, outcome_label(item.outcome))}
            </span>
            {words}
            {meaning}
        </li>
    }
}
