//! Doing something to jobs: a dialog asks what is needed, says what will happen to what, does it, and shows what came of
//! it. The same for one job, a selection, and all jobs that a filter matches.

mod alter;
mod ask;
mod fields;
mod menu;
mod results;

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionFilter};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobAction;

use crate::client::job_actions::ActionRun;
use crate::state::Notices;
use crate::ui::Dialog;
use ask::Ask;
use results::Results;

pub(crate) use menu::ActionButtons;

/// To which jobs something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// This one.
    Job(Box<Job>),
    /// These.
    Selected(Vec<JobId>),
    /// All of one's own that match.
    Matching(JobActionFilter),
}

/// What the user wants to do to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SteerWish {
    /// What.
    pub(crate) action: JobAction,
    /// To which jobs.
    pub(crate) targets: Targets,
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
        JobAction::Order => "Change places",
    }
}

fn title(wish: &SteerWish) -> String {
    let label = action_label(wish.action);
    match &wish.targets {
        Targets::Job(job) if wish.action == JobAction::Delete => format!("Delete job {}?", job.name),
        Targets::Job(job) => format!("{label}: job {}", job.name),
        Targets::Selected(jobs) if jobs.len() == 1 => format!("{label}: one job"),
        Targets::Selected(jobs) => format!("{label}: {} jobs", jobs.len()),
        Targets::Matching(_) => format!("{label}: all jobs that match the filter"),
    }
}

/// The dialog, open while there is a wish.
#[component]
pub(crate) fn SteerDialog(
    /// What is wanted; closing the dialog takes it away.
    wish: RwSignal<Option<SteerWish>>,
    /// Called when something was done.
    on_done: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(wish.read().is_some()));
    Effect::new(move |before: Option<bool>| {
        let is_open = open.get();
        if before == Some(true) && !is_open {
            wish.set(None);
        }
        is_open
    });
    let heading = Signal::derive(move || wish.read().as_ref().map(title).unwrap_or_default());
    view! {
        <Dialog open=open title=heading>
            {move || wish.get().map(|wish| view! { <Steps wish=wish open=open on_done=on_done /> })}
        </Dialog>
    }
}

#[component]
fn Steps(wish: SteerWish, open: RwSignal<bool>, on_done: Callback<()>) -> impl IntoView {
    let run = RwSignal::new(None::<ActionRun>);
    let id = Memo::new(move |_| run.read().as_ref().map(|run| run.id));
    let notices = Notices::of_page();
    let label = action_label(wish.action);
    let is_one = matches!(wish.targets, Targets::Job(_));
    let on_begun = Callback::new(move |begun: ActionRun| {
        // What one job's scheduler did without a word needs no second look.
        if is_one && begun.count(ActionOutcome::Done) == begun.n_jobs {
            notices.done(format!("{label}: the scheduler took the request."));
            open.set(false);
        } else {
            run.set(Some(begun));
        }
        on_done.run(());
    });
    move || match id.get() {
        None => view! { <Ask wish=wish.clone() open=open on_begun=on_begun /> }.into_any(),
        Some(_) => view! { <Results run=run open=open on_done=on_done /> }.into_any(),
    }
}
