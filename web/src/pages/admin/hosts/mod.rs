//! Administration of hosts: add, change, switch off, confirm keys. All of it holds from the next exchange on.

mod form;
mod host_form;
mod key_dialog;

use leptos::prelude::*;
use pbsweb_shared::api::hosts::{Host, HostUpdate};
use pbsweb_shared::ids::HostId;

use self::host_form::HostForm;
use self::key_dialog::KeyDialog;
use crate::client;
use crate::components::HostStatusBadge;
use crate::state::{Hosts as HostStore, Notices};
use crate::ui::{
    Action, Badge, Button, ButtonKind, ConfirmDialog, Dialog, EmptyState, Fact, Facts, Icon, PageHeader,
    Panel, ProblemBox, Shape, Show, Spinner, Tone, action_error,
};

/// The page.
#[component]
pub(crate) fn Hosts() -> impl IntoView {
    let hosts = HostStore::of_page();
    let is_open = RwSignal::new(false);
    let edited = RwSignal::new(None::<Host>);
    let open = move |host: Option<Host>| {
        edited.set(host);
        is_open.set(true);
    };
    let ids = Memo::new(move |_| {
        hosts.answer().map(|answer| answer.map(|hosts| hosts.iter().map(|host| host.id).collect::<Vec<_>>()))
    });
    hosts.reload();
    let body = move || match ids.get() {
        None => view! { <Spinner what="Loading hosts" /> }.into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> }.into_any()
        }
        Some(Ok(ids)) if ids.is_empty() => view! {
            <EmptyState title="No hosts yet">
                <p>"Add the login node of a cluster, then confirm its key."</p>
            </EmptyState>
        }
        .into_any(),
        Some(Ok(ids)) => ids
            .into_iter()
            .map(|id| view! { <HostPanel id=id on_change=move |host| open(Some(host)) /> })
            .collect_view()
            .into_any(),
    };
    view! {
        <PageHeader title="Hosts" lead="The login nodes that PBSWeb works on. Changes hold from the next exchange on; nothing is restarted.">
            <Button kind=ButtonKind::Primary on_press=move |()| open(None)>
                <Icon shape=Shape::Plus />
                "Add a host"
            </Button>
        </PageHeader>
        {body}
        <Dialog
            open=is_open
            title=Signal::derive(move || match edited.get() {
                Some(host) => format!("Change {}", host.name),
                None => "Add a host".to_owned(),
            })
        >
            <HostForm host=edited.get_untracked() on_done=move |()| is_open.set(false) />
        </Dialog>
    }
}

#[component]
fn HostPanel(id: HostId, #[prop(into)] on_change: Callback<Host>) -> impl IntoView {
    let hosts = HostStore::of_page();
    let host = Memo::new(move |_| hosts.get(id));
    let has_key = Memo::new(move |_| host.get().is_some_and(|host| !host.host_keys.is_empty()));
    let status = Signal::derive(move || {
        host.get().map_or(pbsweb_shared::host::HostStatus::Unknown, |host| host.health.status)
    });
    let text = move |get: fn(&Host) -> String| move || host.get().as_ref().map(get);
    let keys = move || {
        let host = host.get()?;
        let lines = host
            .host_keys
            .into_iter()
            .map(|key| view! { <li><code>{key.fingerprint}</code></li> })
            .collect_view();
        Some(view! { <ul>{lines}</ul> })
    };
    view! {
        <Panel
            title=Signal::derive(move || hosts.name(id))
            lead=Signal::derive(move || host.get().map(|host| host.description).filter(|text| !text.is_empty()))
            actions=move || {
                view! {
                    <HostStatusBadge status=status />
                    <Show when=move || !has_key.get()>
                        <Badge tone=Tone::Warning shape=Shape::Key text="Key not confirmed" />
                    </Show>
                }
            }
        >
            {move || {
                host.get().and_then(|host| host.health.detail).map(|detail| view! { <p class="host-detail">{detail}</p> })
            }}
            <Facts>
                <Fact name="Address"><code>{text(|host| format!("{}:{}", host.address, host.port))}</code></Fact>
                <Fact name="Reached">
                    {move || match host.get().and_then(|host| host.jump_host) {
                        Some(jump) => format!("through {}", hosts.name(jump)),
                        None => "directly".to_owned(),
                    }}
                </Fact>
                <Fact name="Scheduler">{text(|host| form::dialect_label(host.dialect).to_owned())}</Fact>
                <Fact name="PBS commands">
                    {move || match host.get().map(|host| host.bin_folder).filter(|folder| !folder.is_empty()) {
                        Some(folder) => view! { <code>{folder}</code> }.into_any(),
                        None => "found at the check".into_any(),
                    }}
                </Fact>
                <Fact name="Queues offered">
                    {text(|host| if host.offered_queues.is_empty() { "all that are enabled".to_owned() } else { host.offered_queues.join(", ") })}
                </Fact>
                <Fact name="Output in place (-k oed)">{text(|host| if host.keeps_output_in_place { "yes" } else { "no" }.to_owned())}</Fact>
                <Fact name="Confirmed keys">
                    {move || if has_key.get() { keys().into_any() } else { view! { <span class="muted">"none"</span> }.into_any() }}
                </Fact>
                <Fact name="Listings in the last minute">
                    {text(|host| format!("{} of at most {}", host.health.listings_last_minute, host.health.max_listings_per_minute))}
                </Fact>
            </Facts>
            <HostActions host=host on_change=on_change />
        </Panel>
    }
}

