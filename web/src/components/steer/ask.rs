//! The first step: what is needed, what will happen to what, and the button that does it.

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::{JobActionCreate, JobActionPreview};
use pbsweb_shared::job::JobAction;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{Steering, is_array_id};

use super::fields::{ActionFields, Fields};
use super::{SteerWish, Targets, action_label};
use crate::client::job_actions::{self as client, ActionRun};
use crate::client::{Answer, IdempotencyKey};
use crate::components::job_state_label;
use crate::ui::{Button, ButtonKind, ProblemBox, action_error};

/// The request for what was chosen; no job that a preview could not show is touched.
fn request(steering: Steering, targets: &Targets, preview: Option<&JobActionPreview>) -> JobActionCreate {
    match targets {
        Targets::Job(job) => JobActionCreate { action: steering, jobs: vec![job.id], filter: None },
        Targets::Selected(jobs) => JobActionCreate { action: steering, jobs: jobs.clone(), filter: None },
        Targets::Matching(filter) => {
            let mut filter = filter.clone();
            filter.submitted_until = preview.map(|preview| preview.as_of);
            JobActionCreate { action: steering, jobs: Vec::new(), filter: Some(filter) }
        }
    }
}

async fn send(wish: SteerWish, request: JobActionCreate, key: IdempotencyKey) -> Answer<ActionRun> {
    match (&request.action, &wish.targets) {
        (Steering::Order(order), Targets::Job(job)) => {
            let item = client::order_job(job.id, order, &key).await?;
            client::get_job_action(item.action).await
        }
        _ => client::create_job_action(&request, &key).await,
    }
}

