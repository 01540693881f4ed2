//! Where the job runs and with what: the host and the application.

use leptos::prelude::*;
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::ids::HostId;

use super::form::Form;
use crate::client::{self, PageQuery};
use crate::components::host_choice;
use crate::state::{Hosts, OwnPreferences};
use crate::ui::{Bind, Choice, LocalResource, SelectField, effect};

/// Most applications that are offered.
const MOST: u32 = 200;

/// What to say when the application is not where the job is to run.
fn place_note(application: Option<&Application>, host: Option<HostId>, host_name: &str) -> Option<String> {
    let (application, host) = (application?, host?);
    let is_there = application.hosts.iter().any(|place| place.host == host);
    (!is_there).then(|| format!("{} is not on {host_name} yet: upload it there first.", application.name))
}

/// The two fields.
#[component]
pub(super) fn Target() -> impl IntoView {
    let form = Form::of_page();
    let hosts = Hosts::of_page();
    let preferences = OwnPreferences::of_page();
    let loaded = LocalResource::new(|| async {
        let query = PageQuery { limit: Some(MOST), page_token: None };
        client::applications::list_applications(&query).await.map(|page| page.items)
    });
    let applications = Memo::new(move |_| loaded.get().and_then(Result::ok).unwrap_or_default());
    // A new form starts on the host that the user likes, or else on the first that can be used.
    effect(move || {
        let usable = hosts.usable();
        let liked = preferences.get().host;
        if !preferences.is_loaded() || usable.is_empty() || form.host.get_untracked().is_some() {
            return;
        }
        let host = usable.iter().find(|host| Some(host.id) == liked).or_else(|| usable.first());
        form.host.set(host.map(|host| host.id));
    });
    let host_choices = Signal::derive(move || {
        let mut choices: Vec<Choice> = hosts.usable().iter().map(host_choice).collect();
        match form.host.get() {
            None => choices.insert(0, Choice::new("", "Choose a host")),
            Some(host) if !choices.iter().any(|choice| choice.value == host.to_string()) => {
                choices.push(Choice::new(host.to_string(), format!("{} (not usable now)", hosts.name(host))));
            }
            Some(_) => {}
        }
        choices
    });
    let host = Bind::new(
        move || form.host.get().map(|host| host.to_string()).unwrap_or_default(),
        move |id: String| {
            form.server_errors.update(|errors| errors.retain(|error| error.pointer != "/host"));
            form.host.set(id.parse().ok());
        },
    );
    let application_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "None (your home directory)")];
        choices.extend(
            applications
                .read()
                .iter()
                .map(|application| Choice::new(application.id.to_string(), application.name.to_string())),
        );
        if let Some(id) = form.application.get()
            && !choices.iter().any(|choice| choice.value == id.to_string())
        {
            choices.push(Choice::new(id.to_string(), "an application that cannot be read"));
        }
        choices
    });
    let application = Bind::new(
        move || form.application.get().map(|id| id.to_string()).unwrap_or_default(),
        move |id: String| {
            form.server_errors.update(|errors| errors.retain(|error| error.pointer != "/application"));
            form.application.set(id.parse().ok());
        },
    );
    let server_error = move |pointer: &'static str| {
        Signal::derive(move || {
            form.server_errors
                .read()
                .iter()
                .find(|error| error.pointer == pointer)
                .map(|error| client::as_sentence(&error.message))
        })
    };
    let host_error = Signal::derive(move || {
        let missing = form.is_tried.get() && form.host.read().is_none();
        if missing { Some("Choose a host.".to_owned()) } else { server_error("/host").get() }
    });
    let application_note = Signal::derive(move || {
        let id = form.application.get();
        let host = form.host.get();
        let name = host.map(|host| hosts.name(host)).unwrap_or_default();
        let applications = applications.read();
        let application = applications.iter().find(|application| Some(application.id) == id);
        place_note(application, host, &name).or_else(|| form.filled_from())
    });
    view! {
        <div class="field-grid">
            <SelectField id="compose-host" label="Host" name="host" value=host choices=host_choices error=host_error />
            <SelectField
                id="compose-application"
                label="Application"
                name="application"
                value=application
                choices=application_choices
                help="The job starts in its folder on the host"
                note=application_note
                error=server_error("/application")
            />
        </div>
    }
}
