//! What can be done to the job. What its state forbids is said at the button; of a job that has ended only its script is of use.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobAction;

use crate::components::{ActionButtons, SteerDialog, SteerWish, Targets, refusal_of};
use crate::paths::{self, ComposeFrom};
use crate::ui::{ButtonKind, LinkButton};

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
    let id = job.with_untracked(|job| job.id);
    let again = paths::compose(ComposeFrom { job: Some(id), ..ComposeFrom::default() });
    let has_ended = Memo::new(move |_| job.read().state.has_ended());
    view! {
        {move || {
            let kind = if has_ended.get() { ButtonKind::Primary } else { ButtonKind::Secondary };
            view! {
                {(!has_ended.get()).then(|| view! { <ActionButtons refused=refused on_choose=choose /> })}
                <LinkButton href=again.clone() kind=kind>"Use again"</LinkButton>
            }
        }}
        <SteerDialog wish=wish />
    }
}
