//! Reads the entries of a tar file: ustar, GNU and pax, as far as source trees need them.
//!
//! The `tar` crate reads all that too; it also reads a header of any size into memory and takes a file without its
//! end for a whole one. Here the crate parses the fields, and this module decides.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::error::{ArchiveError, shown};

const BLOCK: usize = 512;
/// Longest name or set of attributes read into memory.
const MAX_EXTENSION: u64 = 64 << 10;

/// What an entry is.
pub(super) enum EntryKind {
    File,
    Folder,
    Symlink { target: Vec<u8> },
    Hardlink { target: Vec<u8> },
}

/// One entry, before its content.
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    pub(super) path: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) mtime: u64,
}

/// What extension headers said about the entry after them.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    is_sparse: bool,
    size: Option<Vec<u8>>,
}

pub(super) struct TarReader<R> {
    inner: R,
    is_first: bool,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, is_first: true }
    }

    /// The next file, folder or link. Its content must be read or skipped before the one after it.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let mut extension = Extension::default();
        loop {
            let Some(header) = self.next_header()? else { return Ok(None) };
            let size = header.entry_size().map_err(|_| bad(&header, "the size"))?;
            let kind = header.entry_type();
            if kind.is_gnu_longname() {
                extension.path = Some(self.long_name(&header, size)?);
            } else if kind.is_gnu_longlink() {
                extension.link = Some(self.long_name(&header, size)?);
            } else if kind.is_pax_local_extensions() {
                let attributes = self.extension(&header, size)?;
                read_pax(&attributes, &mut extension).ok_or_else(|| bad(&header, "the pax header"))?;
            } else if kind.is_pax_global_extensions() {
                // Attributes for all entries: `git archive` puts the commit there. None that we would follow.
                self.extension(&header, size)?;
            } else {
                return entry(kind, &header, size, extension).map(Some);
            }
        }
    }

    fn next_header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let mut block = [0; BLOCK];
        let is_first = std::mem::replace(&mut self.is_first, false);
        if let Err(error) = self.inner.read_exact(&mut block) {
            let error = ArchiveError::from_io(error);
            // A file this short is no archive that was cut, but something else.
            let is_short =
                is_first && matches!(error, ArchiveError::Truncated) && block.iter().any(|b| *b != 0);
            return Err(if is_short { ArchiveError::NotAnArchive } else { error });
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block).clone();
        if header.cksum().ok() != Some(checksum(&block)) {
            return Err(if is_first {
                ArchiveError::NotAnArchive
            } else {
                ArchiveError::Damaged(io::Error::new(io::ErrorKind::InvalidData, "wrong header checksum"))
            });
        }
        Ok(Some(header))
    }

    fn extension(&mut self, header: &Header, size: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > MAX_EXTENSION {
            return Err(bad(header, "a name or attribute of more than 64 KiB"));
        }
        let mut content = Vec::new();
        Content { inner: &mut self.inner, left: size }
            .read_to_end(&mut content)
            .map_err(ArchiveError::from_io)?;
        self.discard(padding(size))?;
        Ok(content)
    }

    fn long_name(&mut self, header: &Header, size: u64) -> Result<Vec<u8>, ArchiveError> {
        let mut name = self.extension(header, size)?;
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    /// The content of a file, neither more nor less.
    pub(super) fn content(&mut self, entry: &Entry) -> impl Read + '_ {
        Content { inner: &mut self.inner, left: entry.size }
    }

    pub(super) fn skip_padding(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        self.discard(padding(entry.size))
    }

    /// Passes over content that an entry of its kind should not have.
    pub(super) fn skip(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        self.discard(entry.size.saturating_add(padding(entry.size)))
    }

    fn discard(&mut self, length: u64) -> Result<(), ArchiveError> {
        let mut content = Content { inner: &mut self.inner, left: length };
        io::copy(&mut content, &mut io::sink()).map(drop).map_err(ArchiveError::from_io)
    }

    /// Reads to the end of the file.
    pub(super) fn drain(&mut self) -> Result<(), ArchiveError> {
        io::copy(&mut self.inner, &mut io::sink()).map(drop).map_err(ArchiveError::from_io)
    }
}

/// So many bytes of a reader; an early end is an error, not an end.
struct Content<'a, R> {
    inner: &'a mut R,
    left: u64,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let Some(into) = into.get_mut(..length).filter(|into| !into.is_empty()) else { return Ok(0) };
        let length = self.inner.read(into)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length as u64;
        Ok(length)
    }
}

fn entry(kind: EntryType, header: &Header, size: u64, extension: Extension) -> Result<Entry, ArchiveError> {
    let path = extension.path.unwrap_or_else(|| header.path_bytes().into_owned());
    let special = |kind| Err(ArchiveError::Special { entry: shown(&path), kind });
    let link =
        || match extension.link.clone().or_else(|| header.link_name_bytes().map(|name| name.into_owned())) {
            Some(target) => Ok(target),
            None => Err(bad(header, "the target")),
        };
    if extension.is_sparse {
        return special("a sparse file");
    }
    // Only files beyond 8 GiB need it, and two sizes for one file are a way to hide another.
    if extension.size.is_some_and(|text| text != size.to_string().as_bytes()) {
        return Err(bad(header, "the size"));
    }
    let kind = match kind {
        // Before ustar a folder was a file whose name ends with a slash.
        EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => EntryKind::Folder,
        EntryType::Regular | EntryType::Continuous => EntryKind::File,
        EntryType::Directory => EntryKind::Folder,
        EntryType::Symlink => EntryKind::Symlink { target: link()? },
        EntryType::Link => EntryKind::Hardlink { target: link()? },
        EntryType::Char | EntryType::Block => return special("a device"),
        EntryType::Fifo => return special("a pipe"),
        EntryType::GNUSparse => return special("a sparse file"),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader => {
            return Err(bad(header, "the kind"));
        }
        _ => return special("of an unknown kind"),
    };
    let mode = header.mode().map_err(|_| bad(header, "the mode"))?;
    // A time that makes no sense harms nobody.
    let mtime = header.mtime().unwrap_or(0);
    Ok(Entry { kind, path, size, mode, mtime })
}

/// Reads `LENGTH KEY=VALUE\n` records; by length, because names may contain line ends.
fn read_pax(mut records: &[u8], extension: &mut Extension) -> Option<()> {
    while !records.is_empty() {
        let space = records.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(records.get(..space)?).ok()?.parse().ok()?;
        let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
        match key {
            b"path" => extension.path = Some(value.to_vec()),
            b"linkpath" => extension.link = Some(value.to_vec()),
            b"size" => extension.size = Some(value.to_vec()),
            key if key.starts_with(b"GNU.sparse.") => extension.is_sparse = true,
            _ => {}
        }
        records = records.get(length..)?;
    }
    Some(())
}

fn checksum(block: &[u8; BLOCK]) -> u32 {
    // The field itself counts as spaces.
    let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) };
    block.iter().enumerate().map(byte).sum()
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn bad(header: &Header, what: &'static str) -> ArchiveError {
    ArchiveError::BadHeader { entry: shown(&header.path_bytes()), what }
}
