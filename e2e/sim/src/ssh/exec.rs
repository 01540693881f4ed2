//! A remote command, run as sshd runs it: by the login shell of the account, with a bare environment.
//!
//! The exit status is sent as soon as the process is gone, which may be before its last output. When the connection
//! goes away the process stays; it loses its pipes and nothing else.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

use super::Link;
use crate::account::Account;
use crate::faults::{CutPoint, Fault};
use crate::scheduler::{Execution, Scheduler};

/// So much standard input is kept while it is searched for the text of a fault.
const SEARCHED: usize = 1 << 20;

/// A remote command that is to run.
pub(super) struct Command {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) account: Account,
    pub(super) link: Arc<Link>,
    pub(super) commands_on_path: bool,
    /// What the client asked for; a login shell when nothing.
    pub(super) command: Option<Vec<u8>>,
    pub(super) handle: Handle,
}

/// Standard input that was read before the process existed.
#[derive(Default)]
struct Input {
    pieces: Vec<Bytes>,
    ended: bool,
}

impl Command {
    pub(super) async fn run(self, channel: Channel<Msg>) {
        let (mut reader, writer) = channel.split();
        let mut input = Input::default();
        if self.scheduler.faults.is_on(waits_for_text) {
            self.read_ahead(&mut reader, &mut input).await;
        }
        if self.cut_at(CutPoint::BeforeExec, &input) {
            return;
        }
        let (number, execution) = self.scheduler.executions.add(self.link.cut.clone());
        match self.spawn(number) {
            Ok(child) => {
                let group = child.id().unwrap_or(0);
                execution.group.store(u64::from(group), Ordering::Release);
                let status = self.attend(child, reader, &writer, input, &execution).await;
                tracing::debug!(?status, "a remote command has ended");
                if execution.mute.load(Ordering::Acquire) {
                    self.link.cut.cancel();
                } else {
                    let _gone = writer.eof().await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a remote command cannot be started");
                let text = format!("{}: {error}\n", self.account.shell.display());
                // A client that has gone needs no answer.
                let _gone = writer.extended_data_bytes(1, text.into_bytes()).await;
                let _gone = writer.exit_status(255).await;
                let _gone = writer.eof().await;
            }
        }
        self.scheduler.executions.remove(number);
    }

    fn spawn(&self, number: u64) -> std::io::Result<Child> {
        let account = &self.account;
        let mut path = String::from("/usr/local/bin:/usr/bin:/bin");
        if self.commands_on_path {
            path = format!("{path}:{}", self.scheduler.folder.bin().display());
        }
        let (client, server) = (self.link.client, self.link.server);
        let mut process = tokio::process::Command::new(&account.shell);
        match &self.command {
            Some(command) => {
                process.arg0(account.shell_name()).arg("-c");
                process.arg(std::ffi::OsString::from_vec(command.clone()));
            }
            None => {
                process.arg0(format!("-{}", account.shell_name()));
            }
        }
        process
            .env_clear()
            .env("HOME", &account.home)
            .env("USER", &account.login)
            .env("LOGNAME", &account.login)
            .env("SHELL", &account.shell)
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("MAIL", format!("/var/mail/{}", account.login))
            .env("SSH_CLIENT", format!("{} {} {}", client.ip(), client.port(), server.port()))
            .env(
                "SSH_CONNECTION",
                format!("{} {} {} {}", client.ip(), client.port(), server.ip(), server.port()),
            )
            .env("PBS_SIM_DIR", self.scheduler.folder.path())
            .env("PBS_SIM_EXECUTION", number.to_string())
            .current_dir(&account.home)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        process.spawn()
    }

    /// Serves the streams until the process is gone and its pipes are closed.
    async fn attend(
        &self,
        mut child: Child,
        reader: ChannelReadHalf,
        writer: &ChannelWriteHalf<Msg>,
        input: Input,
        execution: &Arc<Execution>,
    ) -> Option<ExitStatus> {
        let cut = self.cut_wanted(CutPoint::AfterExecStart, &input);
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let group = execution.group.load(Ordering::Acquire);
        let feeder =
            Feeder { scheduler: Arc::clone(&self.scheduler), link: Arc::clone(&self.link), stdin, group };
        let feeding = tokio::spawn(feeder.feed(reader, input, cut));
        let banner = self.banner();
        let output = async {
            if let Some(banner) = banner
                && writer.data_bytes(banner).await.is_err()
            {
                return;
            }
            pump(stdout, writer, None, execution).await;
        };
        let errors = pump(stderr, writer, Some(1), execution);
        let waiting = async {
            let status = child.wait().await.ok();
            if let Some(status) = status
                && !execution.mute.load(Ordering::Acquire)
            {
                self.send_status(writer, status).await;
            }
            status
        };
        let ((), (), status) = tokio::join!(output, errors, waiting);
        feeding.abort();
        status
    }

    async fn send_status(&self, writer: &ChannelWriteHalf<Msg>, status: ExitStatus) {
        // A client that has gone needs no answer.
        match (status.code(), status.signal()) {
            (Some(code), _) => {
                let _gone = writer.exit_status(u32::try_from(code).unwrap_or(255)).await;
            }
            (None, signal) => {
                let name = signal_name(signal.unwrap_or(9));
                let (text, language) = (String::new(), String::new());
                let dumped = status.core_dumped();
                let _gone = self.handle.exit_signal_request(writer.id(), name, dumped, text, language).await;
            }
        }
    }

    /// Reads standard input until a fault's text is in it, it ends, or enough was read.
    async fn read_ahead(&self, reader: &mut ChannelReadHalf, input: &mut Input) {
        let mut length = 0;
        while length < SEARCHED && !input.ended && !self.text_found(input) {
            match reader.wait().await {
                Some(ChannelMsg::Data { data }) => {
                    length += data.len();
                    input.pieces.push(data);
                }
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => input.ended = true,
                Some(_) => {}
            }
        }
    }

    fn text_found(&self, input: &Input) -> bool {
        let text = self.searchable(input);
        self.scheduler.faults.is_on(|fault| {
            matches!(fault, Fault::Cut { matching: Some(wanted), .. } if contains(&text, wanted.as_bytes()))
        })
    }

    fn searchable(&self, input: &Input) -> Vec<u8> {
        let mut text = self.command.clone().unwrap_or_default();
        text.push(b'\n');
        for piece in &input.pieces {
            text.extend_from_slice(piece);
        }
        text
    }

    fn cut_wanted(&self, point: CutPoint, input: &Input) -> bool {
        let text = self.searchable(input);
        let fits = |fault: &Fault| {
            let Fault::Cut { at, matching } = fault else { return None };
            let found = matching.as_ref().is_none_or(|wanted| contains(&text, wanted.as_bytes()));
            (*at == point && found).then_some(())
        };
        self.scheduler.faults.take(fits).is_some()
    }

    fn cut_at(&self, point: CutPoint, input: &Input) -> bool {
        let cut = self.cut_wanted(point, input);
        if cut {
            self.link.cut.cancel();
        }
        cut
    }

    /// What a login prints when the shell itself reads no file: see `SimHost::set_login_banner`.
    fn banner(&self) -> Option<Bytes> {
        let read_by_shell = ["bash", "tcsh", "csh"].contains(&self.account.shell_name().as_str());
        let text = std::fs::read(self.account.home.join(crate::host::BANNER_FILE)).ok();
        text.filter(|_| !read_by_shell).map(Bytes::from)
    }
}

fn waits_for_text(fault: &Fault) -> bool {
    matches!(fault, Fault::Cut { at: CutPoint::BeforeExec | CutPoint::AfterExecStart, matching: Some(_) })
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || text.windows(wanted.len()).any(|window| window == wanted)
}

/// Feeds the standard input of a command that runs.
struct Feeder {
    scheduler: Arc<Scheduler>,
    link: Arc<Link>,
    stdin: Option<ChildStdin>,
    group: u64,
}

impl Feeder {
    /// Until the client closes the channel; after what was read ahead the connection is cut when that is wanted.
    async fn feed(mut self, mut reader: ChannelReadHalf, input: Input, cut: bool) {
        for piece in input.pieces {
            self.write(&piece).await;
        }
        if cut {
            self.link.cut.cancel();
        }
        if input.ended {
            self.stdin = None;
        }
        while let Some(message) = reader.wait().await {
            if let ChannelMsg::Data { data } = message {
                // A shell may be given one program after the other: each is a command that begins.
                if self.is_hit(CutPoint::BeforeExec, &data) {
                    self.link.cut.cancel();
                    return;
                }
                self.write(&data).await;
                if self.is_hit(CutPoint::AfterExecStart, &data) {
                    self.link.cut.cancel();
                }
            } else if let ChannelMsg::Signal { signal } = message {
                send_signal(self.group, &signal);
            } else if matches!(message, ChannelMsg::Eof) {
                self.stdin = None;
            } else if matches!(message, ChannelMsg::Close) {
                return;
            }
        }
    }

