//! One build: its state, its output as it comes, and what can be done about it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::ids::BuildId;

use super::places::short_digest;
use crate::client;
use crate::components::{BuildStateBadge, LiveText};
use crate::state::{Hosts, Live, Notices};
use crate::ui::{
    Action, Button, Fact, Facts, Load, LocalResource, Panel, ProblemBox, Show, Time, action_error, effect,
    format,
};

/// How long the build took, in milliseconds.
fn duration_ms(build: &Build) -> Option<u64> {
    let ended = build.ended_at?;
    u64::try_from(ended.signed_duration_since(build.created_at).num_milliseconds()).ok()
}

/// The build, read and then followed.
#[component]
pub(super) fn BuildOutput(
    /// Which.
    id: BuildId,
    /// Set to start it once more.
    repeat: RwSignal<Option<Build>>,
) -> impl IntoView {
    let live = Live::of_page();
    // Read once: the panel stays as it is, and what changes in the build arrives by its signal.
    let loaded = LocalResource::new(move || client::builds::get_build(id));
    let mut is_known = false;
    effect(move || {
        live.generation();
        if std::mem::replace(&mut is_known, true) {
            spawn_local(async move {
                if let Ok(build) = client::builds::get_build(id).await {
                    live.build(build);
                }
            });
        }
    });
    view! {
        <Load resource=loaded what="the build" let:build>
            <BuildPanel started=build repeat=repeat />
        </Load>
    }
}

#[component]
fn BuildPanel(started: Build, repeat: RwSignal<Option<Build>>) -> impl IntoView {
    let live = Live::of_page();
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let id = started.id;
    let build: Signal<Build> = live.build(started).into();
    let state = Memo::new(move |_| build.read().state);
    let cancel = Action::new_local(move |(): &()| async move {
        live.build(client::builds::cancel_build(id).await?);
        notices.done("The host was asked to end the build.");
        Ok(())
    });
    let unasked = Signal::derive(move || {
        (state.get() == BuildState::Unknown).then(|| "The host cannot be asked at the moment.".to_owned())
    });
    let error = action_error(cancel);
    let title = Signal::derive(move || build.read().command.clone());
    let exit = move || match (build.read().exit_status, state.get()) {
        (Some(status), _) => status.to_string(),
        (None, BuildState::Starting | BuildState::Running) => "not yet".to_owned(),
        (None, BuildState::Succeeded | BuildState::Failed | BuildState::Cancelled | BuildState::Unknown) => {
            "none".to_owned()
        }
    };
    view! {
        <Panel
            title=title
            actions=move || {
                view! {
                    <BuildStateBadge state=state />
                    <Show when=move || !state.get().has_ended()>
                        <Button busy=cancel.pending() disabled_because=unasked on_press=move |()| cancel.dispatch(())>
                            "Cancel build"
                        </Button>
                    </Show>
                    <Button on_press=move |()| repeat.set(Some(build.get()))>"Repeat"</Button>
                }
            }
        >
            {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
            <Facts>
                <Fact name="Host">{move || hosts.name(build.read().host)}</Fact>
                <Fact name="Exit status">{exit}</Fact>
                <Fact name="Asked for"><Time at=Signal::derive(move || build.read().created_at) /></Fact>
                <Fact name="Took">
                    {move || duration_ms(&build.read()).map_or_else(|| "still under way".to_owned(), format::duration_ms)}
                </Fact>
                <Fact name="Source"><code>{move || short_digest(&build.read().digest).to_owned()}</code></Fact>
            </Facts>
            {move || build.read().detail.clone().map(|detail| view! { <p class="host-detail">{detail}</p> })}
            <LiveText
                what="Output of the build"
                open=move |offset| Box::pin(client::builds::open_build_output(id, offset, true)) as _
                is_running=Signal::derive(move || !state.get().has_ended())
                when_empty="The build wrote nothing."
            />
        </Panel>
    }
}
