//! The past scripts: picking one fills every field at once, without another request, since the list carries whole drafts.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::scripts::{Script, ScriptsQuery};

use super::form::Form;
use crate::client::{self, ClientError};
use crate::components::JobStateBadge;
use crate::state::Hosts;
use crate::ui::{
    Button, EmptyState, For, LocalResource, Panel, ProblemBox, Show, Spinner, TextField, Time, effect,
};

/// How many scripts are read at once.
const PAGE_LENGTH: u32 = 100;

/// So many of others are offered: those used last.
const MOST_SHARED: u32 = 200;

/// The marks that a measurement of the picking reads.
const MARK_PICK: &str = "pbsweb:pick";
const MEASURE_FILLED: &str = "pbsweb:filled";

/// Whether every word is somewhere in what the row shows or in the commands, whatever the case of ASCII letters.
fn matches(script: &Script, host: &str, application: &str, words: &str) -> bool {
    let draft = &script.revision.draft;
    let all = [&script.name, host, application, &draft.name, &draft.queue, &draft.commands, &sharing(script)]
        .map(str::to_ascii_lowercase)
        .join("\n");
    words.to_ascii_lowercase().split_whitespace().all(|word| all.contains(word))
}

/// Whose it is and in which groups, if somebody else's.
fn sharing(script: &Script) -> String {
    let Some(owner) = &script.owner else { return String::new() };
    let groups: Vec<&str> = script.shared_with.iter().map(|group| group.name.as_str()).collect();
    format!("{owner}’s, shared with {}", groups.join(", "))
}

/// What the script asks for, in a few words.
fn summary(script: &Script) -> String {
    let draft = &script.revision.draft;
    let chunks = match draft.chunks.len() {
        0 => String::new(),
        1 => draft
            .chunks
            .first()
            .map(|chunk| {
                let count = if chunk.count.is_empty() { "1" } else { &chunk.count };
                let ncpus = if chunk.ncpus.is_empty() { "1" } else { &chunk.ncpus };
                let ending = if ncpus == "1" { "" } else { "s" };
                format!("{count} × {ncpus} processor{ending}")
            })
            .unwrap_or_default(),
        n => format!("{n} kinds of chunks"),
    };
    [draft.queue.as_str(), &draft.walltime, &chunks]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What depends on the host or the application is asked for again only when it is another one.
fn set_if_other<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}

/// Fills the form, and notes in the browser's timeline how long that took.
pub(super) fn pick(form: Form, script: Script) {
    let performance = window().performance();
    if let Some(performance) = &performance {
        let _ = performance.mark(MARK_PICK);
    }
    form.take_up(&script);
    // Where somebody else sends it, and with what, is theirs.
    if script.owner.is_none() {
        // A script that was never sent anywhere leaves the choice as it is.
        if script.host.is_some() {
            set_if_other(form.host, script.host);
        }
        set_if_other(form.application, script.application);
    }
    request_animation_frame(move || {
        // The controls were written before this frame; now they are about to be painted.
        if let Some(performance) = performance {
            let _ = performance.measure_with_start_mark(MEASURE_FILLED, MARK_PICK);
        }
    });
}

