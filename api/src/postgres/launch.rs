//! Starting the server, and the minder that stops it should we be killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::cluster::Cluster;
use super::{Durability, PrivatePostgresError};

const MAX_LOG_BYTES: u64 = 8 << 20;

/// Reads until its input ends, which is when we do. `$1` is the data folder, `$2` the server's number, `$3` the folder to
/// remove, if any. It looks whether the folder still belongs to that server: the next PBSWeb may have come by then.
const MINDER: &str = r#"cat >/dev/null
if [ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ]; then
    kill -INT "$2"
    n=0
    while kill -0 "$2" 2>/dev/null && [ "$n" -lt 600 ]; do n=$((n + 1)); sleep 0.1; done
fi
if [ -n "$3" ]; then rm -rf "$3"/* ; rmdir "$3"; fi
"#;

pub(super) fn log_path(folder: &Path) -> PathBuf {
    folder.join("postgresql.log")
}

/// The end of the log, for the message that the server did not start.
pub(super) fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.reverse();
    lines.join("; ")
}

pub(super) fn server(
    cluster: &Cluster<'_>,
    socket_folder: &Path,
    durability: Durability,
) -> Result<Child, PrivatePostgresError> {
    let log_path = log_path(cluster.folder);
    let is_long = fs::metadata(&log_path).is_ok_and(|metadata| metadata.len() > MAX_LOG_BYTES);
    let log = File::options().create(true).append(!is_long).write(true).truncate(is_long).open(&log_path);
    let log = log.map_err(PrivatePostgresError::files("open", &log_path))?;
    let log_again = log.try_clone().map_err(PrivatePostgresError::files("open", &log_path))?;

    let program = cluster.programs.path("postgres");
    let mut command = cluster.owner.command(&program);
    command.arg("-D").arg(cluster.data());
    for setting in
        ["listen_addresses=", "unix_socket_permissions=0700", "port=5432", "timezone=UTC", "log_timezone=UTC"]
    {
        command.args(["-c", setting]);
    }
    command.arg("-c").arg(format!("unix_socket_directories={}", quoted(socket_folder)));
    let settings: &[&str] = match durability {
        Durability::Full => &["max_connections=100"],
        Durability::Scratch => &[
            "max_connections=400",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "autovacuum=off",
        ],
    };
    for setting in settings {
        command.args(["-c", setting]);
    }
    command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(log_again)
        .spawn()
        .map_err(PrivatePostgresError::files("run", &program))
}

/// The setting is a list in which a comma or a blank would part names.
fn quoted(folder: &Path) -> String {
    format!("\"{}\"", folder.display().to_string().replace('"', "\"\""))
}

pub(super) fn minder(
    cluster: &Cluster<'_>,
    pid: u32,
    durability: Durability,
) -> Result<Child, PrivatePostgresError> {
    let shell = Path::new("/bin/sh");
    let mut command = cluster.owner.command(shell);
    command.args(["-c", MINDER, "pbsweb-postgres-minder"]).arg(cluster.data()).arg(pid.to_string());
    match durability {
        Durability::Full => command.arg(""),
        Durability::Scratch => command.arg(cluster.folder),
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(PrivatePostgresError::files("run", shell))
}
