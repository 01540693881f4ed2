//! What an action needs: one struct for all of them, and the controls of each.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::JobsQuery;
use pbsweb_shared::job::JobAction;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{
    HoldKind, JobAlter, JobDelete, JobHold, JobMessage, JobMove, JobOrder, JobRerun, JobSignal, SIGNALS,
    Steering, is_array_id,
};

use super::Targets;
use super::alter::AlterFields;
use crate::client;
use crate::ui::{Bind, Checkbox, Choice, RadioGroup, SelectField, TextArea, TextField};

/// What was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    force: bool,
    subjobs: String,
    kind: Option<HoldKind>,
    destination: String,
    signal: String,
    text: String,
    to_stderr: bool,
    with: String,
    pub(super) alter: JobAlter,
}

impl Fields {
    /// What is asked for; nothing while the other job of two is not chosen.
    pub(super) fn steering(&self, action: JobAction) -> Option<Steering> {
        let subjobs = Some(self.subjobs.trim().to_owned()).filter(|text| !text.is_empty());
        let hold = || JobHold { kind: self.kind.unwrap_or(HoldKind::User) };
        Some(match action {
            JobAction::Delete => Steering::Delete(JobDelete { force: self.force, subjobs }),
            JobAction::Hold => Steering::Hold(hold()),
            JobAction::Release => Steering::Release(hold()),
            JobAction::Alter => Steering::Alter(self.alter.clone()),
            JobAction::Move => Steering::Move(JobMove { destination: self.destination.trim().to_owned() }),
            JobAction::Rerun => Steering::Rerun(JobRerun { subjobs }),
            JobAction::Signal => {
                Steering::Signal(JobSignal { signal: self.signal.trim().to_owned(), subjobs })
            }
            JobAction::Message => {
                Steering::Message(JobMessage { text: self.text.clone(), to_stderr: self.to_stderr })
            }
            JobAction::Order => Steering::Order(JobOrder { with: self.with.parse().ok()? }),
        })
    }
}

/// A text of the fields, as a control reads and writes it.
pub(super) fn text_of(
    fields: RwSignal<Fields>,
    get: fn(&Fields) -> &String,
    set: fn(&mut Fields) -> &mut String,
) -> Bind<String> {
    Bind::new(
        move || fields.with(|fields| get(fields).clone()),
        move |text| fields.update(|fields| *set(fields) = text),
    )
}

