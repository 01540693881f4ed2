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

/// One of the two streams of a job, or of one job of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutputOf {
    /// The job.
    pub(crate) job: JobId,
    /// Which of the two.
    pub(crate) stream: OutputStream,
    /// For an array: the subjob's index.
    pub(crate) index: Option<u32>,
}

impl OutputOf {
    fn path(self) -> String {
        let stream = match self.stream {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        };
        format!("/jobs/{}/output/{stream}", self.job)
    }
}

/// Where an output can be read or saved from.
pub(crate) fn job_output_address(of: OutputOf) -> String {
    let index = of.index.map(|index| format!("?index={index}")).unwrap_or_default();
    format!("{}{}{index}", http::BASE, of.path())
}

/// Output from a byte on; with `follow` until the job has ended.
pub(crate) async fn open_job_output(of: OutputOf, offset: u64, follow: bool) -> Answer<TextStream> {
    let index = of.index.map(|index| format!("&index={index}")).unwrap_or_default();
    TextStream::open(&format!("{}?offset={offset}&follow={follow}{index}", of.path())).await
}

/// Whether there is anything in an output.
pub(crate) async fn has_output(of: OutputOf) -> bool {
    let opened = open_job_output(of, 0, false).await;
    opened.is_ok_and(|stream| stream.n_total_bytes().is_some_and(|n_bytes| n_bytes > 0))
}

/// Where a text is in the whole of an output.
pub(crate) fn search_job_output(of: OutputOf, query: OutputSearchQuery) -> Reply<OutputFound> {
    let query = OutputSearchQuery { index: of.index, ..query };
    http::get(&format!("{}/search{}", of.path(), to_query(&query)))
}
