//! States of jobs and builds as badges.

use leptos::prelude::*;
use pbsweb_shared::api::builds::BuildState;
use pbsweb_shared::job::JobState;

use crate::ui::{Badge, Shape, Tone};

/// The state in a word for people.
pub(crate) const fn job_state_label(state: JobState) -> &'static str {
    match state {
        JobState::Submitting => "Submitting",
        JobState::Rejected => "Rejected",
        JobState::Queued => "Queued",
        JobState::Held => "Held",
        JobState::Waiting => "Waiting",
        JobState::Running => "Running",
        JobState::Suspended => "Suspended",
        JobState::Exiting => "Exiting",
        JobState::Completed => "Completed",
        JobState::Failed => "Failed",
        JobState::Deleted => "Deleted",
        JobState::Expired => "Expired",
        JobState::Lost => "Lost",
    }
}

const fn job_state_look(state: JobState) -> (Tone, Shape) {
    match state {
        JobState::Submitting => (Tone::Active, Shape::Dots),
        JobState::Rejected => (Tone::Bad, Shape::Cross),
        JobState::Queued => (Tone::Neutral, Shape::Ring),
        JobState::Held => (Tone::Warning, Shape::Pause),
        JobState::Waiting => (Tone::Neutral, Shape::Hourglass),
        JobState::Running => (Tone::Active, Shape::Dot),
        JobState::Suspended => (Tone::Warning, Shape::Pause),
        JobState::Exiting => (Tone::Active, Shape::Dots),
        JobState::Completed => (Tone::Good, Shape::Check),
        JobState::Failed => (Tone::Bad, Shape::Cross),
        JobState::Deleted => (Tone::Neutral, Shape::Bar),
        JobState::Expired => (Tone::Bad, Shape::Hourglass),
        JobState::Lost => (Tone::Warning, Shape::Question),
    }
}

/// The state of a job.
#[component]
pub(crate) fn JobStateBadge(
    /// The state.
    #[prop(into)]
    state: Signal<JobState>,
) -> impl IntoView {
    view! {
        <Badge
            tone=Signal::derive(move || job_state_look(state.get()).0)
            shape=Signal::derive(move || job_state_look(state.get()).1)
            text=Signal::derive(move || job_state_label(state.get()).to_owned())
        />
    }
}

/// The state in a word for people.
pub(crate) const fn build_state_label(state: BuildState) -> &'static str {
    match state {
        BuildState::Starting => "Starting",
        BuildState::Running => "Running",
        BuildState::Succeeded => "Succeeded",
        BuildState::Failed => "Failed",
        BuildState::Cancelled => "Cancelled",
        BuildState::Unknown => "Unknown",
    }
}

const fn build_state_look(state: BuildState) -> (Tone, Shape) {
    match state {
        BuildState::Starting => (Tone::Active, Shape::Dots),
        BuildState::Running => (Tone::Active, Shape::Dot),
        BuildState::Succeeded => (Tone::Good, Shape::Check),
        BuildState::Failed => (Tone::Bad, Shape::Cross),
        BuildState::Cancelled => (Tone::Neutral, Shape::Bar),
        BuildState::Unknown => (Tone::Warning, Shape::Question),
    }
}

/// The state of a build.
#[component]
pub(crate) fn BuildStateBadge(
    /// The state.
    #[prop(into)]
    state: Signal<BuildState>,
) -> impl IntoView {
    view! {
        <Badge
            tone=Signal::derive(move || build_state_look(state.get()).0)
            shape=Signal::derive(move || build_state_look(state.get()).1)
            text=Signal::derive(move || build_state_label(state.get()).to_owned())
        />
    }
}
