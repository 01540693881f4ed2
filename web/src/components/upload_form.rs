//! Sending a source archive to a host: choose or drop a file, watch the bytes go, stop it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::{DragEvent, File, FileList, SubmitEvent};
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::ApplicationName;

use crate::client::{self, ClientError, UploadAbort, UploadProgress};
use crate::paths;
use crate::state::{Hosts, Notices, OwnPreferences};
use crate::ui::{
    Bind, Button, ButtonKind, Choice, EmptyState, Icon, LinkButton, LocalResource, ProblemBox, Progress,
    SelectField, Shape, Show, TextField, field_error, first_error, focus_first_error, format,
};

/// The endings of archives that are taken.
const ENDINGS: [&str; 6] = [".tar.gz", ".tgz", ".tar.zst", ".tar.zstd", ".tzst", ".tar"];

/// The file name without the ending of an archive; `None` if it has none.
fn stem(file_name: &str) -> Option<&str> {
    let lower = file_name.to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|ending| lower.ends_with(**ending))?;
    file_name.get(..file_name.len().checked_sub(ending.len())?)
}

/// The application's name that a file's name suggests, in the alphabet of such names; empty if nothing is left.
fn propose_name(file_name: &str) -> String {
    let stem = stem(file_name).unwrap_or(file_name);
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '-' }).collect();
    name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(64).collect()
}

/// What is wrong with a file before anything is sent.
fn file_problem(file_name: &str, n_bytes: f64, most_bytes: Option<u64>) -> Option<String> {
    if stem(file_name).is_none() {
        return Some(format!("{file_name} is no archive of a known kind: tar, tar.gz or tar.zst."));
    }
    if n_bytes == 0.0 {
        return Some(format!("{file_name} is empty."));
    }
    let most_bytes = most_bytes.filter(|most| n_bytes > *most as f64)?;
    Some(format!(
        "{file_name} has {}; this server takes at most {}.",
        format::bytes(n_bytes as u64),
        format::bytes(most_bytes)
    ))
}

/// What the progress bar says.
fn progress_text(progress: UploadProgress) -> String {
    if progress.is_sent() {
        "All bytes have left; the host unpacks and checks them".to_owned()
    } else {
        format!("Sending: {} of {}", format::bytes(progress.n_sent), format::bytes(progress.n_total))
    }
}

