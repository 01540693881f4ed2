//! Doing something to jobs: a dialog asks what is needed, says what will happen to what, does it, and shows what came of
//! it. The same for one job, a selection, and all jobs that a filter matches.

mod alter;
mod ask;
mod buttons;
mod fields;
mod preview;
mod results;

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::job_actions::{ActionItemsQuery, JobActionFilter};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::{ActionId, JobId};
use pbsweb_shared::job::{JobAction, JobState};
use pbsweb_shared::steering::{JobDelete, Steering, is_array_id};

use crate::client::IdempotencyKey;
use crate::client::job_actions::{self as client, ActionRun};
use crate::state::Notices;
use crate::ui::{Dialog, effect};
use ask::Ask;
use fields::Fields;
use results::{Results, follow, summary};

pub(crate) use buttons::ActionButtons;
pub(crate) use results::{outcome_badge, result_words};

/// To which jobs something is to be done.
#[derive(Debug, Clone)]
pub(crate) enum Targets {
    /// This one.
    Job(Box<Job>),
    /// These.
    Selected(Vec<JobId>),
    /// All of one's own that match.
    Matching(JobActionFilter),
}

/// What the user wants to do to what.
#[derive(Debug, Clone)]
pub(crate) struct SteerWish {
    /// What.
    pub(crate) action: JobAction,
    /// To which jobs.
    pub(crate) targets: Targets,
    /// The job that it changes places with, where that is known already.
    pub(crate) with: Option<JobId>,
}

/// The action as a word for people.
pub(crate) const fn action_label(action: JobAction) -> &'static str {
    match action {
        JobAction::Delete => "Delete",
        JobAction::Hold => "Hold",
        JobAction::Release => "Release",
        JobAction::Alter => "Alter",
        JobAction::Move => "Move",
        JobAction::Rerun => "Run again",
        JobAction::Signal => "Signal",
        JobAction::Message => "Message",
        JobAction::Order => "Swap places",
    }
}

/// Why an action makes no sense for a job in this state, in no form of it.
pub(crate) fn refusal(action: JobAction, state: JobState, is_array: bool) -> Option<&'static str> {
    let fits = match (Fields::default().steering(action), action) {
        // What ordinary deletion cannot, force may.
        (Some(plain), JobAction::Delete) => plain.fits(state, is_array).or_else(|reason| {
            Steering::Delete(JobDelete { force: true, subjobs: None })
                .fits(state, is_array)
                .map_err(|_| reason)
        }),
        (Some(plain), _) => plain.fits(state, is_array),
        (None, _) => state.allows(action),
    };
    fits.err()
}

/// As [`refusal`], of a job.
pub(crate) fn refusal_of(action: JobAction, job: &Job) -> Option<&'static str> {
    refusal(action, job.state, is_array(job))
}

/// Whether a job is an array.
fn is_array(job: &Job) -> bool {
    job.pbs_id.as_ref().is_some_and(is_array_id)
}

/// What is to be done to what: `Hold 2 jobs`, `Run job heat again`.
fn deed(action: JobAction, what: &str) -> String {
    match action {
        JobAction::Delete | JobAction::Hold | JobAction::Release | JobAction::Alter | JobAction::Move => {
            format!("{} {what}", action_label(action))
        }
        JobAction::Rerun => format!("Run {what} again"),
        JobAction::Signal => format!("Send a signal to {what}"),
        JobAction::Message => format!("Send a message to {what}"),
        JobAction::Order => format!("Swap {what} with another"),
    }
}

fn title(wish: &SteerWish) -> String {
    let what = match &wish.targets {
        Targets::Job(job) => format!("job {}", job.name),
        Targets::Selected(jobs) if jobs.len() == 1 => "one job".to_owned(),
        Targets::Selected(jobs) => format!("{} jobs", jobs.len()),
        Targets::Matching(_) => "all jobs that match".to_owned(),
    };
    let is_question = wish.action == JobAction::Delete && matches!(wish.targets, Targets::Job(_));
    format!("{}{}", deed(wish.action, &what), if is_question { "?" } else { "" })
}

/// The dialog, open while there is a wish.
#[component]
pub(crate) fn SteerDialog(
    /// What is wanted; closing the dialog takes it away.
    wish: RwSignal<Option<SteerWish>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    effect(move || open.set(wish.read().is_some()));
    effect(move || {
        if !open.get() && wish.with_untracked(Option::is_some) {
            wish.set(None);
        }
    });
    let heading = Signal::derive(move || wish.read().as_ref().map(title).unwrap_or_default());
    view! {
        <Dialog open=open title=heading>
            {move || wish.get().map(|wish| view! { <Steps wish=wish open=open /> })}
        </Dialog>
    }
}

/// First what is needed, then what came of it; and back, when it was refused.
#[component]
fn Steps(wish: SteerWish, open: RwSignal<bool>) -> impl IntoView {
    let notices = Notices::of_page();
    let label = action_label(wish.action);
    let is_one = matches!(wish.targets, Targets::Job(_));
    let fields = RwSignal::new(Fields::for_wish(&wish));
    let run = RwSignal::new(None::<ActionRun>);
    let is_asked = Memo::new(move |_| run.read().is_some());
    let on_begun = Callback::new(move |begun: ActionRun| {
        // What was done to one job without a word needs no second look.
        if is_one && begun.is_all_done() {
            tell_done(notices, label, &begun);
            open.set(false);
        } else {
            run.set(Some(begun));
            follow(run, notices, label);
        }
    });
    let wish = StoredValue::new(wish);
    move || {
        if is_asked.get() {
            view! { <Results run=run open=open label=label /> }.into_any()
        } else {
            view! { <Ask wish=wish.get_value() fields=fields open=open on_begun=on_begun /> }.into_any()
        }
    }
}

fn tell_done(notices: Notices, label: &str, run: &ActionRun) {
    let text = format!("{label}: the scheduler did it.");
    let id = run.id;
    if run.can_be_undone() {
        notices.done_or_undo(text, move || spawn_local(take_back(notices, id)));
    } else {
        notices.done(text);
    }
}

/// Takes an action on one job back, and says what came of that.
async fn take_back(notices: Notices, id: ActionId) {
    let undone = match client::undo_job_action(id, &IdempotencyKey::random(), ask::PATIENCE).await {
        Ok(undone) => undone,
        Err(error) => return notices.failed(format!("It was not taken back. {error}")),
    };
    if undone.is_all_done() {
        return notices.done("It was taken back.");
    }
    let items = client::list_job_action_items(undone.id, &ActionItemsQuery::default()).await;
    let words = items.ok().and_then(|page| page.items.into_iter().find_map(|item| item.words));
    notices.failed(format!("Taking it back: {} {}", summary(&undone), words.unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_force_can_is_not_refused() {
        assert_eq!(refusal(JobAction::Delete, JobState::Exiting, false), None);
        assert!(refusal(JobAction::Hold, JobState::Exiting, false).is_some());
        assert!(refusal(JobAction::Delete, JobState::Completed, false).is_some());
    }

    #[test]
    fn what_needs_another_job_or_a_change_is_not_refused_for_the_want_of_it() {
        assert_eq!(refusal(JobAction::Order, JobState::Queued, false), None);
        assert_eq!(refusal(JobAction::Alter, JobState::Running, false), None);
        assert!(refusal(JobAction::Message, JobState::Running, true).is_some(), "arrays take no messages");
    }
}
