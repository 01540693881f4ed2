//! Where PostgreSQL's programs are. Debian keeps each release apart and off the PATH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PrivatePostgresError;

/// Folders below which each release has its own `bin`.
const RELEASE_FOLDERS: [&str; 2] = ["/usr/lib/postgresql", "/opt/postgresql"];
/// Folders that hold one release directly, beside those of the PATH.
const BIN_FOLDERS: [&str; 3] = ["/usr/pgsql/bin", "/usr/local/pgsql/bin", "/usr/libexec/postgresql"];

/// The programs of one release.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs for the data in `data`: those of the release that made them, or the newest for new data.
    pub(super) fn find(data: &Path) -> Result<Self, PrivatePostgresError> {
        let found = all();
        let Some((newest, _)) = found.first() else {
            let looked_in = RELEASE_FOLDERS.iter().map(|folder| format!("{folder}/*/bin"));
            let looked_in = looked_in.chain(BIN_FOLDERS.iter().map(|folder| (*folder).to_owned())).collect();
            return Err(PrivatePostgresError::NoPrograms { looked_in });
        };
        let version = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
        let version = version.trim();
        match found.iter().find(|(release, _)| version.is_empty() || release.to_string() == version) {
            Some((_, folder)) => Ok(Self { folder: folder.clone() }),
            None => Err(PrivatePostgresError::OtherVersion {
                folder: data.to_owned(),
                version: version.to_owned(),
                found: newest.to_string(),
            }),
        }
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// One of PostgreSQL's client programs, of the newest release that is here; else whatever the PATH has.
#[must_use]
pub fn client_program(name: &str) -> PathBuf {
    let found = all().into_iter().map(|(_, folder)| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| name.into())
}

/// Every release found, newest first.
fn all() -> Vec<(u32, PathBuf)> {
    let releases = RELEASE_FOLDERS.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let releases = releases.filter_map(Result::ok).map(|entry| entry.path().join("bin"));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<(u32, PathBuf)> = std::env::split_paths(&on_path)
        .filter(|folder| folder.is_absolute())
        .chain(releases)
        .chain(BIN_FOLDERS.iter().map(PathBuf::from))
        .filter(|folder| {
            ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
        })
        .filter_map(|folder| Some((release_of(&folder)?, folder)))
        .collect();
    found.sort_by_key(|(release, _)| std::cmp::Reverse(*release));
    found
}

/// `postgres (PostgreSQL) 15.20 (Debian …)` is release 15.
fn release_of(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
