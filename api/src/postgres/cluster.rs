//! The data folder: made once, found in any state after a crash.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use super::owner::Owner;
use super::programs::Programs;
use super::{Durability, PrivatePostgresError, ROLE};

/// A server's folder with what is needed to work on it.
pub(super) struct Cluster<'a> {
    pub(super) folder: &'a Path,
    pub(super) programs: &'a Programs,
    pub(super) owner: &'a Owner,
}

/// What `postmaster.pid` says.
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) socket_folder: PathBuf,
}

impl PidFile {
    /// The lines are: pid, data folder, start, port, socket folder, …
    pub(super) fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let socket_folder = PathBuf::from(lines.nth(3)?.trim());
        Some(Self { pid, socket_folder })
    }
}

impl Cluster<'_> {
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Fills a new data folder. It is made beside and renamed, so that a start that was cut short is simply begun anew.
    pub(super) fn make_if_new(&self, durability: Durability) -> Result<(), PrivatePostgresError> {
        let data = self.data();
        if data.join("PG_VERSION").is_file() {
            return Ok(());
        }
        let beside = self.folder.join("data.new");
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(PrivatePostgresError::files("remove", &beside))?;
        }
        self.owner.make_folder(&beside)?;
        let mut initdb = self.owner.command(&self.programs.path("initdb"));
        // Who can enter the socket's folder may connect; nobody comes over the network.
        initdb.args(["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.args(["--data-checksums", "--no-instructions", "--username", ROLE, "--pgdata"]).arg(&beside);
        match durability {
            Durability::Full => {}
            Durability::Scratch => {
                initdb.arg("--no-sync");
            }
        }
        run(initdb)?;
        fs::rename(&beside, &data).map_err(PrivatePostgresError::files("put in place", &beside))
    }

    /// Stops the server of a PBSWeb that was killed. The lock is ours, so nobody uses it.
    pub(super) fn stop_left_over(&self) -> Result<(), PrivatePostgresError> {
        let data = self.data();
        let Some(left) = PidFile::read(&data) else { return Ok(()) };
        let mut status = self.owner.command(&self.programs.path("pg_ctl"));
        status
            .args(["status", "--pgdata"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if status.status().is_ok_and(|status| status.success()) && self.is_our_server(left.pid) {
            tracing::warn!(
                postgres.pid = left.pid,
                "stopping the private PostgreSQL that an earlier PBSWeb left"
            );
            let stopped = self.stop();
            // Its minder may have stopped it first.
            return if data.join("postmaster.pid").exists() { stopped } else { Ok(()) };
        }
        // The file outlived its server. PostgreSQL reads in it whether sessions of that server are still there, and then does not
        // start; so it is left, unless its number is by now somebody else's, which would keep PostgreSQL from starting for ever.
        if !Path::new("/proc").join(left.pid.to_string()).exists() {
            return Ok(());
        }
        let path = data.join("postmaster.pid");
        match fs::remove_file(&path) {
            // A server that was about to end has ended, and has removed it itself.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(PrivatePostgresError::files("remove", &path)),
        }
    }

    /// Whether the process is a PostgreSQL on this data: numbers are used again.
    fn is_our_server(&self, pid: u32) -> bool {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let data = self.data();
        let wanted = std::os::unix::ffi::OsStrExt::as_bytes(data.as_os_str());
        line.split(|byte| *byte == 0).any(|argument| argument == wanted)
    }

    /// The fast stop: sessions are cut, transactions rolled back, everything committed written.
    pub(super) fn stop(&self) -> Result<(), PrivatePostgresError> {
        let mut stop = self.owner.command(&self.programs.path("pg_ctl"));
        stop.args(["stop", "--mode=fast", "--wait", "--timeout=60", "--silent", "--pgdata"]).arg(self.data());
        run(stop)
    }
}

/// Runs a program to its end; its words are told when it fails.
fn run(mut command: Command) -> Result<(), PrivatePostgresError> {
    let path = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output().map_err(PrivatePostgresError::files("run", &path))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(PrivatePostgresError::Program {
        program: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        words: words.trim().chars().take(2000).collect(),
    })
}
