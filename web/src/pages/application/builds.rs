//! The builds of an application, newest first.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::builds::Build;
use pbsweb_shared::ids::{ApplicationId, BuildId};

use crate::components::BuildStateBadge;
use crate::paths;
use crate::state::{Hosts, Live};
use crate::ui::{Columns, EmptyState, Table, Time};

/// The table. Choosing a build shows its output.
#[component]
pub(super) fn BuildTable(
    /// Whose.
    application: ApplicationId,
    /// The builds.
    builds: Vec<Build>,
    /// The one whose output is shown.
    shown: Memo<Option<BuildId>>,
    /// Their output may be seen.
    has_output: Signal<bool>,
) -> impl IntoView {
    let live = Live::of_page();
    let hosts = Hosts::of_page();
    if builds.is_empty() {
        return view! { <EmptyState title="No builds yet" /> }.into_any();
    }
    let rows = builds
        .into_iter()
        .map(|build| {
            let (id, command) = (build.id, build.command.clone());
            let build: Signal<Build> = live.build(build).into();
            let host = build.with_untracked(|build| build.host);
            view! {
                <tr data-own=move || (has_output.get() && shown.get() == Some(id)).then_some("true")>
                    <th scope="row" data-label="Command">
                        {move || {
                            let command = view! { <code>{command.clone()}</code> };
                            if !has_output.get() {
                                return command.into_any();
                            }
                            view! {
                                <A
                                    href=format!("{}?build={id}", paths::application(application))
                                    scroll=false
                                    attr:aria-current=move || (shown.get() == Some(id)).then_some("true")
                                >
                                    {command}
                                </A>
                            }
                                .into_any()
                        }}
                    </th>
                    <td data-label="State"><BuildStateBadge state=Signal::derive(move || build.read().state) /></td>
                    <td data-label="Exit status">{move || build.read().exit_status}</td>
                    <td data-label="Host">{move || hosts.name(host)}</td>
                    <td data-label="When"><Time at=Signal::derive(move || build.read().created_at) /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Past builds, newest first" stacks=true>
            <Columns names=["Command", "State", "Exit status", "Host", "When"] />
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}