/// What can be done to a host.
#[component]
fn HostActions(host: Memo<Option<Host>>, on_change: Callback<Host>) -> impl IntoView {
    let hosts = HostStore::of_page();
    let notices = Notices::of_page();
    let is_scanning = RwSignal::new(false);
    let is_removing = RwSignal::new(false);
    let is_enabled = Memo::new(move |_| host.get().is_some_and(|host| host.is_enabled));
    let name = move || host.get().map(|host| host.name.to_string()).unwrap_or_default();
    let toggle = Action::new_local(move |id: &HostId| {
        let id = *id;
        let change = HostUpdate { is_enabled: Some(!is_enabled.get_untracked()), ..HostUpdate::default() };
        async move {
            match client::hosts::update_host(id, &change).await {
                Ok(changed) => {
                    notices.done(if changed.is_enabled {
                        format!("{} is in use again.", changed.name)
                    } else {
                        format!("{} is switched off: nothing is sent to it.", changed.name)
                    });
                    hosts.put(changed);
                }
                Err(error) => notices.failed(error.message()),
            }
        }
    });
    let remove = Action::new_local(move |id: &HostId| {
        let id = *id;
        async move {
            client::hosts::delete_host(id).await?;
            is_removing.set(false);
            hosts.remove(id);
            notices.done("The host was removed.");
            Ok(())
        }
    });
    let id = move || host.get_untracked().map(|host| host.id);
    view! {
        <div class="row">
            <Button
                label=Signal::derive(move || format!("Change {}", name()))
                on_press=move |()| {
                    if let Some(host) = host.get_untracked() {
                        on_change.run(host);
                    }
                }
            >
                "Change"
            </Button>
            <Button
                label=Signal::derive(move || format!("Check the key of {}", name()))
                on_press=move |()| is_scanning.set(true)
            >
                <Icon shape=Shape::Key />
                "Check key"
            </Button>
            <Button
                label=Signal::derive(move || format!("{} {}", if is_enabled.get() { "Disable" } else { "Enable" }, name()))
                busy=toggle.pending()
                on_press=move |()| {
                    if let Some(id) = id() {
                        toggle.dispatch(id);
                    }
                }
            >
                {move || if is_enabled.get() { "Disable" } else { "Enable" }}
            </Button>
            <Button
                kind=ButtonKind::Danger
                label=Signal::derive(move || format!("Remove {}", name()))
                on_press=move |()| is_removing.set(true)
            >
                "Remove"
            </Button>
        </div>
        <Dialog open=is_scanning title=Signal::derive(move || format!("Host key of {}", name()))>
            {host.get_untracked().map(|host| view! { <KeyDialog host=host.id on_done=move |()| is_scanning.set(false) /> })}
        </Dialog>
        <ConfirmDialog
            open=is_removing
            title=Signal::derive(move || format!("Remove {}?", name()))
            text="Users' login names there go with it. A host with jobs, builds or applications cannot be removed, so that their history stays: disable it instead."
            action="Remove host"
            busy=remove.pending()
            error=action_error(remove)
            on_confirm=move |()| {
                if let Some(id) = id() {
                    remove.dispatch(id);
                }
            }
        />
    }
}
