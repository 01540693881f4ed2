//! Jobs: submit, list, read.

use gloo_net::http::Method;
use pbsweb_shared::api::jobs::{
    Job, JobEvent, JobFile, JobScriptText, JobSubmit, JobWaitQuery, JobsQuery, OutputStream, SubmitQuery,
};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, IdempotencyKey, TextStream, http};

/// Submits a job. The same key makes the same job, once.
pub(crate) async fn submit_job(job: &JobSubmit, query: SubmitQuery, key: &IdempotencyKey) -> Answer<Job> {
    http::send(Method::POST, &format!("/jobs{}", to_query(&query)), job, Some(key)).await
}

/// One's own jobs, newest first.
pub(crate) async fn list_jobs(query: &JobsQuery) -> Answer<Page<Job>> {
    http::get(&format!("/jobs{}", to_query(query))).await
}

/// One job; `query` may wait for a change.
pub(crate) async fn get_job(job: JobId, query: &JobWaitQuery) -> Answer<Job> {
    http::get(&format!("/jobs/{job}{}", to_query(query))).await
}

/// The script as it was submitted.
pub(crate) async fn get_job_script(job: JobId) -> Answer<JobScriptText> {
    http::get(&format!("/jobs/{job}/script")).await
}

/// What became known of a job, step by step.
pub(crate) async fn list_job_events(job: JobId) -> Answer<Page<JobEvent>> {
    http::get(&format!("/jobs/{job}/events")).await
}

/// The files in the job's own folder.
pub(crate) async fn list_job_files(job: JobId) -> Answer<Page<JobFile>> {
    http::get(&format!("/jobs/{job}/files")).await
}

/// Where a stream of a job can be read or saved from.
pub(crate) fn job_output_address(job: JobId, stream: OutputStream) -> String {
    format!("{}{}", http::BASE, output_path(job, stream))
}

/// Output from a byte on: at most `limit` bytes, or with `follow` until the job has ended.
pub(crate) async fn open_job_output(
    job: JobId,
    stream: OutputStream,
    offset: u64,
    limit: Option<u64>,
    follow: bool,
) -> Answer<TextStream> {
    let limit = limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
    TextStream::open(&format!("{}?offset={offset}{limit}&follow={follow}", output_path(job, stream))).await
}

fn output_path(job: JobId, stream: OutputStream) -> String {
    let stream = match stream {
        OutputStream::Stdout => "stdout",
        OutputStream::Stderr => "stderr",
    };
    format!("/jobs/{job}/output/{stream}")
}
