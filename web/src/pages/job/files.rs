//! The files in the job's own folder.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::JobFile;
use pbsweb_shared::ids::JobId;

use crate::client;
use crate::ui::{Button, Columns, EmptyState, Load, LocalResource, Panel, Table, Time, format};

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
                    let folder = common_folder(&files);
                    let rows = files
                        .into_iter()
                        .map(|file| {
                            let name = file.path.strip_prefix(&folder).unwrap_or(&file.path).to_owned();
                            view! {
                                <tr>
                                    <th scope="row" data-label="File"><code title=file.path>{name}</code></th>
                                    <td data-label="Size">{format::bytes(file.n_bytes)}</td>
                                    <td data-label="Changed">{file.modified_at.map(|at| view! { <Time at=at /> })}</td>
                                </tr>
                            }
                        })
                        .collect_view();
                    view! {
                        <p>"In the job's own folder on the host, "<code>{folder}</code></p>
                        <Table caption="Files of the job" stacks=true>
                            <Columns names=["File", "Size", "Changed"] />
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                        .into_any()
                }}
            </Load>
        </Panel>
    }
}

/// The innermost folder that all files are in, with a slash at its end.
fn common_folder(files: &[JobFile]) -> String {
    let first = files.first().map_or("", |file| file.path.as_str());
    let holds_all = |folder: &&str| files.iter().all(|file| file.path.starts_with(folder));
    let ends = first.rmatch_indices('/').map(|(at, _)| at.saturating_add(1));
    ends.filter_map(|end| first.get(..end)).find(holds_all).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_a_folder_in_common() {
        let check = |paths: &[&str], folder: &str| {
            let file = |path: &&str| JobFile { path: (*path).to_owned(), n_bytes: 0, modified_at: None };
            assert_eq!(common_folder(&paths.iter().map(file).collect::<Vec<_>>()), folder, "{paths:?}");
        };
        check(&["/home/a/job/stdout", "/home/a/job/stderr"], "/home/a/job/");
        check(&["/home/a/job/1/stdout", "/home/a/job/10/stdout"], "/home/a/job/");
        check(&["/home/a/job", "/home/a/job/stdout"], "/home/a/");
        check(&["/home/a/stdout", "/scratch/b"], "/");
        check(&["stdout", "/scratch/b"], "");
        check(&[], "");
    }
}
