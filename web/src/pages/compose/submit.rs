//! The end of the form: how much is found, and the one button that sends it, once.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use pbsweb_shared::api::jobs::{JobSubmit, SubmitQuery};
use pbsweb_shared::ids::JobId;

use super::findings::{in_sum, worst_first};
use super::form::Form;
use super::lead::{lead_to, lead_to_control};
use super::origin::{Save, SaveButton};
use crate::client::{self, ClientError, IdempotencyKey};
use crate::paths;
use crate::state::{Hosts, Live, Notices};
use crate::ui::{Action, Button, ButtonKind, ConfirmDialog, ProblemBox, action_error, effect};

/// The job exists at once; its page shows what the scheduler says.
const DO_NOT_WAIT: SubmitQuery = SubmitQuery { wait: Some(0) };

/// Sends the wish of the form.
pub(super) type Submit = Action<(JobSubmit, IdempotencyKey), Result<JobId, ClientError>>;

/// The action behind the button.
pub(super) fn submit_action(form: Form) -> Submit {
    let live = Live::of_page();
    let notices = Notices::of_page();
    Action::new_local(move |(job, key): &(JobSubmit, IdempotencyKey)| {
        let (job, key) = (job.clone(), key.clone());
        async move {
            match client::jobs::submit_job(&job, DO_NOT_WAIT, &key).await {
                Ok(job) => {
                    form.forget();
                    notices.done(format!("Job {} was submitted to {}.", job.name, job.host_name));
                    let id = job.id;
                    live.job(job);
                    Ok(id)
                }
                Err(error) => {
                    if let ClientError::Problem(problem) = &error {
                        form.server_errors.try_set(problem.errors.clone());
                    }
                    form.note_conflict(&error);
                    Err(error)
                }
            }
        }
    })
}

/// Sends the form, unless something in it has to be mended first.
fn press(form: Form, submit: Submit) {
    if submit.pending().get_untracked() {
        return;
    }
    form.is_tried.set(true);
    if form.host.read_untracked().is_none() {
        lead_to_control("/host");
        return;
    }
    let first_error = form.findings.read_untracked().iter().find(|finding| finding.is_error()).cloned();
    if let Some(finding) = first_error {
        return lead_to(&finding);
    }
    if let Some(wish) = form.wish() {
        submit.dispatch(wish);
    }
}

/// The summary and the buttons.
#[component]
pub(super) fn SubmitBar(
    /// The action behind the button.
    submit: Submit,
    /// The action behind the button that keeps the script.
    save: Save,
) -> impl IntoView {
    let form = Form::of_page();
    let hosts = Hosts::of_page();
    let navigate = use_navigate();
    let is_asking = RwSignal::new(false);
    effect(move || {
        if let Some(Ok(job)) = submit.value().get() {
            navigate(&paths::job(job), NavigateOptions::default());
        }
    });
    let shown = Memo::new(move |_| {
        let mut findings = form.shown_findings();
        worst_first(&mut findings);
        findings
    });
    // What is wrong is said at its field and at its line; here only how much, and the way to the first.
    let sum = move || {
        let where_to = form.host.get().map(|host| hosts.name(host));
        match (in_sum(&shown.read()), where_to) {
            (Some(sum), _) => {
                let to_first = move |_| {
                    if let Some(finding) = shown.read_untracked().first() {
                        lead_to(finding);
                    }
                };
                view! { <button type="button" class="link-button" on:click=to_first>{sum}</button> }
                    .into_any()
            }
            (None, Some(host)) => format!("Goes to {host}").into_any(),
            (None, None) => "No host is chosen".into_any(),
        }
    };
    let start_afresh = move |()| {
        if form.is_untouched() { form.start_afresh() } else { is_asking.set(true) }
    };
    let of_now = move |error: Option<ClientError>| error.filter(|error| form.is_of_now(error));
    let error = action_error(submit);
    let not_saved = action_error(save);
    let hindrance = Memo::new(move |_| form.hindrance());
    let because = MaybeProp::derive(move || hindrance.get());
    view! {
        <section class="submit-bar" aria-label="Submit">
            {move || of_now(error.get()).map(|error| view! { <ProblemBox error=error /> })}
            {move || of_now(not_saved.get()).map(|error| view! { <ProblemBox error=error /> })}
            <div class="submit-actions">
                <Button
                    kind=ButtonKind::Primary
                    busy=submit.pending()
                    disabled_because=because
                    on_press=move |()| press(form, submit)>
                    {move || if submit.pending().get() { "Submitting…" } else { "Submit job" }}
                </Button>
                <SaveButton save=save />
                <Button on_press=start_afresh>"Start afresh"</Button>
                <span class="muted" role="status">{sum}</span>
            </div>
        </section>
        <ConfirmDialog
            open=is_asking
            title="Start afresh?"
            text="What you typed here and have not submitted will be forgotten. Past scripts and jobs stay."
            action="Forget the draft"
            on_confirm=move |()| {
                form.start_afresh();
                is_asking.set(false);
            }
        />
    }
}
