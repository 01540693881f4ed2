//! What an action will do to what, before it is done.

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobActionPreview;

use crate::components::JobStateBadge;

/// What will happen to how many, and to which.
#[component]
pub(super) fn Preview(preview: JobActionPreview) -> impl IntoView {
    let groups = preview
        .groups
        .into_iter()
        .map(|group| {
            view! {
                <li class="steer-group">
                    <span class="numbers">{group.n_jobs}</span>
                    <JobStateBadge state=group.state />
                    {words(group.is_possible, group.words)}
                </li>
            }
        })
        .collect_view();
    let n_shown = preview.items.len();
    let items = preview
        .items
        .into_iter()
        .map(|item| {
            view! {
                <li>
                    {item.name}" "<code>{ids(&item.pbs_ids)}</code>" on "{item.host_name}": "
                    {words(item.is_possible, item.words)}
                </li>
            }
        })
        .collect_view();
    let sum = match (preview.n_jobs, preview.n_possible) {
        (0, _) => "There is no such job.".to_owned(),
        (1, 1) => "1 job:".to_owned(),
        (n, possible) if n == possible => format!("{n} jobs:"),
        (n, possible) => format!("{possible} of {n} jobs; the others are left alone."),
    };
    view! {
        <p>{sum}</p>
        <ul class="steer-groups" aria-label="What happens">{groups}</ul>
        {(n_shown > 0)
            .then(|| {
                view! {
                    <details>
                        <summary>
                            {if preview.n_jobs as usize > n_shown {
                                format!("The first {n_shown} of them")
                            } else {
                                "Which they are".to_owned()
                            }}
                        </summary>
                        // Focusable, so that it can be scrolled by keyboard.
                        <ul class="steer-list" tabindex="0" aria-label="Jobs">{items}</ul>
                    </details>
                }
            })}
    }
}

/// What happens, or why nothing does.
fn words(is_possible: bool, words: String) -> AnyView {
    if is_possible {
        view! { <span>{words}</span> }.into_any()
    } else {
        view! { <span class="muted">"left alone: "{words}</span> }.into_any()
    }
}

/// The scheduler's ids, side by side.
pub(super) fn ids(ids: &[pbsweb_shared::names::PbsJobId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
