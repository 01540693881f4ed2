//! What can be done to the job. What its state forbids is said at the button.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::jobs::{Job, JobWaitQuery};
use pbsweb_shared::job::JobAction;

use crate::client;
use crate::components::{ActionButtons, SteerDialog, SteerWish, Targets};
use crate::state::Live;

/// The buttons, and the dialog behind them.
#[component]
pub(super) fn Actions(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let live = Live::of_page();
    let wish = RwSignal::new(None::<SteerWish>);
    let refused = Callback::new(move |action: JobAction| {
        let reason = job.read().state.allows(action).err()?;
        Some(format!("Not possible now: {reason}."))
    });
    let choose = move |action| {
        wish.set(Some(SteerWish { action, targets: Targets::Job(Box::new(job.get_untracked())) }));
    };
    // What the action changed is shown before the next listing shows it.
    let on_done = Callback::new(move |()| {
        let id = job.with_untracked(|job| job.id);
        spawn_local(async move {
            if let Ok(job) = client::jobs::get_job(id, &JobWaitQuery::default()).await {
                live.job(job);
            }
        });
    });
    view! {
        <ActionButtons refused=refused on_choose=choose />
        <SteerDialog wish=wish on_done=on_done />
    }
}
