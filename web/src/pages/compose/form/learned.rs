//! What a new job starts with, learned from earlier ones, and how that is told at the fields.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::applications::DefaultsQuery;
use pbsweb_shared::script::{DefaultReason, LearnedDefaults};

use super::super::findings::{is_learned_at, note_at};
use super::Form;
use crate::client;
use crate::state::Hosts;
use crate::ui::effect;

impl Form {
    /// What is worth knowing at a field.
    pub(in crate::pages::compose) fn note_at(self, pointer: String) -> Signal<Option<String>> {
        let hosts = Hosts::of_page();
        Memo::new(move |_| {
            let proposed = self.learned_at(&pointer).map(|DefaultReason { value, reason, .. }| {
                let host = self.host.get().map(|host| hosts.name(host)).unwrap_or_default();
                format!("{value} is proposed for {host}: {reason}.")
            });
            note_at(&pointer, proposed, &self.findings.read())
        })
        .into()
    }

    /// What was learned of a field, tracked.
    pub(in crate::pages::compose) fn learned_at(self, pointer: &str) -> Option<DefaultReason> {
        self.learned.read().reasons.iter().find(|learned| is_learned_at(&learned.field, pointer)).cloned()
    }

    /// Where the fields came from by themselves, tracked.
    pub(in crate::pages::compose) fn filled_from(self) -> Option<String> {
        let learned = self.learned.read();
        (!learned.from.is_empty()).then(|| format!("Filled from {}.", learned.from))
    }

    /// Asks what a new job of this application on this host should start with. Where something was typed it is only offered.
    pub(super) fn suggest(self) {
        effect(move || {
            let host = self.host.get();
            let application = self.application.get();
            // What was learned of another application, or elsewhere, says nothing here.
            self.learned.set(LearnedDefaults::default());
            // Without an application nothing is learned that could be offered.
            if host.is_none() || self.is_loading.get() || (application.is_none() && !self.is_untouched()) {
                return;
            }
            spawn_local(async move {
                let answer = match application {
                    Some(application) => {
                        let query = DefaultsQuery { host };
                        client::applications::get_application_defaults(application, query).await
                    }
                    None => client::scripts::get_suggestion()
                        .await
                        .map(|draft| LearnedDefaults { draft, ..LearnedDefaults::default() }),
                };
                // Without an answer the form starts empty.
                let Ok(mut learned) = answer else { return };
                if self.host.try_get_untracked() != Some(host)
                    || self.application.try_get_untracked() != Some(application)
                {
                    return;
                }
                if self.is_untouched() {
                    self.base.set_value(learned.draft.clone());
                    self.draft.set(std::mem::take(&mut learned.draft));
                } else {
                    learned.from.clear();
                }
                self.learned.set(learned);
            });
        });
    }
}