/// The panel.
#[component]
pub(super) fn Picker() -> impl IntoView {
    let form = Form::of_page();
    let hosts = Hosts::of_page();
    // Said where the reader is; a corner full of messages would hide the script that was just filled.
    let message = RwSignal::new(String::new());
    let scripts = RwSignal::new(None::<Vec<Script>>);
    let applications = LocalResource::new(|| async {
        let query = client::PageQuery { limit: Some(200), page_token: None };
        client::applications::list_applications(&query).await.map(|page| page.items).unwrap_or_default()
    });
    let next_token = RwSignal::new(None::<String>);
    let error = RwSignal::new(None::<ClientError>);
    let is_reading = RwSignal::new(false);
    let words = RwSignal::new(String::new());
    let read = move || {
        if is_reading.get_untracked() {
            return;
        }
        is_reading.set(true);
        error.set(None);
        let query = ScriptsQuery {
            limit: Some(PAGE_LENGTH),
            page_token: next_token.get_untracked(),
            ..ScriptsQuery::default()
        };
        spawn_local(async move {
            let mut answer = client::scripts::list_scripts(&query).await;
            if let (Ok(page), None) = (&mut answer, &query.page_token) {
                let query =
                    ScriptsQuery { shared: true, limit: Some(MOST_SHARED), ..ScriptsQuery::default() };
                match client::scripts::list_scripts(&query).await {
                    Ok(others) => page.items.extend(others.items),
                    Err(failure) => answer = Err(failure),
                }
            }
            // The page may be gone by now.
            is_reading.try_set(false);
            match answer {
                Ok(page) => {
                    next_token.try_set(page.next_page_token);
                    scripts.try_update(|scripts| {
                        let scripts = scripts.get_or_insert_default();
                        if query.page_token.is_none() {
                            scripts.clear();
                        }
                        scripts.extend(page.items);
                        scripts.sort_by_key(|script| std::cmp::Reverse(script.used_at));
                    });
                }
                Err(failure) => {
                    error.try_set(Some(failure));
                }
            }
        });
    };
    effect(move || {
        form.saved.track();
        next_token.set(None);
        read();
    });
    let application_name = move |script: &Script| {
        let applications = applications.get().unwrap_or_default();
        let id = script.application?;
        applications.iter().find(|known| known.id == id).map(|known| known.name.to_string())
    };
    let shown = Memo::new(move |_| {
        let words = words.get();
        let scripts = scripts.read();
        let scripts = scripts.as_deref().unwrap_or_default();
        scripts
            .iter()
            .filter(|script| {
                let host = script.host.map(|host| hosts.name(host)).unwrap_or_default();
                let application = application_name(script).unwrap_or_default();
                matches(script, &host, &application, &words)
            })
            .cloned()
            .collect::<Vec<_>>()
    });
    let row = move |script: Script| {
        let application = application_name(&script);
        let host = script.host;
        let picked = script.clone();
        let others = sharing(&script);
        let last = script.last_job.as_ref().map(|job| view! { <JobStateBadge state=job.state /> });
        let on_pick = move |_| {
            pick(form, picked.clone());
            message.set(format!("All fields are filled from {}.", picked.name));
        };
        view! {
            <li>
                <button type="button" class="script-row" on:click=on_pick>
                    <span class="script-row-name">{script.name.clone()}</span>
                    <span class="script-row-state">{last}</span>
                    <span class="script-row-detail muted">
                        {application.map(|name| format!("{name} on "))}
                        {move || match host {
                            _ if !others.is_empty() => others.clone(),
                            Some(host) => hosts.name(host),
                            None => "no host yet".to_owned(),
                        }}
                        {Some(summary(&script)).filter(|text| !text.is_empty()).map(|text| format!(" · {text}"))}
                    </span>
                    <span class="script-row-when muted"><Time at=script.used_at /></span>
                </button>
            </li>
        }
    };
    let n_all = Memo::new(move |_| scripts.read().as_ref().map(Vec::len));
    view! {
        <Panel title="Start from a past script" lead="Picking one fills every field below.">
            {move || error.get().map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| read()) /> })}
            {move || match n_all.get() {
                None if error.read().is_some() => ().into_any(),
                None => view! { <Spinner what="Loading past scripts" /> }.into_any(),
                Some(0) => {
                    view! {
                        <EmptyState title="No past scripts yet">
                            <p>"What you submit can be picked here the next time."</p>
                        </EmptyState>
                    }
                        .into_any()
                }
                Some(_) => {
                    view! {
                        <TextField
                            label="Search past scripts"
                            name="search"
                            input_type="search"
                            value=words
                            placeholder="name, application, host, queue or a command"
                        />
                        <p class="visually-hidden" role="status">
                            {move || match shown.read().len() {
                                1 => "1 script shown".to_owned(),
                                n => format!("{n} scripts shown"),
                            }}
                        </p>
                        <ul class="script-list" aria-label="Past scripts">
                            <For each=move || shown.get() key=|script| script.revision.id children=row />
                        </ul>
                        <Show when=move || shown.read().is_empty()>
                            <p class="muted">"None of the scripts has that in it."</p>
                        </Show>
                        <p class="script-list-message" role="status">{move || message.get()}</p>
                        <Show when=move || next_token.read().is_some()>
                            <div><Button busy=is_reading on_press=move |()| read()>"Show older"</Button></div>
                        </Show>
                    }
                        .into_any()
                }
            }}
        </Panel>
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::api::groups::{Access, SharedWith};
    use pbsweb_shared::api::scripts::Revision;
    use pbsweb_shared::script::{ChunkDraft, JobScriptDraft};

    use super::*;

    fn script() -> Script {
        Script {
            id: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            name: "relax".to_owned(),
            application: None,
            host: None,
            owner: None,
            access: Access::Own,
            shared_with: Vec::new(),
            revision: Revision {
                id: "00000000-0000-0000-0000-000000000002".parse().unwrap(),
                number: 1,
                parent: None,
                label: None,
                by: "ada".parse().unwrap(),
                session: "00000000-0000-0000-0000-000000000003".parse().unwrap(),
                draft: JobScriptDraft {
                    queue: "workq".to_owned(),
                    walltime: "1:00:00".to_owned(),
                    chunks: vec![ChunkDraft { ncpus: "4".to_owned(), ..ChunkDraft::default() }],
                    commands: "mpirun ./heat".to_owned(),
                    ..JobScriptDraft::default()
                },
                created_at: chrono::DateTime::UNIX_EPOCH,
            },
            n_revisions: 1,
            last_job: None,
            used_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_word_is_looked_for_everywhere() {
        let check = |words: &str, expected: bool| {
            assert_eq!(matches(&script(), "hpc1", "heat2d", words), expected, "{words}");
        };
        check("", true);
        check("RELAX hpc1", true);
        check("mpirun workq heat2d", true);
        check("relax theory", false);
    }

    #[test]
    fn what_is_shared_says_whose_it_is_and_is_found_by_that() {
        assert_eq!(sharing(&script()), "");
        let group = "00000000-0000-0000-0000-000000000004".parse().unwrap();
        let shared_with = vec![SharedWith { group, name: "Physics".to_owned() }];
        let theirs = Script { owner: "bob".parse().ok(), access: Access::Read, shared_with, ..script() };
        assert_eq!(sharing(&theirs), "bob’s, shared with Physics");
        assert!(matches(&theirs, "", "", "bob physics"));
    }

    #[test]
    fn a_script_in_a_few_words() {
        assert_eq!(summary(&script()), "workq, 1:00:00, 1 × 4 processors");
    }
}
