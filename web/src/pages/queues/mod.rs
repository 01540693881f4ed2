//! The queues of all hosts and everything their schedulers list, one's own jobs first. The filters are in the address.

mod filter;
mod host_queues;
mod list;
mod listing;
mod part;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::paths;
use crate::state::{CurrentUser, Hosts};
use crate::ui::{EmptyState, LinkButton, PageHeader, ProblemBox, Spinner};
use filter::{Filter, FilterBar};
use host_queues::HostPanel;

/// The page.
#[component]
pub(crate) fn Queues() -> impl IntoView {
    let hosts = Hosts::of_page();
    let user = CurrentUser::of_page();
    let query = use_query_map();
    let navigate = use_navigate();
    let filter = Memo::new(move |_| {
        let query = query.read();
        Filter::read(|name| query.get(name))
    });
    let on_change = Callback::new(move |filter: Filter| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&filter.to_address(), options);
    });
    // The panels stay while the hosts in them change.
    let ids = Memo::new(move |_| {
        let wanted = filter.read().host;
        hosts.answer().map(|answer| {
            answer.map(|hosts| {
                hosts
                    .iter()
                    .filter(|host| host.is_enabled && wanted.is_none_or(|wanted| wanted == host.id))
                    .map(|host| host.id)
                    .collect::<Vec<_>>()
            })
        })
    });
    let body = move || match ids.get() {
        None => view! { <Spinner what="Loading hosts" /> }.into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> }.into_any()
        }
        Some(Ok(ids)) if ids.is_empty() && filter.read().host.is_some() => view! {
            <EmptyState title="No such host is in use">
                <LinkButton href=paths::QUEUES>"All hosts"</LinkButton>
            </EmptyState>
        }
        .into_any(),
        Some(Ok(ids)) if ids.is_empty() => {
            let is_admin = user.is_admin();
            view! {
                <EmptyState title="No host to show">
                    <p>"Queues appear here once a host is in use."</p>
                    {is_admin.then(|| view! { <LinkButton href=paths::ADMIN_HOSTS>"Manage hosts"</LinkButton> })}
                </EmptyState>
            }
            .into_any()
        }
        Some(Ok(ids)) => ids
            .into_iter()
            .map(|id| view! { <HostPanel host=id filter=filter on_change=on_change /> })
            .collect_view()
            .into_any(),
    };
    view! {
        <PageHeader
            title="Queues"
            lead="What the schedulers list, as of their last answer. Your jobs are marked, and come first unless you choose another order."
        />
        <FilterBar filter=filter on_change=on_change />
        {body}
    }
}
