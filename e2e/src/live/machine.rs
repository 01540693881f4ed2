//! This machine: where the programs are, who runs us, and how a process is asked to end.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// A program of this workspace that was built together with the running one.
///
/// # Errors
/// It is not there; the message says how to build it.
pub fn program_beside(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    // Tests are in a folder below the programs.
    let mut candidates = own.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    candidates
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not beside {}; build it with `make build`", own.display()))
}

/// Whether we run as root. The owner of `/proc/self` is the effective user: the standard library has no `geteuid`.
#[must_use]
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Whether other users may pass through all folders above this one. PostgreSQL refuses to run as root, and the user that it
/// then runs as has to get to its data.
#[must_use]
pub fn others_may_enter(folder: &Path) -> bool {
    folder
        .ancestors()
        .skip(1)
        .all(|above| std::fs::metadata(above).is_ok_and(|found| found.mode() & 0o001 != 0))
}

/// Sends SIGTERM. By `sh`, for the standard library knows only SIGKILL, and `sh` is everywhere.
///
/// # Errors
/// There is no such process, or it is not ours.
pub fn end_politely(pid: u32) -> anyhow::Result<()> {
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -TERM \"$0\"", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot run /bin/sh")?;
    anyhow::ensure!(status.success(), "process {pid} cannot be ended");
    Ok(())
}
