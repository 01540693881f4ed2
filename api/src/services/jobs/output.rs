//! What a job wrote: read from the host when somebody asks, followed while it grows, never stored here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use futures_util::{Stream, StreamExt as _, stream};
use pbsweb_shared::api::jobs::{Job, JobFile, OutputStream};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;

use super::{JobError, get_job};
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::reach::{Reach, ReachError, Trust};
use crate::store::submissions::{Frozen, find_submission};
use crate::transport::{FileKind, FileRange, RemotePath, SftpFailure, TransferLimits, TransportError};

const LIMITS: TransferLimits = TransferLimits {
    deadline: Duration::from_secs(3600),
    stall: Duration::from_secs(60),
    max_bytes: u64::MAX,
};

/// How often a growing file is looked at.
const FOLLOW_PERIOD: Duration = Duration::from_secs(1);

/// Most files of a job that are listed.
const MOST_FILES: usize = 10_000;

/// Which part of which output.
#[derive(Debug, Clone, Copy)]
pub struct OutputRequest {
    /// Standard output or error.
    pub stream: OutputStream,
    /// For an array: the subjob's index.
    pub index: Option<u32>,
    /// From this byte on.
    pub offset: u64,
    /// At most so many bytes.
    pub limit: Option<u64>,
    /// Go on until the job has ended.
    pub is_followed: bool,
}

/// How the output stands, and its bytes as they come.
pub struct OutputStart {
    /// Bytes in the file when it was opened; absent while it is awaited.
    pub total_bytes: Option<u64>,
    /// The bytes. Ends early with an error when the host goes away.
    pub bytes: std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>>>>,
}

struct Source {
    app: Arc<App>,
    actor: Actor,
    job: JobId,
    reach: Reach,
    path: RemotePath,
}

/// Opens what a job of the caller wrote.
///
/// # Errors
/// There is no such output yet, or any more, and why; the host cannot be reached.
pub async fn open_job_output(
    app: &Arc<App>,
    actor: &Actor,
    id: JobId,
    request: OutputRequest,
) -> Result<OutputStart, JobError> {
    let job = get_job(app, actor, id).await?;
    let submission = app.store.query(move |connection| find_submission(connection, id)).await?;
    let submission = submission.ok_or(JobError::NotFound)?;
    let path = output_path(&submission.frozen, request)?;
    match job.state {
        JobState::Rejected => {
            return Err(JobError::NoOutput("the job never ran: the scheduler refused it".to_owned()));
        }
        JobState::Submitting => {
            return Err(JobError::NoOutput("the scheduler has not confirmed the job yet".to_owned()));
        }
        JobState::Queued
        | JobState::Held
        | JobState::Waiting
        | JobState::Running
        | JobState::Suspended
        | JobState::Exiting
        | JobState::Completed
        | JobState::Failed
        | JobState::Deleted
        | JobState::Expired
        | JobState::Lost => {}
    }
    let reach = Reach::find(app, actor.user, job.host, Trust::Checked).await?;
    let reach = reach.as_submitted(&submission.login, &submission.frozen.job_folder);
    let source = Source { app: Arc::clone(app), actor: actor.clone(), job: id, reach, path };
    let range = match request.limit {
        Some(length) => FileRange::Span { offset: request.offset, length },
        None => FileRange::From(request.offset),
    };
    match source.open(range).await {
        Ok((total, bytes)) => {
            let first = bytes.boxed_local();
            let bytes = if request.is_followed && request.limit.is_none() {
                follow(source, request.offset, Some(first))
            } else {
                first
            };
            Ok(OutputStart { total_bytes: Some(total), bytes })
        }
        Err(error) if is_missing(&error) && request.is_followed && !job.state.has_ended() => {
            Ok(OutputStart { total_bytes: None, bytes: follow(source, request.offset, None) })
        }
        Err(error) if is_missing(&error) => Err(JobError::NoOutput(why_missing(&job, &source))),
        Err(error) => Err(source.reach.failed(error).into()),
    }
}

impl Source {
    async fn open(
        &self,
        range: FileRange,
    ) -> Result<(u64, impl Stream<Item = Result<Bytes, TransportError>> + use<>), TransportError> {
        let transport = &self.app.transport;
        let (size, download) =
            transport.download(&self.reach.endpoint, &self.reach.identity, &self.path, range, LIMITS).await?;
        Ok((size.total, download))
    }
}

const fn is_missing(error: &TransportError) -> bool {
    matches!(error, TransportError::Sftp { failure: SftpFailure::NotFound, .. })
}

