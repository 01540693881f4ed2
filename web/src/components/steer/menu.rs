//! The buttons: the three that are used most, the others in a menu.

use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::job::JobAction;

use super::action_label;
use crate::ui::{Button, ButtonKind};

const MORE: [JobAction; 6] = [
    JobAction::Alter,
    JobAction::Move,
    JobAction::Signal,
    JobAction::Message,
    JobAction::Rerun,
    JobAction::Order,
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
    let menu = NodeRef::<html::Details>::new();
    let button = move |action: JobAction, kind: ButtonKind| {
        view! {
            <Button
                kind=kind
                disabled_because=Signal::derive(move || refused.run(action))
                on_press=move |()| {
                    if let Some(menu) = menu.get_untracked() {
                        menu.set_open(false);
                    }
                    on_choose.run(action);
                }
            >
                {action_label(action)}
            </Button>
        }
    };
    let more = MORE.map(|action| view! { <li>{button(action, ButtonKind::Quiet)}</li> }).collect_view();
    view! {
        {button(JobAction::Hold, ButtonKind::Secondary)}
        {button(JobAction::Release, ButtonKind::Secondary)}
        {button(JobAction::Delete, ButtonKind::Danger)}
        <details
            class="menu"
            node_ref=menu
            on:keydown=move |event| {
                if let Some(menu) = menu.get_untracked().filter(|menu| event.key() == "Escape" && menu.open()) {
                    menu.set_open(false);
                }
            }
        >
            <summary class="button">"More"</summary>
            <ul class="menu-list">{more}</ul>
        </details>
    }
}
