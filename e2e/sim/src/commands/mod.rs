//! The scheduler's commands, as `pbs-sim` plays them when it is called by one of their names.
//!
//! Each parses its arguments, asks the scheduler over the site's socket and prints what OpenPBS prints. They start
//! without any runtime: a command is over in milliseconds.

mod arguments;
mod controls;
mod directives;
mod pbsnodes;
mod qalter;
mod qselect;
mod qstat;
mod qsub;
mod qsub_options;
mod render;
mod tables;
mod time;
mod variables;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::protocol::{Envelope, Refusal, Reply, Request};

pub(crate) use arguments::{Options, parse};

/// Plays the command of this name; gives its exit status.
#[must_use]
pub fn run(name: &str, invoked_as: &OsString, arguments: &[OsString]) -> i32 {
    let arguments: Vec<String> = arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    if arguments.iter().any(|a| a == "--version") {
        say(&format!("pbs_version = {}", crate::PBS_VERSION));
        return 0;
    }
    let site = Folder::new(&site_folder(invoked_as));
    let command = CommandContext { name: name.to_owned(), site };
    match name {
        "qsub" => qsub::run(&command, &arguments),
        "qstat" => qstat::run(&command, &arguments),
        "qselect" => qselect::run(&command, &arguments),
        "qalter" => qalter::run(&command, &arguments),
        "pbsnodes" => pbsnodes::run(&command, &arguments),
        _ => controls::run(&command, &arguments),
    }
}

/// The folder of the host: from the environment, or from where the command's link is.
fn site_folder(invoked_as: &OsString) -> PathBuf {
    if let Some(folder) = std::env::var_os("PBS_SIM_DIR") {
        return PathBuf::from(folder);
    }
    let path = Path::new(invoked_as);
    let is_site = |bin: &Path| Some(bin.parent()?.to_owned()).filter(|host| host.join("site").is_dir());
    let beside = path.parent().filter(|bin| !bin.as_os_str().is_empty());
    let on_path = || {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders).filter(|bin| bin.join(path).exists()).find_map(|bin| is_site(&bin))
    };
    beside.and_then(|bin| is_site(&std::path::absolute(bin).ok()?)).or_else(on_path).unwrap_or_default()
}

/// A command that runs.
pub(crate) struct CommandContext {
    pub(crate) name: String,
    pub(crate) site: Folder,
}

impl CommandContext {
    /// The server's name, for reading job ids before it is asked.
    pub(crate) fn server(&self) -> String {
        self.site.read_address().map(|a| a.name).unwrap_or_else(|_| "localhost".to_owned())
    }

    pub(crate) fn connect(&self) -> Result<Connection<'_>, ConnectError> {
        let address = self.site.read_address().map_err(ConnectError)?;
        let stream = UnixStream::connect(&address.socket).map_err(ConnectError)?;
        Ok(Connection { command: self, reader: BufReader::new(stream) })
    }

    pub(crate) fn complain(&self, text: &str) {
        eprint_line(&format!("{}: {text}", self.name));
    }

    /// Prints the usage text, after what was wrong; gives status 2.
    pub(crate) fn usage(&self, wrong: Option<&str>, usage: &str) -> i32 {
        if let Some(wrong) = wrong {
            self.complain(wrong);
        }
        eprint_line(usage.trim_end_matches('\n'));
        2
    }

    /// What a command says and returns when the server cannot be reached.
    pub(crate) fn report_down(&self) -> i32 {
        let server = self.server();
        eprint_line("Connection refused");
        match self.name.as_str() {
            "qdel" => eprint_line(&format!("Couldn't connect to cluster: {server}")),
            "pbsnodes" => self.complain(&format!("cannot connect to server {server}, error=15010")),
            _ => self.complain(&format!("cannot connect to server {server} (errno=15010)")),
        }
        match self.name.as_str() {
            "qstat" => 255,
            "pbsnodes" => 1,
            _ => 15_010 % 256,
        }
    }
}

/// The socket is not there or nobody listens.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler cannot be reached")]
pub(crate) struct ConnectError(#[source] io::Error);

/// A way to the scheduler.
pub(crate) struct Connection<'a> {
    command: &'a CommandContext,
    reader: BufReader<UnixStream>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Down,
    Refused(Refusal),
}

impl Connection<'_> {
    /// One exchange. A server that goes away meanwhile may have done what it was asked for.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        let envelope = Envelope {
            command: self.command.name.clone(),
            user: user(),
            execution: std::env::var("PBS_SIM_EXECUTION").ok().and_then(|number| number.parse().ok()),
            request,
        };
        let cut_off = |_| Failure::Refused(Refusal { code: 15_031, text: "Batch protocol error".to_owned() });
        let reply = self.exchange(&envelope).map_err(cut_off)?;
        match reply {
            Reply::Down => Err(Failure::Down),
            Reply::Refused(refusal) => Err(Failure::Refused(refusal)),
            reply @ (Reply::Done | Reply::Submitted(_) | Reply::Items(_) | Reply::Silent) => Ok(reply),
        }
    }

    fn exchange(&mut self, envelope: &Envelope) -> io::Result<Reply> {
        let mut line = serde_json::to_vec(envelope)?;
        line.push(b'\n');
        self.reader.get_mut().write_all(&line)?;
        let mut answer = String::new();
        if self.reader.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

/// The login name of the caller.
pub(crate) fn user() -> String {
    let named = ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "root".to_owned())
}

/// Prints a line; a reader that went away is not our concern.
pub(crate) fn say(line: &str) {
    print_all(line.as_bytes());
    print_all(b"\n");
}

/// Prints text as it is.
pub(crate) fn print_all(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        // A closed pipe: real commands are ended by SIGPIPE here.
        std::process::exit(141);
    }
}

pub(crate) fn eprint_line(line: &str) {
    let written = writeln!(io::stderr().lock(), "{line}");
    if written.is_err() {
        std::process::exit(141);
    }
}

/// Prints a line on standard error.
pub fn complain(line: &str) {
    eprint_line(line);
}

/// Switches a fault of the host in this folder.
///
/// # Errors
/// The host does not run.
pub fn send_fault(dir: &Path, change: crate::faults::FaultChange) -> anyhow::Result<()> {
    let command = CommandContext { name: "pbs-sim".to_owned(), site: Folder::new(dir) };
    let mut connection = command.connect()?;
    match connection.ask(Request::Fault(change)) {
        Ok(_) => Ok(()),
        Err(_) => anyhow::bail!("the host in {} does not run", dir.display()),
    }
}
