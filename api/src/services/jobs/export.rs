//! The list of jobs as a file: read page by page while it is sent, so that a million jobs need no memory.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use pbsweb_shared::api::jobs::{ExportFormat, Job, JobsQuery};
use pbsweb_shared::page::Page;

use super::{JobError, list_jobs};
use crate::app::App;
use crate::services::actor::Actor;

const ROWS_AT_ONCE: u32 = 200;

/// What stands in a column of a job's line.
type Value = fn(&Job) -> Option<String>;

/// The columns, and what stands in them.
const COLUMNS: &[(&str, Value)] = &[
    ("id", |job| Some(job.id.to_string())),
    ("name", |job| Some(job.name.clone())),
    ("host", |job| Some(job.host_name.clone())),
    ("application", |job| job.application_name.clone()),
    ("pbs_id", |job| job.pbs_id.as_ref().map(ToString::to_string)),
    ("queue", |job| job.queue.clone()),
    ("state", |job| Some(job.state.to_string())),
    ("exit_status", |job| job.exit_status.map(|status| status.to_string())),
    ("reason", |job| job.reason.clone()),
    ("submitted_at", |job| Some(job.submitted_at.to_rfc3339())),
    ("started_at", |job| job.started_at.map(|at| at.to_rfc3339())),
    ("ended_at", |job| job.ended_at.map(|at| at.to_rfc3339())),
    ("walltime_seconds", |job| job.walltime_seconds.map(|n| n.to_string())),
    ("used_walltime_seconds", |job| job.used_walltime_seconds.map(|n| n.to_string())),
    ("used_memory_bytes", |job| job.used_memory_bytes.map(|n| n.to_string())),
];

/// A cell as RFC 4180 has it. Text that a spreadsheet would run as a formula is made plain text; a number stays one.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<i64>().is_err();
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// The text of a page; `n_before` jobs came before it, none of them when it is the first page. Any page may be without jobs.
fn write(page: &Page<Job>, format: ExportFormat, n_before: Option<usize>) -> io::Result<Bytes> {
    let mut text = String::new();
    match format {
        ExportFormat::Csv => {
            if n_before.is_none() {
                text.push_str(&line(COLUMNS.iter().map(|(name, _)| (*name).to_owned())));
            }
            for job in &page.items {
                text.push_str(&line(COLUMNS.iter().map(|(_, value)| cell(&value(job).unwrap_or_default()))));
            }
        }
        ExportFormat::Json => {
            if n_before.is_none() {
                text.push('[');
            }
            for (place, job) in page.items.iter().enumerate() {
                if place + n_before.unwrap_or(0) > 0 {
                    text.push_str(",\n");
                }
                text.push_str(&serde_json::to_string(job)?);
            }
            if page.next_page_token.is_none() {
                text.push_str("]\n");
            }
        }
    }
    Ok(Bytes::from(text))
}

/// All of the caller's jobs that the filters let through.
///
/// # Errors
/// A filter that cannot be.
pub async fn export_jobs(
    app: &Arc<App>,
    actor: &Actor,
    query: JobsQuery,
    format: ExportFormat,
) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>, JobError> {
    // The first page is read before the answer begins: what is wrong with the filters is told properly.
    let query = JobsQuery { limit: Some(ROWS_AT_ONCE), page_token: None, ..query };
    let first = list_jobs(app, actor, query.clone()).await?;
    let start = (Arc::clone(app), actor.clone(), query);
    let pages = stream::try_unfold((start, Some(first), None), move |(at, page, n_before)| async move {
        let Some(page) = page else { return Ok(None) };
        let bytes = write(&page, format, n_before)?;
        let n_written = n_before.unwrap_or(0) + page.items.len();
        let (app, actor, query) = at;
        let next = match page.next_page_token {
            Some(token) => {
                let query = JobsQuery { page_token: Some(token), ..query.clone() };
                Some(list_jobs(&app, &actor, query).await.map_err(io::Error::other)?)
            }
            None => None,
        };
        Ok(Some((bytes, ((app, actor, query), next, Some(n_written)))))
    });
    Ok(pages.boxed_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_without_jobs_leave_no_trace_in_an_export() {
        let page =
            |token: Option<&str>| Page { items: Vec::new(), next_page_token: token.map(str::to_owned) };
        let text = |page, n_before| write(&page, ExportFormat::Json, n_before).unwrap();
        assert_eq!(text(page(None), None), "[]\n");
        assert_eq!(text(page(Some("next")), None), "[");
        assert_eq!(text(page(Some("next")), Some(0)), "");
        assert_eq!(text(page(None), Some(3)), "]\n");
        assert_eq!(write(&page(Some("next")), ExportFormat::Csv, Some(0)).unwrap(), "");
    }

    #[test]
    fn a_cell_keeps_its_text_and_is_no_formula() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\nnow", "\"say \"\"hi\"\"\nnow\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("-rm", "'-rm"),
            ("-11", "-11"),
        ] {
            assert_eq!(cell(text), wanted);
        }
    }
}
