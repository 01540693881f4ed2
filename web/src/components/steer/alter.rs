//! The form that alters a job: filled with what the scheduler has now, it asks only for what was changed.

use leptos::prelude::*;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{Attribute, RUNNING_RESOURCES};

use super::Targets;
use super::fields::Fields;
use crate::client::{self, ClientError};
use crate::ui::{Bind, Load, TextField};

/// Resources that are offered even if the job has not asked for them.
const RESOURCES: [&str; 6] = ["walltime", "select", "place", "cput", "min_walltime", "max_walltime"];

/// So many attributes are shown at once, the rarer ones on demand.
const N_USUAL: usize = 10;

/// What can be changed, with its value now.
#[derive(Debug, Clone, Default)]
struct Known {
    is_running: bool,
    attributes: Vec<(Attribute, String)>,
    resources: Vec<(String, String)>,
}

/// The controls.
#[component]
pub(super) fn AlterFields(
    targets: Targets,
    fields: RwSignal<Fields>,
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let job = match &targets {
        Targets::Job(job) => Some(job.id),
        Targets::Selected(_) | Targets::Matching(_) => None,
    };
    let loaded = LocalResource::new(move || async move {
        let mut known = Known {
            attributes: Attribute::ALL.iter().map(|attribute| (*attribute, String::new())).collect(),
            ..Known::default()
        };
        let mut resources = Default::default();
        if let Some(job) = job {
            let found = client::job_actions::get_job_attributes(job).await?;
            known.is_running = found.is_running;
            known.attributes = found.attributes.into_iter().map(|one| (one.attribute, one.value)).collect();
            resources = found.resources;
        }
        for name in RESOURCES {
            known.resources.push((name.to_owned(), resources.remove(name).unwrap_or_default()));
        }
        // What the scheduler derived from `select` is not asked for by itself.
        if known.resources.iter().all(|(name, value)| name != "select" || value.is_empty()) {
            known.resources.extend(resources);
        }
        Ok::<_, ClientError>(known)
    });
    let is_one = job.is_some();
    view! {
        <Load resource=loaded what="what the scheduler has" let:known>
            <KnownFields known=known is_one=is_one fields=fields errors=errors />
        </Load>
    }
}

#[component]
fn KnownFields(
    known: Known,
    is_one: bool,
    fields: RwSignal<Fields>,
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let is_running = known.is_running;
    let error_at = move |pointer: String| {
        Signal::derive(move || {
            let errors = errors.read();
            errors.iter().find(|error| error.pointer == pointer).map(|error| error.message.clone())
        })
    };
    let resource = move |(name, now): (String, String)| {
        let (read, before, written) = (name.clone(), now.clone(), name.clone());
        let value = Bind::new(
            move || fields.with(|fields| fields.alter.resources.get(&read).unwrap_or(&now).clone()),
            move |text: String| {
                fields.update(|fields| {
                    if text == before {
                        fields.alter.resources.remove(&written);
                    } else {
                        fields.alter.resources.insert(written.clone(), text);
                    }
                });
            },
        );
        let is_off = is_running && !RUNNING_RESOURCES.contains(&name.as_str());
        let error = error_at(format!("/resources/{name}"));
        view! { <TextField label=name name="resource" value=value error=error disabled=is_off is_code=true /> }
    };
    let attribute = move |(attribute, now): (Attribute, String)| {
        let before = now.clone();
        let value = Bind::new(
            move || fields.with(|fields| fields.alter.attributes.get(&attribute).unwrap_or(&now).clone()),
            move |text: String| {
                fields.update(|fields| {
                    if text == before {
                        fields.alter.attributes.remove(&attribute);
                    } else {
                        fields.alter.attributes.insert(attribute, text);
                    }
                });
            },
        );
        let (label, help) = attribute.label();
        let error = error_at(format!("/attributes/{attribute}"));
        view! {
            <TextField
                label=label
                name="attribute"
                value=value
                help=help
                error=error
                disabled=is_running
                is_code=true
            />
        }
    };
    let mut attributes: Vec<_> = known.attributes.into_iter().map(attribute).collect();
    let rare = attributes.split_off(N_USUAL.min(attributes.len()));
    let lead = if is_running {
        "It runs: only its time limits can be changed, and owners may only lower them."
    } else if is_one {
        "Only what you change is sent. If the scheduler refuses one change, it makes none."
    } else {
        "Only what you fill in is changed, for each of the jobs."
    };
    view! {
        <p class="muted">{lead}</p>
        <div class="steer-fields">
            {known.resources.into_iter().map(resource).collect_view()}
            {attributes}
        </div>
        <details>
            <summary>"More attributes"</summary>
            <div class="steer-fields">{rare}</div>
        </details>
    }
}
