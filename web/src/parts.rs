//! The parts of the page that come when they are first opened: who signs in does not wait for the composer.
//!
//! Each part is a WebAssembly module of its own, which `tools/web` cuts out of the page (`wasm-split`): what only this part uses
//! goes with it, what several parts use becomes a module that they share. A part is named by its address, which holds a digest
//! of the whole page, so that parts of two versions never meet.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

use crate::pages;
use crate::ui::{Button, ButtonKind, EmptyState, Spinner};

type Loading<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $view:ident, $preload:ident of $part:ident = $page:path;)*) => {$(
        #[wasm_split($part, wasm_split_path = leptos::wasm_split, preload($preload), fallible)]
        fn $view() -> Result<AnyView, SplitLoaderError> {
            use $page as Page;
            Ok(view! { <Page /> }.into_any())
        }

        $(#[$doc])*
        #[component]
        pub(crate) fn $name() -> impl IntoView {
            part(|| Box::pin($preload()), || Box::pin($view()))
        }
    )*};
}

parts! {
    /// The composer and its editor.
    Compose: compose, load_compose of compose = pages::Compose;
    /// One job.
    Job: job, load_job of job = pages::Job;
    /// All jobs.
    Jobs: jobs, load_jobs of job = pages::Jobs;
    /// The applications.
    Applications: applications, load_applications of own = pages::Applications;
    /// One application and its builds.
    Application: application, load_application of own = pages::Application;
    /// The queues of all hosts.
    Queues: queues, load_queues of site = pages::Queues;
    /// The nodes of a host.
    Nodes: nodes, load_nodes of site = pages::Nodes;
    /// The hosts.
    Hosts: hosts, load_hosts of site = pages::Hosts;
    /// One's own settings.
    Settings: settings, load_settings of own = pages::Settings;
    /// The users, for administrators.
    AdminUsers: admin_users, load_admin_users of site = pages::admin::Users;
    /// The hosts, for administrators.
    AdminHosts: admin_hosts, load_admin_hosts of site = pages::admin::Hosts;
    /// What everybody did.
    AdminActivity: admin_activity, load_admin_activity of site = pages::admin::Activity;
}

/// After the first page is drawn, and whatever it reads first has come.
const IN_PEACE: Duration = Duration::from_secs(2);

/// Brings all parts before anybody asks for them: the next page opens at once, also when the server was renewed meanwhile.
pub(crate) fn fetch_soon() {
    set_timeout(
        || {
            leptos::task::spawn_local(async {
                // What fails now is tried again when its page is opened, which then says so.
                let _ = load_compose().await;
                let _ = load_job().await;
                let _ = load_settings().await;
                let _ = load_queues().await;
            });
        },
        IN_PEACE,
    );
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Coming,
    There,
    Failed,
}

fn part(load: fn() -> Loading<()>, draw: fn() -> Loading<AnyView>) -> impl IntoView {
    let state = RwSignal::new(State::Coming);
    let begin = move || {
        state.set(State::Coming);
        leptos::task::spawn_local(async move {
            let outcome = if load().await.is_ok() { State::There } else { State::Failed };
            // The user may have left meanwhile.
            let _ = state.try_set(outcome);
        });
    };
    begin();
    move || match state.get() {
        State::Coming => view! { <Spinner what="Opening the page" /> }.into_any(),
        State::There => drawn(draw).unwrap_or_else(|| failed(begin)),
        State::Failed => failed(begin),
    }
}

/// A page whose part is there. Asked only once, so that the page belongs to the place in the tree that shows it.
fn drawn(draw: fn() -> Loading<AnyView>) -> Option<AnyView> {
    match pin!(draw()).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(page)) => Some(page),
        Poll::Ready(Err(_)) | Poll::Pending => None,
    }
}

fn failed(again: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    view! {
        <div role="alert">
            <EmptyState title="This page could not be loaded">
                <p>
                    "The server cannot be reached, or it was renewed since this window was opened. What you have written is kept."
                </p>
                <Button on_press=Callback::new(move |()| again())>"Try again"</Button>
                <Button kind=ButtonKind::Primary on_press=Callback::new(|()| reload())>
                    "Load PBSWeb anew"
                </Button>
            </EmptyState>
        </div>
    }
    .into_any()
}

fn reload() {
    if let Err(error) = window().location().reload() {
        leptos::logging::error!("the browser does not load the page anew: {error:?}");
    }
}
