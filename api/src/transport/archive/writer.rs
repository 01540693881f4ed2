//! Writes the clean tar file: the same bytes for the same tree, whoever packed it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::entries::Entry;
use super::error::ArchiveError;
use super::tree::EntryPath;

const CHUNK: usize = 64 << 10;

/// Sends what is written to a channel, and keeps count. Only for threads that may block.
struct ChannelWriter {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: BytesMut,
    digest: Sha256,
    sent_bytes: u64,
}

impl ChannelWriter {
    fn send(&mut self) -> io::Result<()> {
        let chunk = self.buffer.split().freeze();
        self.digest.update(&chunk);
        self.sent_bytes += chunk.len() as u64;
        self.sender.blocking_send(Ok(chunk)).map_err(|_| ArchiveError::Abandoned.into_io())
    }
}

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}

pub(super) struct TarWriter {
    builder: Builder<ChannelWriter>,
}

impl TarWriter {
    pub(super) fn new(sender: mpsc::Sender<io::Result<Bytes>>) -> Self {
        let (buffer, digest) = (BytesMut::with_capacity(CHUNK), Sha256::new());
        Self { builder: Builder::new(ChannelWriter { sender, buffer, digest, sent_bytes: 0 }) }
    }

    pub(super) fn folder(&mut self, path: &EntryPath, entry: &Entry) -> Result<(), ArchiveError> {
        let mut name = path.bytes();
        name.push(b'/');
        let mut header = header(EntryType::Directory, 0, 0o755, entry);
        let appended = self.builder.append_data(&mut header, OsStr::from_bytes(&name), io::empty());
        appended.map_err(ArchiveError::from_io)
    }

    pub(super) fn file(
        &mut self,
        path: &EntryPath,
        entry: &Entry,
        content: impl Read,
    ) -> Result<(), ArchiveError> {
        // Group and others get what the owner's executable bit says: the rest of the mode is a matter of the host.
        let mode = if entry.mode & 0o100 == 0 { 0o644 } else { 0o755 };
        let mut header = header(EntryType::Regular, entry.size, mode, entry);
        let appended = self.builder.append_data(&mut header, OsStr::from_bytes(&path.bytes()), content);
        appended.map_err(ArchiveError::from_io)
    }

    pub(super) fn symlink(
        &mut self,
        path: &EntryPath,
        entry: &Entry,
        target: &[u8],
    ) -> Result<(), ArchiveError> {
        self.link(EntryType::Symlink, path, entry, target)
    }

    pub(super) fn hardlink(
        &mut self,
        path: &EntryPath,
        entry: &Entry,
        target: &EntryPath,
    ) -> Result<(), ArchiveError> {
        self.link(EntryType::Link, path, entry, &target.bytes())
    }

    fn link(
        &mut self,
        kind: EntryType,
        path: &EntryPath,
        entry: &Entry,
        target: &[u8],
    ) -> Result<(), ArchiveError> {
        let mut header = header(kind, 0, 0o777, entry);
        let (path, target) = (path.bytes(), OsStr::from_bytes(target));
        let appended = self.builder.append_link(&mut header, OsStr::from_bytes(&path), target);
        appended.map_err(ArchiveError::from_io)
    }

    /// Ends the file; gives its length and SHA-256.
    pub(super) fn finish(self) -> Result<(u64, String), ArchiveError> {
        let mut writer = self.builder.into_inner().map_err(ArchiveError::from_io)?;
        writer.flush().map_err(ArchiveError::from_io)?;
        let mut hex = String::new();
        for byte in writer.digest.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Ok((writer.sent_bytes, hex))
    }
}

fn header(kind: EntryType, size: u64, mode: u32, entry: &Entry) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(entry.mtime);
    header
}
