//! The first step: what is needed, what will happen to what, and the button that does it.

use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::api::job_actions::{JobActionCreate, JobActionPreview};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobAction;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::Steering;

use super::fields::{Fields, action_fields};
use super::preview::Preview;
use super::{SteerWish, Targets, action_label, deed, is_array};
use crate::client::job_actions::{self as client, ActionRun};
use crate::client::{Answer, ClientError, IdempotencyKey};
use crate::state::Live;
use crate::ui::{
    Action, Button, ButtonKind, LocalResource, ProblemBox, Spinner, action_error, effect, focus_first,
    focus_first_error,
};

/// How long the scheduler's answer about one job is waited for, in seconds.
pub(super) const PATIENCE: u32 = 15;

/// How long a change must rest before it is asked what it would do, in milliseconds.
const TYPING_PAUSE_MS: u32 = 300;

/// The request for what was chosen; no job that the preview could not show is touched.
fn request(steering: Steering, targets: &Targets, preview: Option<&JobActionPreview>) -> JobActionCreate {
    let mut request = JobActionCreate { action: steering, jobs: Vec::new(), filter: None };
    match targets {
        Targets::Job(job) => request.jobs.push(job.id),
        Targets::Selected(jobs) => request.jobs.clone_from(jobs),
        Targets::Matching(filter) => {
            let mut filter = filter.clone();
            filter.submitted_until = preview.map(|preview| preview.as_of);
            request.filter = Some(filter);
        }
    }
    request
}

async fn send(
    steering: Steering,
    targets: Targets,
    preview: Option<JobActionPreview>,
    key: IdempotencyKey,
) -> Answer<ActionRun> {
    if let (Steering::Order(order), Targets::Job(job)) = (&steering, &targets) {
        let item = client::order_job(job.id, order, &key).await?;
        return client::get_job_action(item.action, PATIENCE).await;
    }
    let wait = match &targets {
        Targets::Job(_) => PATIENCE,
        // Their results are shown as they come.
        Targets::Selected(_) | Targets::Matching(_) => 0,
    };
    client::create_job_action(&request(steering, &targets, preview.as_ref()), &key, wait).await
}

/// What is wrong with the request by itself.
fn errors_of(steering: Option<&Steering>) -> Vec<FieldError> {
    match steering {
        Some(steering) => steering.check(),
        None => vec![FieldError {
            pointer: "/with".to_owned(),
            code: "with.missing".to_owned(),
            message: "choose a job".to_owned(),
        }],
    }
}

/// What of many jobs will be affected; made anew when the request changes, after a pause.
fn preview_of(
    steering: Memo<Option<Steering>>,
    targets: Targets,
) -> LocalResource<Answer<Option<(Steering, JobActionPreview)>>> {
    let targets = StoredValue::new(targets);
    LocalResource::new(move || {
        let wanted = steering.get().filter(|steering| steering.check().is_empty());
        async move {
            let Some(wanted) = wanted else { return Ok(None) };
            if targets.with_value(|targets| matches!(targets, Targets::Job(_))) {
                return Ok(None);
            }
            TimeoutFuture::new(TYPING_PAUSE_MS).await;
            if steering.try_get_untracked().flatten().as_ref() != Some(&wanted) {
                return Err(ClientError::Aborted);
            }
            let request = targets.with_value(|targets| request(wanted.clone(), targets, None));
            let found = client::preview_job_action(&request).await?;
            Ok(Some((wanted, found)))
        }
    })
}

