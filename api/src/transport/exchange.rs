//! One program on one channel: sent, answered, taken out of its frame, and cleaned up after.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelWriteHalf, Sig};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Lease;
use super::dial::is_channel_refusal;
use super::endpoint::Endpoint;
use super::error::{Step, TransportError, UnreachableCause};
use super::frame::Frame;
use super::identity::Identity;
use super::pool::{Lane, Pool};
use super::program::{EXEC, Marker, Program, Rendered};
use super::settings::RunLimits;
use super::shell::Shell;

/// Pieces of live output that wait for their reader before the program is slowed down.
const LIVE_BUFFER: usize = 16;

/// All a program said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// As the shell reports it: 0 to 255, and 128 plus the signal's number for a program that was killed.
    pub exit_status: u32,
    /// Its standard output, byte for byte.
    pub stdout: Vec<u8>,
    /// Its standard error, byte for byte.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether the program ended with status 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_status == 0
    }

    /// Standard output as text; bytes that are not UTF-8 become replacement characters.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 become replacement characters.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// What a running program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramEvent {
    /// It said something.
    Stdout(Bytes),
    /// It complained.
    Stderr(Bytes),
    /// It ended, with this status; nothing follows.
    Exit(u32),
}

/// A program that is being followed: a stream of events that ends with the exit or an error.
#[derive(Debug)]
pub struct RunningProgram {
    events: mpsc::Receiver<Result<ProgramEvent, TransportError>>,
}

impl RunningProgram {
    /// The next event; `None` after the exit or an error.
    pub async fn next(&mut self) -> Option<Result<ProgramEvent, TransportError>> {
        self.events.recv().await
    }
}

impl Stream for RunningProgram {
    type Item = Result<ProgramEvent, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(context)
    }
}

/// What an exchange is doing, readable by who waits for it: the deadline's error tells.
#[derive(Clone)]
pub(super) struct StepCell(Arc<AtomicU8>);

impl StepCell {
    const STEPS: [Step; 3] = [Step::Connecting, Step::Sending, Step::Running];

    pub(super) fn new(step: Step) -> Self {
        let cell = Self(Arc::default());
        cell.set(step);
        cell
    }

    pub(super) fn get(&self) -> Step {
        let index = usize::from(self.0.load(Ordering::SeqCst));
        Self::STEPS.get(index).copied().unwrap_or(Step::Running)
    }

    fn set(&self, step: Step) {
        let index = Self::STEPS.iter().position(|known| *known == step).unwrap_or(Self::STEPS.len());
        self.0.store(u8::try_from(index).unwrap_or(u8::MAX), Ordering::SeqCst);
    }
}

type Sending = Pin<Box<dyn Future<Output = Sent> + Send>>;

/// What came of sending a program.
enum Sent {
    /// All of it left, or the connection ended, of which the reader learns as well.
    Done,
    /// The word was not given: nobody wants more of it than its first step.
    Withdrawn,
}

/// What is to be run.
pub(super) struct Run {
    pub(super) program: Program,
    pub(super) limits: RunLimits,
    /// For the last step of a program that has two.
    pub(super) word: Option<oneshot::Receiver<()>>,
}

