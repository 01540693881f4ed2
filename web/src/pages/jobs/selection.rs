//! Which jobs are chosen, and what can be done to them at once.

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobActionFilter;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobAction;

use crate::components::{ActionButtons, SteerDialog, SteerWish, Targets, refusal_of};
use crate::ui::{Button, ButtonKind, Show};

/// The chosen jobs. What has ended can be chosen no more: nothing can be done to it.
#[derive(Clone, Copy)]
pub(super) struct Selection {
    rows: Signal<Vec<ArcRwSignal<Job>>>,
    jobs: RwSignal<Vec<JobId>>,
    /// All that match the filter, shown or not.
    all: RwSignal<bool>,
}

impl Selection {
    /// None of these rows.
    pub(super) fn of(rows: Signal<Vec<ArcRwSignal<Job>>>) -> Self {
        Self { rows, jobs: RwSignal::new(Vec::new()), all: RwSignal::new(false) }
    }

    /// Chooses nothing.
    pub(super) fn clear(self) {
        self.jobs.set(Vec::new());
        self.all.set(false);
    }

    /// Whether a job is chosen, tracked.
    pub(super) fn has(self, job: JobId) -> bool {
        self.all.get() || self.jobs.read().contains(&job)
    }

    /// Chooses a job, or no longer.
    pub(super) fn set(self, job: JobId, is_chosen: bool) {
        let mut jobs = self.ids();
        jobs.retain(|known| *known != job);
        if is_chosen {
            jobs.push(job);
        }
        self.jobs.set(jobs);
        self.all.set(false);
    }

    /// Chooses all that are shown, or none.
    pub(super) fn set_shown(self, is_chosen: bool) {
        self.clear();
        if is_chosen {
            self.jobs.set(self.shown());
        }
    }

    /// All that are shown are chosen, and there are some; tracked.
    pub(super) fn has_shown(self) -> bool {
        let open = self.open();
        !open.is_empty() && open.iter().all(|job| self.has(job.id))
    }

    /// The shown jobs that have not ended, tracked.
    fn open(self) -> Vec<Job> {
        self.rows.read().iter().map(|job| job.get()).filter(|job| !job.state.has_ended()).collect()
    }

    fn shown(self) -> Vec<JobId> {
        untrack(|| self.open().into_iter().map(|job| job.id).collect())
    }

    /// What is chosen by name; of all that match, those that are shown.
    fn ids(self) -> Vec<JobId> {
        if self.all.get_untracked() { self.shown() } else { self.jobs.get_untracked() }
    }
}

/// Why an action is not possible for the chosen jobs, as a sentence.
fn refusal(action: JobAction, chosen: &[Job]) -> Option<String> {
    let first = chosen.first()?;
    if action == JobAction::Order {
        let are_two = chosen.len() == 2 && chosen.iter().all(|job| job.host == first.host);
        if !are_two {
            return Some("Choose two jobs of one host.".to_owned());
        }
    }
    let reasons: Option<Vec<&str>> = chosen.iter().map(|job| refusal_of(action, job)).collect();
    let reason = reasons?.into_iter().next()?;
    Some(match chosen.len() {
        1 => format!("Not possible now: {reason}."),
        _ => format!("Not possible for any of them: {reason}."),
    })
}

/// What is chosen, and the buttons.
#[component]
pub(super) fn SelectionBar(
    selection: Selection,
    /// What the list shows.
    filter: Signal<JobActionFilter>,
) -> impl IntoView {
    let wish = RwSignal::new(None::<SteerWish>);
    let chosen = Memo::new(move |_| {
        let mut jobs = selection.open();
        jobs.retain(|job| selection.has(job.id));
        jobs
    });
    let has_some = Memo::new(move |_| selection.all.get() || !chosen.read().is_empty());
    let refused = Callback::new(move |action: JobAction| {
        if !has_some.get() {
            return Some("Choose jobs first.".to_owned());
        }
        if selection.all.get() {
            return (action == JobAction::Order).then(|| "Choose two jobs of one host.".to_owned());
        }
        refusal(action, &chosen.read())
    });
    let choose = move |action| {
        let chosen = chosen.get_untracked();
        let (targets, with) = if selection.all.get_untracked() {
            (Targets::Matching(filter.get_untracked()), None)
        } else {
            match (action, chosen.as_slice()) {
                (JobAction::Order, [one, other]) => (Targets::Job(Box::new(one.clone())), Some(other.id)),
                _ => (Targets::Selected(chosen.iter().map(|job| job.id).collect()), None),
            }
        };
        wish.set(Some(SteerWish { action, targets, with }));
    };
    let words = move || match (selection.all.get(), chosen.read().len()) {
        (true, _) => "All jobs that match the filter and have not ended are chosen.".to_owned(),
        (false, 0) => "No job is chosen.".to_owned(),
        (false, 1) => "1 job is chosen.".to_owned(),
        (false, n) => format!("{n} jobs are chosen."),
    };
    view! {
        <div
            class="selection-bar"
            role="group"
            aria-label="Chosen jobs"
            data-has-some=move || has_some.get().then_some("true")
        >
            <span class="selection-words" role="status">{words}</span>
            <Show when=move || !selection.all.get()>
                <Button kind=ButtonKind::Quiet on_press=move |()| selection.all.set(true)>
                    "Choose all that match"
                </Button>
            </Show>
            <Show when=move || has_some.get()>
                <Button kind=ButtonKind::Quiet on_press=move |()| selection.clear()>"Choose none"</Button>
            </Show>
            <span class="selection-actions">
                <ActionButtons refused=refused on_choose=choose />
            </span>
        </div>
        <SteerDialog wish=wish />
    }
}
