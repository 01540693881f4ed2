//! What can be done to the job. What its state forbids is said at the button.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobAction;

use crate::components::{ActionButtons, SteerDialog, SteerWish, Targets, refusal_of};

/// The buttons, and the dialog behind them.
#[component]
pub(super) fn Actions(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let wish = RwSignal::new(None::<SteerWish>);
    let refused = Callback::new(move |action: JobAction| {
        refusal_of(action, &job.read()).map(|reason| format!("Not possible now: {reason}."))
    });
    let choose = move |action| {
        wish.set(Some(SteerWish {
            action,
            targets: Targets::Job(Box::new(job.get_untracked())),
            with: None,
        }));
    };
    view! {
        <ActionButtons refused=refused on_choose=choose />
        <SteerDialog wish=wish />
    }
}
