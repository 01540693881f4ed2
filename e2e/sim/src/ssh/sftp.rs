//! SFTP as sshd's subsystem offers it, version 3 with `posix-rename`, `fsync` and `hardlink`.
//!
//! File access blocks the connection's task; the files of a test are small and local.

use std::collections::HashMap;
use std::fs::{DirBuilder, File as OsFile, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use russh_sftp::protocol::{
    Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version,
};
use russh_sftp::server::Handler;

use super::session::SessionSlot;
use super::sftp_paths::{attributes, real, rename_new, resolve, set, status_of};

/// At most so much in one answer.
const MAX_READ: u32 = 256 * 1024;
/// So many names in one answer.
const NAMES: usize = 100;

enum Open {
    File { file: OsFile, path: PathBuf, append: bool },
    Folder(Vec<File>),
}

/// The SFTP service of one channel.
pub(super) struct Sftp {
    home: PathBuf,
    open: HashMap<String, Open>,
    next: u64,
    _slot: SessionSlot,
}

impl Sftp {
    pub(super) fn new(home: PathBuf, slot: SessionSlot) -> Self {
        Self { home, open: HashMap::new(), next: 0, _slot: slot }
    }

    fn keep(&mut self, id: u32, open: Open) -> Handle {
        self.next += 1;
        let handle = self.next.to_string();
        self.open.insert(handle.clone(), open);
        Handle { id, handle }
    }

    fn file(&self, handle: &str) -> Result<(&OsFile, &Path, bool), StatusCode> {
        match self.open.get(handle) {
            Some(Open::File { file, path, append }) => Ok((file, path, *append)),
            Some(Open::Folder(_)) | None => Err(StatusCode::Failure),
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        resolve(&self.home, path)
    }
}

fn done(id: u32, result: std::io::Result<()>) -> Result<Status, StatusCode> {
    result.map_err(|error| status_of(&error))?;
    Ok(ok(id))
}

fn ok(id: u32) -> Status {
    let (error_message, language_tag) = ("Ok".to_owned(), "en-US".to_owned());
    Status { id, status_code: StatusCode::Ok, error_message, language_tag }
}

impl Handler for Sftp {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn init(
        &mut self,
        _version: u32,
        _extensions: HashMap<String, String>,
    ) -> Result<Version, Self::Error> {
        let mut version = Version::new();
        for name in ["posix-rename@openssh.com", "fsync@openssh.com", "hardlink@openssh.com"] {
            version.extensions.insert(name.to_owned(), "1".to_owned());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        pflags: OpenFlags,
        attrs: FileAttributes,
    ) -> Result<Handle, Self::Error> {
        let path = self.path(&filename);
        let mut options: OpenOptions = pflags.into();
        // sshd writes where the client says, except for files opened to append.
        let append = pflags.contains(OpenFlags::APPEND);
        let file = options
            .mode(attrs.permissions.unwrap_or(0o666) & 0o7777)
            .open(&path)
            .map_err(|error| status_of(&error))?;
        Ok(self.keep(id, Open::File { file, path, append }))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        self.open.remove(&handle).map(|_| ok(id)).ok_or(StatusCode::Failure)
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        let (file, _, _) = self.file(&handle)?;
        let mut data = vec![0; usize::try_from(len.min(MAX_READ)).unwrap_or(0)];
        let length = file.read_at(&mut data, offset).map_err(|error| status_of(&error))?;
        if length == 0 && len > 0 {
            return Err(StatusCode::Eof);
        }
        data.truncate(length);
        Ok(Data { id, data })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, Self::Error> {
        let (file, _, append) = self.file(&handle)?;
        if append {
            let mut file = file;
            done(id, std::io::Write::write_all(&mut file, &data))
        } else {
            done(id, file.write_all_at(&data, offset))
        }
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let metadata = self.path(&path).symlink_metadata().map_err(|error| status_of(&error))?;
        Ok(Attrs { id, attrs: attributes(&metadata) })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let metadata = self.path(&path).metadata().map_err(|error| status_of(&error))?;
        Ok(Attrs { id, attrs: attributes(&metadata) })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, Self::Error> {
        let (file, _, _) = self.file(&handle)?;
        let metadata = file.metadata().map_err(|error| status_of(&error))?;
        Ok(Attrs { id, attrs: attributes(&metadata) })
    }

    async fn setstat(&mut self, id: u32, path: String, attrs: FileAttributes) -> Result<Status, Self::Error> {
        done(id, set(&self.path(&path), &attrs))
    }

    async fn fsetstat(
        &mut self,
        id: u32,
        handle: String,
        attrs: FileAttributes,
    ) -> Result<Status, Self::Error> {
        let (_, path, _) = self.file(&handle)?;
        done(id, set(path, &attrs))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        let path = self.path(&path);
        let entries = std::fs::read_dir(&path).map_err(|error| status_of(&error))?;
        let mut files = Vec::new();
        let own = [(".", path.clone()), ("..", path.join(".."))];
        for (name, path) in own {
            if let Ok(metadata) = path.metadata() {
                files.push(File::new(name, attributes(&metadata)));
            }
        }
        for entry in entries.flatten() {
            if let Ok(metadata) = entry.path().symlink_metadata() {
                files.push(File::new(entry.file_name().to_string_lossy(), attributes(&metadata)));
            }
        }
        Ok(self.keep(id, Open::Folder(files)))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        match self.open.get_mut(&handle) {
            Some(Open::Folder(files)) if files.is_empty() => Err(StatusCode::Eof),
            Some(Open::Folder(files)) => {
                let files = files.drain(..files.len().min(NAMES)).collect();
                Ok(Name { id, files })
            }
            Some(Open::File { .. }) | None => Err(StatusCode::Failure),
        }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, Self::Error> {
        done(id, std::fs::remove_file(self.path(&filename)))
    }

    async fn mkdir(&mut self, id: u32, path: String, attrs: FileAttributes) -> Result<Status, Self::Error> {
        let mode = attrs.permissions.unwrap_or(0o777) & 0o7777;
        done(id, DirBuilder::new().mode(mode).create(self.path(&path)))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status, Self::Error> {
        done(id, std::fs::remove_dir(self.path(&path)))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let path = real(&self.home, &path);
        Ok(Name { id, files: vec![File::dummy(path.to_string_lossy())] })
    }

    async fn rename(&mut self, id: u32, oldpath: String, newpath: String) -> Result<Status, Self::Error> {
        done(id, rename_new(&self.path(&oldpath), &self.path(&newpath)))
    }

    async fn readlink(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let target = std::fs::read_link(self.path(&path)).map_err(|error| status_of(&error))?;
        Ok(Name { id, files: vec![File::dummy(target.to_string_lossy())] })
    }

    async fn symlink(
        &mut self,
        id: u32,
        linkpath: String,
        targetpath: String,
    ) -> Result<Status, Self::Error> {
        // sshd takes the two the other way round than the draft says: the first is what the link holds.
        done(id, std::os::unix::fs::symlink(linkpath, self.path(&targetpath)))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Result<Packet, Self::Error> {
        let mut fields = strings(&data).into_iter();
        let mut next = || fields.next().ok_or(StatusCode::BadMessage);
        let status = match request.as_str() {
            "posix-rename@openssh.com" => {
                let (from, to) = (self.path(&next()?), self.path(&next()?));
                done(id, std::fs::rename(from, to))?
            }
            "hardlink@openssh.com" => {
                let (from, to) = (self.path(&next()?), self.path(&next()?));
                done(id, std::fs::hard_link(from, to))?
            }
            "fsync@openssh.com" => {
                let (file, _, _) = self.file(&next()?)?;
                done(id, file.sync_all())?
            }
            _ => return Err(StatusCode::OpUnsupported),
        };
        Ok(Packet::Status(status))
    }
}

/// The strings of an extended request: each with its length before it.
fn strings(data: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((text, after)) = after.split_at_checked(length) else { break };
        found.push(String::from_utf8_lossy(text).into_owned());
        rest = after;
    }
    found
}
