//! The program as it is started in production: one process, its signals, its exit status.

#![expect(clippy::unwrap_used, reason = "a test; what fails here fails the test")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn pbsweb(folder: &Path) -> Command {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pbsweb"));
    // The settings of whoever runs the tests are not the tests'.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PBSWEB_")) {
        command.env_remove(name);
    }
    command.env_remove("DATABASE_URL").env("PBSWEB_DATA_FOLDER", folder.join("pbsweb"));
    command.env("PBSWEB_HTTP_LISTEN", "127.0.0.1:0").env("PBSWEB_HTTP_WORKERS", "1");
    command
}

fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// A server that has said that it listens.
fn serve(folder: &Path) -> Child {
    let mut server = pbsweb(folder).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("PBSWeb listens on https://127.0.0.1:"), "{line:?}");
    server
}

fn signal(server: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &server.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_server_stops_on_either_signal_and_starts_again_after_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pbsweb/postgres/data/postmaster.pid");
    for name in ["-TERM", "-INT"] {
        let mut server = serve(folder.path());
        assert!(pid_file.exists());
        signal(&server, name);
        assert!(server.wait().unwrap().success(), "{name}");
        assert!(!pid_file.exists(), "{name} left the database running");
    }
    let mut server = serve(folder.path());
    signal(&server, "-KILL");
    server.wait().unwrap();
    let mut server = serve(folder.path());

    // Beside a running server: a command joins its database, a second server is refused.
    let mut migrate = pbsweb(folder.path());
    migrate.arg("migrate");
    let output = run(migrate);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("up to date"), "{output:?}");
    let mut second = pbsweb(folder.path());
    second.arg("serve");
    let output = run(second);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another running PBSWeb"), "{output:?}");

    signal(&server, "-TERM");
    assert!(server.wait().unwrap().success());
}

#[test]
fn settings_are_checked_and_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut good = pbsweb(folder.path());
    good.arg("check-config").env("DATABASE_URL", "postgres://ada:secret@db/pbsweb");
    let output = run(good);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("PBSWEB_HTTP_LISTEN") && text.contains("@db/pbsweb"), "{text}");
    assert!(!text.contains("secret"), "{text}");

    let mut bad = pbsweb(folder.path());
    bad.arg("check-config").env("PBSWEB_HTTP_LISTN", "1");
    let output = run(bad);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("did you mean PBSWEB_HTTP_LISTEN?"), "{text}");
    assert!(!folder.path().join("pbsweb").exists(), "a check makes nothing");
}
