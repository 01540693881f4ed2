//! What can be done to the job. What its state forbids is said at the button.

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem};
use pbsweb_shared::api::jobs::{Job, JobWaitQuery};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobAction;

use crate::client;
use crate::components::job_state_label;
use crate::state::{Live, Notices};
use crate::ui::{Action, Button, ButtonKind, ConfirmDialog, action_error};

/// Why an action is not possible now, as a sentence; nothing if it is.
fn refusal(job: &Job, action: JobAction) -> Option<String> {
    let reason = job.state.allows(action).err()?;
    Some(format!("Not possible now: {reason}."))
}

/// Shows what the action changed, before the next listing does.
async fn refresh(live: Live, id: JobId) {
    if let Ok(job) = client::jobs::get_job(id, &JobWaitQuery::default()).await {
        live.job(job);
    }
}

/// Says that it was done, if the scheduler said so.
fn tell(notices: Notices, item: JobActionItem, done: &str) {
    if item.outcome == ActionOutcome::Done {
        notices.done(done);
    } else {
        notices.failed(item.words.unwrap_or_else(|| "The scheduler has not answered yet.".to_owned()));
    }
}

/// The buttons.
#[component]
pub(super) fn Actions(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let live = Live::of_page();
    let notices = Notices::of_page();
    let id = job.with_untracked(|job| job.id);
    let name = Signal::derive(move || job.read().name.clone());
    let is_asking = RwSignal::new(false);
    let delete = Action::new_local(move |(): &()| async move {
        let item = client::jobs::delete_job(id).await?;
        refresh(live, id).await;
        is_asking.try_set(false);
        tell(notices, item, "The scheduler was asked to delete the job.");
        Ok(())
    });
    let steered = RwSignal::new(None::<JobAction>);
    let steer = Action::new_local(move |action: &JobAction| {
        let action = *action;
        steered.set(Some(action));
        async move {
            let (answer, done) = match action {
                JobAction::Hold => (client::jobs::hold_job(id).await, "The job is held."),
                JobAction::Release => (client::jobs::release_job(id).await, "The hold was taken away."),
                JobAction::Delete
                | JobAction::Alter
                | JobAction::Move
                | JobAction::Rerun
                | JobAction::Signal
                | JobAction::Message
                | JobAction::Order => return,
            };
            match answer {
                Ok(item) => {
                    refresh(live, id).await;
                    tell(notices, item, done);
                }
                Err(error) => notices.failed(format!("{}. {}", error.title(), error.message())),
            }
        }
    });
    let refused = move |action: JobAction| Signal::derive(move || refusal(&job.read(), action));
    let is_steering = move |wanted: JobAction| {
        Signal::derive(move || steer.pending().get() && steered.get() == Some(wanted))
    };
    let title = Signal::derive(move || format!("Delete job {}?", name.get()));
    let text = Signal::derive(move || {
        let job = job.read();
        let id = job.pbs_id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
        format!(
            "{}{id} on {} is {} now. It will be taken from the scheduler, and what it is doing is lost. Its files stay.",
            job.name,
            job.host_name,
            job_state_label(job.state).to_ascii_lowercase(),
        )
    });
    view! {
        <Button
            busy=is_steering(JobAction::Hold)
            disabled_because=refused(JobAction::Hold)
            on_press=move |()| {
                steer.dispatch(JobAction::Hold);
            }
        >
            "Hold"
        </Button>
        <Button
            busy=is_steering(JobAction::Release)
            disabled_because=refused(JobAction::Release)
            on_press=move |()| {
                steer.dispatch(JobAction::Release);
            }
        >
            "Release"
        </Button>
        <Button
            kind=ButtonKind::Danger
            disabled_because=refused(JobAction::Delete)
            on_press=move |()| is_asking.set(true)
        >
            "Delete"
        </Button>
        <ConfirmDialog
            open=is_asking
            title=title
            text=text
            action="Delete job"
            busy=delete.pending()
            error=action_error(delete)
            on_confirm=move |()| {
                delete.dispatch(());
            }
        />
    }
}
