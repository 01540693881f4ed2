//! One application: where it stands, a new version of it, its builds and their output.

mod build_form;
mod build_output;
mod builds;
mod commands;
mod places;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use pbsweb_shared::api::applications::Application as Uploaded;
use pbsweb_shared::api::builds::Build;
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::ids::{ApplicationId, BuildId};

use crate::client::{self, Answer, PageQuery};
use crate::components::{Sharing, UploadForm};
use crate::paths::{self, ComposeFrom};
use crate::state::Live;
use crate::ui::{
    Button, ButtonKind, Dialog, EmptyState, LinkButton, Load, LocalResource, NoSuch, PageHeader, Panel,
    ProblemBox, Show, Spinner, effect, is_missing,
};
use build_form::BuildForm;
use build_output::BuildOutput;
use builds::BuildTable;
use commands::Commands;
use places::Places;

/// How many past builds are shown.
const N_BUILDS: u32 = 50;

/// The page.
#[component]
pub(crate) fn Application() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("application").and_then(|id| id.parse().ok()));
    move || match id.get() {
        Some(id) => view! { <ApplicationLoader id=id /> }.into_any(),
        None => no_such_application(),
    }
}

fn no_such_application() -> AnyView {
    view! { <NoSuch what="application" list=paths::APPLICATIONS list_name="All applications" /> }.into_any()
}

#[component]
fn ApplicationLoader(id: ApplicationId) -> impl IntoView {
    let loaded = LocalResource::new(move || client::applications::get_application(id));
    let is_missing = is_missing(loaded);
    move || {
        if is_missing.get() {
            no_such_application()
        } else {
            view! { <ApplicationPage id=id loaded=loaded /> }.into_any()
        }
    }
}

#[component]
fn ApplicationPage(id: ApplicationId, loaded: LocalResource<Answer<Uploaded>>) -> impl IntoView {
    let live = Live::of_page();
    let navigate = use_navigate();
    let query = use_query_map();
    let builds = LocalResource::new(move || {
        live.generation();
        async move {
            let query = PageQuery { limit: Some(N_BUILDS), page_token: None };
            client::builds::list_builds(id, &query).await.map(|page| page.items)
        }
    });
    let application = RwSignal::new(None::<Uploaded>);
    effect(move || {
        if let Some(Ok(answer)) = loaded.get() {
            application.set(Some(answer));
        }
    });
    let error = move || loaded.get().and_then(Result::err);
    let title = Signal::derive(move || match &*application.read() {
        Some(application) => application.name.to_string(),
        None => "Application".to_owned(),
    });
    // The build whose output is shown: the one in the address, or else the latest.
    let wanted = Memo::new(move |_| query.read().get("build").and_then(|id| id.parse::<BuildId>().ok()));
    let shown = Memo::new(move |_| {
        let builds = builds.get().and_then(Result::ok).unwrap_or_default();
        wanted.get().or_else(|| builds.first().map(|build| build.id))
    });
    let repeat = RwSignal::new(None::<Build>);
    let on_started = Callback::new(move |build: Build| {
        let address = format!("{}?build={}", paths::application(id), build.id);
        live.build(build);
        builds.refetch();
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let is_uploading = RwSignal::new(false);
    let on_uploaded = Callback::new(move |uploaded: Uploaded| {
        application.set(Some(uploaded));
        is_uploading.set(false);
    });
    // Why what its owner does cannot be done here, if it is somebody else's.
    let whose = Memo::new(move |_| {
        let application = application.read();
        let application = application.as_ref()?;
        let owner = application.owner.as_ref()?;
        let groups: Vec<&str> = application.shared_with.iter().map(|group| group.name.as_str()).collect();
        Some(format!(
            "{owner}’s application, shared with {}. Your role: {}. To run it, upload the source to your own account.",
            groups.join(", "),
            application.access
        ))
    });
    let compose = paths::compose(ComposeFrom { application: Some(id), ..ComposeFrom::default() });
    let access = Signal::derive(move || {
        application.read().as_ref().map_or(Access::Read, |application| application.access)
    });
    let has_loaded = Memo::new(move |_| application.read().is_some());
    view! {
        <PageHeader title=title lead="Its folders on the hosts, its builds, and their output.">
            <Show when=move || whose.read().is_none()>
                <Sharing thing=id on_change=move |()| loaded.refetch() />
            </Show>
            <Button
                disabled_because=MaybeProp::derive(move || whose.get())
                on_press=move |()| is_uploading.set(true)
            >
                "Upload a new version"
            </Button>
            {move || {
                whose
                    .read()
                    .is_none()
                    .then(|| {
                        view! {
                            <LinkButton href=compose.clone() kind=ButtonKind::Primary>"New job with it"</LinkButton>
                        }
                    })
            }}
        </PageHeader>
        {move || whose.get().map(|words| view! { <p>{words}</p> })}
        <Dialog open=is_uploading title=Signal::derive(move || format!("New version of {}", title.get()))>
            <p>"It replaces the folder on the host you choose, once all of it has arrived. Jobs that run keep the files they have open."</p>
            <UploadForm application=title.get_untracked() on_done=on_uploaded />
        </Dialog>
        {move || {
            error().map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| loaded.refetch()) /> })
        }}
        <Show when=move || has_loaded.get() fallback=move || {
            error().is_none().then(|| view! { <Spinner what="Loading the application" /> })
        }>
            <Places application=Signal::derive(move || application.get()) />
            <Show when=move || whose.read().is_none()>
                <div class="build-columns">
                    <Panel title="Build">
                        <BuildForm
                            application=Signal::derive(move || application.get())
                            repeat=repeat
                            on_started=on_started
                        />
                    </Panel>
                    <div class="stack">
                        {move || match shown.get() {
                            Some(build) => view! { <BuildOutput id=build repeat=repeat /> }.into_any(),
                            None => {
                                view! {
                                    <Panel title="Output">
                                        <EmptyState title="Not built yet">
                                            <p>"The output of a build appears here while it runs."</p>
                                        </EmptyState>
                                    </Panel>
                                }
                                    .into_any()
                            }
                        }}
                    </div>
                </div>
            </Show>
            <Commands application=id access=access />
            <Panel title="Past builds">
                <Load resource=builds what="builds" let:builds>
                    <BuildTable
                        application=id
                        builds=builds
                        shown=shown
                        has_output=Signal::derive(move || whose.read().is_none())
                    />
                </Load>
            </Panel>
        </Show>
    }
}
