//! With which of one's groups something of one's own is shared: a dialog behind a button.

use leptos::prelude::*;
use pbsweb_shared::api::groups::{Group, Shareable, SharedWith};
use pbsweb_shared::ids::GroupId;

use crate::client::{self, Answer};
use crate::paths;
use crate::ui::{
    Action, Bind, Button, Checkbox, Dialog, EmptyState, LinkButton, Load, LocalResource, ProblemBox,
    action_error, effect,
};

/// The button.
#[component]
pub(crate) fn Sharing(
    /// One's own thing.
    #[prop(into)]
    thing: Shareable,
    /// Is told when something was changed, once the dialog is closed.
    #[prop(into)]
    on_change: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let is_changed = RwSignal::new(false);
    let what = thing.word();
    effect(move || {
        if !open.get() && is_changed.get() {
            is_changed.set(false);
            on_change.run(());
        }
    });
    view! {
        <Button on_press=move |()| open.set(true)>"Share…"</Button>
        <Dialog open=open title=format!("Share this {what}")>
            <Choose thing=thing is_changed=is_changed />
        </Dialog>
    }
}

/// What is read of a thing: with whom it is shared.
#[derive(Clone, serde::Deserialize)]
struct Thing {
    #[serde(default)]
    shared_with: Vec<SharedWith>,
}

async fn read(thing: Shareable) -> Answer<(Vec<Group>, Vec<GroupId>)> {
    let found: Thing = client::groups::get_shared(thing).await?;
    let groups = client::groups::list_groups().await?;
    Ok((groups.items, found.shared_with.into_iter().map(|with| with.group).collect()))
}

#[component]
fn Choose(thing: Shareable, is_changed: RwSignal<bool>) -> impl IntoView {
    let loaded = LocalResource::new(move || read(thing));
    let what = match thing {
        Shareable::Script(_) => {
            "Members of a group see it at once; their role says what else they may do with it. It stays yours."
        }
        Shareable::Application(_) => {
            "Members of a group see it at once, with its commands and how its builds went. Nobody runs it in your home: who wants to use it uploads the source. It stays yours."
        }
    };
    view! {
        <p>{what}</p>
        <Load resource=loaded what="your groups" let:found>
            {
                let (groups, shared) = found;
                if groups.is_empty() {
                    view! {
                        <EmptyState title="You are in no group yet">
                            <LinkButton href=paths::GROUPS>"Make a group"</LinkButton>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    groups
                        .into_iter()
                        .map(|group| {
                            let is_shared = shared.contains(&group.id);
                            view! {
                                <GroupTick
                                    thing=thing
                                    group=group
                                    is_shared=is_shared
                                    is_changed=is_changed
                                />
                            }
                        })
                        .collect_view()
                        .into_any()
                }
            }
        </Load>
    }
}

/// One group: what is ticked is so at once.
#[component]
fn GroupTick(thing: Shareable, group: Group, is_shared: bool, is_changed: RwSignal<bool>) -> impl IntoView {
    let id = group.id;
    let ticked = RwSignal::new(is_shared);
    let share = Action::new_local(move |(): &()| {
        async move {
            let mut answer = Ok(());
            // Ticked and unticked faster than the server answers: the last wish holds.
            let mut done = None;
            while let Some(wish) = ticked.try_get_untracked().filter(|wish| Some(*wish) != done) {
                answer = client::groups::share(thing, id, wish).await.map(|_| ());
                is_changed.try_set(true);
                if answer.is_err() {
                    ticked.try_set(!wish);
                    break;
                }
                done = Some(wish);
            }
            answer
        }
    });
    let value = Bind::new(
        move || ticked.get(),
        move |wish| {
            ticked.set(wish);
            if !share.pending().get_untracked() {
                share.dispatch(());
            }
        },
    );
    let name = group.name.clone();
    let news = move || {
        let is_done = share.value().get().is_some_and(|answer| answer.is_ok()) && !share.pending().get();
        is_done.then(|| match ticked.get() {
            true => format!("It is shared with {name}."),
            false => format!("It is no longer shared with {name}."),
        })
    };
    let help = match group.members.len() {
        1 => format!("Only you are in it; the {} is seen by whoever joins", thing.word()),
        n => format!("{n} people"),
    };
    let error = action_error(share);
    view! {
        <div class="share-group">
            <Checkbox label=group.name name="group" value=value help=help />
            <p class="share-news" role="status">{news}</p>
            {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
        </div>
    }
}