/// A program on its channel.
pub(super) struct Exchange {
    channel: Option<(Shell, Lease)>,
    sending: Option<Sending>,
    stdout: Frame,
    stderr: Frame,
    ready: VecDeque<ProgramEvent>,
    received_bytes: u64,
    limit: u64,
    address: String,
    step: StepCell,
    has_closed: bool,
    has_exited: bool,
    /// It runs to its end, whatever becomes of this exchange.
    is_lasting: bool,
    /// Its shell may run another program when this one ends well.
    is_tidy: bool,
    close_timeout: Duration,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Exchange {
    /// Opens a channel and begins to send the program; the last step of one that has two only when the word comes.
    pub(super) async fn start(
        pool: &Pool,
        to: &Endpoint,
        identity: &Identity,
        lane: Lane,
        run: Run,
        step: &StepCell,
    ) -> Result<Self, TransportError> {
        let Run { program, limits, word } = run;
        let marker = Marker::random();
        let rendered = program.render(&marker)?;
        let (shell, lease) = find_shell(pool, to, identity, lane, program.is_tidy()).await?;
        step.set(Step::Sending);
        let sending = send(rendered, Arc::clone(&shell.write), shell.is_used, step.clone(), word);
        Ok(Self {
            channel: Some((shell, lease)),
            sending: Some(Box::pin(sending)),
            stdout: Frame::new(&marker),
            stderr: Frame::new(&marker),
            ready: VecDeque::new(),
            received_bytes: 0,
            limit: limits.max_output_bytes,
            address: to.address.clone(),
            step: step.clone(),
            has_closed: false,
            has_exited: false,
            is_lasting: program.is_lasting(),
            is_tidy: program.is_tidy(),
            close_timeout: pool.settings().close_timeout,
            stop: pool.stop().clone(),
            tasks: pool.tasks().clone(),
        })
    }

    /// Waits for the end.
    pub(super) async fn collect(mut self) -> Result<Output, TransportError> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            match self.next().await? {
                ProgramEvent::Stdout(bytes) => stdout.extend_from_slice(&bytes),
                ProgramEvent::Stderr(bytes) => stderr.extend_from_slice(&bytes),
                ProgramEvent::Exit(exit_status) => return Ok(Output { exit_status, stdout, stderr }),
            }
        }
    }

    /// Hands the events to a reader as they come.
    pub(super) fn follow(mut self, deadline: Instant, allowed: Duration) -> RunningProgram {
        let (sender, events) = mpsc::channel(LIVE_BUFFER);
        let stop = self.stop.clone();
        self.tasks.clone().spawn(async move {
            loop {
                let event = tokio::select! {
                    () = sender.closed() => return,
                    event = timeout_at(deadline, self.next()) => event.unwrap_or_else(|_| {
                        Err(TransportError::TimedOut { after: allowed, step: self.step.get() })
                    }),
                };
                let is_last = matches!(event, Err(_) | Ok(ProgramEvent::Exit(_)));
                let taken = tokio::select! {
                    () = stop.cancelled() => return,
                    taken = timeout_at(deadline, sender.send(event)) => taken,
                };
                if is_last || !matches!(taken, Ok(Ok(()))) {
                    return;
                }
            }
        });
        RunningProgram { events }
    }

    async fn next(&mut self) -> Result<ProgramEvent, TransportError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            // Both frames closed means that all was read, even while something the program left behind keeps
            // the channel open.
            if self.stdout.has_ended() && self.stderr.has_ended() {
                self.has_exited = true;
                return self.stdout.exit_status().map(ProgramEvent::Exit).ok_or(TransportError::Truncated);
            }
            let Some((shell, _)) = &mut self.channel else { return Err(self.ended()) };
            let message = tokio::select! {
                () = self.stop.cancelled() => return Err(self.stopped()),
                sent = poll_sending(&mut self.sending) => match sent {
                    Sent::Done => continue,
                    Sent::Withdrawn => return Err(TransportError::Closed),
                },
                message = shell.read.wait() => message,
            };
            match message {
                Some(message) => self.receive(message)?,
                None => return Err(self.ended()),
            }
        }
    }

    fn receive(&mut self, message: ChannelMsg) -> Result<(), TransportError> {
        if let ChannelMsg::Data { data } = message {
            self.count(data.len())?;
            let content = self.stdout.push(&data);
            if !content.is_empty() {
                self.ready.push_back(ProgramEvent::Stdout(content));
            }
        } else if let ChannelMsg::ExtendedData { data, ext: 1 } = message {
            self.count(data.len())?;
            let content = self.stderr.push(&data);
            if !content.is_empty() {
                self.ready.push_back(ProgramEvent::Stderr(content));
            }
        } else if matches!(message, ChannelMsg::Failure) {
            // The host does not run commands for this account.
            return Err(TransportError::ShellRefused {
                said: "the host refused to run a command".to_owned(),
            });
        } else if matches!(message, ChannelMsg::Close) {
            self.has_closed = true;
        }
        // The channel's own exit status is that of the login shell, and may come before the last bytes.
        Ok(())
    }

    fn count(&mut self, length: usize) -> Result<(), TransportError> {
        self.received_bytes = self.received_bytes.saturating_add(length as u64);
        if self.received_bytes > self.limit {
            return Err(TransportError::TooMuchOutput { limit: self.limit });
        }
        Ok(())
    }

    /// What it means that nothing more comes.
    fn ended(&self) -> TransportError {
        if self.has_closed {
            if self.stdout.has_begun() || self.stderr.has_begun() {
                return TransportError::Truncated;
            }
            // A shell that waited may have ended in the moment it was asked, or with what it was asked.
            if self.channel.as_ref().is_some_and(|(shell, _)| shell.is_used) {
                return TransportError::Cut { step: self.step.get() };
            }
            let said = [self.stdout.said(), self.stderr.said()].join(" ");
            return TransportError::ShellRefused { said: said.trim().to_owned() };
        }
        match self.step.get() {
            Step::Running => TransportError::Cut { step: Step::Running },
            Step::Connecting | Step::Sending | Step::Reading | Step::Writing => closed_early(&self.address),
        }
    }

    fn stopped(&self) -> TransportError {
        if self.step.get() == Step::Running {
            TransportError::Cut { step: Step::Running }
        } else {
            TransportError::Closed
        }
    }
}

