//! A shell on the host that runs one program, or several one after the other.
//!
//! To start one costs the host a process of its sshd, a login shell and that shell's start-up files, and us two round
//! trips. A program that leaves nothing behind hands its shell on, so that the next one costs neither: sent and answered in
//! one round trip. See decision 22.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

/// A shell that nobody wants for so long is ended: nothing of ours stays on a host without need.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Afterwards a new one: what an account's start-up files say may have changed.
const OLDEST: Duration = Duration::from_secs(600);

/// The channel of a shell.
pub(super) struct Shell {
    pub(super) read: ChannelReadHalf,
    pub(super) write: Arc<ChannelWriteHalf<Msg>>,
    opened_at: Instant,
    /// The shell runs already.
    pub(super) is_used: bool,
}

impl Shell {
    /// A channel on which the shell has yet to be started.
    pub(super) fn new(channel: Channel<Msg>) -> Self {
        let (read, write) = channel.split();
        Self { read, write: Arc::new(write), opened_at: Instant::now(), is_used: false }
    }

    /// Ends the shell's input, and with it the shell and what it runs; waits for the host to close the channel. To close it first
    /// would be to hear no more of it: russh forgets a channel that it has closed, and the host may count it for some time.
    pub(super) async fn end(mut self, patience: Duration) {
        // It may be gone already; to be rid of it is what is wanted.
        let _ = self.write.eof().await;
        self.drain(patience).await;
    }

    /// Waits for the host to close the channel, and closes it if that takes too long.
    pub(super) async fn drain(&mut self, patience: Duration) {
        if timeout(patience, async { while self.read.wait().await.is_some() {} }).await.is_err() {
            let _ = self.write.close().await;
        }
    }

    /// Whether it still waits for a program, as far as the host has said.
    fn is_waiting(&mut self) -> bool {
        while let Some(message) = self.read.wait().now_or_never() {
            let is_over = message.is_none_or(|message| {
                matches!(
                    message,
                    ChannelMsg::Close
                        | ChannelMsg::Eof
                        | ChannelMsg::ExitStatus { .. }
                        | ChannelMsg::ExitSignal { .. }
                )
            });
            if is_over {
                return false;
            }
        }
        true
    }
}

/// A shell that waits for its next program, with its place among the connection's channels.
pub(super) struct IdleShell {
    shell: Shell,
    slot: OwnedSemaphorePermit,
    since: Instant,
}

impl IdleShell {
    pub(super) fn new(mut shell: Shell, slot: OwnedSemaphorePermit) -> Self {
        shell.is_used = true;
        Self { shell, slot, since: Instant::now() }
    }

    /// When it is to be ended.
    pub(super) fn expires_at(&self) -> Instant {
        (self.since + KEPT_FOR).min(self.shell.opened_at + OLDEST)
    }

    /// The shell and its place, if it can run another program; else it is given back to be closed.
    pub(super) fn wake(mut self) -> Result<(Shell, OwnedSemaphorePermit), Self> {
        if self.expires_at() > Instant::now() && self.shell.is_waiting() {
            Ok((self.shell, self.slot))
        } else {
            Err(self)
        }
    }

    /// Ends it; its place is free afterwards.
    pub(super) async fn end(self, patience: Duration) {
        self.shell.end(patience).await;
        drop(self.slot);
    }
}
