//! Applications: uploaded source trees.

use pbsweb_shared::api::applications::{Application, RecentCommands};
use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::page::Page;
use web_sys::{File, FormData};

use super::query::to_query;
use super::{Answer, ClientError, PageQuery, Upload, UploadProgress, http};

/// One's own applications.
pub(crate) async fn list_applications(query: &PageQuery) -> Answer<Page<Application>> {
    http::get(&format!("/applications{}", to_query(query))).await
}

/// One application.
pub(crate) async fn get_application(application: ApplicationId) -> Answer<Application> {
    http::get(&format!("/applications/{application}")).await
}

/// The commands that were used with it before, latest first.
pub(crate) async fn list_recent_commands(application: ApplicationId) -> Answer<Page<RecentCommands>> {
    http::get(&format!("/applications/{application}/commands")).await
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
