//! A simulated host as tests and the demonstration start it: scheduler, SSH server, accounts, faults.
//!
//! It has threads of its own, so that a test may block as it likes, and everything it started ends with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use russh::keys::PublicKey;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::account::Account;
use crate::faults::Faults;
use crate::folder::Folder;
use crate::scheduler::{Scheduler, load, now_ms};
use crate::site::job::Job;
use crate::site::node::Node;
use crate::site::queue::Queue;
use crate::site::submission::Submission;
use crate::site::{Accepted, Site};
use crate::ssh::{self, SshSettings};

/// What a login prints, in the home folder of an account.
pub(crate) const BANNER_FILE: &str = ".login_banner";

/// How a simulated host is set up.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Its folder; what an earlier run left there is taken up again.
    pub dir: PathBuf,
    /// Name of the server, as in `12.NAME`.
    pub server_name: String,
    /// Where the SSH server listens; port 0 for a free one.
    pub listen: SocketAddr,
    /// Finished jobs are kept (`job_history_enable`); OpenPBS does not by default.
    pub history: bool,
    /// Its queues, the first is the default.
    pub queues: Vec<Queue>,
    /// Its nodes with their processors.
    pub nodes: Vec<(String, u32)>,
    /// Users who are operators of the scheduler.
    pub operators: Vec<String>,
    /// The scheduler's commands are on the PATH of remote commands; on real hosts they often are not.
    pub commands_on_path: bool,
    /// The program `pbs-sim`; found by [`sim_binary`] when missing.
    pub binary: Option<PathBuf>,
    /// Time between SIGTERM and SIGKILL for jobs that are deleted or over their walltime.
    pub kill_delay: Duration,
    /// How long a job whose output cannot be delivered stays in state E.
    pub undelivered_delay: Duration,
}

impl SimConfig {
    /// A host in this folder: the usual queues, two nodes of eight processors, no history, a free port.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            server_name: "sim".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            history: false,
            queues: Queue::usual(),
            nodes: vec![("node1".to_owned(), 8), ("node2".to_owned(), 8)],
            operators: Vec::new(),
            commands_on_path: false,
            binary: None,
            kill_delay: Duration::from_secs(5),
            undelivered_delay: Duration::from_secs(2),
        }
    }
}

/// A simulated host that runs.
pub struct SimHost {
    scheduler: Arc<Scheduler>,
    address: SocketAddr,
    host_key: PublicKey,
    /// Only taken when the host is dropped.
    runtime: Option<Runtime>,
}

impl SimHost {
    /// Starts a host.
    ///
    /// # Errors
    /// No program `pbs-sim`, a folder that cannot be written, a port that is taken.
    pub fn start(config: SimConfig) -> anyhow::Result<Self> {
        let dir = std::path::absolute(&config.dir).context("the folder of the host")?;
        let folder = Folder::new(&dir);
        let binary = match config.binary {
            Some(binary) => binary,
            None => sim_binary()?,
        };
        folder.create(&binary).with_context(|| format!("making the folder {}", dir.display()))?;
        let now = now_ms() / 1000;
        let mut site = match load(&folder, now).context("reading the state of the host")? {
            Some(site) => site,
            None => Site::new(&config.server_name, Vec::new(), Vec::new()),
        };
        site.name.clone_from(&config.server_name);
        site.default_queue = config.queues.first().map(|q| q.name.clone()).unwrap_or_default();
        site.queues = config.queues;
        site.nodes = config.nodes.iter().map(|(name, ncpus)| Node::new(name, *ncpus)).collect();
        site.nodes.iter_mut().for_each(|node| node.state_changed = now);
        site.history = config.history;
        site.operators = config.operators;
        site.kill_delay_ms = i64::try_from(config.kill_delay.as_millis()).unwrap_or(i64::MAX);
        let key = ssh::load_or_create(&folder.host_key())?;
        let host_key = key.public_key().clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("pbs-sim")
            .enable_all()
            .build()
            .context("starting the threads of the host")?;
        let scheduler = Arc::new(Scheduler::new(folder, binary, site, config.undelivered_delay));
        let settings = SshSettings { commands_on_path: config.commands_on_path };
        // Bound here and not in the runtime, for that cannot be waited for inside another one.
        let listener = std::net::TcpListener::bind(config.listen)
            .with_context(|| format!("listening at {}", config.listen))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let begin = || {
            let _inside = runtime.enter();
            scheduler.spawn()?;
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(ssh::serve(Arc::clone(&scheduler), listener, ssh::configuration(key), settings));
            anyhow::Ok(())
        };
        if let Err(error) = begin() {
            // Inside another runtime one must not just be dropped.
            runtime.shutdown_background();
            return Err(error);
        }
        Ok(Self { scheduler, address, host_key, runtime: Some(runtime) })
    }

