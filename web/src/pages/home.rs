//! The start page: the four things to do, what one's jobs do now, how the hosts are.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::event::Event;

use crate::components::{HostStatusBadge, JobStateBadge, ending_words, telling_moment};
use crate::state::{CurrentUser, Hosts, Live};
use crate::ui::{
    EmptyState, Icon, LinkButton, Load, LocalResource, PageHeader, Panel, Shape, Show, Time, format,
};
use crate::{client, paths};

/// How many jobs are shown.
const N_JOBS: u32 = 8;

/// The page.
#[component]
pub(crate) fn Home() -> impl IntoView {
    let user = CurrentUser::of_page();
    let title = Signal::derive(move || match user.me() {
        Some(me) => format!("Hello, {}", me.display_name),
        None => "Home".to_owned(),
    });
    view! {
        <PageHeader title=title />
        <FirstSteps />
        <ul class="home-tasks">
            <Task
                href=paths::APPLICATIONS
                shape=Shape::Upload
                title="Upload"
                text="Send a source archive to a host."
            />
            <Task
                href=paths::APPLICATIONS
                shape=Shape::Build
                title="Build"
                text="Run make there and read its output as it comes."
            />
            <Task
                href=paths::COMPOSE
                shape=Shape::Submit
                title="Submit"
                text="Write a job, or pick one that ran before."
            />
            <Task
                href=paths::QUEUES
                shape=Shape::Search
                title="Check"
                text="See the queues of all hosts, and where your jobs are."
            />
        </ul>
        <div class="home-columns">
            <RecentJobs />
            <HostHealth />
        </div>
    }
}

#[component]
fn Task(href: &'static str, shape: Shape, title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <li>
            <A href=href attr:class="home-task">
                <span class="home-task-mark" aria-hidden="true"><Icon shape=shape /></span>
                <span class="home-task-title">{title}</span>
                <span class="home-task-text">{text}</span>
            </A>
        </li>
    }
}

/// Shown until there is a host to work on.
#[component]
fn FirstSteps() -> impl IntoView {
    let hosts = Hosts::of_page();
    let is_needed = Memo::new(move |_| matches!(hosts.answer(), Some(Ok(_))) && hosts.usable().is_empty());
    view! {
        <Show when=move || is_needed.get()>
            <div class="home-first">
                <Icon shape=Shape::Key />
                <div>
                    <p><strong>"No host is ready for you yet."</strong></p>
                    <p>"Install your PBSWeb key on a host, say your login name there, and run the check."</p>
                </div>
                <div class="row">
                    <LinkButton href=paths::settings("key")>"Your key"</LinkButton>
                    <LinkButton href=paths::HOSTS kind=crate::ui::ButtonKind::Primary>"Set up hosts"</LinkButton>
                </div>
            </div>
        </Show>
    }
}

#[component]
fn RecentJobs() -> impl IntoView {
    let live = Live::of_page();
    let jobs = LocalResource::new(move || {
        live.generation();
        async move {
            let query = JobsQuery { limit: Some(N_JOBS), ..JobsQuery::default() };
            client::jobs::list_jobs(&query).await.map(|page| page.items)
        }
    });
    live.on_event(move |event| match event {
        Event::Job(job) => {
            let is_known = jobs.with_untracked(|answer| {
                answer
                    .as_ref()
                    .and_then(|answer| answer.as_ref().ok())
                    .is_some_and(|jobs| jobs.iter().any(|known| known.id == job.id))
            });
            if !is_known {
                jobs.refetch();
            }
        }
        Event::Build(_) | Event::Host { .. } | Event::Snapshot { .. } | Event::Reset => {}
    });
    view! {
        <Panel title="Your recent jobs" actions=|| view! { <A href=paths::JOBS>"All jobs"</A> }>
            <Load resource=jobs what="jobs" let:jobs>
                {if jobs.is_empty() {
                    view! {
                        <EmptyState title="No jobs yet">
                            <p>"Your jobs appear here as soon as you submit one."</p>
                            <LinkButton href=paths::COMPOSE>"Compose a job"</LinkButton>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    let rows = jobs.into_iter().map(|job| view! { <JobLine job=job /> }).collect_view();
                    view! { <ul class="job-lines">{rows}</ul> }.into_any()
                }}
            </Load>
        </Panel>
    }
}

/// How the job ended, or how long it has run.
fn progress_words(job: &Job) -> Option<String> {
    let is_running = !job.state.has_ended();
    ending_words(job).or_else(|| job.used_walltime_seconds.filter(|_| is_running).map(format::walltime))
}

#[component]
fn JobLine(job: Job) -> impl IntoView {
    let job = Live::of_page().job(job);
    let id = job.with_untracked(|job| job.id);
    // What a link is given may be asked once more when the line is gone; a signal of the line's own would be gone too.
    let (name, label) = (job.clone(), job.clone());
    let job: Signal<Job> = job.into();
    let again = paths::compose(paths::ComposeFrom { job: Some(id), ..paths::ComposeFrom::default() });
    let again_label = move || format!("Again, but… {}", label.read().name);
    view! {
        <li class="job-line">
            <A href=paths::job(id) attr:class="job-line-name">{move || name.read().name.clone()}</A>
            <JobStateBadge state=Signal::derive(move || job.read().state) />
            <span class="job-line-where muted">
                {move || job.read().host_name.clone()}
                {move || progress_words(&job.read()).map(|words| format!(" · {words}"))}
            </span>
            <span class="job-line-when muted">
                {move || telling_moment(&job.read()).0} " "
                <Time at=Signal::derive(move || telling_moment(&job.read()).1) />
            </span>
            <A href=again attr:class="job-line-again" attr:aria-label=again_label>"Again, but…"</A>
        </li>
    }
}

#[component]
fn HostHealth() -> impl IntoView {
    let hosts = Hosts::of_page();
    let rows = move || {
        let enabled: Vec<_> = hosts.list().into_iter().filter(|host| host.is_enabled).collect();
        if enabled.is_empty() {
            return view! { <p class="muted">"No hosts yet."</p> }.into_any();
        }
        let rows = enabled
            .into_iter()
            .map(|host| {
                let age = host
                    .health
                    .snapshot_at
                    .map(|at| view! { <span class="muted">"listed "<Time at=at /></span> });
                view! {
                    <li class="host-line">
                        <A href=paths::queues(Some(host.id))>{host.name.to_string()}</A>
                        <HostStatusBadge status=host.health.status />
                        {age}
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="host-lines">{rows}</ul> }.into_any()
    };
    view! {
        <Panel title="Hosts" actions=|| view! { <A href=paths::HOSTS>"Details"</A> }>
            {rows}
        </Panel>
    }
}
