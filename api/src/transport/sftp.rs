//! Files on a host, over SFTP: streamed in both directions, with several requests under way at once.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use futures_util::{Stream, StreamExt};
use russh::ChannelMsg;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::protocol::{FileAttributes, FileType, OpenFlags, Status, StatusCode};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Lease;
use super::endpoint::Endpoint;
use super::error::{Step, TransportError};
use super::exchange::open_channel;
use super::identity::Identity;
use super::path::RemotePath;
use super::pool::{Lane, Pool};
use super::settings::TransferLimits;

/// Bytes of one request; every server takes 32 KiB.
const CHUNK: usize = 32 << 10;
/// Requests under way at once: 2 MiB, which fills a link of 40 MB/s over 50 ms.
const WINDOW: usize = 64;
/// Pieces of a download that wait for their reader.
const READ_AHEAD: usize = 8;

/// Why a host refused a file operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SftpFailure {
    /// Nothing has that name.
    #[error("there is no such file or folder")]
    NotFound,
    /// The account may not.
    #[error("permission denied")]
    PermissionDenied,
    /// A folder or something else stands where a file is needed.
    #[error("it is not a regular file")]
    NotAFile,
    /// The file became shorter while it was read.
    #[error("the file became shorter meanwhile")]
    Shrunk,
    /// The host offers no SFTP, or not to this account.
    #[error("the host does not offer file transfer")]
    NotOffered,
    /// All else a server reports, which often is a full disk or quota: SFTP has no code for these.
    #[error("the host reports: {0}")]
    Other(String),
    /// What came back was not SFTP; a start-up file that prints is a known cause.
    #[error("the host does not speak SFTP properly: {0}")]
    Protocol(String),
}

impl SftpFailure {
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Shrunk => true,
            Self::NotFound
            | Self::PermissionDenied
            | Self::NotAFile
            | Self::NotOffered
            | Self::Other(_)
            | Self::Protocol(_) => false,
        }
    }
}

impl From<Status> for SftpFailure {
    fn from(status: Status) -> Self {
        match status.status_code {
            StatusCode::NoSuchFile => Self::NotFound,
            StatusCode::PermissionDenied => Self::PermissionDenied,
            StatusCode::Ok
            | StatusCode::Eof
            | StatusCode::Failure
            | StatusCode::BadMessage
            | StatusCode::NoConnection
            | StatusCode::ConnectionLost
            | StatusCode::OpUnsupported => Self::Other(status.error_message),
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; only in listings, elsewhere its target counts.
    Link,
    /// A device, pipe or socket.
    Other,
}

/// What a host tells about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// What it is.
    pub kind: FileKind,
    /// Its bytes.
    pub size: u64,
    /// Its permission bits, without the kind.
    pub mode: u32,
    /// When it was last changed, in seconds since 1970.
    pub modified: Option<i64>,
}

impl From<&FileAttributes> for FileStat {
    fn from(attributes: &FileAttributes) -> Self {
        Self {
            kind: match attributes.file_type() {
                FileType::File => FileKind::File,
                FileType::Dir => FileKind::Folder,
                FileType::Symlink => FileKind::Link,
                FileType::Other => FileKind::Other,
            },
            size: attributes.size.unwrap_or(0),
            mode: attributes.permissions.unwrap_or(0) & 0o7777,
            modified: attributes.mtime.map(i64::from),
        }
    }
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without the folder.
    pub name: String,
    /// What it stands for; a link is not followed.
    pub stat: FileStat,
}

/// Which part of a file is wanted. What lies beyond the end is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRange {
    /// All of it.
    Whole,
    /// From a byte to the end.
    From(u64),
    /// From a byte, so many bytes.
    Span {
        /// The first byte wanted.
        offset: u64,
        /// The bytes wanted.
        length: u64,
    },
    /// The last so many bytes.
    Last(u64),
}

