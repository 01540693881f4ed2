//! The state of the form: the draft, where it goes, and what is found in it. Everything on the page is derived from here.

mod keep;
mod learned;

use std::borrow::Cow;
use std::sync::Arc;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use pbsweb_shared::api::scripts::Revision;
use pbsweb_shared::host::HostQueues;
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::{
    Diagnostic, HostRules, JobScriptDraft, LearnedDefaults, MAX_SCRIPT_BYTES, check_text, parse_with, render,
};

use super::findings::{error_at, is_shown};
use super::history::{History, Step};
use super::kept::{self, Tried};
use super::origin::Origin;
use crate::client::{self, ClientError};
use crate::state::{CurrentUser, Live};
use crate::ui::{Bind, LocalResource};

type Getter<T> = Box<dyn Fn(&JobScriptDraft) -> T + Send + Sync>;
type Setter<T> = Box<dyn Fn(&mut JobScriptDraft, T) + Send + Sync>;

/// The form of the page; a context of its own type for the sections.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// Where the job is to run.
    pub(super) host: RwSignal<Option<HostId>>,
    /// With which application.
    pub(super) application: RwSignal<Option<ApplicationId>>,
    /// What the history calls the script; empty: as the job.
    pub(super) script_name: RwSignal<String>,
    /// The fields.
    pub(super) draft: RwSignal<JobScriptDraft>,
    /// The script that they were filled from.
    pub(super) origin: RwSignal<Option<Arc<Origin>>>,
    /// What somebody saved of that script meanwhile, to be merged.
    pub(super) conflict: RwSignal<Option<Revision>>,
    /// A script was kept: there is one more to pick, or another.
    pub(super) saved: Trigger,
    /// The script's text: the other view of the draft.
    pub(super) text: Memo<String>,
    /// What can be undone and done again.
    history: RwSignal<History>,
    /// Submit was pressed: what is missing is an error from now on.
    pub(super) is_tried: RwSignal<bool>,
    /// What the server said about fields.
    pub(super) server_errors: RwSignal<Vec<FieldError>>,
    /// What is found in the draft and its text, by the rules of the host, with lines of the text.
    pub(super) findings: Memo<Vec<Diagnostic>>,
    /// The host's rules, once they are known.
    pub(super) rules: Memo<Option<HostRules>>,
    /// The queues of the host, with its rules.
    pub(super) queues: Memo<Option<HostQueues>>,
    /// Why the queues are not known.
    pub(super) queues_error: Memo<Option<ClientError>>,
    /// What was learned for this application on this host.
    learned: RwSignal<LearnedDefaults>,
    /// A past job or script is on its way.
    pub(super) is_loading: RwSignal<bool>,
    /// What the draft was before the user changed anything.
    base: StoredValue<JobScriptDraft>,
    tried: RwSignal<Option<Tried>>,
    /// The draft is about to be kept.
    saving: StoredValue<Option<TimeoutHandle>>,
    user: StoredValue<Option<UserId>>,
}

impl Form {
    /// Makes the form, with what was kept for the user.
    pub(super) fn provide() -> Self {
        let live = Live::of_page();
        let user = CurrentUser::of_page();
        let user = untrack(move || user.me()).map(|me| me.id);
        let kept = user.and_then(kept::load).unwrap_or_default();
        let host = RwSignal::new(kept.host);
        let draft = RwSignal::new(kept.draft);
        let loaded = LocalResource::new(move || {
            let host = host.get();
            if let Some(host) = host {
                live.snapshot_at(host);
            }
            async move {
                match host {
                    Some(host) => Some(client::hosts::get_host_queues(host).await),
                    None => None,
                }
            }
        });
        // While another host's queues are on their way, those of the one before are not shown as its own.
        let queues = Memo::new(move |_| {
            loaded.get().flatten().and_then(Result::ok).filter(|queues| Some(queues.host) == host.get())
        });
        let queues_error = Memo::new(move |_| loaded.get().flatten().and_then(Result::err));
        let rules = Memo::new(move |_| queues.read().as_ref().map(|queues| queues.rules.clone()));
        let text = Memo::new(move |_| render(&draft.read()));
        let findings = Memo::new(move |_| check_text(&text.read(), &draft.read(), rules.read().as_ref()));
        let form = Self {
            host,
            application: RwSignal::new(kept.application),
            script_name: RwSignal::new(kept.script_name),
            draft,
            text,
            history: RwSignal::new(History::default()),
            origin: RwSignal::new(kept.origin.map(Arc::new)),
            conflict: RwSignal::new(None),
            saved: Trigger::new(),
            is_tried: RwSignal::new(false),
            server_errors: RwSignal::new(Vec::new()),
            findings,
            rules,
            queues,
            queues_error,
            learned: RwSignal::new(LearnedDefaults::default()),
            is_loading: RwSignal::new(false),
            base: StoredValue::new(JobScriptDraft::default()),
            tried: RwSignal::new(kept.tried),
            saving: StoredValue::new(None),
            user: StoredValue::new(user),
        };
        provide_context(form);
        form.keep();
        form.suggest();
        form
    }

    /// The form of the page.
    #[expect(clippy::expect_used, reason = "the sections are parts of the page that provides it")]
    pub(super) fn of_page() -> Self {
        use_context().expect("the form is provided by the page")
    }

    /// Nothing was typed or picked yet. Not tracked.
    pub(super) fn is_untouched(self) -> bool {
        self.base.with_value(|base| *base == *self.draft.read_untracked())
    }