/// The step.
#[component]
pub(super) fn Ask(
    wish: SteerWish,
    fields: RwSignal<Fields>,
    open: RwSignal<bool>,
    on_begun: Callback<ActionRun>,
) -> impl IntoView {
    let SteerWish { action, targets, with: _ } = wish;
    let was_tried = RwSignal::new(false);
    let steering = Memo::new(move |_| fields.with(|fields| fields.steering(action)));
    let errors = Signal::derive(move || match was_tried.get() {
        true => errors_of(steering.read().as_ref()),
        false => Vec::new(),
    });
    // For one job the table in `shared` tells at once; for many the server is asked.
    let one: Option<Signal<Job>> = match &targets {
        Targets::Job(job) => Some(Live::of_page().job(Job::clone(job)).into()),
        Targets::Selected(_) | Targets::Matching(_) => None,
    };
    let is_one = one.is_some();
    let fits = move || {
        let job = one?.read();
        Some(steering.get()?.fits(job.state, is_array(&job)))
    };
    let found = preview_of(steering, targets.clone());
    // A preview is of what it was made for.
    let preview = move || {
        let (of, preview) = found.get()?.ok()??;
        (Some(of) == steering.get()).then_some(preview)
    };
    let n_possible = Memo::new(move |_| preview().map(|preview| preview.n_possible));
    let is_sound = move || errors_of(steering.read().as_ref()).is_empty();
    // Pressing again after a lost answer is the same wish; after a change it is another.
    let key = StoredValue::new(IdempotencyKey::random());
    effect(move || {
        fields.track();
        key.set_value(IdempotencyKey::random());
    });
    let sent_to = targets.clone();
    let act = Action::new_local(move |(): &()| {
        let steering = steering.get_untracked();
        let (targets, preview, key) = (sent_to.clone(), untrack(preview), key.get_value());
        async move {
            let Some(steering) = steering else { return Ok(()) };
            on_begun.run(send(steering, targets, preview, key).await?);
            Ok(())
        }
    });
    let refused = Signal::derive(move || match (fits(), n_possible.get()) {
        (Some(Err(reason)), _) => Some(format!("Not possible now: {reason}.")),
        _ if is_one || !is_sound() => None,
        (_, None) => Some("It is not known yet what this would do.".to_owned()),
        (_, Some(0)) => Some("It is possible for none of the jobs.".to_owned()),
        (_, Some(_)) => None,
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        was_tried.set(true);
        if act.pending().get_untracked() || refused.with_untracked(Option::is_some) {
            return;
        }
        if untrack(is_sound) {
            act.dispatch(());
        } else {
            focus_first_error(&event);
        }
    };
    let label = move || match (action, n_possible.get()) {
        (JobAction::Rerun | JobAction::Order, _) if is_one => action_label(action).to_owned(),
        (JobAction::Signal, _) if is_one => "Send signal".to_owned(),
        (JobAction::Message, _) if is_one => "Send message".to_owned(),
        (_, _) if is_one => deed(action, "job"),
        (_, None | Some(0)) => deed(action, "jobs"),
        (_, Some(1)) => deed(action, "1 job"),
        (_, Some(n)) => deed(action, &format!("{n} jobs")),
    };
    let privilege = move || {
        // Of holds, the rule stands beside the choice.
        let is_hold = matches!(action, JobAction::Hold | JobAction::Release);
        steering.get().and_then(|steering| steering.privilege()).filter(|_| !is_hold)
    };
    let what_happens = move || match fits()? {
        Ok(effect) => Some(format!("What happens: {effect}.")),
        Err(reason) => Some(format!("Not possible now: {reason}.")),
    };
    let is_looking = move || !is_one && is_sound() && n_possible.get().is_none();
    let failed = move || found.get().and_then(Result::err);
    let error = action_error(act);
    let kind = match action {
        JobAction::Delete | JobAction::Rerun => ButtonKind::Danger,
        JobAction::Hold
        | JobAction::Release
        | JobAction::Alter
        | JobAction::Move
        | JobAction::Signal
        | JobAction::Message
        | JobAction::Order => ButtonKind::Primary,
    };
    let form = NodeRef::<html::Form>::new();
    // It comes once more when something was refused.
    form.on_load(|form| focus_first(form.into()));
    view! {
        <form class="form" node_ref=form on:submit=submit>
            {action_fields(action, targets, fields, errors)}
            {move || privilege().map(|words| view! { <p class="job-reason">{words}</p> })}
            <div role="status" class="stack">
                {move || what_happens().map(|words| view! { <p>{words}</p> })}
                {move || preview().map(|preview| view! { <Preview preview=preview /> })}
            </div>
            {move || match failed() {
                Some(error) => {
                    let retry = Callback::new(move |()| found.refetch());
                    view! { <ProblemBox error=error retry=retry /> }.into_any()
                }
                None if is_looking() => view! { <Spinner what="Looking what this would do" /> }.into_any(),
                None => ().into_any(),
            }}
            {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
            <footer class="dialog-footer">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=kind kind_of_action="submit" busy=act.pending() disabled_because=refused>
                    {label}
                </Button>
            </footer>
        </form>
    }
}
