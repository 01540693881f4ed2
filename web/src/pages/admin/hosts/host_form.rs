//! The form that adds or changes a host.

use leptos::prelude::*;
use pbsweb_shared::api::hosts::Host;

use super::form::{HostDraft, dialect_label};
use crate::client;
use crate::state::{Hosts, Notices};
use crate::ui::{
    Action, Bind, Checkbox, Choice, Fact, Facts, Form, SelectField, TextArea, TextField, action_error,
    field_error, first_error,
};

/// The form; `host` is the one to change, or none for a new one.
#[component]
pub(super) fn HostForm(host: Option<Host>, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let id = host.as_ref().map(|host| host.id);
    let is_new = id.is_none();
    let draft = RwSignal::new(host.as_ref().map(HostDraft::of).unwrap_or_default());
    let is_tried = RwSignal::new(false);
    let save = Action::new_local(move |draft: &HostDraft| {
        let draft = draft.clone();
        async move {
            let saved = match id {
                Some(id) => client::hosts::update_host(id, &draft.to_update()).await?,
                None => client::hosts::create_host(&draft.to_create()).await?,
            };
            notices.done(if saved.host_keys.is_empty() {
                format!("{} is saved. Check and confirm its key next.", saved.name)
            } else {
                format!("{} is saved.", saved.name)
            });
            hosts.put(saved);
            on_done.run(());
            Ok(())
        }
    });
    let error = action_error(save);
    let wrong = move |check: fn(&HostDraft) -> Option<String>, pointer: &'static str| {
        let here = Signal::derive(move || if is_tried.get() { check(&draft.read()) } else { None });
        first_error(here, field_error(error, pointer))
    };
    let jump_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "Directly")];
        choices.extend(
            hosts
                .list()
                .iter()
                .filter(|host| Some(host.id) != id)
                .map(|host| Choice::new(host.id.to_string(), format!("Through {}", host.name))),
        );
        choices
    });
    let submit = move |()| {
        is_tried.set(true);
        let draft = draft.get();
        let is_good = draft.is_good();
        if is_good {
            save.dispatch(draft);
        }
        is_good
    };
    view! {
        <Form
            action=if is_new { "Add host" } else { "Save" }
            busy=save.pending()
            error=error
            on_submit=submit
        >
            <div class="field-grid">
                <TextField
                    label="Short name"
                    name="name"
                    value=Bind::part(draft, |draft| &draft.name, |draft| &mut draft.name)
                    required=true
                    is_code=true
                    error=wrong(HostDraft::name_error, "/name")
                />
                <TextField
                    label="Description"
                    name="description"
                    value=Bind::part(draft, |draft| &draft.description, |draft| &mut draft.description)
                    error=field_error(error, "/description")
                />
                <TextField
                    label="Login node"
                    name="address"
                    value=Bind::part(draft, |draft| &draft.address, |draft| &mut draft.address)
                    required=true
                    is_code=true
                    placeholder="login.cluster.example"
                    error=wrong(HostDraft::address_error, "/address")
                />
                <TextField
                    label="Port"
                    name="port"
                    value=Bind::part(draft, |draft| &draft.port, |draft| &mut draft.port)
                    error=wrong(HostDraft::port_error, "/port")
                />
                <SelectField
                    label="Reached"
                    name="jump_host"
                    value=Bind::part(draft, |draft| &draft.jump_host, |draft| &mut draft.jump_host)
                    choices=jump_choices
                    help="Through another host: as ssh's ProxyJump. Users need an account there, too."
                    error=field_error(error, "/jump_host")
                />
                <TextField
                    label="Folder of PBS commands"
                    name="bin_folder"
                    value=Bind::part(draft, |draft| &draft.bin_folder, |draft| &mut draft.bin_folder)
                    is_code=true
                    placeholder="/opt/pbs/bin"
                    help="Found at the check when empty."
                    error=wrong(HostDraft::bin_folder_error, "/bin_folder")
                />
            </div>
            <TextField
                label="Queues to offer"
                name="offered_queues"
                value=Bind::part(draft, |draft| &draft.offered_queues, |draft| &mut draft.offered_queues)
                is_code=true
                help="Names, separated by commas. All that are enabled when empty."
                error=field_error(error, "/offered_queues")
            />
            <Checkbox
                label="Jobs may write their output in place (-k oed)"
                name="keeps_output_in_place"
                value=Bind::part(
                    draft,
                    |draft| &draft.keeps_output_in_place,
                    |draft| &mut draft.keeps_output_in_place,
                )
                help="So that it can be followed while a job runs. Switch it off where home directories are not shared with the nodes."
            />
            {(!is_new)
                .then(|| {
                    view! {
                        <TextField
                            label="Listed with the account of"
                            name="listed_by"
                            value=Bind::part(draft, |draft| &draft.listed_by, |draft| &mut draft.listed_by)
                            is_code=true
                            help="The user whose account asks the scheduler for everybody. When empty, an administrator's, else the one checked last."
                            error=field_error(error, "/listed_by")
                        />
                    }
                })}
            <Facts>
                <Fact name="Scheduler">{dialect_label(draft.get_untracked().dialect)}</Fact>
            </Facts>
            {is_new
                .then(|| {
                    view! {
                        <TextArea
                            label="Host keys"
                            name="host_keys"
                            value=Bind::part(draft, |draft| &draft.host_keys, |draft| &mut draft.host_keys)
                            rows=2
                            is_code=true
                            placeholder="ssh-ed25519 AAAA…"
                            help="If you have them from the site: one a line, as in known_hosts without the name. Else check and confirm the key afterwards."
                            error=field_error(error, "/host_keys")
                        />
                    }
                })}
        </Form>
    }
}