    /// Changes the draft, as a control at `pointer` does.
    pub(super) fn edit(self, pointer: &str, change: impl FnOnce(&mut JobScriptDraft)) {
        self.note(pointer);
        self.draft.update(change);
        self.server_errors.update(|errors| {
            errors.retain(|error| error.pointer.strip_prefix("/script") != Some(pointer));
        });
    }

    /// The text was edited: the fields follow. `place` is where, so that what is typed there in a row is undone together.
    pub(super) fn edit_text(self, text: &str, place: &str) {
        // An editor knows one kind of line end only; the draft keeps its own.
        let text = if self.text.read_untracked().contains("\r\n") {
            Cow::Owned(text.replace('\n', "\r\n"))
        } else {
            Cow::Borrowed(text)
        };
        // A draft without a text is one that the fields make.
        let text = if text.is_empty() { "\n" } else { &*text };
        let prefix = self.draft.with_untracked(|draft| draft.directive_prefix.clone());
        let read = parse_with(text.as_bytes(), &prefix).draft;
        self.note(place);
        self.draft.set(read);
        self.server_errors.set(Vec::new());
    }

    /// Another draft takes the place of this one, which cannot come back by undoing: what it was made from is no longer the latest.
    pub(super) fn replace(self, draft: JobScriptDraft) {
        self.history.set(History::default());
        self.draft.set(draft);
        self.server_errors.set(Vec::new());
    }

    fn note(self, place: &str) {
        self.history.update(|history| history.note(place, || self.step()));
    }

    /// The form as it is now. Not tracked.
    fn step(self) -> Step {
        Step {
            draft: self.draft.get_untracked(),
            origin: self.origin.get_untracked(),
            script_name: self.script_name.get_untracked(),
        }
    }

    /// A new script was made of what is in the form; undoing leads back to no other.
    pub(super) fn adopt(self, origin: Arc<Origin>) {
        self.history.try_update(|history| history.adopt(&origin));
        self.origin.try_set(Some(origin));
    }

    /// Whether there is something to undo, and to do again. Tracked.
    pub(super) fn can_undo(self) -> (bool, bool) {
        self.history.with(|history| (history.can_undo(), history.can_redo()))
    }

    /// Takes the last change back.
    pub(super) fn undo(self) {
        self.travel(History::undo);
    }

    /// Makes it again.
    pub(super) fn redo(self) {
        self.travel(History::redo);
    }

    fn travel(self, way: fn(&mut History, Step) -> Option<Step>) {
        let now = self.step();
        if let Some(step) = self.history.try_update(|history| way(history, now)).flatten() {
            self.draft.set(step.draft);
            // Of the same script, what was saved meanwhile stays what the draft is made from.
            let is_other = self.origin.with_untracked(|origin| {
                origin.as_ref().map(|origin| origin.script)
                    != step.origin.as_ref().map(|origin| origin.script)
            });
            if is_other {
                self.origin.set(step.origin);
                self.script_name.set(step.script_name);
            }
            self.server_errors.set(Vec::new());
        }
    }

    /// What is found, without what is only still to be filled. Tracked.
    pub(super) fn shown_findings(self) -> Vec<Diagnostic> {
        let is_tried = self.is_tried.get();
        self.findings.read().iter().filter(|finding| is_shown(finding, is_tried)).cloned().collect()
    }

    /// A control's view of a part of the draft.
    pub(super) fn bind<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        pointer: String,
        get: impl Fn(&JobScriptDraft) -> T + Send + Sync + 'static,
        set: impl Fn(&mut JobScriptDraft, T) + Send + Sync + 'static,
    ) -> Bind<T> {
        self.bind_boxed(pointer, Box::new(get), Box::new(set))
    }

    /// Compiled once for each type of value, not for each field.
    fn bind_boxed<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        pointer: String,
        get: Getter<T>,
        set: Setter<T>,
    ) -> Bind<T> {
        // A control hears only of changes to its own part.
        let part = Memo::new(move |_| get(&self.draft.read()));
        Bind::new(move || part.get(), move |value| self.edit(&pointer, |draft| set(draft, value)))
    }

    /// Fills every field at once.
    pub(super) fn fill(self, draft: JobScriptDraft, script_name: String) {
        if !self.is_untouched() {
            self.note("");
        }
        self.draft.set(draft);
        self.origin.set(None);
        self.script_name.set(script_name);
        self.is_tried.set(false);
        self.server_errors.set(Vec::new());
        self.learned.update(|learned| learned.from.clear());
    }

    /// Forgets everything that was typed; the suggestion for host and application comes again.
    pub(super) fn start_afresh(self) {
        self.fill(JobScriptDraft::default(), String::new());
        self.base.set_value(JobScriptDraft::default());
        // The same host anew: what depends on it is asked for again.
        self.host.notify();
    }

    /// The error at a field.
    pub(super) fn error_at(self, pointer: String) -> Signal<Option<String>> {
        Memo::new(move |_| {
            error_at(&pointer, &self.findings.read(), self.is_tried.get(), &self.server_errors.read())
        })
        .into()
    }

    /// What was to be put into a field was far too much, and was left out.
    pub(super) fn refuse(self, pointer: &str, n_bytes: usize) {
        let pointer = format!("/script{pointer}");
        let message = format!(
            "{n_bytes} bytes were pasted; a script may have at most {MAX_SCRIPT_BYTES}. They were left out, and nothing else was changed"
        );
        self.server_errors.update(|errors| {
            errors.retain(|error| error.pointer != pointer);
            errors.push(FieldError { pointer, code: "text.too_large".to_owned(), message });
        });
    }
}
