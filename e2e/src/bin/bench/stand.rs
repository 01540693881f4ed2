//! What is measured on: the released server with its own PostgreSQL as shipped (every commit reaches the disk), a simulated host
//! with its own SSH server, and Debian's OpenSSH with the same scheduler behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, ensure};
use pbsweb::postgres::PrivatePostgres;
use pbsweb::transport::Identity;
use pbsweb_e2e::app::host_create;
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};
use pbsweb_e2e::openssh::{LoginShell, OpenSsh};
use pbsweb_shared::api::hosts::{CheckReport, Host, HostAccount, HostAccountPut, HostCreate};
use pbsweb_shared::api::me::SshKey;
use pbsweb_sim::{SimConfig, SimHost};
use tempfile::TempDir;

/// The login name on the simulated host.
pub(crate) const SIM_LOGIN: &str = "ada";

/// The user's name in PBSWeb.
pub(crate) const USER: &str = "ada";

/// The user's password; it lives as long as this run.
pub(crate) const PASSWORD: &str = "a password for one run";

/// Everything that runs.
pub(crate) struct Stand {
    /// The server; absent only while it is killed and started again.
    server: Option<ServerProcess>,
    settings: ServerSettings,
    /// The user.
    pub(crate) user: Client,
    /// The simulated host with its own SSH server.
    pub(crate) simulated: Host,
    /// The one behind OpenSSH.
    pub(crate) openssh: Host,
    /// The sshd.
    pub(crate) sshd: OpenSsh,
    /// User and group id of its account; absent when we are that user.
    pub(crate) sshd_ids: Option<(u32, u32)>,
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

        let mut settings = ServerSettings {
            folder: folder.path().to_owned(),
            data_folder: folder.path().join("data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            more: String::new(),
        };
        let server = ServerProcess::start(&settings).await?;
        // Started again, it is where it was.
        settings.listen =
            server.url.trim_start_matches("https://").parse().context("the server's address")?;
        server.add_user(USER, "Ada Lovelace", PASSWORD, true).await?;
        let user = Client::new(&server.url, &server.certificate())?.sign_in(USER, PASSWORD).await?;
        let key: SshKey = user.get("/me/ssh-key").await?;
        sim.set_authorized_keys(SIM_LOGIN, &[&key.authorized_keys_line])?;
        sshd.install_key(&key.authorized_keys_line);
        let simulated = host(&user, &host_create("simulated", &sim), SIM_LOGIN).await?;
        let openssh = host(&user, &sshd.host_create("openssh"), sshd.login()).await?;
        let sshd_ids = ids_of(sshd.login())?;
        let server = Some(server);
        Ok(Self { server, settings, user, simulated, openssh, sshd, sshd_ids, identity, folder, sim })
    }

    /// One of the server's counters.
    pub(crate) async fn counter(&self, name: &str) -> anyhow::Result<f64> {
        let text = self.user.page("/metrics").send().await?.error_for_status()?.text().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.with_context(|| format!("the server counts no {name}"))
    }

    /// The server.
    pub(crate) fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.server.as_ref().context("the server was killed")
    }

    /// The address of its database.
    pub(crate) fn database(&self) -> anyhow::Result<String> {
        PrivatePostgres::url_of_running(&self.settings.data_folder.join("postgres"))
            .context("the server's database does not run")
    }

    /// kill -9.
    pub(crate) async fn kill_server(&mut self) -> anyhow::Result<()> {
        self.server.take().context("the server was killed")?.kill().await
    }

    /// Starts it again.
    pub(crate) async fn start_server(&mut self) -> anyhow::Result<()> {
        self.server = Some(ServerProcess::start(&self.settings).await?);
        Ok(())
    }

    /// Stops the server cleanly; the rest ends when it is dropped.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self { server, sshd, .. } = self;
        let stopped = match server {
            Some(server) => server.stop().await,
            None => Ok(()),
        };
        tokio::task::spawn_blocking(move || drop(sshd)).await?;
        stopped
    }
}

/// User and group id of an account, for who may become another.
fn ids_of(login: &str) -> anyhow::Result<Option<(u32, u32)>> {
    if !pbsweb_e2e::live::is_root() {
        return Ok(None);
    }
    let id = |flag: &str| -> anyhow::Result<u32> {
        let output =
            std::process::Command::new("id").args([flag, login]).output().context("cannot run id")?;
        String::from_utf8_lossy(&output.stdout).trim().parse().context("id printed no number")
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

/// A host with the user's account on it, ready.
pub(crate) async fn host(user: &Client, create: &HostCreate, login: &str) -> anyhow::Result<Host> {
    let host: Host = user.post("/hosts", create).await?;
    let path = format!("/hosts/{}", host.id);
    let account = HostAccountPut { login: login.to_owned() };
    let _: HostAccount = user.put(&format!("{path}/account"), &account).await?;
    let report: CheckReport = user.post(&format!("{path}/check"), &()).await?;
    let last = report.findings.last().map(|finding| finding.message.clone()).unwrap_or_default();
    ensure!(report.is_ok, "the account on {} is not usable: {last}", create.name);
    user.get(&path).await
}
