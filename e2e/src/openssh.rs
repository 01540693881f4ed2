//! A login node with Debian's OpenSSH server, and the simulator's scheduler behind it.
//!
//! Run by root, each node gets a Unix account of its own, with the login shell that the test wants, and loses it at the
//! end; the scheduler runs as that account, so that its jobs and files are the account's. An ordinary user cannot make
//! accounts: there the node lets that user in, with whatever shell they have, and [`OpenSsh::start`] says what is not
//! tested then.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use pbsweb::transport::Identity;
use pbsweb_shared::api::hosts::HostCreate;
use pbsweb_sim::sim_binary;
use tempfile::TempDir;

use crate::database::open_to_others;

/// The account's login shell and what its start-up file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginShell {
    /// bash, quiet.
    Bash,
    /// tcsh, whose start-up file prints a banner at every login.
    NoisyTcsh,
}

/// A login node that runs.
pub struct OpenSsh {
    login: String,
    home: PathBuf,
    port: u16,
    host_key: String,
    is_own_account: bool,
    daemon: Child,
    scheduler: Child,
    folder: TempDir,
}

impl OpenSsh {
    /// Starts a login node; `None`, and a line on standard error, when only root could. Blocks.
    ///
    /// # Panics
    /// When anything that is needed is missing.
    #[must_use]
    pub fn start(shell: LoginShell) -> Option<Self> {
        Self::start_with(shell, &[])
    }

    /// As `start`, with further options of `pbs-sim serve`.
    ///
    /// # Panics
    /// When anything that is needed is missing.
    #[must_use]
    pub fn start_with(shell: LoginShell, options: &[&str]) -> Option<Self> {
        let is_root = output_of(Command::new("id").arg("-u")) == "0";
        if !is_root && shell == LoginShell::NoisyTcsh {
            eprintln!("NOT TESTED: an account whose login shell is tcsh can only be made by root");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pbsweb-sshd-").tempdir().unwrap();
        open_to_others(folder.path());
        let (login, home) = if is_root { make_account(shell) } else { own_account(folder.path()) };
        let scheduler = start_scheduler(folder.path(), is_root.then_some(login.as_str()), options);
        let host_key = Identity::generate();
        write_private(&folder.path().join("hostkey"), &host_key.to_openssh_pem().unwrap());
        let (daemon, port) = start_daemon(folder.path(), &login, &home, is_root);
        let host_key = host_key.public_line("").trim().to_owned();
        Some(Self { login, home, port, host_key, is_own_account: is_root, daemon, scheduler, folder })
    }

    /// The account's login name.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The account's home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The port of its sshd, on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its host key, as a line.
    #[must_use]
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// The simulated scheduler's folder.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// The folder of the scheduler's commands.
    #[must_use]
    pub fn bin_folder(&self) -> PathBuf {
        self.site().join("bin")
    }

    /// Lets a key in: adds its line to the account's `authorized_keys`.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn install_key(&self, line: &str) {
        let file = keys_file(self.folder.path(), &self.home, self.is_own_account);
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        if self.is_own_account {
            std::fs::create_dir_all(self.home.join(".ssh")).unwrap();
        }
        write_private(&file, &format!("{known}{}\n", line.trim()));
        if self.is_own_account {
            give(&self.home.join(".ssh"), &self.login);
            give(&file, &self.login);
        }
    }

    /// The row with which an administrator makes it known.
    #[must_use]
    pub fn host_create(&self, name: &str) -> HostCreate {
        HostCreate {
            name: name.to_owned(),
            description: String::new(),
            address: "127.0.0.1".to_owned(),
            port: Some(self.port),
            jump_host: None,
            dialect: None,
            bin_folder: self.bin_folder().display().to_string(),
            offered_queues: Vec::new(),
            keeps_output_in_place: None,
            host_keys: vec![self.host_key.clone()],
        }
    }
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        // The simulator ends its jobs when it is told to end, so it is not killed.
        let _ = Command::new("kill").arg(self.scheduler.id().to_string()).status();
        let _ = self.scheduler.wait();
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        if self.is_own_account {
            change_accounts(Command::new("userdel").args(["--force", "--remove", &self.login]));
        }
    }
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn give(path: &Path, login: &str) {
    let id = |flag: &str| output_of(Command::new("id").args([flag, login])).parse().ok();
    chown(path, id("-u"), id("-g")).unwrap();
}

