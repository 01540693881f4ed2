//! What is measured on: the released server with its own PostgreSQL as shipped (every commit reaches the disk), a simulated host
//! with its own SSH server, and Debian's OpenSSH with the same scheduler behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, ensure};
use pbsweb::transport::Identity;
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};
use pbsweb_e2e::openssh::{LoginShell, OpenSsh};
use pbsweb_shared::api::hosts::{CheckReport, Host, HostAccount, HostAccountPut, HostCreate};
use pbsweb_shared::api::me::SshKey;
use pbsweb_sim::{SimConfig, SimHost};
use tempfile::TempDir;

/// The login name on the simulated host.
const SIM_LOGIN: &str = "ada";

/// The user's name in PBSWeb.
pub(crate) const USER: &str = "ada";

/// The user's password; it lives as long as this run.
pub(crate) const PASSWORD: &str = "a password for one run";

/// Everything that runs.
pub(crate) struct Stand {
    /// The server.
    pub(crate) server: ServerProcess,
    /// The user.
    pub(crate) user: Client,
    /// The simulated host with its own SSH server.
    pub(crate) simulated: Host,
    /// The one behind OpenSSH.
    pub(crate) openssh: Host,
    /// The sshd.
    pub(crate) sshd: OpenSsh,
    /// A key of our own that opens the account behind OpenSSH: the `ssh` it is compared with uses it.
    pub(crate) identity: Identity,
    /// For files of a run.
    pub(crate) folder: TempDir,
    /// The simulated host itself.
    pub(crate) sim: SimHost,
}

impl Stand {
    /// Starts everything, and makes the accounts ready.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pbsweb-bench-").tempdir()?;
        // PostgreSQL does not run as root; its own user has to get to its folder.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let sim = SimHost::start(SimConfig::new(folder.path().join("sim")))?;
        sim.add_account(SIM_LOGIN, None, "/bin/bash")?;
        let sshd = tokio::task::spawn_blocking(|| OpenSsh::start(LoginShell::Bash)).await?;
        let sshd = sshd.context("OpenSSH cannot be started")?;
        let identity = Identity::generate();
        sshd.install_key(&identity.public_line("bench"));

        let settings = ServerSettings {
            folder: folder.path().to_owned(),
            data_folder: folder.path().join("data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            more: String::new(),
        };
        let server = ServerProcess::start(&settings).await?;
        server.add_user(USER, "Ada Lovelace", PASSWORD, true).await?;
        let user = Client::new(&server.url, &server.certificate())?.sign_in(USER, PASSWORD).await?;
        let key: SshKey = user.get("/me/ssh-key").await?;
        sim.set_authorized_keys(SIM_LOGIN, &[&key.authorized_keys_line])?;
        sshd.install_key(&key.authorized_keys_line);
        let simulated = host(&user, &of_sim(&sim), SIM_LOGIN).await?;
        let openssh = host(&user, &sshd.host_create("openssh"), sshd.login()).await?;
        Ok(Self { server, user, simulated, openssh, sshd, identity, folder, sim })
    }

    /// Stops the server cleanly; the rest ends when it is dropped.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self { server, sshd, .. } = self;
        let stopped = server.stop().await;
        tokio::task::spawn_blocking(move || drop(sshd)).await?;
        stopped
    }
}

fn of_sim(sim: &SimHost) -> HostCreate {
    HostCreate {
        name: "simulated".to_owned(),
        description: String::new(),
        address: sim.address().ip().to_string(),
        port: Some(sim.address().port()),
        jump_host: None,
        dialect: None,
        bin_folder: sim.bin_dir().display().to_string(),
        offered_queues: Vec::new(),
        keeps_output_in_place: None,
        host_keys: vec![sim.host_key_line()],
    }
}

async fn host(user: &Client, create: &HostCreate, login: &str) -> anyhow::Result<Host> {
    let host: Host = user.post("/hosts", create).await?;
    let path = format!("/hosts/{}", host.id);
    let account = HostAccountPut { login: login.to_owned() };
    let _: HostAccount = user.put(&format!("{path}/account"), &account).await?;
    let report: CheckReport = user.post(&format!("{path}/check"), &()).await?;
    let last = report.findings.last().map(|finding| finding.message.clone()).unwrap_or_default();
    ensure!(report.is_ok, "the account on {} is not usable: {last}", create.name);
    user.get(&path).await
}
