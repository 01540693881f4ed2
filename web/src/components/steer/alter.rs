//! The form that alters a job: filled with what the scheduler has now, it asks only for what was changed.

use leptos::html;
use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobAttributes;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{Attribute, RUNNING_RESOURCES};

use super::Targets;
use super::fields::{Fields, error_at};
use crate::client::{self, ClientError};
use crate::ui::{Bind, Load, LocalResource, TextField, focus_first};

/// Resources that are offered even if the job has not asked for them.
const RESOURCES: [&str; 6] = ["walltime", "select", "place", "cput", "min_walltime", "max_walltime"];

/// What a resource is; those that a site made, its users know.
fn resource_help(name: &str) -> MaybeProp<String> {
    let help = match name {
        "walltime" => "how long it may run",
        "select" => "chunks of processors and memory",
        "place" => "how its chunks lie on the nodes",
        "cput" => "processor time of all its processes",
        "min_walltime" => "the least that it makes do with, to start sooner",
        "max_walltime" => "the most that it can use",
        _ => return MaybeProp::default(),
    };
    help.into()
}

/// So many attributes are shown at once, the rarer ones on demand.
const N_USUAL: usize = 10;

/// What can be changed, with its value now.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    is_running: bool,
    attributes: Vec<(Attribute, String)>,
    resources: Vec<(String, String)>,
}

impl Known {
    /// Of many jobs: nothing is filled in.
    fn of_many() -> Self {
        let attributes = Attribute::ALL.iter().map(|attribute| (*attribute, String::new()));
        let resources = RESOURCES.iter().map(|name| ((*name).to_owned(), String::new()));
        Self { is_running: false, attributes: attributes.collect(), resources: resources.collect() }
    }

    /// Of one job: what its state lets one change, as it is now.
    fn of_one(found: JobAttributes) -> Self {
        let mut given = found.resources;
        let attributes = found.attributes.into_iter().map(|one| (one.attribute, one.value));
        let attributes =
            attributes.filter(|(attribute, _)| !found.is_running || attribute.is_for_running()).collect();
        if found.is_running {
            let resources = RUNNING_RESOURCES.iter();
            let resources =
                resources.map(|name| ((*name).to_owned(), given.remove(*name).unwrap_or_default()));
            return Self { is_running: true, attributes, resources: resources.collect() };
        }
        let offered = RESOURCES.iter();
        let mut resources: Vec<(String, String)> =
            offered.map(|name| ((*name).to_owned(), given.remove(*name).unwrap_or_default())).collect();
        // What the scheduler derived from `select` is not asked for by itself.
        if resources.iter().all(|(name, value)| name != "select" || value.is_empty()) {
            resources.extend(given);
        }
        Self { is_running: false, attributes, resources }
    }
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
        let Some(job) = job else { return Ok::<_, ClientError>(Known::of_many()) };
        client::job_actions::get_job_attributes(job).await.map(Known::of_one)
    });
    let is_one = job.is_some();
    view! {
        <Load resource=loaded what="what the scheduler has" let:known>
            <KnownFields known=known is_one=is_one fields=fields errors=errors />
        </Load>
    }
}

/// What a field changes.
#[derive(Clone)]
enum Place {
    Resource(String),
    Attribute(Attribute),
}

impl Place {
    fn get(&self, fields: &Fields) -> Option<String> {
        match self {
            Self::Resource(name) => fields.alter.resources.get(name).cloned(),
            Self::Attribute(attribute) => fields.alter.attributes.get(attribute).cloned(),
        }
    }

    fn set(&self, fields: &mut Fields, value: Option<String>) {
        let alter = &mut fields.alter;
        match (self, value) {
            (Self::Resource(name), Some(value)) => drop(alter.resources.insert(name.clone(), value)),
            (Self::Resource(name), None) => drop(alter.resources.remove(name)),
            (Self::Attribute(attribute), Some(value)) => drop(alter.attributes.insert(*attribute, value)),
            (Self::Attribute(attribute), None) => drop(alter.attributes.remove(attribute)),
        }
    }
}

/// A field that shows the value as it is `now` until it is changed; what is as it was is no change.
fn changed(fields: RwSignal<Fields>, place: Place, now: String) -> Bind<String> {
    let (read, before) = (place.clone(), now.clone());
    Bind::new(
        move || fields.with(|fields| read.get(fields)).unwrap_or_else(|| now.clone()),
        move |text: String| {
            let value = Some(text).filter(|text| *text != before);
            fields.update(|fields| place.set(fields, value));
        },
    )
}

