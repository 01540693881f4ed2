//! What new forms start with, and the colours.

use leptos::prelude::*;
use pbsweb_shared::api::me::Preferences;
use pbsweb_shared::ids::HostId;

use crate::client;
use crate::state::{Hosts, Notices, OwnPreferences, Theme, ThemeChoice};
use crate::ui::{
    Action, Bind, Checkbox, Choice, Form, Load, LocalResource, Panel, RadioGroup, SelectField, TextField,
    action_error, field_error,
};

/// Adds or takes away a letter of `-m`, kept in the order `abe`.
fn with_event(events: &str, letter: char, wanted: bool) -> String {
    ['a', 'b', 'e']
        .into_iter()
        .filter(|known| if *known == letter { wanted } else { events.contains(*known) })
        .collect()
}

/// The tab.
#[component]
pub(super) fn PreferencesTab() -> impl IntoView {
    let stored = LocalResource::new(client::me::get_preferences);
    view! {
        <Load resource=stored what="preferences" let:stored>
            <PreferencesForm stored=stored />
        </Load>
    }
}

#[component]
fn PreferencesForm(stored: Preferences) -> impl IntoView {
    let theme = Theme::of_page();
    let own = OwnPreferences::of_page();
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let draft = RwSignal::new(stored);
    let save = Action::new_local(move |preferences: &Preferences| {
        let preferences = preferences.clone();
        async move {
            let saved = client::me::put_preferences(&preferences).await?;
            own.set(saved);
            notices.done("Preferences saved.");
            Ok(())
        }
    });
    let error = action_error(save);
    let submit = move |()| {
        save.dispatch(draft.get());
        true
    };
    let theme_bind = Bind::new(
        move || ThemeChoice::from_word(&draft.read().theme).as_str().to_owned(),
        move |word: String| {
            // Shown at once, stored with the rest.
            theme.set(ThemeChoice::from_word(&word));
            draft.write().theme = word;
        },
    );
    let host_bind = Bind::new(
        move || draft.read().host.map(|host| host.to_string()).unwrap_or_default(),
        move |id: String| draft.write().host = id.parse::<HostId>().ok(),
    );
    let host_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "The one used last")];
        choices
            .extend(hosts.list().iter().map(|host| Choice::new(host.id.to_string(), host.name.to_string())));
        choices
    });
    let event = move |letter: char| {
        Bind::new(
            move || draft.read().mail_events.contains(letter),
            move |wanted| {
                let events = with_event(&draft.read_untracked().mail_events, letter, wanted);
                draft.write().mail_events = events;
            },
        )
    };
    view! {
        <Form action="Save preferences" busy=save.pending() error=error on_submit=submit>
            <Panel title="Appearance">
                <RadioGroup
                    label="Colours"
                    name="theme"
                    value=theme_bind
                    choices=ThemeChoice::ALL.map(|choice| Choice::new(choice.as_str(), choice.label())).to_vec()
                />
            </Panel>
            <Panel title="New jobs and builds" lead="Forms start with these; each job can say otherwise.">
                <div class="field-grid">
                    <SelectField label="Host" name="host" value=host_bind choices=host_choices error=field_error(error, "/host") />
                    <TextField
                        label="Account to charge"
                        name="account"
                        value=Bind::part(draft, |draft| &draft.account, |draft| &mut draft.account)
                        is_code=true
                        help="qsub's -A"
                        error=field_error(error, "/account")
                    />
                    <TextField
                        label="Shell of scripts"
                        name="shell"
                        value=Bind::part(draft, |draft| &draft.shell, |draft| &mut draft.shell)
                        is_code=true
                        placeholder="/bin/bash"
                        error=field_error(error, "/shell")
                    />
                    <TextField
                        label="Build command"
                        name="build_command"
                        value=Bind::part(draft, |draft| &draft.build_command, |draft| &mut draft.build_command)
                        is_code=true
                        placeholder="make"
                        error=field_error(error, "/build_command")
                    />
                    <TextField
                        label="Mail to"
                        name="mail_users"
                        value=Bind::part(draft, |draft| &draft.mail_users, |draft| &mut draft.mail_users)
                        help="Addresses, separated by commas; qsub's -M"
                        error=field_error(error, "/mail_users")
                    />
                </div>
                <fieldset class="radio-group">
                    <legend class="field-label">"Mail when a job"</legend>
                    <div class="radio-group-choices">
                        <Checkbox label="begins" name="mail_begin" value=event('b') />
                        <Checkbox label="ends" name="mail_end" value=event('e') />
                        <Checkbox label="is aborted" name="mail_abort" value=event('a') />
                    </div>
                </fieldset>
            </Panel>
        </Form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_events_keep_their_order() {
        assert_eq!(with_event("", 'e', true), "e");
        assert_eq!(with_event("e", 'a', true), "ae");
        assert_eq!(with_event("abe", 'b', false), "ae");
        assert_eq!(with_event("n", 'b', true), "b");
    }
}
