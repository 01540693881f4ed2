//! What users did, page by page.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::page::Page;

use crate::client::{ClientError, PageQuery, Reply};
use crate::components::action_label;
use crate::ui::{Button, EmptyState, ProblemBox, Show, Spinner, Table, Time};

/// How many rows are read at once.
const PAGE_LENGTH: u32 = 50;

/// What was done, in words; what this page does not know reads "thing: verb".
fn deed_words(action: &str) -> String {
    let words = match action {
        "account.create" => "Created the account",
        "application.pin" => "Pinned a command",
        "application.share" => "Shared an application",
        "application.unpin" => "Unpinned a command",
        "application.unshare" => "Ended the sharing of an application",
        "application.upload" => "Uploaded an application",
        "build.cancel" => "Cancelled a build",
        "build.start" => "Started a build",
        "group.create" => "Made a group",
        "group.delete" => "Deleted a group",
        "group.leave" => "Left a group",
        "group.member" => "Set a member of a group",
        "group.remove" => "Took somebody out of a group",
        "group.update" => "Changed a group",
        "host.check" => "Checked a host",
        "host.create" => "Added a host",
        "host.delete" => "Removed a host",
        "host.update" => "Changed a host",
        "host_account.remove" => "Removed the login on a host",
        "host_account.set" => "Set the login on a host",
        "job.adopt" => "Took up a job again",
        "job.submit" => "Submitted a job",
        "job_set.submit" => "Submitted a set of jobs",
        "me.update" => "Changed the account",
        "preferences.update" => "Changed preferences",
        "script.copy" => "Copied a script",
        "script.create" => "Made a script",
        "script.label" => "Labelled a revision",
        "script.restore" => "Restored a revision",
        "script.save" => "Saved a script",
        "script.share" => "Shared a script",
        "script.unshare" => "Ended the sharing of a script",
        "search.create" => "Saved a search",
        "search.delete" => "Deleted a saved search",
        "search.update" => "Changed a saved search",
        "session.end" => "Ended a session",
        "session.refuse" => "Was refused to sign in",
        "session.sign_in" => "Signed in",
        "session.sign_out" => "Signed out",
        "ssh_key.rotate" => "Changed the SSH key",
        "token.create" => "Made a token",
        "token.revoke" => "Revoked a token",
        "user.create" => "Added a user",
        "user.update" => "Changed a user",
        _ => return other_words(action),
    };
    words.to_owned()
}

fn other_words(action: &str) -> String {
    let of_jobs = action.strip_prefix("job.").and_then(|word| word.parse().ok());
    match of_jobs {
        Some(of_jobs) => format!("Asked for: {}", action_label(of_jobs).to_lowercase()),
        None => action.replacen('.', ": ", 1).replace('_', " "),
    }
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
                        // A command on the server, or a sign-in with a name that nobody has.
                        let name = activity.user_name.unwrap_or_else(|| "not signed in".to_owned());
                        view! { <td data-label="Who">{name}</td> }
                    });
                    let session = activity.session.map(|session| session.to_string());
                    let session_end = session.as_deref().map(|id| id.rsplit('-').next().unwrap_or(id).to_owned());
                    view! {
                        <tr>
                            <td data-label="When"><Time at=activity.at /></td>
                            {user}
                            <td data-label="What" class="activity-action">{deed_words(&activity.action)}</td>
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
    fn deeds_in_words() {
        assert_eq!(deed_words("job.submit"), "Submitted a job");
        assert_eq!(deed_words("job.rerun"), "Asked for: run again");
        assert_eq!(deed_words("host_account.move"), "host account: move");
    }
}
