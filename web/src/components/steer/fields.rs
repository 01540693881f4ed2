//! What an action needs: one struct for all of them, and the controls of each.

use leptos::prelude::*;
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::job::JobAction;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{
    HoldKind, JobAlter, JobDelete, JobHold, JobMessage, JobMove, JobOrder, JobRerun, JobSignal, SIGNALS,
    Steering,
};

use super::alter::AlterFields;
use super::{SteerWish, Targets, is_array};
use crate::client;
use crate::ui::{Bind, Checkbox, Choice, LocalResource, RadioGroup, SelectField, TextArea, TextField};

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields {
    force: bool,
    subjobs: String,
    hold: JobHold,
    destination: String,
    signal: String,
    text: String,
    to_stderr: bool,
    with: String,
    pub(super) alter: JobAlter,
    /// A resource that has no field of its own, as `name=value`.
    pub(super) resource: String,
}

impl Fields {
    /// As the dialog opens.
    pub(super) fn for_wish(wish: &SteerWish) -> Self {
        Self { with: wish.with.map(|job| job.to_string()).unwrap_or_default(), ..Self::default() }
    }

    /// What is asked for; nothing while the other job of two is not chosen.
    pub(super) fn steering(&self, action: JobAction) -> Option<Steering> {
        let subjobs = Some(self.subjobs.trim().to_owned()).filter(|text| !text.is_empty());
        Some(match action {
            JobAction::Delete => Steering::Delete(JobDelete { force: self.force, subjobs }),
            JobAction::Hold => Steering::Hold(self.hold.clone()),
            JobAction::Release => Steering::Release(self.hold.clone()),
            JobAction::Alter => Steering::Alter(self.altered()),
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

    fn altered(&self) -> JobAlter {
        let mut alter = self.alter.clone();
        if !self.resource.trim().is_empty() {
            let (name, value) = self.other_resource();
            alter.resources.insert(name.to_owned(), value.to_owned());
        }
        alter
    }

    /// The resource without a field of its own, and its value.
    pub(super) fn other_resource(&self) -> (&str, &str) {
        let (name, value) = self.resource.split_once('=').unwrap_or((&self.resource, ""));
        (name.trim(), value.trim())
    }
}

/// What is wrong at a pointer.
pub(super) fn error_at(
    errors: Signal<Vec<FieldError>>,
    pointer: impl Into<String>,
) -> Signal<Option<String>> {
    let pointer = pointer.into();
    Signal::derive(move || {
        let errors = errors.read();
        errors.iter().find(|error| error.pointer == pointer).map(|error| client::as_sentence(&error.message))
    })
}

/// The controls of an action.
pub(super) fn action_fields(
    action: JobAction,
    targets: Targets,
    fields: RwSignal<Fields>,
    errors: Signal<Vec<FieldError>>,
) -> AnyView {
    let subjobs = match &targets {
        Targets::Job(job) if is_array(job) => Some(subjobs_field(fields, errors)),
        Targets::Job(_) | Targets::Selected(_) | Targets::Matching(_) => None,
    };
    match action {
        JobAction::Delete => view! { {subjobs} <ForceField fields=fields /> }.into_any(),
        JobAction::Rerun => subjobs.into_any(),
        JobAction::Hold | JobAction::Release => view! { <KindField fields=fields /> }.into_any(),
        JobAction::Move => {
            view! { <DestinationField targets=targets fields=fields errors=errors /> }.into_any()
        }
        JobAction::Signal => view! { <SignalField fields=fields errors=errors /> {subjobs} }.into_any(),
        JobAction::Message => view! { <MessageFields fields=fields errors=errors /> }.into_any(),
        JobAction::Order => match targets {
            Targets::Job(job) => view! { <OtherJobField job=*job fields=fields errors=errors /> }.into_any(),
            Targets::Selected(_) | Targets::Matching(_) => ().into_any(),
        },
        JobAction::Alter => view! { <AlterFields targets=targets fields=fields errors=errors /> }.into_any(),
    }
}

fn subjobs_field(fields: RwSignal<Fields>, errors: Signal<Vec<FieldError>>) -> AnyView {
    view! {
        <TextField
            label="Jobs of the array"
            name="subjobs"
            value=Bind::part(fields, |fields| &fields.subjobs, |fields| &mut fields.subjobs)
            help="Indices and ranges such as 3, 1-5 or 1-9:2; empty for the whole array"
            error=error_at(errors, "/subjobs")
            is_code=true
        />
    }
    .into_any()
}

#[component]
fn ForceField(fields: RwSignal<Fields>) -> impl IntoView {
    view! {
        <Checkbox
            label="By force"
            name="force"
            value=Bind::part(fields, |fields| &fields.force, |fields| &mut fields.force)
            help="Also when its node does not answer: the scheduler forgets the job, its processes may go on."
        />
    }
}

#[component]
fn KindField(fields: RwSignal<Fields>) -> impl IntoView {
    let kind = move || fields.read().hold.kind;
    let label = |kind: HoldKind| match kind {
        HoldKind::User => "User's hold",
        HoldKind::Operator => "Operator's hold",
        HoldKind::System => "System's hold",
    };
    let choices: Vec<Choice> =
        HoldKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), label(*kind))).collect();
    let value = Bind::new(
        move || kind().to_string(),
        move |word: String| fields.write().hold.kind = word.parse().unwrap_or(HoldKind::User),
    );
    let help = Signal::derive(move || Some(kind().rule().to_owned()));
    view! { <RadioGroup label="Kind" name="kind" value=value choices=choices help=help /> }
}

