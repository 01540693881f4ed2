//! What a host tells of files, and why it refuses something about them.

use russh_sftp::protocol::{FileAttributes, FileType, Status, StatusCode};

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
    pub(in crate::transport) fn is_retryable(&self) -> bool {
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
    pub(super) fn of(self, total: u64) -> FileSize {
        let (offset, length) = match self {
            Self::Whole => (0, total),
            Self::From(offset) => (offset.min(total), total),
            Self::Span { offset, length } => (offset.min(total), length),
            Self::Last(length) => (total.saturating_sub(length), length),
        };
        FileSize { total, offset, length: length.min(total - offset) }
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