/// How large a file is, and which part of it is coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSize {
    /// Bytes of the file when it was opened.
    pub total: u64,
    /// The first byte that is coming.
    pub offset: u64,
    /// The bytes that are coming.
    pub length: u64,
}

impl FileRange {
    fn of(self, total: u64) -> FileSize {
        let (offset, length) = match self {
            Self::Whole => (0, total),
            Self::From(offset) => (offset.min(total), total),
            Self::Span { offset, length } => (offset.min(total), length),
            Self::Last(length) => (total.saturating_sub(length), length),
        };
        FileSize { total, offset, length: length.min(total - offset) }
    }
}

/// The bytes of a file as they come. Ends early only with an error.
#[derive(Debug)]
pub struct Download {
    chunks: mpsc::Receiver<Result<Bytes, TransportError>>,
}

impl Stream for Download {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(context)
    }
}

/// An SFTP session on a channel of its own.
pub(super) struct Sftp {
    session: RawSftpSession,
    lease: Lease,
    stall: Duration,
    stop: CancellationToken,
    tasks: TaskTracker,
}

pub(super) fn late(after: Duration, step: Step) -> TransportError {
    TransportError::TimedOut { after, step }
}

impl Sftp {
    pub(super) async fn open(
        pool: &Pool,
        to: &Endpoint,
        identity: &Identity,
        limits: TransferLimits,
    ) -> Result<Self, TransportError> {
        let (mut channel, lease) = open_channel(pool, to, identity, Lane::Prompt).await?;
        let refused = |failure| TransportError::Sftp { action: "open", path: "SFTP".to_owned(), failure };
        let is_open = match channel.request_subsystem(true, "sftp").await {
            Ok(()) => loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => break true,
                    Some(ChannelMsg::Failure | ChannelMsg::Close) | None => break false,
                    Some(_) => {}
                }
            },
            Err(_) => false,
        };
        if !is_open {
            return Err(if lease.is_alive() {
                refused(SftpFailure::NotOffered)
            } else {
                TransportError::Cut { step: Step::Sending }
            });
        }
        let config = Config { request_timeout_secs: limits.stall.as_secs().max(1), ..Config::default() };
        let session = RawSftpSession::new_with_config(channel.into_stream(), config);
        let sftp = Self {
            session,
            lease,
            stall: limits.stall,
            stop: pool.stop().clone(),
            tasks: pool.tasks().clone(),
        };
        match sftp.session.init().await {
            Ok(_) => Ok(sftp),
            Err(error) => Err(refused(SftpFailure::Protocol(error.to_string()))),
        }
    }

    /// Gives an error of the library its place and meaning.
    fn failed(
        &self,
        action: &'static str,
        path: &RemotePath,
        step: Step,
        error: SftpError,
    ) -> TransportError {
        let failure = match error {
            SftpError::Timeout => return late(self.stall, step),
            SftpError::Status(status) => status.into(),
            SftpError::IO(_)
            | SftpError::Limited(_)
            | SftpError::UnexpectedPacket
            | SftpError::UnexpectedBehavior(_)
                if !self.lease.is_alive() =>
            {
                return TransportError::Cut { step };
            }
            SftpError::IO(text) | SftpError::Limited(text) | SftpError::UnexpectedBehavior(text) => {
                SftpFailure::Protocol(text)
            }
            SftpError::UnexpectedPacket => SftpFailure::Protocol("unexpected packet".to_owned()),
        };
        TransportError::Sftp { action, path: path.to_string(), failure }
    }

    pub(super) async fn stat(&self, path: &RemotePath) -> Result<FileStat, TransportError> {
        let answer = self.session.stat(path.as_str()).await;
        let answer = answer.map_err(|error| self.failed("look at", path, Step::Reading, error))?;
        Ok(FileStat::from(&answer.attrs))
    }

    pub(super) async fn read_dir(
        &self,
        path: &RemotePath,
        max_entries: usize,
    ) -> Result<Vec<DirEntry>, TransportError> {
        let failed = |error| self.failed("list", path, Step::Reading, error);
        let folder = self.session.opendir(path.as_str()).await.map_err(failed)?.handle;
        let mut entries = Vec::new();
        loop {
            match self.session.readdir(folder.as_str()).await {
                Ok(names) => {
                    let names =
                        names.files.into_iter().filter(|file| file.filename != "." && file.filename != "..");
                    entries.extend(
                        names.map(|file| DirEntry { stat: FileStat::from(&file.attrs), name: file.filename }),
                    );
                }
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(failed(error)),
            }
            if entries.len() > max_entries {
                return Err(TransportError::TooLarge { path: path.to_string(), limit: max_entries as u64 });
            }
        }
        // The listing is whole; that the host cannot close a folder it read changes nothing.
        let _ = self.session.close(folder).await;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    pub(super) async fn upload<S>(
        &self,
        path: &RemotePath,
        source: S,
        limits: TransferLimits,
    ) -> Result<u64, TransportError>
    where
        S: Stream<Item = std::io::Result<Bytes>>,
    {
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let attributes = FileAttributes { permissions: Some(0o600), ..FileAttributes::empty() };
        let opened = self.session.open(path.as_str(), flags, attributes).await;
        let file = opened.map_err(|error| self.failed("write", path, Step::Writing, error))?.handle;
        let written = self.write_all(&file, path, source, limits).await;
        // Quotas and network file systems may refuse only here.
        let closed = self.session.close(file).await;
        let result = written.and_then(|written| match closed {
            Ok(_) => Ok(written),
            Err(error) => Err(self.failed("write", path, Step::Writing, error)),
        });
        if result.is_err() && self.lease.is_alive() {
            // The error that matters is the first one.
            let _ = self.session.remove(path.as_str()).await;
        }
        result
    }

    async fn write_all<S>(
        &self,
        file: &str,
        path: &RemotePath,
        source: S,
        limits: TransferLimits,
    ) -> Result<u64, TransportError>
    where
        S: Stream<Item = std::io::Result<Bytes>>,
    {
        let mut source = pin!(source);
        let mut writes = FuturesUnordered::new();
        let mut buffer = BytesMut::new();
        let (mut received, mut sent, mut has_all) = (0_u64, 0_u64, false);
        loop {
            while writes.len() < WINDOW && (buffer.len() >= CHUNK || (has_all && !buffer.is_empty())) {
                let chunk = buffer.split_to(buffer.len().min(CHUNK)).to_vec();
                let offset = sent;
                sent += chunk.len() as u64;
                writes.push(self.session.write(file, offset, chunk));
            }
            if has_all && writes.is_empty() {
                return Ok(sent);
            }
            let progress = async {
                tokio::select! {
                    Some(written) = writes.next(), if !writes.is_empty() => {
                        written.map_err(|error| self.failed("write", path, Step::Writing, error))?;
                    }
                    piece = source.next(), if !has_all && buffer.len() < CHUNK => match piece {
                        Some(Ok(bytes)) => {
                            received = received.saturating_add(bytes.len() as u64);
                            if received > limits.max_bytes {
                                let path = path.to_string();
                                return Err(TransportError::TooLarge { path, limit: limits.max_bytes });
                            }
                            buffer.extend_from_slice(&bytes);
                        }
                        Some(Err(error)) => return Err(TransportError::Source(Arc::new(error))),
                        None => has_all = true,
                    },
                }
                Ok(())
            };
            timeout(limits.stall, progress).await.map_err(|_| late(limits.stall, Step::Writing))??;
        }
    }

    pub(super) async fn download(
        self,
        path: &RemotePath,
        range: FileRange,
        limits: TransferLimits,
        deadline: Instant,
    ) -> Result<(FileSize, Download), TransportError> {
        let failed = |error| self.failed("read", path, Step::Reading, error);
        // Opening a pipe would wait for its writer, so look first.
        let stat = FileStat::from(&self.session.stat(path.as_str()).await.map_err(failed)?.attrs);
        if stat.kind != FileKind::File {
            let failure = SftpFailure::NotAFile;
            return Err(TransportError::Sftp { action: "read", path: path.to_string(), failure });
        }
        let opened = self.session.open(path.as_str(), OpenFlags::READ, FileAttributes::empty()).await;
        let file = opened.map_err(failed)?.handle;
        let attributes = self.session.fstat(file.as_str()).await.map_err(failed)?.attrs;
        let size = range.of(attributes.size.unwrap_or(stat.size));
        let (sender, chunks) = mpsc::channel(READ_AHEAD);
        let (path, stop) = (path.clone(), self.stop.clone());
        self.tasks.clone().spawn(async move {
            let work = self.read_all(&file, &path, size, &sender);
            let ended = tokio::select! {
                () = stop.cancelled() => Err(TransportError::Closed),
                ended = timeout_at(deadline, work) => {
                    ended.unwrap_or_else(|_| Err(late(limits.deadline, Step::Reading)))
                }
            };
            if let Err(error) = ended {
                // Nobody may be left to hear it.
                let _ = timeout(limits.stall, sender.send(Err(error))).await;
            }
        });
        Ok((size, Download { chunks }))
    }

    async fn read_all(
        &self,
        file: &str,
        path: &RemotePath,
        size: FileSize,
        sender: &mpsc::Sender<Result<Bytes, TransportError>>,
    ) -> Result<(), TransportError> {
        let end = size.offset + size.length;
        let mut next = size.offset;
        let mut reads = FuturesOrdered::new();
        loop {
            while reads.len() < WINDOW && next < end {
                let length = (end - next).min(CHUNK as u64);
                reads.push_back(self.read_chunk(file, next, length));
                next += length;
            }
            let Some(chunk) = reads.next().await else { return Ok(()) };
            let chunk = chunk.map_err(|error| match error {
                Some(error) => self.failed("read", path, Step::Reading, error),
                None => TransportError::Sftp {
                    action: "read",
                    path: path.to_string(),
                    failure: SftpFailure::Shrunk,
                },
            })?;
            match timeout(self.stall, sender.send(Ok(chunk))).await {
                Ok(Ok(())) => {}
                // The reader is gone.
                Ok(Err(_)) => return Ok(()),
                Err(_) => return Err(late(self.stall, Step::Reading)),
            }
        }
    }

    /// Reads exactly so many bytes: a server may answer with fewer than asked for. `None` is the file's end.
    async fn read_chunk(&self, file: &str, offset: u64, length: u64) -> Result<Bytes, Option<SftpError>> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            let have = bytes.len() as u64;
            let wanted = u32::try_from(length - have).unwrap_or(u32::MAX);
            match self.session.read(file, offset + have, wanted).await {
                Ok(answer) if answer.data.is_empty() => return Err(None),
                Ok(answer) if bytes.is_empty() => bytes = answer.data,
                Ok(answer) => bytes.extend_from_slice(&answer.data),
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => return Err(None),
                Err(error) => return Err(Some(error)),
            }
        }
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_inside_the_file() {
        let check = |range: FileRange, offset, length| {
            assert_eq!(range.of(100), FileSize { total: 100, offset, length }, "{range:?}");
        };
        check(FileRange::Whole, 0, 100);
        check(FileRange::From(30), 30, 70);
        check(FileRange::From(100), 100, 0);
        check(FileRange::From(u64::MAX), 100, 0);
        check(FileRange::Span { offset: 10, length: 5 }, 10, 5);
        check(FileRange::Span { offset: 90, length: u64::MAX }, 90, 10);
        check(FileRange::Last(10), 90, 10);
        check(FileRange::Last(1000), 0, 100);
    }
}