/// The form. Leaving the page does not stop an upload.
#[component]
pub(crate) fn UploadForm(
    /// Uploads a new version of this application; a new one is named in the form.
    #[prop(optional, into)]
    application: Option<String>,
    /// Called with the application when the host has it.
    #[prop(into)]
    on_done: Callback<Application>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let preferences = OwnPreferences::of_page();
    let info = LocalResource::new(client::accounts::get_info);
    let most_bytes = move || info.get().and_then(Result::ok).map(|info| info.max_upload_bytes);

    let is_new = application.is_none();
    let file = RwSignal::new_local(None::<File>);
    let name = RwSignal::new(application.unwrap_or_default());
    let is_name_typed = StoredValue::new(!is_new);
    let chosen_host = RwSignal::new(None::<HostId>);
    let is_tried = RwSignal::new(false);
    let is_over = RwSignal::new(false);
    let progress = RwSignal::new(None::<UploadProgress>);
    let error = RwSignal::new(None::<ClientError>);
    let abort = StoredValue::new_local(None::<UploadAbort>);
    let input = NodeRef::<html::Input>::new();

    let host = Memo::new(move |_| {
        let usable = hosts.usable();
        let is_usable = |id: &HostId| usable.iter().any(|host| host.id == *id);
        let liked = preferences.get().host;
        chosen_host.get().or(liked).filter(is_usable).or_else(|| usable.first().map(|host| host.id))
    });
    let host_bind = Bind::new(
        move || host.get().map(|host| host.to_string()).unwrap_or_default(),
        move |id: String| chosen_host.set(id.parse().ok()),
    );
    let host_choices = Signal::derive(move || {
        hosts
            .usable()
            .iter()
            .map(|host| Choice::new(host.id.to_string(), host.name.to_string()))
            .collect::<Vec<_>>()
    });
    let name_bind = Bind::new(
        move || name.get(),
        move |text: String| {
            is_name_typed.set_value(!text.is_empty());
            name.set(text);
        },
    );
    let take = move |files: Option<FileList>| {
        let Some(chosen) = files.and_then(|files| files.get(0)) else { return };
        if is_new && !is_name_typed.get_value() {
            name.set(propose_name(&chosen.name()));
        }
        error.set(None);
        file.set(Some(chosen));
    };
    let file_error = Signal::derive(move || match &*file.read() {
        Some(file) => file_problem(&file.name(), file.size(), most_bytes()),
        None => is_tried.get().then(|| "Choose an archive.".to_owned()),
    });
    let name_error = Signal::derive(move || {
        let name = name.read();
        if name.is_empty() && !is_tried.get() {
            return None;
        }
        name.parse::<ApplicationName>().err().map(|error| format!("The name {error}."))
    });
    let server_error: Signal<Option<ClientError>> = error.into();
    let is_sending = Signal::derive(move || progress.read().is_some());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        is_tried.set(true);
        if is_sending.get() {
            return;
        }
        let (Some(archive), Some(host)) = (file.get(), host.get()) else { return focus_first_error(&event) };
        if file_error.read().is_some() || name_error.read().is_some() {
            return focus_first_error(&event);
        }
        error.set(None);
        let on_progress = move |now| {
            progress.try_set(Some(now));
        };
        let upload = match client::applications::upload_application(&name.read(), host, &archive, on_progress)
        {
            Ok(upload) => upload,
            Err(refused) => return error.set(Some(refused)),
        };
        abort.set_value(Some(upload.abort_handle()));
        progress.set(Some(UploadProgress { n_sent: 0, n_total: archive.size() as u64 }));
        let host_name = hosts.name(host);
        spawn_local(async move {
            let answer = upload.finish::<Application>().await;
            // The page may be gone by now; what was sent is on the host all the same.
            progress.try_set(None);
            abort.try_set_value(None);
            match answer {
                Ok(application) => {
                    notices.done(format!("{} is on {host_name}.", application.name));
                    file.try_set(None);
                    is_tried.try_set(false);
                    if let Some(Some(input)) = input.try_get_untracked() {
                        input.set_value("");
                    }
                    on_done.try_run(application);
                }
                Err(ClientError::Aborted) => notices.note("The upload was stopped; nothing was changed."),
                Err(failure) => {
                    if error.try_set(Some(failure.clone())).is_some() {
                        notices.failed(format!("The upload failed. {}", failure.message()));
                    }
                }
            }
        });
    };
    let drop_file = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if !is_sending.get() {
            take(event.data_transfer().and_then(|transfer| transfer.files()));
        }
    };
    let input_id = crate::ui::field::unique_id("archive");
    let described_by = format!("{input_id}-help {input_id}-error");
    let error_id = format!("{input_id}-error");
    let help_id = format!("{input_id}-help");
    let has_host = Memo::new(move |_| host.get().is_some() || !matches!(hosts.answer(), Some(Ok(_))));
    let hosts_error = move || hosts.answer().and_then(Result::err);
    view! {
        {move || {
            hosts_error()
                .map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> })
        }}
        <Show
            when=move || has_host.get()
            fallback=|| {
                view! {
                    <EmptyState title="No host is ready for you yet">
                        <p>"An upload goes to a host where your account has been checked."</p>
                        <LinkButton href=paths::HOSTS>"Set up hosts"</LinkButton>
                    </EmptyState>
                }
            }
        >
            <form class="form upload-form" on:submit=submit novalidate=true>
                <div
                    class="upload-drop"
                    data-over=move || is_over.get().then_some("true")
                    on:dragover=move |event: DragEvent| {
                        event.prevent_default();
                        is_over.set(true);
                    }
                    on:dragleave=move |_| is_over.set(false)
                    on:drop=drop_file
                >
                    <Icon shape=Shape::Upload />
                    <label class="field-label" for=input_id.clone()>"Source archive"</label>
                    <input
                        class="upload-file"
                        type="file"
                        id=input_id.clone()
                        name="archive"
                        node_ref=input
                        accept=".tar,.tgz,.gz,.zst,.tzst,.zstd"
                        aria-describedby=described_by.clone()
                        aria-invalid=move || file_error.read().is_some().then_some("true")
                        disabled=move || is_sending.get()
                        on:change=move |_| take(input.get_untracked().and_then(|input| input.files()))
                    />
                    <p class="field-help" id=help_id.clone()>
                        {move || match file.read().as_ref() {
                            Some(file) => format!("{}, {}", file.name(), format::bytes(file.size() as u64)),
                            None => "Choose a file or drop it here: tar, tar.gz or tar.zst.".to_owned(),
                        }}
                    </p>
                    <p class="field-error" id=error_id.clone()>
                        {move || file_error.get().map(|error| view! { <Icon shape=Shape::Warning /><span>{error}</span> })}
                    </p>
                </div>
                <div class="field-grid">
                    {is_new
                        .then(|| {
                            view! {
                                <TextField
                                    label="Name"
                                    name="name"
                                    value=name_bind
                                    is_code=true
                                    help="Also the folder below ~/pbsweb on the host"
                                    error=first_error(name_error, field_error(server_error, "/name"))
                                    disabled=is_sending
                                />
                            }
                        })}
                    <SelectField
                        label="Host"
                        name="host"
                        value=host_bind
                        choices=host_choices
                        error=field_error(server_error, "/host")
                        disabled=is_sending
                    />
                </div>
                {move || {
                    error
                        .get()
                        .map(|error| view! { <ProblemBox error=error /> })
                }}
                <Show when=move || is_sending.get()>
                    <Progress
                        label=Signal::derive(move || progress.get().map(progress_text).unwrap_or_default())
                        percent=Signal::derive(move || {
                            progress.get().filter(|progress| !progress.is_sent()).map(UploadProgress::percent)
                        })
                    />
                </Show>
                <div class="form-actions">
                    <Button kind=ButtonKind::Primary kind_of_action="submit" busy=is_sending>
                        {move || if is_sending.get() { "Uploading…" } else { "Upload" }}
                    </Button>
                    <Show when=move || is_sending.get()>
                        <Button on_press=move |()| {
                            abort.with_value(|abort| {
                                if let Some(abort) = abort {
                                    abort.abort();
                                }
                            });
                        }>"Cancel upload"</Button>
                    </Show>
                </div>
            </form>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files() {
        for (file, name) in [
            ("heat2d.tar.gz", "heat2d"),
            ("Heat 2D (new).TGZ", "Heat-2D--new-"),
            ("lammps-1.2.tar.zst", "lammps-1.2"),
            (".hidden.tar", "hidden"),
            ("é.tar", ""),
        ] {
            let proposed = propose_name(file);
            assert_eq!(proposed, name);
            assert!(proposed.is_empty() || proposed.parse::<ApplicationName>().is_ok(), "{proposed}");
        }
        assert_eq!(propose_name(&format!("{}.tar", "x".repeat(80))).len(), 64);
    }

    #[test]
    fn unusable_files_are_named_before_they_are_sent() {
        assert_eq!(file_problem("a.tar.gz", 10.0, Some(20)), None);
        assert!(file_problem("a.zip", 10.0, None).unwrap().contains("no archive"));
        assert!(file_problem("a.tar", 0.0, None).unwrap().contains("empty"));
        assert_eq!(
            file_problem("a.tar", 2048.0, Some(1024)).unwrap(),
            "a.tar has 2.0 KiB; this server takes at most 1.0 KiB."
        );
    }
}
