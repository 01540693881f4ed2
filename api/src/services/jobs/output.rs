//! What a job wrote: read from the host when somebody asks, followed while it grows, never stored here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use futures_util::{Stream, StreamExt as _};
use pbsweb_shared::api::jobs::{Job, JobFile, OutputStream};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::script::parse_with;

use super::tail::{Start, follow};
use super::{JobError, get_job};
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::reach::{Reach, ReachError, Trust};
use crate::store::submissions::{Frozen, find_submission};
use crate::transport::{
    Download, FileKind, FileRange, FileSize, RemotePath, SftpFailure, TransferLimits, TransportError,
};

const LIMITS: TransferLimits = TransferLimits {
    deadline: Duration::from_secs(3600),
    stall: Duration::from_secs(60),
    max_bytes: u64::MAX,
};

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
    /// Bytes in the file when it was last looked at; absent while it is awaited.
    pub total_bytes: Option<u64>,
    /// The bytes. Ends early with an error when the host goes away, or the file becomes another one.
    pub bytes: ByteStream,
}

/// Why output ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The host.
    #[error("the host could not be read from")]
    Transport(#[from] TransportError),
    /// The host, as its one reader found.
    #[error("the host could not be read from")]
    Shared(#[source] Arc<TransportError>),
    /// The job began on a host that shows no output before the end.
    #[error("this host keeps the output of a running job on its node")]
    Spooled,
    /// It is not the file that it was.
    #[error("the file was cut short, replaced or taken away while it was followed")]
    Replaced,
}

/// Bytes as they come.
pub(super) type ByteStream = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, OutputError>>>>;

/// Where an output is, and as whom it is read.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) app: Arc<App>,
    pub(super) actor: Actor,
    pub(super) job: JobId,
    pub(super) reach: Reach,
    pub(super) path: RemotePath,
    /// The scheduler keeps it on the job's node until the job ends.
    pub(super) is_spooled: bool,
    /// What the scheduler calls it there, and leaves behind what it cannot deliver.
    name_on_node: Option<String>,
}

/// Finds where a job of the caller writes.
///
/// # Errors
/// There is no such output yet, or any more, and why; the host cannot be reached.
pub(super) async fn locate(
    app: &Arc<App>,
    actor: &Actor,
    id: JobId,
    stream: OutputStream,
    index: Option<u32>,
) -> Result<(Job, Source), JobError> {
    let job = get_job(app, actor, id).await?;
    let submission = app.store.query(move |connection| find_submission(connection, id)).await?;
    let submission = submission.ok_or(JobError::NotFound)?;
    let path = output_path(&submission.frozen, stream, index)?;
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
    let is_spooled = is_spooled(&submission.frozen);
    let name_on_node = name_on_node(&job, stream, index);
    let (app, actor) = (Arc::clone(app), actor.clone());
    Ok((job, Source { app, actor, job: id, reach, path, is_spooled, name_on_node }))
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
    let (job, source) = locate(app, actor, id, request.stream, request.index).await?;
    let range = match request.limit {
        Some(length) => FileRange::Span { offset: request.offset, length },
        None => FileRange::From(request.offset),
    };
    if request.is_followed && request.limit.is_none() {
        // Nothing comes before the end: who waits is told so, and the host is not asked.
        if source.is_spooled && matches!(job.state, JobState::Running | JobState::Suspended) {
            return Err(JobError::NoOutput(why_missing(&job, &source)));
        }
        let (start, bytes) = follow(source.clone(), request.offset).await;
        let total_bytes = match start {
            Start::Found(total) => Some(total),
            Start::Awaited => None,
            // The host says why.
            Start::Nothing => match source.size().await {
                Ok(total) => Some(total),
                Err(error) if is_missing(&error) && !job.state.has_ended() => None,
                Err(error) if is_missing(&error) => {
                    return Err(JobError::NoOutput(why_missing(&job, &source)));
                }
                Err(error) => return Err(source.reach.failed(error).into()),
            },
        };
        return Ok(OutputStart { total_bytes, bytes });
    }
    match source.open(range).await {
        Ok((size, bytes)) => {
            let bytes = bytes.map(|piece| piece.map_err(OutputError::from)).boxed_local();
            Ok(OutputStart { total_bytes: Some(size.total), bytes })
        }
        Err(error) if is_missing(&error) => Err(JobError::NoOutput(why_missing(&job, &source))),
        Err(error) => Err(source.reach.failed(error).into()),
    }
}

impl Source {
    pub(super) async fn open(&self, range: FileRange) -> Result<(FileSize, Download), TransportError> {
        let transport = &self.app.transport;
        transport.download(&self.reach.endpoint, &self.reach.identity, &self.path, range, LIMITS).await
    }

    async fn size(&self) -> Result<u64, TransportError> {
        let transport = &self.app.transport;
        let stat = transport.stat(&self.reach.endpoint, &self.reach.identity, &self.path, LIMITS).await?;
        Ok(stat.size)
    }
}

pub(super) const fn is_missing(error: &TransportError) -> bool {
    matches!(error, TransportError::Sftp { failure: SftpFailure::NotFound, .. })
}

pub(super) fn why_missing(job: &Job, source: &Source) -> String {
    let path = &source.path;
    match job.state {
        JobState::Running | JobState::Suspended if source.is_spooled => {
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
            let nodes = job.exec_host.as_deref().map(|nodes| format!(" ({nodes})")).unwrap_or_default();
            let left = source.name_on_node.as_deref().map(|name| {
                format!(
                    "; what it cannot deliver it leaves on the job's first node{nodes}, usually as \
                     /var/spool/pbs/undelivered/{name} or /var/spool/pbs/spool/{name}"
                )
            });
            format!(
                "{path} is not on the host: it was moved or deleted, or the scheduler could not deliver it{}",
                left.unwrap_or_default()
            )
        }
    }
}

/// Neither PBSWeb nor the script asked for output that is written in place (`-k` with `d`).
fn is_spooled(frozen: &Frozen) -> bool {
    let argument = |option: &str| {
        let place = frozen.arguments.iter().position(|argument| argument == option)?;
        frozen.arguments.get(place.saturating_add(1)).cloned()
    };
    let keep = argument("-k").unwrap_or_else(|| {
        let prefix = argument("-C").unwrap_or_default();
        parse_with(frozen.text.as_bytes(), &prefix).draft.keep_files
    });
    !keep.contains('d')
}

fn name_on_node(job: &Job, stream: OutputStream, index: Option<u32>) -> Option<String> {
    let id = job.pbs_id.as_ref()?.without_server();
    let id = index.map_or_else(|| id.to_owned(), |index| id.replace("[]", &format!("[{index}]")));
    let ending = match stream {
        OutputStream::Stdout => "OU",
        OutputStream::Stderr => "ER",
    };
    Some(format!("{id}.{ending}"))
}

fn output_path(frozen: &Frozen, stream: OutputStream, index: Option<u32>) -> Result<RemotePath, JobError> {
    let template = match stream {
        OutputStream::Stdout => &frozen.stdout_path,
        OutputStream::Stderr => &frozen.stderr_path,
    };
    if template.is_empty() {
        return Err(JobError::NoOutput("standard error is joined to standard output".to_owned()));
    }
    let path = match (template.contains(ARRAY_INDEX), index) {
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