    /// Where its SSH server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its host key as a line: `ssh-ed25519 AAAA…`.
    #[must_use]
    pub fn host_key_line(&self) -> String {
        self.host_key.to_openssh().unwrap_or_default()
    }

    /// The folder of the scheduler's commands.
    #[must_use]
    pub fn bin_dir(&self) -> PathBuf {
        self.scheduler.folder.bin()
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.scheduler.folder.path()
    }

    /// Adds an account with its home below the folder of the host.
    ///
    /// # Errors
    /// The home folder cannot be made.
    pub fn add_account(
        &self,
        login: &str,
        authorized_key: Option<&str>,
        shell: &str,
    ) -> anyhow::Result<PathBuf> {
        self.add_account_at(login, authorized_key, shell, &self.scheduler.folder.home(login))
    }

    /// Adds an account with a home folder somewhere.
    ///
    /// # Errors
    /// The home folder cannot be made.
    pub fn add_account_at(
        &self,
        login: &str,
        authorized_key: Option<&str>,
        shell: &str,
        home: &Path,
    ) -> anyhow::Result<PathBuf> {
        let home = std::path::absolute(home)?;
        let account = Account { login: login.to_owned(), home: home.clone(), shell: PathBuf::from(shell) };
        account.create_home().with_context(|| format!("making the home folder {}", home.display()))?;
        if let Some(key) = authorized_key {
            account.set_authorized_keys(&[key])?;
        }
        self.scheduler.add_account(account);
        Ok(home)
    }

    /// Replaces the authorized keys of an account; none locks it out.
    ///
    /// # Errors
    /// No such account, or a file that cannot be written.
    pub fn set_authorized_keys(&self, login: &str, lines: &[&str]) -> anyhow::Result<()> {
        self.account(login)?.set_authorized_keys(lines).context("writing authorized_keys")
    }

    /// The home folder of an account.
    #[must_use]
    pub fn home(&self, login: &str) -> PathBuf {
        self.scheduler.account(login).map_or_else(|| self.scheduler.folder.home(login), |a| a.home)
    }

    /// Lets every login of an account print something on standard output, as careless rc files do; `None` ends it.
    ///
    /// # Errors
    /// No such account, or a file that cannot be written.
    pub fn set_login_banner(&self, login: &str, text: Option<&str>) -> anyhow::Result<()> {
        let account = self.account(login)?;
        let banner = account.home.join(BANNER_FILE);
        let rc = match account.shell_name().as_str() {
            "bash" => Some(".bashrc"),
            "tcsh" | "csh" => Some(".cshrc"),
            _ => None,
        };
        match text {
            Some(text) => std::fs::write(&banner, text)?,
            None if banner.exists() => std::fs::remove_file(&banner)?,
            None => {}
        }
        if let Some(rc) = rc {
            let file = account.home.join(rc);
            let line = format!("cat ~/{BANNER_FILE}\n");
            let old = std::fs::read_to_string(&file).unwrap_or_default().replace(&line, "");
            let new = if text.is_some() { format!("{line}{old}") } else { old };
            std::fs::write(&file, new)?;
        }
        Ok(())
    }

    fn account(&self, login: &str) -> anyhow::Result<Account> {
        self.scheduler.account(login).with_context(|| format!("no account {login}"))
    }