impl Drop for Exchange {
    /// Ends what still runs and gives the channel back once the host has closed it.
    fn drop(&mut self) {
        self.sending = None;
        let Some((mut shell, lease)) = self.channel.take() else { return };
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let is_well = self.stdout.exit_status() == Some(0) && !self.has_closed;
        if self.has_exited && self.is_tidy && is_well {
            lease.return_shell(shell);
            return;
        }
        let (has_exited, is_lasting, stop) = (self.has_exited, self.is_lasting, self.stop.clone());
        let patience = self.close_timeout;
        self.tasks.spawn(async move {
            let close = async {
                if has_exited {
                    shell.drain(patience).await;
                    return;
                }
                // The end of its input ends the program (see `program`); the signal reaches one that has not begun. One that is to
                // run to its end may be in the middle of what must not be done twice.
                if !is_lasting {
                    let _ = shell.write.signal(Sig::TERM).await;
                }
                shell.end(patience).await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = close => {}
            }
            drop(lease);
        });
    }
}

async fn send(
    program: Rendered,
    to: Arc<ChannelWriteHalf<Msg>>,
    is_started: bool,
    step: StepCell,
    word: Option<oneshot::Receiver<()>>,
) -> Sent {
    let begin = async {
        if !is_started {
            to.exec(true, EXEC).await?;
        }
        to.data_bytes(program.definition).await
    };
    if begin.await.is_err() {
        return Sent::Done;
    }
    if let Some(word) = word
        && word.await.is_err()
    {
        return Sent::Withdrawn;
    }
    // From here on the program may run, whatever we hear or do not hear of it.
    step.set(Step::Running);
    // No end of file follows: the program takes that for a lost caller.
    let _ = to.data_bytes(program.call).await;
    Sent::Done
}

async fn poll_sending(sending: &mut Option<Sending>) -> Sent {
    match sending {
        Some(future) => {
            let sent = future.await;
            *sending = None;
            sent
        }
        None => std::future::pending().await,
    }
}

/// A shell to run a program in: one that waits, for a program that takes such; else one that has yet to be started.
async fn find_shell(
    pool: &Pool,
    to: &Endpoint,
    identity: &Identity,
    lane: Lane,
    is_tidy: bool,
) -> Result<(Shell, Lease), TransportError> {
    let mut fresh = None;
    if is_tidy {
        let mut lease = pool.lease(to, identity, lane, true).await?;
        if let Some(shell) = lease.take_shell() {
            return Ok((shell, lease));
        }
        fresh = Some(lease);
    }
    let (channel, lease) = open_on(pool, to, identity, lane, fresh).await?;
    Ok((Shell::new(channel), lease))
}

/// Opens a session channel.
pub(super) async fn open_channel(
    pool: &Pool,
    to: &Endpoint,
    identity: &Identity,
    lane: Lane,
) -> Result<(Channel<Msg>, Lease), TransportError> {
    open_on(pool, to, identity, lane, None).await
}

/// Opens a session channel, once more on a new connection if the kept one turns out to be gone.
async fn open_on(
    pool: &Pool,
    to: &Endpoint,
    identity: &Identity,
    lane: Lane,
    mut first: Option<Lease>,
) -> Result<(Channel<Msg>, Lease), TransportError> {
    for _ in 0..2 {
        let lease = match first.take() {
            Some(lease) => lease,
            None => pool.lease(to, identity, lane, false).await?,
        };
        match timeout(pool.settings().connect_timeout, lease.open_session()).await {
            Ok(Ok(channel)) => return Ok((channel, lease)),
            Ok(Err(error)) if is_channel_refusal(&error) => {
                return Err(TransportError::Busy { address: to.address.clone() });
            }
            Ok(Err(_)) | Err(_) => lease.condemn(),
        }
    }
    Err(closed_early(&to.address))
}

fn closed_early(address: &str) -> TransportError {
    TransportError::Unreachable {
        address: address.to_owned(),
        cause: UnreachableCause::ClosedEarly,
        retry_after: None,
    }
}
