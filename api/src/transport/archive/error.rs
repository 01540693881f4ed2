//! What can be wrong with an archive, in words for the person who made it.

use std::io;

/// Why an archive is refused. The entry is named as far as it can be shown.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not one byte, or no entry.
    #[error("the archive is empty")]
    Empty,
    /// Not a tar file.
    #[error("this is not a tar archive; send .tar, .tar.gz or .tar.zst")]
    NotAnArchive,
    /// Another archive format or compression.
    #[error("{found} is not supported; send .tar, .tar.gz or .tar.zst")]
    Unsupported {
        /// Its usual name.
        found: &'static str,
    },
    /// The file ends in the middle.
    #[error("the archive is cut short")]
    Truncated,
    /// A checksum or the structure is wrong.
    #[error("the archive is damaged")]
    Damaged(#[source] io::Error),
    /// An entry's header makes no sense.
    #[error("the archive is damaged: {what} of '{entry}' cannot be read")]
    BadHeader {
        /// The entry.
        entry: String,
        /// Which field.
        what: &'static str,
    },
    /// A name from the root.
    #[error("'{entry}' has an absolute path; pack the folder with relative names")]
    Absolute {
        /// The entry.
        entry: String,
    },
    /// A name with `..` in it.
    #[error("'{entry}' has '..' in its path")]
    Parent {
        /// The entry.
        entry: String,
    },
    /// A name that no host can hold.
    #[error("'{entry}' is not a usable name: {why}")]
    BadName {
        /// The entry.
        entry: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// A device, pipe, sparse file or the like.
    #[error("'{entry}' is {kind}; only files, folders and links are taken")]
    Special {
        /// The entry.
        entry: String,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A link to the outside.
    #[error("'{entry}' is a link to '{target}', which is outside of the archive")]
    LinkEscapes {
        /// The entry.
        entry: String,
        /// Where it points.
        target: String,
    },
    /// A link whose target depends on other links.
    #[error("'{entry}' is a link to '{target}'; '..' may stand only at its beginning")]
    LinkUnclear {
        /// The entry.
        entry: String,
        /// Where it points.
        target: String,
    },
    /// A hard link to something that is not a file seen before.
    #[error("'{entry}' is a hard link to '{target}', which is no file before it in the archive")]
    LinkWithoutFile {
        /// The entry.
        entry: String,
        /// Where it points.
        target: String,
    },
    /// A name below a link, by which a tree could be left.
    #[error("'{entry}' lies below a symbolic link")]
    BelowLink {
        /// The entry.
        entry: String,
    },
    /// A name below a file.
    #[error("'{entry}' lies below something that is not a folder")]
    BelowFile {
        /// The entry.
        entry: String,
    },
    /// Two entries for one name.
    #[error("'{entry}' is in the archive twice")]
    Duplicate {
        /// The entry.
        entry: String,
    },
    /// More entries than allowed.
    #[error("the archive has more than {limit} entries")]
    TooManyEntries {
        /// The entries allowed.
        limit: u64,
    },
    /// More bytes than allowed.
    #[error("the archive unpacks to more than {limit} bytes")]
    TooLarge {
        /// The bytes allowed.
        limit: u64,
    },
    /// The upload broke off; nothing is known about the archive.
    #[error("the upload broke off")]
    Upload(#[source] io::Error),
    /// Who wanted the clean archive went away.
    #[error("the check was given up")]
    Abandoned,
}

impl ArchiveError {
    /// Gives an error of the reading stack its meaning; our own errors travel through it unchanged.
    pub(super) fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Truncated,
            Err(error) => Self::Damaged(error),
        }
    }

    /// Sends the error through a stack that knows `io::Error` only.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

/// A name for a message: one line, not too long, whatever its bytes are.
pub(super) fn shown(name: &[u8]) -> String {
    const LENGTH: usize = 200;
    let text = String::from_utf8_lossy(name);
    let mut shown: String = text.chars().take(LENGTH).flat_map(escape).collect();
    if text.chars().nth(LENGTH).is_some() {
        shown.push('…');
    }
    shown
}

fn escape(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = escaped.is_none().then_some(c);
    escaped.into_iter().flatten().chain(plain)
}
