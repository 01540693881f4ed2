//! What the campaign runs on: one PostgreSQL, several servers as processes of their own, and hosts behind proxies.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};
use pbsweb_e2e::openssh::{LoginShell, OpenSsh};
use pbsweb_e2e::proxy::Proxy;
use pbsweb_shared::api::hosts::{CheckReport, Host, HostAccount, HostAccountPut, HostCreate};
use pbsweb_shared::api::me::SshKey;
use pbsweb_shared::ids::HostId;
use pbsweb_sim::{Accepted, Fault, FaultChange, SimConfig, SimHost, accepted_jobs, send_fault};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::database::Database;

const PASSWORD: &str = "a password for one campaign";

/// What a server is told besides its database: to look often, because the campaign is short.
const SETTINGS: &str = "[ssh]\nconnection_interval = \"5ms\"\nkeepalive_interval = \"2s\"\n\
                        [poll]\ninterval = \"1s\"\nmax_listings_per_minute = 60\n\
                        [log]\nfilter = \"info,actix_server=warn,russh=warn\"\n";

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) replicas: usize,
    pub(crate) users: usize,
    /// Hosts with the simulator's own SSH server; none: one behind OpenSSH.
    pub(crate) simulated_hosts: usize,
}

/// Everything that runs.
pub(crate) struct Stand {
    pub(crate) database: Database,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) users: Vec<User>,
    pub(crate) folder: TempDir,
}

/// Somebody who is signed in at every server.
pub(crate) struct User {
    pub(crate) at: Vec<Client>,
}

impl Stand {
    pub(crate) async fn start(size: Size) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pbsweb-chaos-").tempdir()?;
        // PostgreSQL does not run as root; its own user has to get to its folder.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let database = Database::start(&folder.path().join("postgres")).await?;
        let mut replicas = Vec::new();
        for index in 0..size.replicas {
            // The first makes the master key; the others share it.
            let key = folder.path().join("server-0/data/master.key");
            let replica = Replica::start(folder.path(), index, &database.url, (index > 0).then_some(&key));
            replicas.push(replica.await.with_context(|| format!("the server {index}"))?);
        }
        let mut nodes = Vec::new();
        if size.simulated_hosts == 0 {
            nodes.push(Node::behind_openssh().await?);
        }
        for index in 0..size.simulated_hosts {
            nodes.push(Node::simulated(&folder.path().join(format!("host-{index}"))).await?);
        }
        let mut stand = Self { database, replicas, nodes, users: Vec::new(), folder };
        for index in 0..size.users {
            let user = stand.add_user(index).await.with_context(|| format!("the user {index}"))?;
            stand.users.push(user);
        }
        Ok(stand)
    }

    async fn add_user(&mut self, index: usize) -> anyhow::Result<User> {
        let name = format!("user{index}");
        let first = self.replicas.first().context("no server")?;
        first.add_user(&name, index == 0).await?;
        let mut at = Vec::new();
        for replica in &self.replicas {
            at.push(replica.client()?.sign_in(&name, PASSWORD).await?);
        }
        let client = at.first().context("no server")?;
        let key: SshKey = client.get("/me/ssh-key").await?;
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if index == 0 {
                let host: Host = client.post("/hosts", &node.row(&format!("host{number}"))).await?;
                node.host = host.id;
            }
            node.let_in(&name, &key.authorized_keys_line)?;
            let path = format!("/hosts/{}", node.host);
            let account = HostAccountPut { login: node.login_of(&name) };
            let _: HostAccount = client.put(&format!("{path}/account"), &account).await?;
            let report: CheckReport = client.post(&format!("{path}/check"), &()).await?;
            ensure!(report.is_ok, "the account on host {number} is not usable: {report:?}");
        }
        Ok(User { at })
    }
}

/// A server: a process that is killed and started again.
pub(crate) struct Replica {
    folder: PathBuf,
    settings: ServerSettings,
    n_starts: AtomicUsize,
    process: Mutex<Option<ServerProcess>>,
    certificate: PathBuf,
    url: String,
}

