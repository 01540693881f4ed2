//! What users did, page by page.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::page::Page;

use crate::client::{ClientError, PageQuery, Reply};
use crate::ui::{Button, EmptyState, ProblemBox, Show, Spinner, Table, Time};

/// How many rows are read at once.
const PAGE_LENGTH: u32 = 50;

/// An action word in words: `host_account.check` reads "host account: check".
fn action_label(action: &str) -> String {
    action.replacen('.', ": ", 1).replace('_', " ")
}

/// A table of activity that reads on when asked.
#[component]
pub(crate) fn ActivityTable(
    /// Reads a page.
    list: fn(&PageQuery) -> Reply<Page<Activity>>,
    /// The rows are of several users.
    #[prop(optional)]
    shows_user: bool,
) -> impl IntoView {
    let rows = RwSignal::new(None::<Vec<Activity>>);
    let next_token = RwSignal::new(None::<String>);
    let error = RwSignal::new(None::<ClientError>);
    let is_reading = RwSignal::new(false);
    let read = move || {
        if is_reading.get_untracked() {
            return;
        }
        is_reading.set(true);
        error.set(None);
        let query = PageQuery { limit: Some(PAGE_LENGTH), page_token: next_token.get_untracked() };
        spawn_local(async move {
            let answer = list(&query).await;
            // The page may be gone by now.
            is_reading.try_set(false);
            match answer {
                Ok(page) => {
                    next_token.try_set(page.next_page_token);
                    rows.try_update(|rows| rows.get_or_insert_default().extend(page.items));
                }
                Err(failure) => {
                    error.try_set(Some(failure));
                }
            }
        });
    };
    read();
    let body = move || match rows.get() {
        None if error.read().is_some() => ().into_any(),
        None => view! { <Spinner what="Loading activity" /> }.into_any(),
        Some(rows) if rows.is_empty() => view! { <EmptyState title="Nothing was done yet" /> }.into_any(),
        Some(rows) => {
            let rows = rows
                .into_iter()
                .map(|activity| {
                    let user = shows_user.then(|| {
                        view! { <td data-label="Who">{activity.user_name.unwrap_or_else(|| "unknown".to_owned())}</td> }
                    });
                    let session = activity.session.map(|session| session.to_string());
                    let session_end = session.as_deref().map(|id| id.rsplit('-').next().unwrap_or(id).to_owned());
                    view! {
                        <tr>
                            <td data-label="When"><Time at=activity.at /></td>
                            {user}
                            <td data-label="What" class="activity-action">{action_label(&activity.action)}</td>
                            <td data-label="Detail" class="activity-detail">{activity.detail}</td>
                            <td data-label="Session" class="activity-session">
                                {session_end.map(|end| view! { <code class="muted" title=session>{end}</code> })}
                            </td>
                        </tr>
                    }
                })
                .collect_view();
            view! {
                <Table caption="Activity, newest first" stacks=true>
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            {shows_user.then(|| view! { <th scope="col">"Who"</th> })}
                            <th scope="col">"What"</th>
                            <th scope="col">"Detail"</th>
                            <th scope="col">"Session"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </Table>
            }
            .into_any()
        }
    };
    view! {
        <div class="stack">
            {body}
            {move || error.get().map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| read()) /> })}
            <Show when=move || next_token.read().is_some()>
                <div>
                    <Button busy=is_reading on_press=move |()| read()>"Show older"</Button>
                </div>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_as_words() {
        assert_eq!(action_label("host_account.check"), "host account: check");
        assert_eq!(action_label("strange"), "strange");
    }
}
