//! The upload as bytes to read: from the channel, unpacked, and never more than allowed.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::ArchiveLimits;
use super::error::ArchiveError;

/// `zstd` allows up to 2 GiB of window; 128 MiB is what its own program unpacks without being told to.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How an upload was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

/// Reads what an async task receives. Only for threads that may block.
pub(super) struct ChannelReader {
    upload: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl ChannelReader {
    pub(super) fn new(upload: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Self { upload, current: Bytes::new() }
    }
}

impl Read for ChannelReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.upload.blocking_recv() {
                Some(Ok(bytes)) => self.current = bytes,
                Some(Err(error)) => return Err(ArchiveError::Upload(error).into_io()),
                None => return Ok(0),
            }
        }
        let length = self.current.len().min(into.len());
        if let Some(into) = into.get_mut(..length) {
            into.copy_from_slice(&self.current.split_to(length));
        }
        Ok(length)
    }
}

/// Looks at the first bytes, because names and content types of uploads are often wrong.
pub(super) fn decompress<'a>(
    mut upload: impl Read + 'a,
) -> Result<(Compression, Box<dyn Read + 'a>), ArchiveError> {
    let mut head = Vec::new();
    upload.by_ref().take(6).read_to_end(&mut head).map_err(ArchiveError::from_io)?;
    if head.is_empty() {
        return Err(ArchiveError::Empty);
    }
    let unsupported: [(&[u8], &str); 6] = [
        (b"\xfd7zXZ\0", "xz compression (.tar.xz)"),
        (b"BZh", "bzip2 compression (.tar.bz2)"),
        (b"PK\x03\x04", "a zip file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-zip file"),
        (b"LZIP", "lzip compression (.tar.lz)"),
        (b"\x1f\x9d", "compress (.tar.Z)"),
    ];
    if let Some((_, found)) = unsupported.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(ArchiveError::Unsupported { found });
    }
    let is_gzip = head.starts_with(&[0x1f, 0x8b]);
    let is_zstd = head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let whole = BufReader::with_capacity(64 << 10, Cursor::new(head).chain(upload));
    Ok(if is_gzip {
        (Compression::Gzip, Box::new(flate2::bufread::MultiGzDecoder::new(whole)))
    } else if is_zstd {
        (Compression::Zstd, Box::new(zstd_reader(whole).map_err(ArchiveError::from_io)?))
    } else {
        (Compression::Plain, Box::new(whole))
    })
}

fn zstd_reader<'a>(compressed: impl BufRead + 'a) -> io::Result<impl Read + 'a> {
    let mut decoder = zstd::Decoder::with_buffer(compressed)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Ends a stream that unpacks to more than its entries may add up to: a bomb, whatever its headers say.
pub(super) struct LimitedReader<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> LimitedReader<R> {
    pub(super) fn new(inner: R, limits: ArchiveLimits) -> Self {
        // Per entry a header, a long name, padding; at the end what tar pads with.
        let overhead = limits.max_entries.saturating_mul(4096).saturating_add(1 << 20);
        Self { inner, left: limits.max_bytes.saturating_add(overhead), limit: limits.max_bytes }
    }
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        match self.left.checked_sub(length as u64) {
            Some(left) => self.left = left,
            None => return Err(ArchiveError::TooLarge { limit: self.limit }.into_io()),
        }
        Ok(length)
    }
}
