//! Applications: uploaded source trees.

use gloo_net::http::Method;
use pbsweb_shared::api::applications::{Application, CommandsPin, DefaultsQuery, RecentCommands};
use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::LearnedDefaults;
use web_sys::{File, FormData};

use super::query::to_query;
use super::{Answer, ClientError, Done, PageQuery, Reply, Upload, UploadProgress, http};

/// One's own applications.
pub(crate) fn list_applications(query: &PageQuery) -> Reply<Page<Application>> {
    http::get(&format!("/applications{}", to_query(query)))
}

/// Those that others share.
pub(crate) fn list_shared_applications() -> Reply<Page<Application>> {
    http::get("/applications?shared=true")
}

/// One application.
pub(crate) fn get_application(application: ApplicationId) -> Reply<Application> {
    http::get(&format!("/applications/{application}"))
}

/// The commands that were used with it before: pinned ones, then the latest.
pub(crate) fn list_recent_commands(application: ApplicationId) -> Reply<Page<RecentCommands>> {
    http::get(&format!("/applications/{application}/commands"))
}

/// Pins commands to the top of that list, or no longer.
pub(crate) fn pin_commands(application: ApplicationId, pin: &CommandsPin, is_pinned: bool) -> Done {
    let verb = if is_pinned { "pin" } else { "unpin" };
    http::send(Method::POST, &format!("/applications/{application}/commands/{verb}"), pin, None)
}

/// What a new script for it should start with, and why.
pub(crate) fn get_application_defaults(
    application: ApplicationId,
    query: DefaultsQuery,
) -> Reply<LearnedDefaults> {
    http::get(&format!("/applications/{application}/defaults{}", to_query(&query)))
}

/// Begins to upload an archive; `finish` of the answer gives the [`Application`].
pub(crate) fn upload_application(
    name: &str,
    host: HostId,
    archive: &File,
    on_progress: impl FnMut(UploadProgress) + 'static,
) -> Answer<Upload> {
    let refused = |_| ClientError::Browser("the browser could not read the file".to_owned());
    let form = FormData::new().map_err(refused)?;
    // The order matters: the server streams, and what names the place must come before what goes there.
    form.append_with_str("name", name).map_err(refused)?;
    form.append_with_str("host", &host.to_string()).map_err(refused)?;
    form.append_with_blob_and_filename("archive", archive, &archive.name()).map_err(refused)?;
    Upload::start("/applications", &form, on_progress)
}