/// Runs a command that changes the accounts: one at a time in this process, and again while another process has the lock.
fn change_accounts(command: &mut Command) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut words = String::new();
    for _ in 0..200 {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() || !words.contains("lock") {
            // `userdel` complains of a mail box that never was.
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    eprintln!("{command:?}: {words}");
}

/// A fresh Unix account, not locked and without a password: sshd refuses locked ones.
fn make_account(shell: LoginShell) -> (String, PathBuf) {
    let login = format!("pbsw{:08x}", uuid::Uuid::new_v4().as_fields().0);
    let program = match shell {
        LoginShell::Bash => "/bin/bash",
        LoginShell::NoisyTcsh => "/bin/tcsh",
    };
    assert!(Path::new(program).exists(), "this test needs {program}: install the package of that name");
    let home = PathBuf::from(format!("/home/{login}"));
    change_accounts(
        Command::new("useradd").args(["-m", "-p", "*", "-s", program, "-d"]).arg(&home).arg(&login),
    );
    assert!(home.is_dir(), "useradd made no {}", home.display());
    if shell == LoginShell::NoisyTcsh {
        let rc = home.join(".cshrc");
        let text = "echo '*** Welcome to the cluster. Maintenance on Monday. ***'\n\
                    echo 'qsub: this is only a banner' > /dev/stderr\n\
                    setenv NOISY yes\n\
                    setenv TZ Asia/Tokyo\n";
        std::fs::write(&rc, text).unwrap();
        give(&rc, &login);
    }
    (login, home)
}

/// Whoever runs the test, with a home folder that is not theirs: nothing is left in it.
fn own_account(folder: &Path) -> (String, PathBuf) {
    let home = folder.join("home");
    std::fs::create_dir(&home).unwrap();
    (output_of(Command::new("id").arg("-un")), home)
}

fn keys_file(folder: &Path, home: &Path, is_own_account: bool) -> PathBuf {
    if is_own_account { home.join(".ssh/authorized_keys") } else { folder.join("authorized_keys") }
}

/// Starts the simulator's scheduler as this account.
fn start_scheduler(folder: &Path, login: Option<&str>, options: &[&str]) -> Child {
    let site = folder.join("site");
    std::fs::create_dir(&site).unwrap();
    let binary = sim_binary().unwrap_or_else(|error| panic!("{error:#}"));
    let mut command = match login {
        Some(login) => {
            give(&site, login);
            // The account may not be able to enter the build folder.
            let copy = folder.join("pbs-sim");
            std::fs::copy(&binary, &copy).unwrap();
            let mut command = Command::new("setpriv");
            command.args(["--reuid", login, "--regid", login, "--init-groups"]).arg(copy);
            command
        }
        None => Command::new(binary),
    };
    let mut child = command
        .args(["serve", "--port", "0", "--dir"])
        .arg(&site)
        .args(options)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert!(said.starts_with("pbs-sim ready"), "{command:?} said {said:?}");
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    child
}

fn start_daemon(folder: &Path, login: &str, home: &Path, is_root: bool) -> (Child, u16) {
    let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("this test needs OpenSSH's sshd: install the package openssh-server");
    let keys = keys_file(folder, home, is_root);
    let own = if is_root {
        // sshd refuses to start as root without it; packages make it at boot.
        let _ = std::fs::create_dir("/run/sshd");
        "AuthorizedKeysFile .ssh/authorized_keys\nStrictModes yes\n".to_owned()
    } else {
        format!("AuthorizedKeysFile {}\nStrictModes no\nSetEnv HOME={}\n", keys.display(), home.display())
    };
    // Another process may take the port between its choice and its use.
    for _ in 0..20 {
        let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = probe.local_addr().unwrap().port();
        drop(probe);
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}/hostkey\nPidFile none\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPubkeyAuthentication yes\n\
             AllowUsers {login}\nUseDNS no\nPrintMotd no\nX11Forwarding no\n{own}Subsystem sftp internal-sftp\n",
            folder.display()
        );
        let path = folder.join("sshd_config");
        std::fs::write(&path, text).unwrap();
        let mut daemon = Command::new(sshd)
            .args(["-D", "-e", "-f"])
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(daemon.stderr.take().unwrap());
        let (mut said, mut line) = (String::new(), String::new());
        while log.read_line(&mut line).unwrap() > 0 {
            if line.contains("Server listening") {
                // The log must be read, or sshd would wait for its reader.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return (daemon, port);
            }
            said.push_str(&std::mem::take(&mut line));
        }
        let _ = daemon.wait();
        assert!(said.contains("Address already in use"), "sshd did not start: {said}");
    }
    panic!("no free port found");
}
