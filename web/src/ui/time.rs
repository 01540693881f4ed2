//! A moment: how long ago, and exactly when on demand.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::format;
use crate::state::Clock;

/// A moment, as an age that stays true.
#[component]
pub(crate) fn Time(
    /// The moment.
    #[prop(into)]
    at: Signal<DateTime<Utc>>,
    /// Shows date and time rather than the age.
    #[prop(optional)]
    is_absolute: bool,
) -> impl IntoView {
    let clock = Clock::of_page();
    let text = move || {
        let at = at.get();
        let now = clock.now();
        // A server whose clock is a second ahead does not speak of the future.
        let then = if at > now && at - now < chrono::TimeDelta::seconds(30) { now } else { at };
        if is_absolute || format::is_long_ago(then, now) { local(at) } else { format::age(then, now) }
    };
    view! {
        <time class="time" datetime=move || at.get().to_rfc3339() title=move || local(at.get())>
            {text}
        </time>
    }
}

/// For a field of type `datetime-local`: where the reader is, to the minute.
pub(crate) fn to_field(at: DateTime<Utc>) -> String {
    local(at).chars().take(16).map(|letter| if letter == ' ' { 'T' } else { letter }).collect()
}

/// From such a field.
pub(crate) fn from_field(text: &str) -> Option<DateTime<Utc>> {
    // Without a zone, a date with a time is one where the reader is.
    let ms = js_sys::Date::parse(text);
    ms.is_finite().then(|| DateTime::from_timestamp_millis(ms as i64)).flatten()
}

/// Date and time where the reader is.
pub(crate) fn local(at: DateTime<Utc>) -> String {
    let date = js_sys::Date::new(&(at.timestamp_millis() as f64).into());
    format::absolute(at, -(date.get_timezone_offset() as i32))
}
