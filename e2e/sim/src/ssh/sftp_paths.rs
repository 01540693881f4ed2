//! Paths and attributes of SFTP: relative paths begin at the home folder, errors have SFTP's codes.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use russh_sftp::protocol::{FileAttributes, StatusCode};

/// A path of the client.
pub(super) fn resolve(home: &Path, path: &str) -> PathBuf {
    if path.is_empty() { home.to_owned() } else { home.join(path) }
}

/// The path without links, dots and doubled slashes; what does not exist is kept as it is written.
pub(super) fn real(home: &Path, path: &str) -> PathBuf {
    let path = resolve(home, path);
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other @ (Component::Prefix(_) | Component::RootDir | Component::Normal(_)) => clean.push(other),
        }
    }
    clean
}

pub(super) fn status_of(error: &io::Error) -> StatusCode {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
        StatusCode::NoSuchFile
    } else if kind == io::ErrorKind::PermissionDenied {
        StatusCode::PermissionDenied
    } else if kind == io::ErrorKind::UnexpectedEof {
        StatusCode::Eof
    } else {
        StatusCode::Failure
    }
}

pub(super) fn attributes(metadata: &std::fs::Metadata) -> FileAttributes {
    FileAttributes {
        size: Some(metadata.size()),
        uid: Some(metadata.uid()),
        gid: Some(metadata.gid()),
        permissions: Some(metadata.mode()),
        atime: u32::try_from(metadata.atime()).ok(),
        mtime: u32::try_from(metadata.mtime()).ok(),
        ..FileAttributes::empty()
    }
}

/// Sets what is given: size, mode, times. Owners stay, as for any user who is not root.
pub(super) fn set(path: &Path, wanted: &FileAttributes) -> io::Result<()> {
    if let Some(size) = wanted.size {
        std::fs::OpenOptions::new().write(true).open(path)?.set_len(size)?;
    }
    if let Some(mode) = wanted.permissions {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o7777))?;
    }
    if let (Some(accessed), Some(modified)) = (wanted.atime, wanted.mtime) {
        let time = |seconds: u32| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(seconds));
        let times = std::fs::FileTimes::new().set_accessed(time(accessed)).set_modified(time(modified));
        std::fs::File::open(path)?.set_times(times)?;
    }
    Ok(())
}

/// `std::fs::rename` replaces; the SFTP of sshd does not.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}
