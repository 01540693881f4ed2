//! One's applications, and the upload of another.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use pbsweb_shared::api::applications::Application;

use crate::client::{self, PageQuery};
use crate::components::{BuildStateBadge, UploadForm};
use crate::paths::{self, ComposeFrom};
use crate::state::{Hosts, Live};
use crate::ui::{EmptyState, LinkButton, Load, LocalResource, PageHeader, Panel, Table, Time, format};

/// Most applications that are shown; the server gives no more on a page.
const MOST: u32 = 200;

/// The page.
#[component]
pub(crate) fn Applications() -> impl IntoView {
    let applications = LocalResource::new(|| async {
        let query = PageQuery { limit: Some(MOST), page_token: None };
        client::applications::list_applications(&query).await.map(|page| page.items)
    });
    let shared = LocalResource::new(client::applications::list_shared_applications);
    let others = move || {
        let page = shared.get().and_then(Result::ok).filter(|page| !page.items.is_empty())?;
        Some(view! {
            <Panel title="Shared with you" lead="What others use: its commands and how its builds went. To run it, upload the source to your own account.">
                <ApplicationTable applications=page.items />
            </Panel>
        })
    };
    let navigate = use_navigate();
    let on_done = move |application: Application| {
        navigate(&paths::application(application.id), leptos_router::NavigateOptions::default());
    };
    view! {
        <PageHeader
            title="Applications"
            lead="Your source trees on the hosts. Upload an archive, build it there, then run jobs with it."
        />
        <div class="applications">
            <Panel title="Your applications">
                <Load resource=applications what="applications" let:applications>
                    {if applications.is_empty() {
                        view! {
                            <EmptyState title="No applications yet">
                                <p>"Upload a source archive to have its folder on a host, or go on without: a job can run in your home directory, too."</p>
                            </EmptyState>
                        }
                            .into_any()
                    } else {
                        view! { <ApplicationTable applications=applications /> }.into_any()
                    }}
                </Load>
            </Panel>
            {others}
            <Panel title="Upload an application">
                <UploadForm on_done=on_done />
            </Panel>
        </div>
    }
}

/// The names of the hosts that hold it, and its size there.
fn places(hosts: Hosts, application: &Application) -> String {
    let names: Vec<String> = application
        .hosts
        .iter()
        .map(|place| {
            let n_bytes = u64::try_from(place.n_bytes).unwrap_or_default();
            format!("{} ({})", hosts.name(place.host), format::bytes(n_bytes))
        })
        .collect();
    if names.is_empty() { "on no host".to_owned() } else { names.join(", ") }
}

#[component]
fn ApplicationTable(applications: Vec<Application>) -> impl IntoView {
    let live = Live::of_page();
    let hosts = Hosts::of_page();
    let rows = applications
        .into_iter()
        .map(|application| {
            let uploaded = application.hosts.iter().map(|place| place.uploaded_at).max();
            let from = ComposeFrom { application: Some(application.id), ..ComposeFrom::default() };
            let build = application.last_build.clone().map(|build| {
                let build = live.build(build);
                let state = build.clone();
                view! {
                    <span class="row">
                        <BuildStateBadge state=Signal::derive(move || state.read().state) />
                        <span class="muted">
                            <Time at=Signal::derive(move || {
                                let build = build.read();
                                build.ended_at.unwrap_or(build.created_at)
                            }) />
                        </span>
                    </span>
                }
            });
            let name = application.name.to_string();
            let whose = name.clone();
            let owner = application.owner.as_ref().map(|owner| format!(" ({owner}’s)"));
            let is_own = owner.is_none();
            view! {
                <tr>
                    <th scope="row" data-label="Name">
                        <A href=paths::application(application.id)>{name}</A>
                        {owner}
                    </th>
                    <td data-label="Where">{move || places(hosts, &application)}</td>
                    <td data-label="Uploaded">{uploaded.map(|at| view! { <Time at=at /> })}</td>
                    <td data-label="Last build">
                        {build.map_or_else(|| view! { <span class="muted">"never built"</span> }.into_any(), IntoAny::into_any)}
                    </td>
                    <td class="table-actions" data-label="">
                        {is_own
                            .then(|| view! {
                                <LinkButton href=paths::compose(from)>
                                    "New job"<span class="visually-hidden">" with "{whose}</span>
                                </LinkButton>
                            })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Applications, the latest first" stacks=true>
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Where"</th>
                    <th scope="col">"Uploaded"</th>
                    <th scope="col">"Last build"</th>
                    <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}
