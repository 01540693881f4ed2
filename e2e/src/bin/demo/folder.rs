//! The folder of the demonstration, `.demo`: found in any state, used by one demonstration at a time.
//!
//! ```text
//! .demo/lock          held while a demonstration runs
//! .demo/server.pid    its server, so that the next one can end what a kill -9 left
//! .demo/people        who can sign in, with passwords; for the owner only
//! .demo/pbsweb.toml   the server's settings, server.log beside it
//! .demo/data          the server's keys and database (a link, when PostgreSQL's user cannot get here)
//! .demo/cluster …     the simulated clusters with the homes of their users
//! ```

use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use pbsweb_e2e::live::{end_politely, is_root, others_may_enter};

use crate::say::{Step, say};

/// How long a server that an earlier demonstration left may take to stop.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(45);

/// The folder, ours until this is dropped.
pub(crate) struct DemoFolder {
    /// Where it is, absolute.
    pub(crate) path: PathBuf,
    /// Where the server keeps its own things.
    pub(crate) data: PathBuf,
    _lock: File,
}

impl DemoFolder {
    /// Makes or takes the folder.
    pub(crate) async fn open(path: &Path, is_fresh: bool) -> anyhow::Result<Self> {
        let path = std::path::absolute(path)?;
        let lock = lock(&path)?;
        end_leftover(&path).await?;
        if is_fresh {
            empty(&path)?;
            say(&format!("Removed what earlier demonstrations left in {}.", path.display()));
        }
        let data = data_folder(&path)?;
        Ok(Self { path, data, _lock: lock })
    }

    /// Writes down which process the server is.
    pub(crate) fn remember_server(&self, pid: Option<u32>) -> anyhow::Result<()> {
        let Some(pid) = pid else {
            bail!("the server ended at once; see server.log in {}", self.path.display())
        };
        fs::write(pid_file(&self.path), pid.to_string()).context("cannot write server.pid")
    }

    /// The server is no more.
    pub(crate) fn forget_server(&self) {
        let _ = fs::remove_file(pid_file(&self.path));
    }
}

fn pid_file(path: &Path) -> PathBuf {
    path.join("server.pid")
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let what = || format!("cannot use the folder {}", path.display());
    fs::create_dir_all(path).with_context(what)?;
    // Nobody else is to look around here; PostgreSQL's user, when root starts us, has to get through.
    fs::set_permissions(path, fs::Permissions::from_mode(0o711)).with_context(what)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join("lock"))
        .with_context(what)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "a demonstration is already running in {}; stop it first, or give another --folder",
            path.display()
        ),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(what),
    }
}

/// Ends the server of a demonstration that was killed. Nobody holds the lock, so nobody uses it.
async fn end_leftover(path: &Path) -> anyhow::Result<()> {
    let Ok(text) = fs::read_to_string(pid_file(path)) else { return Ok(()) };
    let settings = path.join("pbsweb.toml");
    // Process numbers are used again: only a process that names our settings file is it.
    let is_ours = |pid: u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == settings.as_os_str().as_encoded_bytes())
    };
    if let Ok(pid) = text.trim().parse::<u32>()
        && is_ours(pid)
    {
        let step = Step::begin();
        end_politely(pid)?;
        let begun = Instant::now();
        while is_ours(pid) {
            ensure!(
                begun.elapsed() < LEFTOVER_LIMIT,
                "the server of an earlier demonstration (process {pid}) does not end"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        step.end("ended the server that an earlier demonstration left");
    }
    fs::remove_file(pid_file(path)).context("cannot remove server.pid")
}

/// Removes everything but the lock.
fn empty(path: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        if entry.file_name().is_some_and(|name| name == "lock") {
            continue;
        }
        let what = || format!("cannot remove {}", entry.display());
        if entry.is_symlink() {
            // The data of a demonstration by root; see `data_folder`.
            if let Ok(target) = fs::read_link(&entry)
                && target == root_data_folder(path)
                && target.exists()
            {
                fs::remove_dir_all(&target).with_context(what)?;
            }
            fs::remove_file(&entry).with_context(what)?;
        } else if entry.is_dir() {
            fs::remove_dir_all(&entry).with_context(what)?;
        } else {
            fs::remove_file(&entry).with_context(what)?;
        }
    }
    Ok(())
}

/// Where the server keeps its data: here. Started by root, PostgreSQL runs as a user who often cannot get into a checkout below
/// `/root`; then they are in `/var/tmp`, and a link here tells where.
fn data_folder(path: &Path) -> anyhow::Result<PathBuf> {
    let usual = path.join("data");
    if !is_root() || others_may_enter(&usual) {
        return Ok(usual);
    }
    let elsewhere = root_data_folder(path);
    match DirBuilder::new().mode(0o711).create(&elsewhere) {
        Ok(()) => {}
        // Anybody can make folders there: this one is ours only if its owner says so.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(&elsewhere)?;
            ensure!(found.is_dir() && found.uid() == 0, "{} is in the way and not ours", elsewhere.display());
            fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o711))?;
        }
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", elsewhere.display())),
    }
    if !usual.is_symlink() {
        ensure!(
            !usual.exists(),
            "{} is not reachable for PostgreSQL's user; start with --fresh",
            usual.display()
        );
        std::os::unix::fs::symlink(&elsewhere, &usual)?;
    }
    say(&format!(
        "PostgreSQL does not run as root and cannot get to {}: the data are in {}.",
        path.display(),
        elsewhere.display()
    ));
    Ok(elsewhere)
}

/// Always the same for one folder.
fn root_data_folder(path: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    PathBuf::from(format!("/var/tmp/pbsweb-demo-{:016x}", hasher.finish()))
}
