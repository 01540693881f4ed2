//! Starting a build.

use leptos::prelude::*;
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::api::builds::{Build, BuildCreate};
use pbsweb_shared::ids::HostId;

use crate::client::{self, IdempotencyKey};
use crate::state::{Hosts, OwnPreferences};
use crate::ui::{Action, Bind, Choice, Form, SelectField, TextField, action_error, effect, field_error};

/// The command that is used when none is typed.
pub(super) const DEFAULT_COMMAND: &str = "make";

/// Targets that most makefiles have.
const TARGETS: [&str; 4] = ["all", "clean", "clean all", "test"];

/// The form. Setting `repeat` fills it as that build was.
#[component]
pub(super) fn BuildForm(
    /// What is built.
    application: Signal<Option<Application>>,
    /// A build to start once more, perhaps with another target.
    repeat: RwSignal<Option<Build>>,
    /// Called with the build when the server has it.
    on_started: Callback<Build>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let preferences = OwnPreferences::of_page();
    let command = RwSignal::new(None::<String>);
    let target = RwSignal::new(String::new());
    let chosen_host = RwSignal::new(None::<HostId>);
    // One wish, one build: a second press with the same words before the answer is the same wish.
    let wish = StoredValue::new(None::<(BuildCreate, IdempotencyKey)>);

    let shown_command = move || {
        command.get().unwrap_or_else(|| {
            let liked = preferences.get().build_command;
            if liked.is_empty() { DEFAULT_COMMAND.to_owned() } else { liked }
        })
    };
    let command_bind = Bind::new(shown_command, move |text| command.set(Some(text)));
    let places = Memo::new(move |_| {
        let on: Vec<HostId> = application
            .read()
            .as_ref()
            .map(|application| application.hosts.iter().map(|place| place.host).collect())
            .unwrap_or_default();
        let usable = hosts.usable();
        on.into_iter().filter(|id| usable.iter().any(|host| host.id == *id)).collect::<Vec<_>>()
    });
    let host = Memo::new(move |_| {
        let places = places.read();
        let last = application
            .read()
            .as_ref()
            .and_then(|application| application.last_build.as_ref().map(|build| build.host));
        [chosen_host.get(), last, preferences.get().host]
            .into_iter()
            .flatten()
            .find(|id| places.contains(id))
            .or_else(|| places.first().copied())
    });
    let host_bind = Bind::new(
        move || host.get().map(|host| host.to_string()).unwrap_or_default(),
        move |id: String| chosen_host.set(id.parse().ok()),
    );
    let host_choices = Signal::derive(move || {
        places.get().into_iter().map(|id| Choice::new(id.to_string(), hosts.name(id))).collect::<Vec<_>>()
    });
    let start = Action::new_local(move |(create, key): &(BuildCreate, IdempotencyKey)| {
        let (create, key) = (create.clone(), key.clone());
        async move {
            let Some(id) = application.with_untracked(|known| known.as_ref().map(|known| known.id)) else {
                return Ok(());
            };
            let build = client::builds::create_build(id, &create, &key).await?;
            wish.try_set_value(None);
            on_started.try_run(build);
            Ok(())
        }
    });
    let error = action_error(start);
    let refusal = Signal::derive(move || {
        host.get().is_none().then(|| {
            "The application is on no host where your account has been checked. Upload it there first."
                .to_owned()
        })
    });
    let send = move |()| {
        let Some(host) = host.get() else { return false };
        let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let create = BuildCreate { host, command: text(command_bind.get()), target: text(target.get()) };
        let key = match wish.get_value() {
            Some((known, key)) if known == create => key,
            Some(_) | None => IdempotencyKey::random(),
        };
        wish.set_value(Some((create.clone(), key.clone())));
        start.dispatch((create, key));
        true
    };
    effect(move || {
        if let Some(build) = repeat.get() {
            // The stored command line is whole; the target is a part of it already.
            command.set(Some(build.command));
            target.set(String::new());
            chosen_host.set(Some(build.host));
            repeat.set(None);
        }
    });
    let targets: Vec<String> = TARGETS.iter().map(|target| (*target).to_owned()).collect();
    view! {
        <Form
            action="Start build"
            busy=start.pending()
            error=error
            disabled_because=refusal
            on_submit=send
            beside=move || refusal.get().map(|refusal| view! { <p class="muted">{refusal}</p> })
        >
            <TextField
                label="Command"
                name="command"
                value=command_bind
                is_code=true
                help="A line for sh, run in the application's folder"
                error=field_error(error, "/command")
            />
            <TextField
                label="Target"
                name="target"
                value=target
                is_code=true
                help="Words after the command, such as clean all"
                suggestions=targets
                error=field_error(error, "/target")
            />
            <SelectField label="Host" name="host" value=host_bind choices=host_choices error=field_error(error, "/host") />
        </Form>
    }
}
