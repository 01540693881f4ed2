//! The program as it is started in production: one process, its signals, its exit status.

#![expect(clippy::unwrap_used, reason = "a test; what fails here fails the test")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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

/// Reads a file again and again until something is so of it.
fn wait_for_file(path: &Path, is_so: impl Fn(&str) -> bool) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if is_so(&text) {
            return text;
        }
        assert!(Instant::now() < until, "{}: {text:?}", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_private_database_that_is_killed_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pbsweb/postgres/data/postmaster.pid");
    let mut server = serve(folder.path());
    let pid_of = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let former = pid_of(&std::fs::read_to_string(&pid_file).unwrap());
    assert!(Command::new("kill").args(["-KILL", &former]).status().unwrap().success());
    // Its last line says when it answers.
    let is_up = |text: &str| text.contains("ready") && !text.is_empty() && pid_of(text) != former;
    wait_for_file(&pid_file, is_up);
    let mut migrate = pbsweb(folder.path());
    migrate.arg("migrate");
    let output = run(migrate);
    assert!(output.status.success(), "{output:?}");
    assert!(server.try_wait().unwrap().is_none(), "the server ended");
    signal(&server, "-TERM");
    assert!(server.wait().unwrap().success());
    assert!(!pid_file.exists(), "the second one was left running");
}

#[test]
fn a_backup_is_restored_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let command = |arguments: &[&str]| {
        let mut command = pbsweb(folder.path());
        command.args(arguments);
        run(command)
    };
    let path = file.to_str().unwrap();
    let add = |name: &str| assert!(command(&["user", "add", name]).status.success(), "{name}");
    add("ada");
    let output = command(&["backup", path]);
    assert!(output.status.success(), "{output:?}");
    assert!(!command(&["backup", path]).status.success(), "a backup is not written over");
    add("bob");

    // Not under a running server.
    let mut server = serve(folder.path());
    let output = command(&["restore", path]);
    assert!(
        !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("stop them"),
        "{output:?}"
    );
    signal(&server, "-TERM");
    assert!(server.wait().unwrap().success());

    let nonsense = folder.path().join("nonsense");
    std::fs::write(&nonsense, "no backup").unwrap();
    assert!(!command(&["restore", nonsense.to_str().unwrap()]).status.success());
    let output = command(&["restore", path]);
    assert!(output.status.success(), "{output:?}");
    // Who was added after the backup is gone; who was there is there.
    add("bob");
    assert!(!command(&["user", "add", "ada"]).status.success());
}
