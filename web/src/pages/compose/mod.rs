//! Composing and submitting a job: the form, the script it makes, and the past scripts it can start from.
//!
//! [`form`] holds the state; everything else is derived from it. The rules are those of `pbsweb_shared::script`, the same that the
//! server applies: this page only shows them sooner.

mod editor;
mod field;
mod findings;
mod form;
mod history;
mod kept;
mod lead;
mod merging;
mod origin;
mod picker;
mod script_side;
mod sections;
mod submit;
mod target;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::SubmitEvent;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, ScriptId};

use crate::client::{self, Answer, ClientError};
use crate::paths;
use crate::state::Hosts;
use crate::ui::{EmptyState, LinkButton, PageHeader, Panel, ProblemBox, Show, Spinner};
use form::Form;
use merging::Merging;
use origin::{OriginBar, Save, save_action};
use picker::{Picker, pick};
use script_side::ScriptSide;
use sections::{Advanced, Array, Commands, Common, Dependencies, Mail, Output, Rare, Schedule, Variables};
use submit::{Submit, SubmitBar, submit_action};
use target::Target;

/// The page.
#[component]
pub(crate) fn Compose() -> impl IntoView {
    let form = Form::provide();
    let error = RwSignal::new(None::<ClientError>);
    start(form, error);
    let submit = submit_action(form);
    let save = save_action(form);
    move || match form.conflict.get() {
        Some(current) => view! { <Merging current=current save=save /> }.into_any(),
        None => view! { <Composing error=error submit=submit save=save /> }.into_any(),
    }
}

/// The form and the script.
#[component]
fn Composing(error: RwSignal<Option<ClientError>>, submit: Submit, save: Save) -> impl IntoView {
    let hosts = Hosts::of_page();
    let form = Form::of_page();
    let has_no_host = Memo::new(move |_| matches!(hosts.answer(), Some(Ok(_))) && hosts.usable().is_empty());
    view! {
        <PageHeader title="New job" lead="Fill the form, or pick a past script. Nothing is sent before you submit." />
        {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
        {move || {
            hosts
                .answer()
                .and_then(Result::err)
                .map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> })
        }}
        <Show when=move || has_no_host.get()>
            <EmptyState title="No host is ready for you yet">
                <p>"You can compose a job already. To submit it, set up your account on a host."</p>
                <LinkButton href=paths::HOSTS>"Set up hosts"</LinkButton>
            </EmptyState>
        </Show>
        <Show when=move || form.is_loading.get()>
            <Spinner what="Reading what to start from" />
        </Show>
        <div class="compose">
            <div class="compose-form">
                <Picker />
                // Enter in a field submits nothing: a job is sent by its button only.
                <form
                    class="compose-fields"
                    novalidate=true
                    on:submit=move |event: SubmitEvent| event.prevent_default()
                >
                    <Panel title="Job">
                        <OriginBar />
                        <Target />
                        <Common />
                        <Commands />
                        <div class="compose-sections">
                            <Output />
                            <Mail />
                            <Dependencies />
                            <Array />
                            <Variables />
                            <Schedule />
                            <Advanced />
                            <Rare />
                        </div>
                    </Panel>
                    <SubmitBar submit=submit save=save />
                </form>
            </div>
            <div class="compose-side">
                <ScriptSide />
            </div>
        </div>
    }
}

/// Takes what the address says to start from, and then takes it out of the address: a reload must show what was typed since.
fn start(form: Form, error: RwSignal<Option<ClientError>>) {
    let query = use_query_map().get_untracked();
    let navigate = use_navigate();
    let application: Option<ApplicationId> = query.get("application").and_then(|id| id.parse().ok());
    let host: Option<HostId> = query.get("host").and_then(|id| id.parse().ok());
    let script: Option<ScriptId> = query.get("script").and_then(|id| id.parse().ok());
    let job: Option<JobId> = query.get("job").and_then(|id| id.parse().ok());
    if application.is_none() && host.is_none() && script.is_none() && job.is_none() {
        return;
    }
    if job.is_none() && script.is_none() {
        // Another application than the kept draft's is another job.
        if application.is_some() && application != form.application.get_untracked() {
            form.start_afresh();
            form.application.set(application);
        }
        if host.is_some() {
            form.host.set(host);
        }
    }
    let leave = move || {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(paths::COMPOSE, options);
    };
    if job.is_none() && script.is_none() {
        // Not within the navigation that led here.
        return request_animation_frame(leave);
    }
    form.is_loading.set(true);
    spawn_local(async move {
        let answer = match (job, script) {
            (Some(job), _) => fill_from_job(form, job).await,
            (None, Some(script)) => {
                client::scripts::get_script(script).await.map(|script| pick(form, script))
            }
            (None, None) => Ok(()),
        };
        if form.is_loading.try_set(false).is_some() {
            // The page is gone.
            return;
        }
        match answer {
            Ok(()) => leave(),
            Err(failure) => {
                error.try_set(Some(failure));
            }
        }
    });
}

async fn fill_from_job(form: Form, job: JobId) -> Answer<()> {
    let text = client::jobs::get_job_script(job).await?;
    let job = client::jobs::get_job(job, &pbsweb_shared::api::jobs::JobWaitQuery::default()).await?;
    // Of the latest revision it is a change like any other; what is older, or not to be seen any more, begins anew.
    let script = client::scripts::get_script(job.script).await.ok();
    if form.host.try_set(Some(job.host)).is_none() {
        form.application.set(job.application);
        match script.filter(|script| script.revision.id == job.revision) {
            Some(script) => form.take_up(&script),
            None => form.fill(text.draft, String::new()),
        }
    }
    Ok(())
}
