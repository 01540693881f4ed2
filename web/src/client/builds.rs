//! Builds and their output.

use gloo_net::http::Method;
use pbsweb_shared::api::builds::{Build, BuildCreate};
use pbsweb_shared::ids::{ApplicationId, BuildId};
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, IdempotencyKey, PageQuery, TextStream, http};

/// The builds of an application, newest first.
pub(crate) async fn list_builds(application: ApplicationId, query: &PageQuery) -> Answer<Page<Build>> {
    http::get(&format!("/applications/{application}/builds{}", to_query(query))).await
}

/// Starts a build.
pub(crate) async fn create_build(
    application: ApplicationId,
    build: &BuildCreate,
    key: &IdempotencyKey,
) -> Answer<Build> {
    http::send(Method::POST, &format!("/applications/{application}/builds"), build, Some(key)).await
}

/// One build.
pub(crate) async fn get_build(build: BuildId) -> Answer<Build> {
    http::get(&format!("/builds/{build}")).await
}

/// Asks the host to end a build.
pub(crate) async fn cancel_build(build: BuildId) -> Answer<Build> {
    http::act(&format!("/builds/{build}/cancel")).await
}

/// The output from a byte on; with `follow` it goes on until the build has ended.
pub(crate) async fn open_build_output(build: BuildId, offset: u64, follow: bool) -> Answer<TextStream> {
    TextStream::open(&format!("/builds/{build}/output?offset={offset}&follow={follow}")).await
}