#[component]
fn DestinationField(
    targets: Targets,
    fields: RwSignal<Fields>,
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let host = match &targets {
        Targets::Job(job) => Some(job.host),
        Targets::Matching(filter) => filter.host,
        Targets::Selected(_) => None,
    };
    let known = host.map(|host| LocalResource::new(move || client::hosts::get_host_queues(host)));
    // Without the answer the name can be typed all the same.
    let names = Signal::derive(move || {
        let queues = known.and_then(|known| known.get()?.ok()).map(|known| known.queues).unwrap_or_default();
        queues.into_iter().filter(|queue| queue.is_enabled).map(|queue| queue.name).collect::<Vec<String>>()
    });
    let help = Signal::derive(move || {
        let names = names.read();
        let known =
            if names.is_empty() { String::new() } else { format!(" Queues there: {}.", names.join(", ")) };
        Some(format!("A queue, queue@server or @server.{known}"))
    });
    view! {
        <TextField
            label="To"
            name="destination"
            value=Bind::part(fields, |fields| &fields.destination, |fields| &mut fields.destination)
            suggestions=names
            help=help
            error=error_at(errors, "/destination")
            required=true
            is_code=true
        />
    }
}

#[component]
fn SignalField(fields: RwSignal<Fields>, errors: Signal<Vec<FieldError>>) -> impl IntoView {
    let names: Vec<String> = SIGNALS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let help = Signal::derive(move || {
        let fields = fields.read();
        let known = SIGNALS.iter().find(|(name, _)| *name == fields.signal.trim());
        Some(known.map_or_else(
            || "One of the list, or any other name or number.".to_owned(),
            |(name, what)| format!("{name}: {what}."),
        ))
    });
    view! {
        <TextField
            label="Signal"
            name="signal"
            value=Bind::part(fields, |fields| &fields.signal, |fields| &mut fields.signal)
            suggestions=names
            help=help
            error=error_at(errors, "/signal")
            required=true
            is_code=true
        />
    }
}

#[component]
fn MessageFields(fields: RwSignal<Fields>, errors: Signal<Vec<FieldError>>) -> impl IntoView {
    view! {
        <TextArea
            label="Message"
            name="text"
            value=Bind::part(fields, |fields| &fields.text, |fields| &mut fields.text)
            help="The scheduler writes it into the job's output."
            error=error_at(errors, "/text")
            required=true
        />
        <Checkbox
            label="Into standard error"
            name="to_stderr"
            value=Bind::part(fields, |fields| &fields.to_stderr, |fields| &mut fields.to_stderr)
        />
    }
}

#[component]
fn OtherJobField(job: Job, fields: RwSignal<Fields>, errors: Signal<Vec<FieldError>>) -> impl IntoView {
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
        let jobs = others.get().and_then(Result::ok).unwrap_or_default();
        let choice = |job: Job| {
            let pbs_id = job.pbs_id.map(|id| format!(" ({id})")).unwrap_or_default();
            Choice::new(job.id.to_string(), format!("{}{pbs_id}", job.name))
        };
        let others = jobs.into_iter().filter(|job| job.id != id).map(choice);
        std::iter::once(Choice::new("", "Choose a job")).chain(others).collect::<Vec<_>>()
    });
    view! {
        <SelectField
            label="With"
            name="with"
            value=Bind::part(fields, |fields| &fields.with, |fields| &mut fields.with)
            choices=choices
            help="One of your jobs that wait on the same host"
            error=error_at(errors, "/with")
            required=true
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_without_a_field_is_altered_by_name() {
        let alter = |resource: &str| match (Fields { resource: resource.to_owned(), ..Fields::default() })
            .steering(JobAction::Alter)
        {
            Some(Steering::Alter(alter)) => alter.resources.into_iter().collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(alter(" software = a=2 "), [("software".to_owned(), "a=2".to_owned())]);
        assert_eq!(alter("software"), [("software".to_owned(), String::new())]);
        assert_eq!(alter("  "), []);
    }

    #[test]
    fn two_jobs_change_places_once_the_other_is_chosen() {
        let mut fields = Fields::default();
        assert_eq!(fields.steering(JobAction::Order), None);
        fields.with = "00000000-0000-0000-0000-000000000007".to_owned();
        assert!(fields.steering(JobAction::Order).is_some());
    }
}
