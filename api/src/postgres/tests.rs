use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection, RunQueryDsl};

use super::*;

fn count(url: &str, query: &str) -> usize {
    diesel::sql_query(query).execute(&mut PgConnection::establish(url).unwrap()).unwrap()
}

/// As root, the server's user must get to the folder: temporary folders are closed to it.
fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn is_running(pid: u32) -> bool {
    // A zombie has ended; its parent just has not looked yet.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn it_keeps_what_was_written_over_stop_and_start() {
    let folder = open_folder();
    let server = PrivatePostgres::start(&folder.path().join("postgres")).unwrap();
    count(&server.url(), "CREATE TABLE kept (n int)");
    count(&server.url(), "INSERT INTO kept VALUES (1), (2)");
    assert!(matches!(
        PrivatePostgres::start(&folder.path().join("postgres")),
        Err(PrivatePostgresError::InUse { .. })
    ));
    let beside = PrivatePostgres::url_of_running(&folder.path().join("postgres")).unwrap();
    assert_eq!(beside, server.url());
    let pid = server.server.id();
    server.stop();
    assert!(!is_running(pid));
    assert_eq!(PrivatePostgres::url_of_running(&folder.path().join("postgres")), None);

    let server = PrivatePostgres::start(&folder.path().join("postgres")).unwrap();
    assert_eq!(count(&server.url(), "SELECT * FROM kept"), 2);
    // Only its owner gets in.
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&server.socket_folder).unwrap());
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn databases_are_copied_from_a_template_and_names_are_plain() {
    let folder = open_folder();
    let server = PrivatePostgres::start_with(&folder.path().join("pg"), Durability::Scratch).unwrap();
    let template = server.create_database("template_of_tests", None).unwrap();
    count(&template, "CREATE TABLE t (n int)");
    std::thread::scope(|scope| {
        for i in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let url = server.create_database(&format!("copy_{i}"), Some("template_of_tests")).unwrap();
                assert_eq!(count(&url, "SELECT * FROM t"), 0);
            });
        }
    });
    assert!(matches!(server.create_database("copy_1", None), Err(PrivatePostgresError::Query { .. })));
    for name in ["", "a b", "x\"; DROP", "Upper", "é", &"a".repeat(64)] {
        assert!(
            matches!(server.create_database(name, None), Err(PrivatePostgresError::Name { .. })),
            "{name:?}"
        );
    }
    server.stop();
    assert!(!folder.path().join("pg").exists(), "a scratch server leaves nothing");
}

#[test]
fn a_deep_folder_gets_its_socket_elsewhere() {
    let folder = open_folder();
    let deep = folder.path().join("a long name with blanks, commas & signs").join("d".repeat(90));
    let server = PrivatePostgres::start_with(&deep, Durability::Scratch).unwrap();
    assert!(server.socket_folder.starts_with("/tmp"), "{server:?}");
    assert_eq!(count(&server.url(), "SELECT 1"), 1);
    let elsewhere = server.socket_folder.clone();
    drop(server);
    assert!(!elsewhere.exists());
}

#[test]
fn odd_characters_in_the_path_do_no_harm() {
    let folder = open_folder();
    let odd = folder.path().join("a b,c%+'\"ü");
    let server = PrivatePostgres::start_with(&odd, Durability::Scratch).unwrap();
    assert_eq!(count(&server.url(), "SELECT 1"), 1);
}

#[test]
fn what_a_crash_left_is_put_in_order() {
    let folder = open_folder();
    let place = folder.path().join("postgres");
    let mut server = PrivatePostgres::start(&place).unwrap();
    count(&server.url(), "CREATE TABLE kept (n int)");

    // The machine lost power: the server is gone, its pid file stands, and the number belongs to somebody else.
    server.server.kill().unwrap();
    server.server.wait().unwrap();
    assert!(server.has_ended());
    drop(server);
    let pid_file = place.join("data/postmaster.pid");
    let text =
        format!("{}\n{}\n1\n5432\n/tmp\n\n0 0\nready\n", std::process::id(), place.join("data").display());
    fs::write(&pid_file, text).unwrap();
    fs::create_dir(place.join("data.new")).unwrap();
    let server = PrivatePostgres::start(&place).unwrap();
    assert_eq!(count(&server.url(), "SELECT * FROM kept"), 0);
    server.stop();
}

/// Runs in a process of its own, started by the next test, so that it can be killed.
#[test]
fn a_server_to_be_orphaned() {
    let Some(place) = std::env::var_os("PBSWEB_TEST_ORPHAN") else { return };
    let server = PrivatePostgres::start(Path::new(&place)).unwrap();
    let pids = format!("{} {}", server.server.id(), server.minder.id());
    let beside = Path::new(&place).join("pids.new");
    File::create(&beside).unwrap().write_all(pids.as_bytes()).unwrap();
    fs::rename(beside, Path::new(&place).join("pids")).unwrap();
    loop {
        std::thread::park();
    }
}

fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start_and_kill_a_pbsweb(place: &Path, also_its_minder: bool) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::tests::a_server_to_be_orphaned", "--nocapture"])
        .env("PBSWEB_TEST_ORPHAN", place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pids = wait_for("the start", || fs::read_to_string(place.join("pids")).ok());
    fs::remove_file(place.join("pids")).unwrap();
    let (server, minder) = pids.split_once(' ').unwrap();
    if also_its_minder {
        assert!(Command::new("kill").args(["-KILL", minder]).status().unwrap().success());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.parse().unwrap()
}

#[test]
fn a_killed_pbsweb_leaves_no_server_and_no_broken_start() {
    let folder = open_folder();
    let place = folder.path().join("postgres");
    let orphan = start_and_kill_a_pbsweb(&place, false);
    wait_for("the minder's stop", || (!is_running(orphan)).then_some(()));

    // Even the minder is killed: the server goes on, and the next start stops it and takes over.
    let orphan = start_and_kill_a_pbsweb(&place, true);
    assert!(is_running(orphan));
    let server = PrivatePostgres::start(&place).unwrap();
    assert!(!is_running(orphan));
    assert_eq!(count(&server.url(), "SELECT 1"), 1);
}

#[test]
fn data_of_another_release_are_not_touched() {
    let folder = open_folder();
    let place = folder.path().join("postgres");
    fs::create_dir_all(place.join("data")).unwrap();
    fs::write(place.join("data/PG_VERSION"), "7\n").unwrap();
    let error = PrivatePostgres::start(&place).unwrap_err();
    assert!(
        matches!(&error, PrivatePostgresError::OtherVersion { version, .. } if version == "7"),
        "{error}"
    );
}

#[test]
fn a_closed_folder_above_is_named() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    match PrivatePostgres::start_with(&closed.path().join("inside"), Durability::Scratch) {
        // Everybody else runs the server as themselves.
        Ok(_) => assert!(!is_root),
        Err(PrivatePostgresError::Unreachable { folder, .. }) => {
            assert_eq!(folder, fs::canonicalize(closed.path()).unwrap());
            assert!(is_root);
        }
        Err(error) => panic!("{error}"),
    }
}
