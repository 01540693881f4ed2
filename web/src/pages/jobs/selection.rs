//! Which jobs are chosen, and what can be done to them at once.

use std::collections::BTreeSet;

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobActionFilter;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobAction;

use crate::components::{ActionButtons, SteerDialog, SteerWish, Targets};
use crate::ui::{Button, ButtonKind};

/// The chosen jobs.
#[derive(Clone, Copy)]
pub(super) struct Selection {
    /// By name.
    pub(super) jobs: RwSignal<BTreeSet<JobId>>,
    /// Or all that match the filter, shown or not.
    all: RwSignal<bool>,
}

impl Selection {
    pub(super) fn new() -> Self {
        Self { jobs: RwSignal::new(BTreeSet::new()), all: RwSignal::new(false) }
    }

    /// Chooses nothing.
    pub(super) fn clear(self) {
        self.jobs.set(BTreeSet::new());
        self.all.set(false);
    }

    /// Whether a job is chosen, tracked.
    pub(super) fn has(self, job: JobId) -> bool {
        self.all.get() || self.jobs.read().contains(&job)
    }

    /// Chooses a job, or no longer.
    pub(super) fn set(self, job: JobId, is_chosen: bool) {
        self.all.set(false);
        self.jobs.update(|jobs| {
            if is_chosen {
                jobs.insert(job);
            } else {
                jobs.remove(&job);
            }
        });
    }

    fn is_empty(self) -> bool {
        !self.all.get() && self.jobs.read().is_empty()
    }
}

/// What is chosen, and the buttons.
#[component]
pub(super) fn SelectionBar(
    selection: Selection,
    /// What the list shows.
    filter: Signal<JobActionFilter>,
) -> impl IntoView {
    let wish = RwSignal::new(None::<SteerWish>);
    let refused = Callback::new(move |action: JobAction| match action {
        JobAction::Order => Some("Two jobs change places: ask for it at one of them.".to_owned()),
        JobAction::Delete
        | JobAction::Hold
        | JobAction::Release
        | JobAction::Alter
        | JobAction::Move
        | JobAction::Rerun
        | JobAction::Signal
        | JobAction::Message => selection.is_empty().then(|| "Choose jobs first.".to_owned()),
    });
    let choose = move |action| {
        let targets = if selection.all.get_untracked() {
            Targets::Matching(filter.get_untracked())
        } else {
            Targets::Selected(selection.jobs.with_untracked(|jobs| jobs.iter().copied().collect()))
        };
        wish.set(Some(SteerWish { action, targets }));
    };
    let words = move || match (selection.all.get(), selection.jobs.read().len()) {
        (true, _) => "All jobs that match the filter are chosen.".to_owned(),
        (false, 0) => "No job is chosen.".to_owned(),
        (false, 1) => "1 job is chosen.".to_owned(),
        (false, n) => format!("{n} jobs are chosen."),
    };
    view! {
        <div class="selection-bar" role="group" aria-label="Chosen jobs">
            <span role="status">{words}</span>
            <Button kind=ButtonKind::Quiet on_press=move |()| selection.all.set(true)>
                "Choose all that match the filter"
            </Button>
            <Show when=move || !selection.is_empty()>
                <Button kind=ButtonKind::Quiet on_press=move |()| selection.clear()>"Choose none"</Button>
            </Show>
            <ActionButtons refused=refused on_choose=choose />
        </div>
        <SteerDialog wish=wish on_done=Callback::new(|()| ()) />
    }
}