/// The step.
#[component]
pub(super) fn Ask(wish: SteerWish, open: RwSignal<bool>, on_begun: Callback<ActionRun>) -> impl IntoView {
    let action = wish.action;
    let fields = RwSignal::new(Fields::default());
    let was_tried = RwSignal::new(false);
    let steering = Signal::derive(move || fields.with(|fields| fields.steering(action)));
    let errors = Signal::derive(move || match (was_tried.get(), steering.get()) {
        (false, _) => Vec::new(),
        (true, Some(steering)) => steering.check(),
        (true, None) => vec![FieldError {
            pointer: "/with".to_owned(),
            code: "with.missing".to_owned(),
            message: "choose a job".to_owned(),
        }],
    });
    // A preview is of what it was made for; after a change there is none.
    let preview = RwSignal::new(None::<(Steering, JobActionPreview)>);
    let shown = Signal::derive(move || {
        preview.get().filter(|(of, _)| Some(of) == steering.get().as_ref()).map(|(_, preview)| preview)
    });
    let targets = StoredValue::new(wish.targets.clone());
    let look = Action::new_local(move |steering: &Steering| {
        let steering = steering.clone();
        async move {
            let request = request(steering.clone(), &targets.get_value(), None);
            let found = client::preview_job_action(&request).await?;
            preview.try_set(Some((steering, found)));
            Ok(())
        }
    });
    // The same wish keeps its key, so that pressing again after a lost answer does it once.
    let key = StoredValue::new((None::<Steering>, IdempotencyKey::random()));
    let sent = wish.clone();
    let act = Action::new_local(move |steering: &Steering| {
        let (steering, wish) = (steering.clone(), sent.clone());
        async move {
            if key.with_value(|(of, _)| of.as_ref() != Some(&steering)) {
                key.set_value((Some(steering.clone()), IdempotencyKey::random()));
            }
            let request = request(steering, &wish.targets, shown.get_untracked().as_ref());
            let run = send(wish, request, key.get_value().1).await?;
            on_begun.run(run);
            Ok(())
        }
    });
    let one = match &wish.targets {
        Targets::Job(job) => Some((job.state, job.pbs_id.as_ref().is_some_and(is_array_id))),
        Targets::Selected(_) | Targets::Matching(_) => None,
    };
    // For one job the table in `shared` tells at once; for many the server is asked.
    let fits = Signal::derive(move || {
        one.zip(steering.get()).map(|((state, is_array), steering)| steering.fits(state, is_array))
    });
    let is_ready = Signal::derive(move || one.is_some() || shown.read().is_some());
    let refused = Signal::derive(move || {
        if matches!(fits.get(), Some(Err(_))) {
            return Some("It is not possible now.".to_owned());
        }
        let none = one.is_none() && shown.read().as_ref().is_some_and(|preview| preview.n_possible == 0);
        none.then(|| "It is possible for none of the jobs.".to_owned())
    });
    let label = Signal::derive(move || {
        let verb = action_label(action);
        match (one.is_some(), shown.read().as_ref().map(|preview| preview.n_possible)) {
            (true, _) => format!("{verb} job"),
            (false, None) => "Preview".to_owned(),
            (false, Some(1)) => format!("{verb} 1 job"),
            (false, Some(n)) => format!("{verb} {n} jobs"),
        }
    });
    let press = move |()| {
        was_tried.set(true);
        if let Some(steering) = steering.get_untracked().filter(|steering| steering.check().is_empty()) {
            if is_ready.get_untracked() {
                act.dispatch(steering);
            } else {
                look.dispatch(steering);
            }
        }
    };
    let kind = Signal::derive(move || is_ready.get() && action == JobAction::Delete);
    let errors_of = [action_error(look), action_error(act)];
    let busy = Signal::derive(move || look.pending().get() || act.pending().get());
    view! {
        <ActionFields action=action targets=wish.targets fields=fields errors=errors />
        {move || {
            let privilege = steering.get().and_then(|steering| steering.privilege());
            privilege.map(|words| view! { <p class="job-reason">{words}</p> })
        }}
        <div role="status" class="steer-effect">
            {move || {
                fits.get()
                    .map(|fits| match fits {
                        Ok(effect) => view! { <p>"What happens: "{effect}"."</p> }.into_any(),
                        Err(reason) => view! { <p>"Not possible now: "{reason}"."</p> }.into_any(),
                    })
            }}
            {move || shown.get().filter(|_| one.is_none()).map(|preview| view! { <Preview preview=preview /> })}
        </div>
        {errors_of
            .into_iter()
            .map(|error| move || error.get().map(|error| view! { <ProblemBox error=error has_fields=true /> }))
            .collect_view()}
        <footer class="dialog-footer">
            <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            {move || {
                let kind = if kind.get() { ButtonKind::Danger } else { ButtonKind::Primary };
                view! {
                    <Button kind=kind busy=busy disabled_because=refused on_press=press>
                        {move || label.get()}
                    </Button>
                }
            }}
        </footer>
    }
}

/// What will happen to how many, and to which.
#[component]
fn Preview(preview: JobActionPreview) -> impl IntoView {
    let groups = preview
        .groups
        .into_iter()
        .map(|group| {
            let lead = if group.is_possible { "" } else { "left alone: " };
            let state = job_state_label(group.state).to_lowercase();
            view! { <li>{format!("{} {state}: {lead}{}", group.n_jobs, group.words)}</li> }
        })
        .collect_view();
    let n_shown = preview.items.len();
    let items = preview
        .items
        .into_iter()
        .map(|item| {
            let ids = item.pbs_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let lead = if item.is_possible { "" } else { "left alone: " };
            view! { <li>{item.name}" "<code>{ids}</code>" on "{item.host_name}": "{lead}{item.words}</li> }
        })
        .collect_view();
    view! {
        <p>{format!("{} jobs, for {} of them it is possible.", preview.n_jobs, preview.n_possible)}</p>
        <ul class="steer-list">{groups}</ul>
        <details>
            <summary>{format!("The jobs (first {n_shown})")}</summary>
            <ul class="steer-list">{items}</ul>
        </details>
    }
}