fn why_missing(job: &Job, source: &Source) -> String {
    let path = &source.path;
    match job.state {
        JobState::Running | JobState::Suspended if !source.reach.host.keeps_output_in_place => {
            format!(
                "this host keeps the output of a running job on its node; {path} appears when the job ends"
            )
        }
        JobState::Running | JobState::Suspended | JobState::Exiting => format!("{path} is not there yet"),
        JobState::Queued | JobState::Held | JobState::Waiting => "the job has not started yet".to_owned(),
        JobState::Deleted if job.started_at.is_none() => "the job was deleted before it started".to_owned(),
        JobState::Completed
        | JobState::Failed
        | JobState::Deleted
        | JobState::Expired
        | JobState::Lost
        | JobState::Submitting
        | JobState::Rejected => {
            format!(
                "{path} is not on the host: it was moved or deleted, or the scheduler could not deliver it"
            )
        }
    }
}

fn output_path(frozen: &Frozen, request: OutputRequest) -> Result<RemotePath, JobError> {
    let template = match request.stream {
        OutputStream::Stdout => &frozen.stdout_path,
        OutputStream::Stderr => &frozen.stderr_path,
    };
    if template.is_empty() {
        return Err(JobError::NoOutput("standard error is joined to standard output".to_owned()));
    }
    let path = match (template.contains(ARRAY_INDEX), request.index) {
        (true, Some(index)) => template.replace(ARRAY_INDEX, &index.to_string()),
        (true, None) => {
            return Err(JobError::NoOutput(
                "this is an array: add `index` to say which subjob's output".to_owned(),
            ));
        }
        (false, _) => template.clone(),
    };
    // A script may name the host too, `host:/path`; what is not on the login node's file system is not found there.
    let local = path.split_once(":/").map_or_else(|| path.clone(), |(_, below)| format!("/{below}"));
    local.parse().map_err(|_| JobError::NoOutput(format!("{path:?} cannot be read from here")))
}

/// What PBS puts a subjob's index for in a path (`qsub(1B)`).
const ARRAY_INDEX: &str = "^array_index^";

type ByteStream = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>>>>;

/// Goes on reading what is added to a file until its job has ended, and then once more.
fn follow(source: Source, offset: u64, first: Option<ByteStream>) -> ByteStream {
    struct Following {
        source: Source,
        offset: u64,
        current: Option<ByteStream>,
        is_last: bool,
    }
    let start = Following { source, offset, current: first, is_last: false };
    stream::unfold(start, |mut at| async move {
        loop {
            if let Some(current) = &mut at.current {
                match current.next().await {
                    Some(Ok(bytes)) => {
                        at.offset += bytes.len() as u64;
                        return Some((Ok(bytes), at));
                    }
                    Some(Err(error)) => {
                        at.current = None;
                        at.is_last = true;
                        return Some((Err(error), at));
                    }
                    None => at.current = None,
                }
            }
            if at.is_last || at.source.app.stopping.is_cancelled() {
                return None;
            }
            tokio::time::sleep(FOLLOW_PERIOD).await;
            // The state is read before the file: what was written before the end is then in the file.
            at.is_last = match get_job(&at.source.app, &at.source.actor, at.source.job).await {
                Ok(job) => job.state.has_ended(),
                // An end of the body would say that the job has ended.
                Err(JobError::Store(_)) => false,
                Err(_) => true,
            };
            match at.source.open(FileRange::From(at.offset)).await {
                Ok((_, bytes)) => at.current = Some(bytes.boxed_local()),
                Err(error) if is_missing(&error) => {}
                Err(error) => {
                    at.is_last = true;
                    return Some((Err(error), at));
                }
            }
        }
    })
    .boxed_local()
}

/// The files in a job's own folder on the host.
///
/// # Errors
/// The host cannot be reached.
pub async fn list_job_files(app: &App, actor: &Actor, id: JobId) -> Result<Vec<JobFile>, JobError> {
    let job = get_job(app, actor, id).await?;
    let submission = app.store.query(move |connection| find_submission(connection, id)).await?;
    let submission = submission.ok_or(JobError::NotFound)?;
    let frozen = &submission.frozen;
    let reach = Reach::find(app, actor.user, job.host, Trust::Checked).await?;
    let reach = reach.as_submitted(&submission.login, &frozen.job_folder);
    let folder: RemotePath = frozen
        .job_folder
        .parse()
        .map_err(|_| JobError::NoOutput("the job's folder cannot be read".to_owned()))?;
    let entries = app.transport.read_dir(&reach.endpoint, &reach.identity, &folder, MOST_FILES, LIMITS).await;
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => Vec::new(),
        Err(error) => {
            return Err(ReachError::Transport { host: reach.host.name.to_string(), source: error }.into());
        }
    };
    Ok(entries
        .into_iter()
        .filter(|entry| entry.stat.kind == FileKind::File)
        .map(|entry| JobFile {
            path: format!("{}/{}", frozen.job_folder, entry.name),
            n_bytes: entry.stat.size,
            modified_at: entry.stat.modified.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
        .collect())
}
