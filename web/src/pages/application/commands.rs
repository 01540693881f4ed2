//! The commands that an application is used with.

use leptos::prelude::*;
use pbsweb_shared::api::applications::{CommandsPin, RecentCommands};
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::ids::ApplicationId;
use pbsweb_shared::page::Page;

use crate::client::{self, Answer};
use crate::state::Notices;
use crate::ui::{Action, Button, CodeBlock, EmptyState, Load, LocalResource, Panel, Time};

/// The panel.
#[component]
pub(super) fn Commands(
    /// Whose they are.
    application: ApplicationId,
    /// What the user may do with it.
    access: Signal<Access>,
) -> impl IntoView {
    let notices = Notices::of_page();
    let loaded: LocalResource<Answer<Page<RecentCommands>>> =
        LocalResource::new(move || client::applications::list_recent_commands(application));
    let pin = Action::new_local(move |(commands, is_pinned): &(String, bool)| {
        let pin = CommandsPin { commands: commands.clone() };
        let done = client::applications::pin_commands(application, &pin, *is_pinned);
        async move {
            if let Err(error) = done.await {
                notices.failed(error.field("/commands").unwrap_or_else(|| error.message()));
            }
            loaded.refetch();
        }
    });
    let because = MaybeProp::derive(move || {
        access.get().refusal(Access::Edit).map(|words| client::as_sentence(&words))
    });
    let item = move |commands: RecentCommands| {
        let RecentCommands { commands, last_used_at, n_uses, is_pinned } = commands;
        let verb = if is_pinned { "Unpin" } else { "Pin" };
        let first = commands.lines().next().unwrap_or_default().to_owned();
        let used = match n_uses {
            0 => "Not used lately, pinned ".to_owned(),
            1 => "Used once lately, ".to_owned(),
            n => format!("Used {n} times lately, last "),
        };
        let text = commands.clone();
        view! {
            <li class="application-commands">
                <CodeBlock text=text what=format!("the commands {first}") />
                <div class="row">
                    <Button
                        label=format!("{verb} {first}")
                        disabled_because=because
                        on_press=move |()| pin.dispatch((commands.clone(), !is_pinned))
                    >
                        {verb}
                    </Button>
                    <span class="muted">{used} <Time at=last_used_at /></span>
                </div>
            </li>
        }
    };
    view! {
        <Panel title="Commands" lead="What jobs with it run: pinned ones, then those used last.">
            <Load resource=loaded what="the commands" let:page>
                {if page.items.is_empty() {
                    view! {
                        <EmptyState title="Not used yet">
                            <p>"The commands of its jobs appear here."</p>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    view! { <ul class="stack">{page.items.into_iter().map(item).collect_view()}</ul> }.into_any()
                }}
            </Load>
        </Panel>
    }
}