    /// Whether a cut is wanted for the text in this piece. One for any command hits those that the client asks for.
    fn is_hit(&self, point: CutPoint, piece: &[u8]) -> bool {
        let fits = |fault: &Fault| {
            let Fault::Cut { at, matching: Some(wanted) } = fault else { return None };
            (*at == point && contains(piece, wanted.as_bytes())).then_some(())
        };
        self.scheduler.faults.take(fits).is_some()
    }

    async fn write(&mut self, data: &[u8]) {
        if let Some(pipe) = &mut self.stdin
            && pipe.write_all(data).await.is_err()
        {
            // The process reads no more; what the client still sends is dropped, as sshd does.
            self.stdin = None;
        }
    }
}

fn send_signal(group: u64, signal: &Sig) {
    let signal = match signal {
        Sig::ABRT => Signal::ABORT,
        Sig::ALRM => Signal::ALARM,
        Sig::FPE => Signal::FPE,
        Sig::HUP => Signal::HUP,
        Sig::ILL => Signal::ILL,
        Sig::INT => Signal::INT,
        Sig::KILL => Signal::KILL,
        Sig::PIPE => Signal::PIPE,
        Sig::QUIT => Signal::QUIT,
        Sig::SEGV => Signal::SEGV,
        Sig::TERM => Signal::TERM,
        Sig::USR1 => Signal::USR1,
        Sig::Custom(_) => return,
    };
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // The process may have ended by itself.
        let _gone = rustix::process::kill_process_group(pid, signal);
    }
}

