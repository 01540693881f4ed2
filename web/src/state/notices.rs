//! Short messages that appear for a while and are read out by screen readers.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// Something was done.
    Done,
    /// Worth knowing.
    Note,
    /// Something failed.
    Failed,
}

/// One message.
#[derive(Clone)]
pub(crate) struct Notice {
    /// Tells it from the others.
    pub(crate) id: u64,
    /// How good the news is.
    pub(crate) kind: NoticeKind,
    /// The sentence.
    pub(crate) text: String,
    /// Takes back what was done.
    pub(crate) undo: Option<Undo>,
}

/// It outlives the component that did what it takes back.
type Undo = Arc<dyn Fn() + Send + Sync>;

/// The messages on show.
#[derive(Clone, Copy)]
pub(crate) struct Notices {
    shown: RwSignal<Vec<Notice>>,
    next_id: StoredValue<u64>,
    /// The pointer or the focus is on them: none goes away meanwhile.
    is_held: StoredValue<bool>,
}

/// Long enough to read a sentence twice.
const SHOWN_FOR: Duration = Duration::from_secs(7);

/// Long enough to think better of it.
const UNDO_SHOWN_FOR: Duration = Duration::from_secs(20);

/// Until a message that was held is looked at again.
const HELD_FOR: Duration = Duration::from_secs(2);

impl Notices {
    pub(super) fn provide() -> Self {
        let notices = Self {
            shown: RwSignal::new(Vec::new()),
            next_id: StoredValue::new(0),
            is_held: StoredValue::new(false),
        };
        provide_context(notices);
        notices
    }

    /// The messages of the page.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(Self::provide)
    }

    /// Those on show, oldest first.
    pub(crate) fn shown(self) -> Signal<Vec<Notice>> {
        self.shown.into()
    }

    /// Says that something was done.
    pub(crate) fn done(self, text: impl Into<String>) {
        self.add(NoticeKind::Done, text.into(), None);
    }

    /// Says that something was done, and offers to take it back.
    pub(crate) fn done_or_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.add(NoticeKind::Done, text.into(), Some(Arc::new(undo)));
    }

    /// Says something worth knowing.
    pub(crate) fn note(self, text: impl Into<String>) {
        self.add(NoticeKind::Note, text.into(), None);
    }

    /// Says that something failed. Failures stay until they are dismissed.
    pub(crate) fn failed(self, text: impl Into<String>) {
        self.add(NoticeKind::Failed, text.into(), None);
    }

    /// Takes one away.
    pub(crate) fn dismiss(self, id: u64) {
        self.shown.update(|shown| shown.retain(|notice| notice.id != id));
        if self.shown.with_untracked(Vec::is_empty) {
            // An element that is gone does not say that the pointer left it.
            self.hold(false);
        }
    }

    fn add(self, kind: NoticeKind, text: String, undo: Option<Undo>) {
        let shown_for = if undo.is_some() { UNDO_SHOWN_FOR } else { SHOWN_FOR };
        let id = self.next_id.get_value();
        self.next_id.set_value(id.wrapping_add(1));
        self.shown.update(|shown| shown.push(Notice { id, kind, text, undo }));
        match kind {
            NoticeKind::Done | NoticeKind::Note => self.dismiss_after(id, shown_for),
            NoticeKind::Failed => {}
        }
    }

    /// Whether somebody is at the messages now, with the pointer or the keyboard.
    pub(crate) fn hold(self, is_held: bool) {
        self.is_held.set_value(is_held);
    }

    fn dismiss_after(self, id: u64, after: Duration) {
        let end = move || {
            if self.is_held.get_value() {
                self.dismiss_after(id, HELD_FOR);
            } else {
                self.dismiss(id);
            }
        };
        set_timeout(end, after);
    }
}
