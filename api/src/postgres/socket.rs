//! Where the socket is. Its path must fit into 107 bytes, and data folders may be deep.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::PrivatePostgresError;
use super::owner::Owner;

/// `sun_path` with its closing NUL is 108 bytes; the socket's own name is the longest that PostgreSQL makes, the
/// lock file's.
const MAX_FOLDER_BYTES: usize = 107 - "/.s.PGSQL.5432.lock".len();

/// The folder for the socket, made and closed to others: in the server's folder, or a short one elsewhere.
pub(super) fn folder(server: &Path, owner: &Owner) -> Result<PathBuf, PrivatePostgresError> {
    let usual = server.join("socket");
    if is_usable(usual.as_os_str().as_bytes()) {
        owner.make_folder(&usual)?;
        return Ok(usual);
    }
    let short = fallback(server);
    match fs::DirBuilder::new().mode(0o700).create(&short) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            // Anybody can make folders in /tmp: this one is ours only if its owner and mode say so.
            let found =
                fs::symlink_metadata(&short).map_err(PrivatePostgresError::files("look at", &short))?;
            if !found.is_dir() || found.uid() != owner.uid || found.mode() & 0o777 != 0o700 {
                return Err(PrivatePostgresError::SocketFolder { folder: short });
            }
        }
        done => {
            done.map_err(PrivatePostgresError::files("make the folder", &short))?;
            owner.give(&short)?;
        }
    }
    Ok(short)
}

/// Short enough, and plain: libpq takes a comma in it for the end of one host and the beginning of another.
fn is_usable(folder: &[u8]) -> bool {
    folder.len() <= MAX_FOLDER_BYTES
        && folder.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._- ".contains(byte))
}

/// Takes away a folder made outside the server's own.
pub(super) fn remove_fallback(server: &Path, folder: &Path) {
    if folder == fallback(server)
        && let Err(error) = fs::remove_dir_all(folder)
    {
        tracing::debug!("{} is left: {error}", folder.display());
    }
}

/// Always the same for one server, so that the next start finds what a killed one left.
fn fallback(server: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    server.hash(&mut hasher);
    PathBuf::from(format!("/tmp/pbsweb-{:016x}", hasher.finish()))
}

/// An address for libpq.
pub(super) fn url(folder: &Path, database: &str, role: &str) -> String {
    let host: String = url::form_urlencoded::byte_serialize(folder.as_os_str().as_bytes()).collect();
    // libpq knows percent signs but takes '+' as it is.
    format!("postgres:///{database}?host={}&user={role}", host.replace('+', "%20"))
}
