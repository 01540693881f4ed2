//! A host: an `sshd` with a folder, a host key and one accepted identity.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pbsweb::transport::{
    Endpoint, HostKey, Identity, Output, Program, RunLimits, Transport, TransportError, TransportSettings,
};
use pbsweb_shared::ids::HostId;
use tempfile::TempDir;
use uuid::Uuid;

/// Longest wait for anything in these tests; only a failure takes that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Host {
    pub(crate) identity: Identity,
    pub(crate) key: HostKey,
    pub(crate) port: u16,
    pub(crate) id: HostId,
    pub(crate) transport: Transport,
    folder: TempDir,
    daemon: Child,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

pub(crate) fn login() -> String {
    let output = Command::new("id").arg("-un").output().expect("the command id");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn settings() -> TransportSettings {
    TransportSettings { handshake_interval: Duration::ZERO, ..TransportSettings::default() }
}

pub(crate) fn limits() -> RunLimits {
    RunLimits { deadline: PATIENCE, ..RunLimits::default() }
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Host {
    pub(crate) fn start() -> Self {
        Self::with("", settings())
    }

    /// A host with more lines in its configuration.
    pub(crate) fn with(config: &str, settings: TransportSettings) -> Self {
        let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("these tests need OpenSSH's sshd: install the package openssh-server");
        let folder = TempDir::new().unwrap();
        let (host_key, identity) = (Identity::generate(), Identity::generate());
        write_private(&folder.path().join("hostkey"), &host_key.to_openssh_pem().unwrap());
        write_private(&folder.path().join("authorized_keys"), &identity.public_line("test"));
        if login() == "root" {
            // sshd refuses to start as root without it; packages make it at boot.
            let _ = std::fs::create_dir("/run/sshd");
        }
        // Another process may take the port between its choice and its use.
        for _ in 0..20 {
            let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = probe.local_addr().unwrap().port();
            drop(probe);
            let text = format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {dir}/hostkey\nPidFile none\nUsePAM no\n\
                 StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\n\
                 PermitRootLogin prohibit-password\nAuthorizedKeysFile {dir}/authorized_keys\n{config}\n\
                 Subsystem sftp internal-sftp\n",
                dir = folder.path().display()
            );
            let config_path = folder.path().join("sshd_config");
            std::fs::write(&config_path, text).unwrap();
            let mut daemon = Command::new(sshd)
                .args(["-D", "-e", "-f"])
                .arg(&config_path)
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(daemon.stderr.take().unwrap());
            let mut said = String::new();
            let is_listening = loop {
                let start = said.len();
                if log.read_line(&mut said).unwrap() == 0 {
                    break false;
                }
                if said[start..].contains("Server listening") {
                    break true;
                }
            };
            if is_listening {
                // The log must be read, or sshd would wait for its reader.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                let key = host_key.public_line("").parse().unwrap();
                let id = HostId::from_uuid(Uuid::new_v4());
                let transport = Transport::new(settings);
                return Self { identity, key, port, id, transport, folder, daemon };
            }
            let _ = daemon.wait();
            assert!(said.contains("Address already in use"), "sshd did not start: {said}");
        }
        panic!("no free port found");
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            host: self.id,
            address: "127.0.0.1".to_owned(),
            port: self.port,
            login: login().parse().unwrap(),
            host_keys: vec![self.key.clone()],
            jump: None,
        }
    }

    /// A path in the host's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn run(&self, program: Program) -> Result<Output, TransportError> {
        self.transport.run(&self.endpoint(), &self.identity, program, limits()).await
    }

    pub(crate) async fn stdout(&self, program: &'static str) -> String {
        self.run(Program::new(program)).await.unwrap().stdout_text().trim().to_owned()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while !is_so() {
            ticks.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: not within {PATIENCE:?}");
}

pub(crate) fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    // A process that ended and was not waited for is still listed.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
