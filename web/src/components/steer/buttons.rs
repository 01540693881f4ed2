//! The buttons: the three that are used most, the others in a menu.

use leptos::prelude::*;
use pbsweb_shared::job::JobAction;

use super::action_label;
use crate::ui::{Button, ButtonKind, Menu, MenuItem};

/// Those in the menu, and what each does.
const MORE: [(JobAction, &str); 6] = [
    (JobAction::Alter, "Change its limits, resources and attributes."),
    (JobAction::Move, "To another queue or server."),
    (JobAction::Signal, "To its processes."),
    (JobAction::Message, "Into its output."),
    (JobAction::Rerun, "End it and put it back into its queue."),
    (JobAction::Order, "With another job that waits."),
];

/// Buttons for what can be done to jobs.
#[component]
pub(crate) fn ActionButtons(
    /// Why an action is not possible now, as a sentence.
    refused: Callback<JobAction, Option<String>>,
    /// Called with what is wanted.
    #[prop(into)]
    on_choose: Callback<JobAction>,
) -> impl IntoView {
    let refused = move |action| Signal::derive(move || refused.run(action));
    let button = move |action, kind| {
        view! {
            <Button kind=kind disabled_because=refused(action) on_press=move |()| on_choose.run(action)>
                {action_label(action)}
            </Button>
        }
    };
    let more = MORE.map(|(action, about)| MenuItem {
        label: action_label(action),
        about,
        refused: refused(action),
        on_choose: Callback::new(move |()| on_choose.run(action)),
    });
    view! {
        {button(JobAction::Hold, ButtonKind::Secondary)}
        {button(JobAction::Release, ButtonKind::Secondary)}
        {button(JobAction::Delete, ButtonKind::Danger)}
        <Menu label="More" items=more.to_vec() />
    }
}