#[component]
fn KnownFields(
    known: Known,
    is_one: bool,
    fields: RwSignal<Fields>,
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let is_running = known.is_running;
    let resources = known.resources.into_iter().map(|(name, now)| {
        let value = changed(fields, Place::Resource(name.clone()), now);
        let error = error_at(errors, format!("/resources/{name}"));
        let help = resource_help(&name);
        view! { <TextField label=name name="resource" value=value help=help error=error is_code=true /> }
            .into_any()
    });
    let attributes = known.attributes.into_iter().map(|(attribute, now)| {
        let value = changed(fields, Place::Attribute(attribute), now);
        let (label, help) = attribute.label();
        let error = error_at(errors, format!("/attributes/{attribute}"));
        view! { <TextField label=label name="attribute" value=value help=help error=error is_code=true /> }
            .into_any()
    });
    let other_error = Signal::derive(move || {
        let pointer = format!("/resources/{}", fields.with(|fields| fields.other_resource().0.to_owned()));
        error_at(errors, pointer).get().filter(|_| !fields.read().resource.trim().is_empty())
    });
    // They come after the dialog has opened.
    let grid = NodeRef::<html::Div>::new();
    grid.on_load(|grid| focus_first(grid.into()));
    let mut usual: Vec<AnyView> = resources.chain(attributes).collect();
    let rare = usual.split_off(usual.len().min(RESOURCES.len().saturating_add(N_USUAL)));
    let lead = match (is_running, is_one) {
        (true, _) => {
            "It runs: owners may only lower its time limits, and paths, shell and start are for a next run."
        }
        (false, true) => "Only what you change is sent. If the scheduler refuses one change, it makes none.",
        (false, false) => "Only what you fill in is changed, for each of the jobs.",
    };
    view! {
        <p class="muted">{lead}</p>
        <div class="field-grid" node_ref=grid>{usual}</div>
        {(!is_running)
            .then(|| {
                view! {
                    <details>
                        <summary>"More attributes"</summary>
                        <div class="field-grid">
                            {rare}
                            <TextField
                                label="Another resource"
                                name="resource"
                                value=Bind::part(fields, |fields| &fields.resource, |fields| &mut fields.resource)
                                help="By name and value, such as software=2"
                                error=other_error
                                is_code=true
                            />
                        </div>
                    </details>
                }
            })}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use pbsweb_shared::api::job_actions::AttributeValue;

    use super::*;

    fn found(is_running: bool, resources: &[(&str, &str)]) -> JobAttributes {
        JobAttributes {
            as_of: DateTime::UNIX_EPOCH,
            is_running,
            attributes: vec![AttributeValue { attribute: Attribute::Name, value: "heat".to_owned() }],
            resources: resources
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    fn names(known: &Known) -> Vec<&str> {
        known.resources.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_follows_from_select_is_not_a_field() {
        let known =
            Known::of_one(found(false, &[("select", "1:ncpus=2"), ("ncpus", "2"), ("walltime", "60")]));
        assert_eq!(names(&known), RESOURCES);
        assert_eq!(known.resources[0], ("walltime".to_owned(), "60".to_owned()));
        let known = Known::of_one(found(false, &[("ncpus", "2")]));
        assert!(names(&known).contains(&"ncpus"));
    }

    #[test]
    fn of_a_running_job_what_may_be_changed_are_fields() {
        let mut running = found(true, &[("select", "1"), ("walltime", "60")]);
        running.attributes.push(AttributeValue { attribute: Attribute::Account, value: "heat".to_owned() });
        let known = Known::of_one(running);
        assert_eq!(names(&known), RUNNING_RESOURCES);
        assert_eq!(known.attributes, [(Attribute::Name, "heat".to_owned())]);
    }

    #[test]
    fn what_is_as_it_was_is_no_change() {
        let mut fields = Fields::default();
        let place = Place::Resource("walltime".to_owned());
        place.set(&mut fields, Some("60".to_owned()));
        assert_eq!(place.get(&fields).as_deref(), Some("60"));
        place.set(&mut fields, None);
        assert_eq!(fields, Fields::default());
    }
}
