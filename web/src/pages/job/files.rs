//! The files in the job's own folder.

use leptos::prelude::*;
use pbsweb_shared::ids::JobId;

use crate::client;
use crate::ui::{Button, EmptyState, Load, Panel, Table, Time, format};

/// The panel.
#[component]
pub(super) fn Files(
    /// Whose.
    job: JobId,
    /// The job may still write.
    is_running: Signal<bool>,
) -> impl IntoView {
    let files = LocalResource::new(move || {
        // Once more when it has ended.
        is_running.track();
        async move { client::jobs::list_job_files(job).await.map(|page| page.items) }
    });
    view! {
        <Panel
            title="Files"
            lead="In the job's own folder on the host."
            actions=move || view! { <Button on_press=move |()| files.refetch()>"Look again"</Button> }
        >
            <Load resource=files what="files" let:files>
                {if files.is_empty() {
                    view! {
                        <EmptyState title="No files yet">
                            <p>"The job's output and notes appear here once it has begun."</p>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    let rows = files
                        .into_iter()
                        .map(|file| {
                            view! {
                                <tr>
                                    <th scope="row" data-label="File"><code>{file.path}</code></th>
                                    <td data-label="Size">{format::bytes(file.n_bytes)}</td>
                                    <td data-label="Changed">{file.modified_at.map(|at| view! { <Time at=at /> })}</td>
                                </tr>
                            }
                        })
                        .collect_view();
                    view! {
                        <Table caption="Files of the job" stacks=true>
                            <thead>
                                <tr>
                                    <th scope="col">"File"</th>
                                    <th scope="col">"Size"</th>
                                    <th scope="col">"Changed"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                        .into_any()
                }}
            </Load>
        </Panel>
    }
}
