//! What is kept of the form in the browser: the draft while it is made, and the wish that was sent, until it is granted.

use std::sync::Arc;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use pbsweb_shared::api::jobs::JobSubmit;

use super::super::kept::{self, Kept, Tried, key_for};
use super::Form;
use crate::client::IdempotencyKey;
use crate::ui::effect;

/// So much of what was typed is lost at most if the browser breaks down.
const SAVE_EVERY: Duration = Duration::from_millis(250);

impl Form {
    /// What would be submitted now, if a host is chosen; with the key of this very wish.
    pub(in crate::pages::compose) fn wish(self) -> Option<(JobSubmit, IdempotencyKey)> {
        let name = self.script_name.get_untracked().trim().to_owned();
        let job = JobSubmit {
            host: self.host.get_untracked()?,
            application: self.application.get_untracked(),
            script: self.draft.get_untracked(),
            script_name: Some(name).filter(|name| !name.is_empty()),
            of: self.job_origin(),
        };
        let key = self.tried.with_untracked(|tried| {
            key_for(tried.as_ref(), &job, || IdempotencyKey::random().as_str().to_owned())
        });
        self.tried.set(Some(Tried { job: job.clone(), key: key.clone() }));
        // Stored before it is sent: a reload during the submission must not make it two.
        self.stop_saving();
        self.save();
        Some((job, IdempotencyKey::kept(key)))
    }

    /// The wish was granted: nothing is left to keep.
    pub(in crate::pages::compose) fn forget(self) {
        self.stop_saving();
        self.tried.try_set(None);
        if let Some(Some(user)) = self.user.try_get_value() {
            kept::forget(user);
        }
    }

    /// `false` if nothing was about to be kept.
    fn stop_saving(self) -> bool {
        let handle = self.saving.try_update_value(Option::take).flatten();
        handle.map(|handle| handle.clear()).is_some()
    }

    /// Keeps now what was about to be kept.
    fn save_now(self) {
        if self.stop_saving() {
            self.save();
        }
    }

    fn save(self) {
        let Some(user) = self.user.get_value() else { return };
        let tried = self.tried.get_untracked();
        if tried.is_none() && self.is_untouched() {
            return kept::forget(user);
        }
        kept::save(
            user,
            &Kept {
                host: self.host.get_untracked(),
                application: self.application.get_untracked(),
                script_name: self.script_name.get_untracked(),
                draft: self.draft.get_untracked(),
                origin: self.origin.get_untracked().map(Arc::unwrap_or_clone),
                tried,
            },
        );
    }

    /// Keeps the draft in the browser as it changes.
    pub(super) fn keep(self) {
        let mut is_known = false;
        effect(move || {
            self.draft.track();
            self.script_name.track();
            self.origin.track();
            self.host.track();
            self.application.track();
            let is_loading = self.is_loading.get();
            // Not at each key: writing takes as long as all the rest.
            if std::mem::replace(&mut is_known, true)
                && !is_loading
                && self.saving.with_value(Option::is_none)
            {
                self.saving.set_value(set_timeout_with_handle(move || self.save_now(), SAVE_EVERY).ok());
            }
        });
        let hidden = window_event_listener(ev::pagehide, move |_| self.save_now());
        on_cleanup(move || {
            hidden.remove();
            self.save_now();
        });
    }
}
