//! The hosts: how they are and were, and one's account on each.

mod history;

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::ids::HostId;

use crate::components::{AccountBadge, HostAccountForm, HostStatusBadge};
use crate::paths;
use crate::state::{CurrentUser, Hosts as HostStore};
use crate::ui::{EmptyState, Fact, Facts, LinkButton, PageHeader, Panel, ProblemBox, Spinner, Time, format};
use history::History;

/// The page.
#[component]
pub(crate) fn Hosts() -> impl IntoView {
    let hosts = HostStore::of_page();
    let user = CurrentUser::of_page();
    // The panels stay while the hosts in them change.
    let ids = Memo::new(move |_| {
        hosts.answer().map(|answer| answer.map(|hosts| hosts.iter().map(|host| host.id).collect::<Vec<_>>()))
    });
    hosts.reload();
    hosts.keep_fresh();
    let body = move || match ids.get() {
        None => view! { <Spinner what="Loading hosts" /> }.into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> }.into_any()
        }
        Some(Ok(ids)) if ids.is_empty() => {
            let is_admin = user.is_admin();
            view! {
                <EmptyState title="No hosts yet">
                    <p>"A host is a login node of a cluster. Administrators add them."</p>
                    {is_admin.then(|| view! { <LinkButton href=paths::ADMIN_HOSTS>"Add a host"</LinkButton> })}
                </EmptyState>
            }
            .into_any()
        }
        Some(Ok(ids)) => ids.into_iter().map(|id| view! { <HostPanel host=id /> }).collect_view().into_any(),
    };
    view! {
        <PageHeader
            title="Hosts"
            lead="The clusters this server knows. PBSWeb works on each as you, with your own login there and your PBSWeb key."
        >
            <LinkButton href=paths::settings("key")>"Your key"</LinkButton>
        </PageHeader>
        {body}
    }
}

#[component]
fn HostPanel(host: HostId) -> impl IntoView {
    let hosts = HostStore::of_page();
    let id = host;
    let host = Memo::new(move |_| hosts.get(id));
    let health = move || host.get().map(|host| host.health);
    let title = Signal::derive(move || hosts.name(id));
    let lead =
        Signal::derive(move || host.get().map(|host| host.description).filter(|text| !text.is_empty()));
    let address = move || {
        host.get().map(|host| {
            if host.port == 22 { host.address } else { format!("{}, port {}", host.address, host.port) }
        })
    };
    let jump = move || host.get().and_then(|host| host.jump_host).map(|jump| hosts.name(jump));
    let status = Signal::derive(move || {
        health().map_or(pbsweb_shared::host::HostStatus::Unknown, |health| health.status)
    });
    let is_enabled = Memo::new(move |_| host.get().is_some_and(|host| host.is_enabled));
    let has_key = Memo::new(move |_| host.get().is_some_and(|host| !host.host_keys.is_empty()));
    view! {
        <div id=id.to_string()>
            <Panel
                title=title
                lead=lead
                actions=move || {
                    view! {
                        <HostStatusBadge status=status />
                        <AccountBadge host=host />
                    }
                }
            >
                {move || health().and_then(|health| health.detail).map(|detail| view! { <p class="host-detail">{detail}</p> })}
                <Facts>
                    <Fact name="Address">
                        <code>{address}</code>
                        {move || jump().map(|jump| view! { <span class="muted">" through "{jump}</span> })}
                    </Fact>
                    <Fact name="Last asked">
                        {move || match health().and_then(|health| health.checked_at) {
                            Some(at) => view! { <Time at=at /> }.into_any(),
                            None => view! { <span class="muted">"never"</span> }.into_any(),
                        }}
                    </Fact>
                    <Fact name="Last listing">
                        {move || match health().and_then(|health| health.snapshot_at) {
                            Some(at) => view! { <Time at=at /> }.into_any(),
                            None => view! { <span class="muted">"none yet"</span> }.into_any(),
                        }}
                    </Fact>
                    <Fact name="Answers in">
                        {move || match health().and_then(|health| health.latency_ms) {
                            Some(ms) => format::duration_ms(ms.into()).into_any(),
                            None => view! { <span class="muted">"not known yet"</span> }.into_any(),
                        }}
                    </Fact>
                    <Fact name="Load on its scheduler">
                        {move || {
                            health()
                                .map(|health| {
                                    format!(
                                        "{} of at most {} listings in the last minute, by {} commands, for everybody together",
                                        health.listings_last_minute,
                                        health.max_listings_per_minute,
                                        health.calls_last_minute,
                                    )
                                })
                        }}
                    </Fact>
                </Facts>
                <History host=id />
                {move || {
                    if !is_enabled.get() {
                        view! { <p class="muted">"An administrator has switched this host off: nothing is sent to it."</p> }
                            .into_any()
                    } else if !has_key.get() {
                        view! {
                            <p class="muted">
                                "Nothing is sent to this host before an administrator has confirmed its key."
                            </p>
                        }
                            .into_any()
                    } else {
                        view! { <HostAccountForm host=id /> }.into_any()
                    }
                }}
                <p>
                    <A href=paths::queues(Some(id))>"Queues and jobs on " {title}</A>
                    " · "
                    <A href=paths::nodes(id)>"Nodes of " {title}</A>
                </p>
            </Panel>
        </div>
    }
}
