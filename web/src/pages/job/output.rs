//! One of the two streams, followed while the job runs.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::OutputStream;
use pbsweb_shared::ids::JobId;

use crate::client;
use crate::components::LiveText;
use crate::ui::Panel;

/// What the stream is called.
const fn title(stream: OutputStream) -> &'static str {
    match stream {
        OutputStream::Stdout => "Standard output",
        OutputStream::Stderr => "Standard error",
    }
}

/// The panel.
#[component]
pub(super) fn Output(
    /// Whose.
    job: JobId,
    /// Which.
    stream: OutputStream,
    /// The job may still write.
    is_running: Signal<bool>,
) -> impl IntoView {
    let address = client::jobs::job_output_address(job, stream);
    view! {
        <Panel
            title=title(stream)
            actions=move || {
                view! {
                    // A download is the browser's own affair, not a navigation within the page.
                    <a class="button" data-kind="secondary" href=address rel="external" download="">
                        "Download"
                    </a>
                }
            }
        >
            <LiveText
                what=format!("Text of {}", title(stream).to_ascii_lowercase())
                open=move |offset| {
                    Box::pin(client::jobs::open_job_output(job, stream, offset, None, is_running.get_untracked())) as _
                }
                is_running=is_running
                search=move |query| {
                    Box::pin(async move { client::jobs::search_job_output(job, stream, &query).await }) as _
                }
                when_empty="The job wrote nothing here."
            />
        </Panel>
    }
}
