//! Jobs: submit, list, read.

use gloo_net::http::Method;
use pbsweb_shared::api::jobs::{
    ExportFormat, Job, JobEvent, JobFile, JobScriptText, JobSubmit, JobWaitQuery, JobsQuery, OutputFound,
    OutputSearchQuery, OutputStream, SinceItWorked, Subjob, SubjobsQuery, SubmitQuery,
};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Answer, IdempotencyKey, Reply, TextStream, http};

/// Submits a job. The same key makes the same job, once.
pub(crate) fn submit_job(job: &JobSubmit, query: SubmitQuery, key: &IdempotencyKey) -> Reply<Job> {
    http::send(Method::POST, &format!("/jobs{}", to_query(&query)), job, Some(key))
}

/// One's own jobs, newest first. A page without any, with more to come, is passed over.
pub(crate) async fn list_jobs(query: &JobsQuery) -> Answer<Page<Job>> {
    let mut query = query.clone();
    loop {
        let page: Page<Job> = http::get(&format!("/jobs{}", to_query(&query))).await?;
        if !page.items.is_empty() || page.next_page_token.is_none() {
            return Ok(page);
        }
        query.page_token = page.next_page_token;
    }
}

/// Where the whole list is saved from, as a file.
pub(crate) fn export_address(query: &JobsQuery, format: ExportFormat) -> String {
    format!("{}/jobs/export/{format}{}", http::BASE, to_query(query))
}

/// One job; `query` may wait for a change.
pub(crate) fn get_job(job: JobId, query: &JobWaitQuery) -> Reply<Job> {
    http::get(&format!("/jobs/{job}{}", to_query(query)))
}

/// The script as it was submitted.
pub(crate) fn get_job_script(job: JobId) -> Reply<JobScriptText> {
    http::get(&format!("/jobs/{job}/script"))
}

/// What is different from the last time it worked.
pub(crate) fn get_since_it_worked(job: JobId) -> Reply<SinceItWorked> {
    http::get(&format!("/jobs/{job}/since-it-worked"))
}

/// What became known of a job, step by step.
pub(crate) fn list_job_events(job: JobId) -> Reply<Page<JobEvent>> {
    http::get(&format!("/jobs/{job}/events"))
}

/// The jobs of an array, by index.
pub(crate) fn list_subjobs(job: JobId, query: &SubjobsQuery) -> Reply<Page<Subjob>> {
    http::get(&format!("/jobs/{job}/subjobs{}", to_query(query)))
}

/// The files in the job's own folder.
pub(crate) fn list_job_files(job: JobId) -> Reply<Page<JobFile>> {
    http::get(&format!("/jobs/{job}/files"))
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

/// Where a text is in the whole of an output.
pub(crate) fn search_job_output(
    job: JobId,
    stream: OutputStream,
    query: &OutputSearchQuery,
) -> Reply<OutputFound> {
    http::get(&format!("{}/search{}", output_path(job, stream), to_query(query)))
}

fn output_path(job: JobId, stream: OutputStream) -> String {
    let stream = match stream {
        OutputStream::Stdout => "stdout",
        OutputStream::Stderr => "stderr",
    };
    format!("/jobs/{job}/output/{stream}")
}
