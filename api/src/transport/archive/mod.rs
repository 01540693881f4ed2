//! Checks an uploaded source tree and writes it anew, while it passes through.
//!
//! What goes in is a tar file, plain or compressed by gzip or zstd, from anybody. What comes out is a plain tar
//! file written by us, with folders, regular files and links that stay inside the tree and nothing else, so that
//! any `tar` on any host may unpack it into an empty folder. Owners, set-uid bits, extended attributes and odd
//! encodings are left behind; names, contents, times and the executable bit stay. Memory does not grow with the
//! bytes, only (a few dozen bytes each) with the number of entries, which is limited.
//!
//! The top folder that most archives have (`heat2d-1.0/`) is not removed here, because it is known to be the only
//! one when all has passed. The summary names it; whoever unpacks the tree moves that folder into place instead of
//! the one unpacked into. Links are checked so that this is safe.
//!
//! The outcome is known at the end only: what was written to a host before must not be used unless the
//! [`Verdict`] is good.

mod entries;
mod error;
mod source;
mod tree;
mod writer;

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use error::ArchiveError;
pub use source::Compression;

use entries::{EntryKind, TarReader};
use source::{ChannelReader, LimitedReader, decompress};
use tree::{EntryPath, Tree};
use writer::TarWriter;

/// Pieces between two stages; with pieces of 64 KiB, about 1 MiB.
const BUFFER: usize = 16;

/// How large a tree may be.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveLimits {
    /// Files, folders and links.
    pub max_entries: u64,
    /// Bytes of all files together, unpacked.
    pub max_bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { max_entries: 100_000, max_bytes: 4 << 30 }
    }
}

/// What a good archive contained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of all files together.
    pub unpacked_bytes: u64,
    /// Bytes of the tar file that came out.
    pub tar_bytes: u64,
    /// SHA-256 of the tar file that came out, in hexadecimal: the identity of the tree.
    pub sha256: String,
    /// The one folder that everything is in, if there is one and nothing in it points out of it.
    pub top: Option<String>,
    /// How the upload was compressed.
    pub compression: Compression,
}

/// An archive on its way: what comes out, and what was thought of it.
#[derive(Debug)]
pub struct Cleaning {
    /// The clean tar file; it ends with an error where the archive is bad.
    pub tar: CleanTar,
    /// To be waited for after the tar file has been read.
    pub verdict: Verdict,
}

/// The clean tar file as a stream. Dropping it ends the work.
#[derive(Debug)]
pub struct CleanTar {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
}

impl Stream for CleanTar {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(context)
    }
}

/// The outcome of the check.
#[derive(Debug)]
pub struct Verdict {
    work: JoinHandle<Result<ArchiveSummary, ArchiveError>>,
}

impl Verdict {
    /// Waits for the end.
    pub async fn wait(self) -> Result<ArchiveSummary, ArchiveError> {
        // The work ends when its streams do; a panic in it is a bug that must not look like a good archive.
        self.work.await.unwrap_or(Err(ArchiveError::Abandoned))
    }
}

/// A bounded channel for [`clean`], fed by whoever receives the upload. An upload that breaks off sends its error;
/// just dropping the sender is the regular end.
#[must_use]
pub fn upload_channel() -> (mpsc::Sender<io::Result<Bytes>>, mpsc::Receiver<io::Result<Bytes>>) {
    mpsc::channel(BUFFER)
}

/// Begins to check and clean an archive, on the blocking pool.
#[must_use]
pub fn clean(upload: mpsc::Receiver<io::Result<Bytes>>, limits: ArchiveLimits) -> Cleaning {
    let (sender, chunks) = mpsc::channel(BUFFER);
    let work = tokio::task::spawn_blocking(move || {
        let result = pass(ChannelReader::new(upload), TarWriter::new(sender.clone()), limits);
        if let Err(error) = &result {
            // The reader of the stream may be the one who gave up.
            let _ = sender.blocking_send(Err(io::Error::other(error.to_string())));
        }
        result
    });
    Cleaning { tar: CleanTar { chunks }, verdict: Verdict { work } }
}

fn pass(
    upload: impl Read,
    mut writer: TarWriter,
    limits: ArchiveLimits,
) -> Result<ArchiveSummary, ArchiveError> {
    let (compression, plain) = decompress(upload)?;
    let mut reader = TarReader::new(LimitedReader::new(plain, limits));
    let mut tree = Tree::new(limits.max_entries);
    let (mut entries, mut unpacked_bytes) = (0_u64, 0_u64);
    while let Some(entry) = reader.next_entry()? {
        let Some(path) = EntryPath::parse(&entry.path)? else {
            // "./", the folder that the archive is unpacked into.
            reader.skip(&entry)?;
            continue;
        };
        entries += 1;
        if entries > limits.max_entries {
            return Err(ArchiveError::TooManyEntries { limit: limits.max_entries });
        }
        match &entry.kind {
            EntryKind::Folder => {
                if tree.add_folder(&path)? {
                    writer.folder(&path, &entry)?;
                } else {
                    entries -= 1;
                }
                reader.skip(&entry)?;
            }
            EntryKind::File => {
                tree.add_file(&path)?;
                unpacked_bytes = unpacked_bytes.saturating_add(entry.size);
                if unpacked_bytes > limits.max_bytes {
                    return Err(ArchiveError::TooLarge { limit: limits.max_bytes });
                }
                writer.file(&path, &entry, reader.content(&entry))?;
                reader.skip_padding(&entry)?;
            }
            EntryKind::Symlink { target } => {
                tree.add_symlink(&path, target)?;
                writer.symlink(&path, &entry, target)?;
                reader.skip(&entry)?;
            }
            EntryKind::Hardlink { target } => {
                let target = tree.add_hardlink(&path, target)?;
                writer.hardlink(&path, &entry, &target)?;
                reader.skip(&entry)?;
            }
        }
    }
    // What follows the end of the archive is padding, and the checksum of the compression.
    reader.drain()?;
    if entries == 0 {
        return Err(ArchiveError::Empty);
    }
    let (tar_bytes, sha256) = writer.finish()?;
    Ok(ArchiveSummary { entries, unpacked_bytes, tar_bytes, sha256, top: tree.top(), compression })
}
