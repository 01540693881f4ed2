//! How a host is, as a badge.

use leptos::prelude::*;
use pbsweb_shared::host::HostStatus;

use crate::ui::{Badge, Shape, Tone};

const fn look(status: HostStatus) -> (Tone, Shape, &'static str) {
    match status {
        HostStatus::Unknown => (Tone::Neutral, Shape::Question, "Not asked yet"),
        HostStatus::Up => (Tone::Good, Shape::Check, "Up"),
        HostStatus::SchedulerDown => (Tone::Warning, Shape::Warning, "Scheduler down"),
        HostStatus::Unreachable => (Tone::Bad, Shape::Cross, "Unreachable"),
        HostStatus::KeyMismatch => (Tone::Bad, Shape::Key, "Key changed"),
        HostStatus::Disabled => (Tone::Neutral, Shape::Bar, "Disabled"),
    }
}

/// The status of a host.
#[component]
pub(crate) fn HostStatusBadge(
    /// The status.
    #[prop(into)]
    status: Signal<HostStatus>,
) -> impl IntoView {
    view! {
        <Badge
            tone=Signal::derive(move || look(status.get()).0)
            shape=Signal::derive(move || look(status.get()).1)
            text=Signal::derive(move || look(status.get()).2.to_owned())
        />
    }
}
