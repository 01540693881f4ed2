//! What was done to the job: by whom, when, and what came of it.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::Job;

use crate::client::job_actions::PastAction;
use crate::client::{self, PageQuery, as_sentence};
use crate::components::{outcome_badge, program_name, result_words};
use crate::ui::{Button, EmptyState, Load, LocalResource, Panel, Show, Time, depend_on};

/// How many actions are read at once.
const PAGE_LENGTH: u32 = 50;

/// The panel. It is read again when the job changes.
#[component]
pub(super) fn PastActions(
    /// The job.
    job: Signal<Job>,
) -> impl IntoView {
    let id = job.with_untracked(|job| job.id);
    let version = Memo::new(move |_| {
        let job = job.read();
        (job.state, job.reason.clone(), job.is_delete_requested)
    });
    let n_wanted = RwSignal::new(PAGE_LENGTH);
    let actions = LocalResource::new(move || {
        depend_on(version);
        let query = PageQuery { limit: Some(n_wanted.get()), page_token: None };
        async move { client::job_actions::list_actions_of_job(id, &query).await }
    });
    view! {
        <Panel title="Actions" lead="What was done to the job from here, newest first, and what its scheduler said.">
            <Load resource=actions what="the actions" let:page>
                {if page.items.is_empty() {
                    view! { <EmptyState title="Nothing was done to it" /> }.into_any()
                } else {
                    // A page has at most 200 rows; who looks further back finds the rest over the API.
                    let has_more = page.next_page_token.is_some() && n_wanted.get_untracked() < 200;
                    let items = page.items.into_iter().map(past_view).collect_view();
                    view! {
                        <ol class="timeline" aria-label="Actions">{items}</ol>
                        <Show when=move || has_more>
                            <Button on_press=move |()| n_wanted.set(200)>"Show more"</Button>
                        </Show>
                    }
                    .into_any()
                }}
            </Load>
        </Panel>
    }
}

fn past_view(past: PastAction) -> AnyView {
    let words = result_words(&past.result);
    let through = (!past.through.is_empty()).then(|| {
        let name = program_name(&past.through);
        view! { ", with "<span title=past.through>{name}</span> }
    });
    view! {
        <li class="timeline-step">
            <Time at=past.created_at is_absolute=true />
            <span class="timeline-state">{outcome_badge(past.result.outcome)}</span>
            <div class="timeline-words">
                <p>
                    {as_sentence(&past.words)}
                    <span class="muted">" By "{past.user_name}{through}"."</span>
                </p>
                {words}
            </div>
        </li>
    }
    .into_any()
}
