//! A host for one test, with a way to run its commands as a user would.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pbsweb_sim::{SimConfig, SimHost};

/// Long enough for a busy machine; nothing waits for it when all is well.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct TestHost {
    pub(crate) host: SimHost,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn configuration(folder: &tempfile::TempDir) -> SimConfig {
    SimConfig {
        server_name: "vm".to_owned(),
        nodes: vec![("vm".to_owned(), 4)],
        binary: Some(PathBuf::from(env!("CARGO_BIN_EXE_pbs-sim"))),
        kill_delay: Duration::from_millis(300),
        undelivered_delay: Duration::from_millis(50),
        ..SimConfig::new(folder.path().join("host"))
    }
}

impl TestHost {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(adapt: impl FnOnce(&mut SimConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = configuration(&folder);
        adapt(&mut config);
        let host = SimHost::start(config).unwrap();
        for login in ["alice", "bob", "root"] {
            host.add_account(login, None, "/bin/bash").unwrap();
        }
        Self { host, folder }
    }

    /// Runs a shell command as this user, with the scheduler's commands on the PATH.
    pub(crate) fn run_as(&self, user: &str, command: &str) -> Output {
        self.command(user, command).output().unwrap()
    }

    pub(crate) fn command(&self, user: &str, command: &str) -> Command {
        let home = self.host.home(user);
        let mut process = Command::new("/bin/bash");
        process
            .args(["--noprofile", "--norc", "-c", command])
            .env_clear()
            .env("PATH", format!("/usr/bin:/bin:{}", self.host.bin_dir().display()))
            .env("HOME", &home)
            .env("LOGNAME", user)
            .env("USER", user)
            .env("SHELL", "/bin/bash")
            .env("LANG", "C.UTF-8")
            .env("MAIL", format!("/var/mail/{user}"))
            .current_dir(&home)
            .stdin(Stdio::null());
        process
    }

    /// Runs a command of alice that must succeed; gives its output without the last line end.
    pub(crate) fn run(&self, command: &str) -> String {
        let output = self.run_as("alice", command);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{command}` failed with {}: {errors}", output.status);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.host.home("alice").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.host.home("alice").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Submits a script from standard input.
    pub(crate) fn submit(&self, options: &str, script: &str) -> String {
        self.run(&format!("qsub {options} <<'END_OF_SCRIPT'\n{script}\nEND_OF_SCRIPT\n"))
    }

    pub(crate) async fn wait(&self, what: &str, reached: impl Fn(&Self) -> bool) {
        assert!(self.host.wait_until(LIMIT, |_| reached(self)).await, "never came: {what}");
    }

    pub(crate) async fn wait_for_state(&self, id: &str, state: Option<char>) {
        self.wait(&format!("{id} in state {state:?}"), |t| t.host.job_state(id) == state).await;
    }

    /// An attribute of a job as `qstat -x -f` shows it.
    pub(crate) fn attribute(&self, id: &str, name: &str) -> Option<String> {
        let listing = self.run(&format!("qstat -x -f -w '{id}'"));
        let start = format!("{name} = ");
        listing.lines().find_map(|line| line.trim().strip_prefix(&start).map(str::to_owned))
    }
}