fn signal_name(number: i32) -> Sig {
    match number {
        1 => Sig::HUP,
        2 => Sig::INT,
        3 => Sig::QUIT,
        4 => Sig::ILL,
        6 => Sig::ABRT,
        8 => Sig::FPE,
        9 => Sig::KILL,
        10 => Sig::USR1,
        11 => Sig::SEGV,
        13 => Sig::PIPE,
        14 => Sig::ALRM,
        15 => Sig::TERM,
        other => Sig::Custom(other.to_string()),
    }
}

/// Sends what a process writes, until it ends or nobody listens. Closing the pipe is what tells the process.
async fn pump(
    pipe: Option<impl AsyncRead + Unpin>,
    writer: &ChannelWriteHalf<Msg>,
    extended: Option<u32>,
    execution: &Execution,
) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let Ok(length) = pipe.read(&mut buffer).await else { return };
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else { return };
        if execution.mute.load(Ordering::Acquire) {
            // It has its answer and would say so; its shell may go on for long.
            execution.cut.cancel();
            continue;
        }
        // What is said after the cut stays unsaid, however late the cut is carried out.
        if execution.cut.is_cancelled() {
            return;
        }
        let piece = Bytes::copy_from_slice(piece);
        let sent = match extended {
            None => writer.data_bytes(piece).await,
            Some(number) => writer.extended_data_bytes(number, piece).await,
        };
        if sent.is_err() {
            return;
        }
    }
}
