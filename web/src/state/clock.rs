//! The time, as far as the page needs it: a signal that moves a few times a minute, so that ages stay true.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// The page's clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<DateTime<Utc>>);

/// How often ages are drawn anew.
const TICK: Duration = Duration::from_secs(10);

impl Clock {
    pub(super) fn provide() {
        let clock = Self(RwSignal::new(now()));
        // It lives as long as the page; the handle is not needed to stop it.
        let _ = set_interval_with_handle(move || clock.0.set(now()), TICK);
        provide_context(clock);
    }

    /// The clock of the page.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(now())))
    }

    /// The time, tracked. Things that just happened are never in the future.
    pub(crate) fn now(self) -> DateTime<Utc> {
        self.0.get()
    }
}

/// Does something every so often while the component that asked is there and somebody can see the page.
pub(crate) fn every(period: Duration, work: Box<dyn Fn()>) {
    let timer = set_interval_with_handle(
        move || {
            if !document().hidden() {
                work();
            }
        },
        period,
    )
    .ok();
    on_cleanup(move || {
        if let Some(timer) = timer {
            timer.clear();
        }
    });
}

/// The browser's clock, now.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}