/// The controls of an action.
#[component]
pub(super) fn ActionFields(
    action: JobAction,
    targets: Targets,
    fields: RwSignal<Fields>,
    /// What is wrong, once it was tried.
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let error_at = move |pointer: &'static str| {
        Signal::derive(move || {
            let errors = errors.read();
            errors.iter().find(|error| error.pointer == pointer).map(|error| error.message.clone())
        })
    };
    let has_subjobs = match &targets {
        Targets::Job(job) => job.pbs_id.as_ref().is_some_and(is_array_id),
        Targets::Selected(_) | Targets::Matching(_) => false,
    };
    let subjobs = move || {
        has_subjobs.then(|| {
            view! {
                <TextField
                    label="Subjobs"
                    name="subjobs"
                    value=text_of(fields, |fields| &fields.subjobs, |fields| &mut fields.subjobs)
                    help="Such as 3 or 1-5,9; empty for the whole array"
                    error=error_at("/subjobs")
                />
            }
        })
    };
    match action {
        JobAction::Delete => view! {
            {subjobs()}
            <Checkbox
                label="By force"
                name="force"
                value=Bind::new(move || fields.read().force, move |force| fields.write().force = force)
                help="Also when its node does not answer: the scheduler forgets the job, its processes may go on."
            />
        }
        .into_any(),
        JobAction::Rerun => subjobs().into_any(),
        JobAction::Hold | JobAction::Release => {
            let kind = move || fields.read().kind.unwrap_or(HoldKind::User);
            let choices: Vec<Choice> = HoldKind::ALL.iter().map(|kind| {
                Choice::new(kind.as_str(), match kind {
                    HoldKind::User => "User's hold",
                    HoldKind::Operator => "Operator's hold",
                    HoldKind::System => "System's hold",
                })
            }).collect();
            view! {
                <RadioGroup
                    label="Kind"
                    name="kind"
                    value=Bind::new(
                        move || kind().to_string(),
                        move |word: String| fields.write().kind = word.parse().ok(),
                    )
                    choices=choices
                    help=Signal::derive(move || Some(kind().rule().to_owned()))
                />
            }
            .into_any()
        }
        JobAction::Move => {
            let host = match &targets {
                Targets::Job(job) => Some(job.host),
                Targets::Matching(filter) => filter.host,
                Targets::Selected(_) => None,
            };
            let queues = LocalResource::new(move || async move {
                match host {
                    Some(host) => client::hosts::get_host_queues(host).await.map(|known| known.queues),
                    None => Ok(Vec::new()),
                }
            });
            let names = Signal::derive(move || match queues.get() {
                Some(Ok(queues)) => {
                    queues.into_iter().filter(|queue| queue.is_enabled).map(|queue| queue.name).collect::<Vec<String>>()
                }
                Some(Err(_)) | None => Vec::new(),
            });
            view! {
                <TextField
                    label="To"
                    name="destination"
                    value=text_of(fields, |fields| &fields.destination, |fields| &mut fields.destination)
                    suggestions=names
                    help=Signal::derive(move || {
                        let names = names.get();
                        let known = if names.is_empty() { String::new() } else { format!(" Queues here: {}.", names.join(", ")) };
                        Some(format!("A queue, queue@server or @server.{known}"))
                    })
                    error=error_at("/destination")
                    required=true
                    is_code=true
                />
            }
            .into_any()
        }
        JobAction::Signal => {
            let names: Vec<String> = SIGNALS.iter().map(|(name, _)| (*name).to_owned()).collect();
            let known = move || {
                let signal = fields.read().signal.trim().to_owned();
                SIGNALS.iter().find(|(name, _)| *name == signal).map(|(name, what)| format!("{name}: {what}."))
            };
            view! {
                <TextField
                    label="Signal"
                    name="signal"
                    value=text_of(fields, |fields| &fields.signal, |fields| &mut fields.signal)
                    suggestions=names
                    help=Signal::derive(move || {
                        Some(known().unwrap_or_else(|| "One of the list, or any other name or number.".to_owned()))
                    })
                    error=error_at("/signal")
                    required=true
                    is_code=true
                />
                {subjobs()}
            }
            .into_any()
        }
        JobAction::Message => view! {
            <TextArea
                label="Message"
                name="text"
                value=text_of(fields, |fields| &fields.text, |fields| &mut fields.text)
                help="The scheduler writes it into the job's output."
                error=error_at("/text")
                required=true
            />
            <Checkbox
                label="Into standard error"
                name="to_stderr"
                value=Bind::new(move || fields.read().to_stderr, move |on| fields.write().to_stderr = on)
            />
        }
        .into_any(),
        JobAction::Order => {
            let Targets::Job(job) = targets else { return ().into_any() };
            let (id, host) = (job.id, job.host);
            let others = LocalResource::new(move || async move {
                let query = JobsQuery {
                    host: Some(host),
                    state: Some("queued,held,waiting".to_owned()),
                    limit: Some(200),
                    ..JobsQuery::default()
                };
                client::jobs::list_jobs(&query).await.map(|page| page.items)
            });
            let choices = Signal::derive(move || {
                let mut choices = vec![Choice::new("", "Choose a job")];
                if let Some(Ok(jobs)) = others.get() {
                    choices.extend(jobs.into_iter().filter(|job| job.id != id).map(|job| {
                        let pbs_id = job.pbs_id.map(|id| format!(" ({id})")).unwrap_or_default();
                        Choice::new(job.id.to_string(), format!("{}{pbs_id}", job.name))
                    }));
                }
                choices
            });
            view! {
                <SelectField
                    label="With"
                    name="with"
                    value=text_of(fields, |fields| &fields.with, |fields| &mut fields.with)
                    choices=choices
                    help="Your waiting jobs on the same host"
                    error=error_at("/with")
                    required=true
                />
            }
            .into_any()
        }
        JobAction::Alter => view! { <AlterFields targets=targets fields=fields errors=errors /> }.into_any(),
    }
}
