//! A text that takes effect when typing pauses: each letter on its own would ask the server.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

use super::{Bind, effect};

/// How long typing must pause.
const PAUSE: Duration = Duration::from_millis(300);

/// What is being typed.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    text: RwSignal<Option<String>>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Typed {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let typed = Self { text: RwSignal::new(None), timer: StoredValue::new(None) };
        on_cleanup(move || typed.stop());
        typed
    }

    fn stop(self) {
        self.timer.try_update_value(|timer| {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
        });
    }

    /// Forgets what was typed and has not taken effect.
    pub(crate) fn forget(self) {
        self.stop();
        self.text.set(None);
    }

    /// What stands in the field now, if something was typed; tracked.
    pub(crate) fn text(self) -> Option<String> {
        self.text.get()
    }

    /// For a field: what is known until something is typed, and what to do with that when typing pauses.
    pub(crate) fn bind(
        self,
        known: impl Fn() -> String + Copy + Send + Sync + 'static,
        take: impl Fn(String) + Copy + Send + Sync + 'static,
    ) -> Bind<String> {
        // What was taken away elsewhere is taken away here.
        effect(move || {
            let is_empty = known().is_empty();
            if is_empty && self.timer.with_value(Option::is_none) {
                self.text.set(None);
            }
        });
        Bind::new(
            move || self.text.get().unwrap_or_else(known),
            move |text: String| {
                self.text.set(Some(text.clone()));
                self.stop();
                let pause_over = move || {
                    self.timer.try_set_value(None);
                    take(text.trim().to_owned());
                };
                self.timer.set_value(set_timeout_with_handle(pause_over, PAUSE).ok());
            },
        )
    }
}
