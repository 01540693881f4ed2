//! How a host is: as a badge, and in a list to choose from.

use leptos::prelude::*;
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::host::HostStatus;
use pbsweb_shared::ids::HostId;

use crate::state::Hosts;
use crate::ui::{Badge, Choice, Shape, Tone};

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

/// What is known of such a host, and what is asked of it, may take longer.
const fn is_sick(status: HostStatus) -> bool {
    match status {
        HostStatus::Unknown | HostStatus::Up => false,
        HostStatus::SchedulerDown
        | HostStatus::Unreachable
        | HostStatus::KeyMismatch
        | HostStatus::Disabled => true,
    }
}

/// The status of a host, beside its name, while it is sick.
#[component]
pub(crate) fn HostTrouble(
    /// The host.
    host: Signal<HostId>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    move || {
        let status = hosts.get(host.get()).map(|host| host.health.status);
        status.filter(|status| is_sick(*status)).map(|status| view! { " "<HostStatusBadge status=status /> })
    }
}

/// A host that can be chosen; its name says when it is sick.
pub(crate) fn host_choice(host: &Host) -> Choice {
    let (name, status) = (&host.name, host.health.status);
    let name = if is_sick(status) {
        format!("{name} ({})", look(status).2.to_lowercase())
    } else {
        name.to_string()
    };
    Choice::new(host.id.to_string(), name)
}
