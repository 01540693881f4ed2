//! `pbs-sim serve`, `pbs-sim fault` and the first process of each job.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::{Signal, set_parent_process_death_signal, setsid, umask};

use crate::account::shell_name;
use crate::faults::{FaultChange, parse_fault};
use crate::host::{SimConfig, SimHost};
use crate::site::queue::Queue;

/// A simulated OpenPBS host.
#[derive(Debug, Parser)]
#[command(name = "pbs-sim", version)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Runs a host until it is told to stop.
    Serve(ServeArguments),
    /// Switches a fault of a running host on: NAME [KEY=VALUE]…, or `clear`.
    Fault {
        /// The folder of the host.
        #[arg(long)]
        dir: PathBuf,
        /// Only for so many occasions.
        #[arg(long)]
        times: Option<u32>,
        /// For example `server-down`, `cut at=after-submit`, `delay command=qstat ms=500`, `clear`.
        #[arg(required = true)]
        fault: Vec<String>,
    },
    /// The first process of a job; only the scheduler starts it.
    #[command(hide = true)]
    ExecJob {
        /// Octal digits.
        umask: String,
        /// The shell that becomes the job.
        shell: PathBuf,
        /// The job's script, made from the text beside it.
        script: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// The folder of the host.
    #[arg(long)]
    dir: PathBuf,
    /// Port of the SSH server, 0 for a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Address of the SSH server.
    #[arg(long, default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Name of the server in job ids.
    #[arg(long, default_value = "sim")]
    name: String,
    /// An account: NAME, NAME:SHELL or NAME:SHELL:HOME.
    #[arg(long = "account", value_name = "NAME[:SHELL[:HOME]]")]
    accounts: Vec<String>,
    /// A public key line for every account, added to those it has.
    #[arg(long = "authorized-key", value_name = "LINE")]
    authorized_keys: Vec<String>,
    /// Keep finished jobs.
    #[arg(long)]
    history: bool,
    /// Only these of the usual queues (workq, sequential, parallel, closed, routeq), the default first.
    #[arg(long, value_delimiter = ',', default_value = "workq,sequential,parallel")]
    queues: Vec<String>,
    /// Nodes as NAME:PROCESSORS.
    #[arg(long, value_delimiter = ',', default_value = "node1:8,node2:8")]
    nodes: Vec<String>,
    /// A user who is an operator of the scheduler.
    #[arg(long = "operator", value_name = "NAME")]
    operators: Vec<String>,
    /// Begin with so many held jobs of somebody: a busy server without its processes.
    #[arg(long, value_name = "OWNER:NUMBER")]
    held_jobs: Option<String>,
    /// Put the scheduler's commands on the PATH of remote commands.
    #[arg(long)]
    commands_on_path: bool,
}

/// Runs `pbs-sim` by its own arguments.
///
/// # Errors
/// Whatever keeps a host from starting, or a fault from being switched.
pub fn run(arguments: Vec<OsString>) -> anyhow::Result<()> {
    match Arguments::parse_from(arguments).action {
        Action::Serve(arguments) => serve(arguments),
        Action::Fault { dir, times, fault } => switch_fault(&dir, times, &fault),
        Action::ExecJob { umask, shell, script } => exec_job(&umask, &shell, &script),
    }
}

fn serve(arguments: ServeArguments) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let mut usual = Queue::usual();
    let mut queues = Vec::new();
    for name in &arguments.queues {
        let position = usual.iter().position(|queue| queue.name == *name);
        queues.push(position.map_or_else(|| Queue::new(name), |position| usual.remove(position)));
    }
    let mut nodes = Vec::new();
    for node in &arguments.nodes {
        let (name, ncpus) = node.split_once(':').context("a node is NAME:PROCESSORS")?;
        nodes.push((name.to_owned(), ncpus.parse().context("the processors of a node are a number")?));
    }
    let host = SimHost::start(SimConfig {
        server_name: arguments.name,
        listen: SocketAddr::new(arguments.bind, arguments.port),
        history: arguments.history,
        queues,
        nodes,
        operators: arguments.operators,
        commands_on_path: arguments.commands_on_path,
        ..SimConfig::new(&arguments.dir)
    })?;
    for account in &arguments.accounts {
        let mut fields = account.splitn(3, ':');
        let login = fields.next().filter(|login| !login.is_empty()).context("an account needs a name")?;
        let shell = fields.next().filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh");
        let shell = if shell.contains('/') { shell.to_owned() } else { format!("/bin/{shell}") };
        if !Path::new(&shell).exists() {
            bail!("the shell {shell} of {login} does not exist");
        }
        match fields.next() {
            Some(home) => host.add_account_at(login, None, &shell, Path::new(home))?,
            None => host.add_account(login, None, &shell)?,
        };
        if !arguments.authorized_keys.is_empty() {
            let file = host.home(login).join(".ssh/authorized_keys");
            let old = std::fs::read_to_string(&file).unwrap_or_default();
            let mut lines: Vec<&str> = old.lines().collect();
            for key in &arguments.authorized_keys {
                if !lines.contains(&key.trim()) {
                    lines.push(key.trim());
                }
            }
            host.set_authorized_keys(login, &lines)?;
        }
    }
    if let Some(load) = &arguments.held_jobs {
        let (owner, n) = load.split_once(':').context("held jobs are OWNER:NUMBER")?;
        host.add_held_jobs(owner, n.parse().context("the number of held jobs")?);
    }
    crate::commands::say(&format!("pbs-sim ready at {} {}", host.address(), host.host_key_line()));
    host.wait_for_signal()?;
    host.stop();
    Ok(())
}

fn switch_fault(dir: &Path, times: Option<u32>, words: &[String]) -> anyhow::Result<()> {
    let change = if words == ["clear"] {
        FaultChange::Clear
    } else {
        let fault = parse_fault(words).with_context(|| format!("no fault `{}`", words.join(" ")))?;
        FaultChange::Arm { fault, times }
    };
    crate::commands::send_fault(dir, change)
}

/// Becomes the shell of a job: its own session, its umask, and an end with the scheduler.
///
/// The script is written here. A process that the scheduler starts meanwhile would hold the file open for writing for a moment, and
/// nobody can execute such a file.
fn exec_job(mask: &str, shell: &Path, script: &Path) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("tying the job to the scheduler")?;
    setsid().context("making a session")?;
    umask(Mode::from_raw_mode(u32::from_str_radix(mask, 8).context("the umask")?));
    let text = script.with_extension("text");
    std::fs::copy(&text, script).context("the script")?;
    std::fs::remove_file(text).context("the script's text")?;
    let error = std::process::Command::new(shell).arg0(format!("-{}", shell_name(shell))).exec();
    Err(error).with_context(|| format!("starting {}", shell.display()))
}