impl Replica {
    async fn start(stand: &Path, index: usize, url: &str, key: Option<&PathBuf>) -> anyhow::Result<Self> {
        let folder = stand.join(format!("server-{index}"));
        // A JSON string is a TOML string too.
        let key = match key {
            Some(path) => format!("master_key_file = {}\n", serde_json::to_string(path)?),
            None => String::new(),
        };
        let mut settings = ServerSettings {
            folder: folder.join("start-0"),
            data_folder: folder.join("data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            more: format!("{key}[database]\nurl = {}\n{SETTINGS}", serde_json::to_string(url)?),
        };
        std::fs::create_dir_all(&settings.folder)?;
        let process = ServerProcess::start(&settings).await?;
        let (url, certificate) = (process.url.clone(), process.certificate());
        // Clients know it by its address: it comes back there.
        settings.listen = url.trim_start_matches("https://").parse().context("the server's address")?;
        let n_starts = AtomicUsize::new(1);
        Ok(Self { folder, settings, n_starts, process: Mutex::new(Some(process)), certificate, url })
    }

    async fn add_user(&self, name: &str, is_admin: bool) -> anyhow::Result<()> {
        let process = self.process.lock().await;
        let process = process.as_ref().context("the server does not run")?;
        process.add_user(name, name, PASSWORD, is_admin).await
    }

    fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.url, &self.certificate)
    }

    /// kill -9; false when it did not run.
    pub(crate) async fn kill(&self) -> anyhow::Result<bool> {
        let Some(process) = self.process.lock().await.take() else { return Ok(false) };
        process.kill().await?;
        Ok(true)
    }

    /// Starts it as a service manager would: until it runs.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        let mut process = self.process.lock().await;
        let begun = Instant::now();
        while process.is_none() {
            let number = self.n_starts.fetch_add(1, Ordering::Relaxed);
            let folder = self.folder.join(format!("start-{number}"));
            std::fs::create_dir_all(&folder)?;
            match ServerProcess::start(&ServerSettings { folder, ..self.settings.clone() }).await {
                Ok(started) => *process = Some(started),
                // PostgreSQL may be away.
                Err(error) if begun.elapsed() > Duration::from_secs(60) => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        Ok(())
    }

    /// Whether it runs; a server that ended by itself is a finding.
    pub(crate) async fn runs(&self) -> bool {
        self.process.lock().await.as_mut().is_some_and(|process| !process.has_ended())
    }

    /// Stops it politely.
    pub(crate) async fn stop(&self) -> anyhow::Result<()> {
        match self.process.lock().await.take() {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }
}

/// A host behind a proxy.
pub(crate) struct Node {
    pub(crate) proxy: Proxy,
    pub(crate) host: HostId,
    machine: Machine,
}

enum Machine {
    Simulated(SimHost),
    OpenSsh(OpenSsh),
}

impl Node {
    async fn simulated(folder: &Path) -> anyhow::Result<Self> {
        let mut config = SimConfig::new(folder);
        config.history = true;
        // Jobs are trivial: what matters is that they are many.
        config.nodes = vec![("node1".to_owned(), 16)];
        config.kill_delay = Duration::from_millis(500);
        let machine = SimHost::start(config)?;
        let proxy = Proxy::start(machine.address()).await?;
        Ok(Self { proxy, host: no_host(), machine: Machine::Simulated(machine) })
    }

    async fn behind_openssh() -> anyhow::Result<Self> {
        let machine =
            tokio::task::spawn_blocking(|| OpenSsh::start_with(LoginShell::Bash, &["--history"])).await?;
        let machine = machine.context("OpenSSH cannot be started")?;
        let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, machine.port()))).await?;
        Ok(Self { proxy, host: no_host(), machine: Machine::OpenSsh(machine) })
    }

    fn row(&self, name: &str) -> HostCreate {
        let (bin_folder, host_key) = match &self.machine {
            Machine::Simulated(sim) => (sim.bin_dir(), sim.host_key_line()),
            Machine::OpenSsh(sshd) => (sshd.bin_folder(), sshd.host_key().to_owned()),
        };
        HostCreate {
            name: name.to_owned(),
            description: String::new(),
            address: self.proxy.address().ip().to_string(),
            port: Some(self.proxy.address().port()),
            jump_host: None,
            dialect: None,
            bin_folder: bin_folder.display().to_string(),
            offered_queues: Vec::new(),
            keeps_output_in_place: None,
            host_keys: vec![host_key],
        }
    }

    fn let_in(&self, login: &str, key: &str) -> anyhow::Result<()> {
        match &self.machine {
            Machine::Simulated(sim) => sim.add_account(login, Some(key), "/bin/bash").map(drop),
            Machine::OpenSsh(sshd) => {
                sshd.install_key(key);
                Ok(())
            }
        }
    }

    /// Behind OpenSSH all users share one account.
    fn login_of(&self, name: &str) -> String {
        match &self.machine {
            Machine::Simulated(_) => name.to_owned(),
            Machine::OpenSsh(sshd) => sshd.login().to_owned(),
        }
    }

    /// The folder of the simulated scheduler.
    fn site(&self) -> PathBuf {
        match &self.machine {
            Machine::Simulated(sim) => sim.dir().to_owned(),
            Machine::OpenSsh(sshd) => sshd.site(),
        }
    }

    pub(crate) async fn change_faults(&self, change: FaultChange) -> anyhow::Result<()> {
        let site = self.site();
        tokio::task::spawn_blocking(move || send_fault(&site, change)).await?
    }

    pub(crate) async fn arm(&self, fault: Fault, times: Option<u32>) -> anyhow::Result<()> {
        self.change_faults(FaultChange::Arm { fault, times }).await
    }

    /// Every job that the scheduler ever accepted.
    pub(crate) fn accepted(&self) -> anyhow::Result<Vec<Accepted>> {
        match &self.machine {
            Machine::Simulated(sim) => Ok(sim.jobs()),
            Machine::OpenSsh(sshd) => accepted_jobs(&sshd.site()).context("the scheduler's state"),
        }
    }

    /// The home folders of its accounts.
    pub(crate) fn homes(&self, n_users: usize) -> Vec<PathBuf> {
        match &self.machine {
            Machine::Simulated(sim) => (0..n_users).map(|index| sim.home(&format!("user{index}"))).collect(),
            Machine::OpenSsh(sshd) => vec![sshd.home().to_owned()],
        }
    }
}

fn no_host() -> HostId {
    HostId::from_uuid(uuid::Uuid::nil())
}