    /// The faults that can be switched on.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.scheduler.faults
    }

    /// Every job that the scheduler ever accepted, in order; also those it has forgotten.
    #[must_use]
    pub fn jobs(&self) -> Vec<Accepted> {
        self.scheduler.site().accepted.clone()
    }

    /// The jobs that the scheduler knows now, with all they have.
    #[must_use]
    pub fn known_jobs(&self) -> Vec<Job> {
        self.scheduler.site().jobs.values().cloned().collect()
    }

    /// The letter of a job's state; `None` when the scheduler does not know it (any more).
    #[must_use]
    pub fn job_state(&self, id: &str) -> Option<char> {
        let sequence: u64 = id.split(['[', '.']).next()?.parse().ok()?;
        self.scheduler.site().jobs.get(&sequence).map(|job| job.run.state.letter())
    }

    /// How many commands of this name were served.
    #[must_use]
    pub fn command_count(&self, name: &str) -> u64 {
        self.scheduler.command_count(name)
    }

    /// Whether finished jobs are kept from now on; those that are kept stay.
    pub fn set_history(&self, kept: bool) {
        self.scheduler.change(|site| site.history = kept);
    }

    /// Whether the scheduler starts jobs.
    pub fn set_scheduling(&self, on: bool) {
        self.scheduler.change(|site| site.scheduling = on);
    }

    /// Puts so many held jobs of somebody else into the default queue: a busy server without its processes.
    pub fn add_held_jobs(&self, owner: &str, n: usize) {
        let home = format!("/home/{owner}");
        self.scheduler.change(|site| {
            for number in 0..n {
                let asked = Submission {
                    name: format!("load{number}"),
                    holds: "u".to_owned(),
                    working_directory: home.clone(),
                    home: home.clone(),
                    shell: "/bin/sh".to_owned(),
                    join: "n".to_owned(),
                    keep: "n".to_owned(),
                    mail_points: "a".to_owned(),
                    checkpoint: "u".to_owned(),
                    rerunable: true,
                    submit_host: "login".to_owned(),
                    ..Submission::default()
                };
                if let Err(refusal) = site.submit(owner, asked, now_ms() / 1000) {
                    tracing::warn!(?refusal, "a job of the load was refused");
                }
            }
        });
    }

    /// Lets the scheduler's clock jump: from now on it is so many seconds ahead of the true time, or behind it. The clocks of the
    /// login node and of the jobs stay as they are.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.scheduler.set_clock_ahead(seconds * 1000);
    }

    /// Takes a node out of service or back.
    pub fn set_node_offline(&self, name: &str, offline: bool) {
        self.scheduler.change(|site| {
            for node in site.nodes.iter_mut().filter(|node| node.name == name) {
                node.offline = offline;
                node.state_changed = now_ms() / 1000;
            }
        });
    }

    /// A node fails with whatever runs on it, and takes no jobs until it is put back ([`Self::set_node_offline`]).
    pub fn fail_node(&self, name: &str) {
        let effects = self.scheduler.change(|site| site.fail_node(name, now_ms()));
        self.in_runtime(|| self.scheduler.perform(effects));
    }

    /// A running job uses more memory than it asked for, and is killed for it.
    pub fn exceed_memory(&self, id: &str) {
        let sequence = id.split(['[', '.']).next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let effects = self.scheduler.change(|site| site.exceed_memory(sequence));
        self.in_runtime(|| self.scheduler.perform(effects));
    }

    /// What has to be done starts tasks of the host's own.
    fn in_runtime(&self, act: impl FnOnce()) {
        let _inside = self.runtime.as_ref().map(Runtime::enter);
        act();
    }

    /// Changes the queues.
    pub fn change_queues(&self, change: impl FnOnce(&mut Vec<Queue>)) {
        self.scheduler.change(|site| change(&mut site.queues));
    }

    /// Whether no job has processes or is about to have some.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.scheduler.site().is_busy()
    }

    /// Waits until something is true of the host; gives whether it became true in time.
    pub async fn wait_until(&self, limit: Duration, reached: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + limit;
        while !reached(self) {
            if Instant::now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Blocks until the process is told to end by SIGINT or SIGTERM.
    ///
    /// # Errors
    /// The signals cannot be waited for.
    pub fn wait_for_signal(&self) -> anyhow::Result<()> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            Ok(())
        })
    }

    /// Stops the host with everything it started. Dropping it does the same.
    pub fn stop(self) {}
}

impl Drop for SimHost {
    fn drop(&mut self) {
        self.scheduler.stop();
        if let Some(runtime) = self.runtime.take() {
            // A host may be dropped inside a test's runtime, where nothing may block.
            runtime.shutdown_background();
        }
    }
}

/// Every job that the scheduler in this folder ever accepted, as it is kept on disk: for hosts of another process.
///
/// # Errors
/// The files cannot be read.
pub fn accepted_jobs(dir: &Path) -> std::io::Result<Vec<Accepted>> {
    let site = load(&Folder::new(dir), now_ms() / 1000)?;
    Ok(site.map(|site| site.accepted).unwrap_or_default())
}

/// Finds the program `pbs-sim`: `PBS_SIM_BIN`, this process itself, or beside the folder of a test's program.
///
/// # Errors
/// It is nowhere; the message says how to build it.
pub fn sim_binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("PBS_SIM_BIN").map(PathBuf::from) {
        anyhow::ensure!(path.is_file(), "PBS_SIM_BIN names {}, which is no file", path.display());
        return Ok(path);
    }
    let own = std::env::current_exe().context("where this program is")?;
    if own.file_name().is_some_and(|name| name == "pbs-sim") {
        return Ok(own);
    }
    // target/debug/deps/test-… → target/debug/pbs-sim; target/debug/program → the same folder.
    let candidates = own.ancestors().skip(1).take(3).map(|folder| folder.join("pbs-sim"));
    let mut candidates = candidates.filter(|path| path.is_file());
    candidates.next().with_context(|| {
        format!(
            "the program pbs-sim is not beside {}; build it with `cargo build -p pbsweb-sim --bin pbs-sim`, or \
             name it in PBS_SIM_BIN",
            own.display()
        )
    })
}
