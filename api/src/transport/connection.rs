//! One account's connection: a task owns it, opens it when asked, lends its channels, closes it when nobody asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::Disconnect;
use russh::client::Msg;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dial::{self, Dialled};
use super::endpoint::Endpoint;
use super::error::TransportError;
use super::gate::Gate;
use super::identity::Identity;
use super::pool::AccountKey;
use super::settings::TransportSettings;
use super::shell::{IdleShell, Shell};

/// The right to one channel of a live connection; given back when dropped.
pub(super) struct Lease {
    connection: Arc<Connection>,
    slot: Option<OwnedSemaphorePermit>,
    shell: Option<Shell>,
}

impl Lease {
    /// Opens the channel.
    pub(super) async fn open_session(&self) -> Result<russh::Channel<Msg>, russh::Error> {
        self.connection.dialled.handle.channel_open_session().await
    }

    /// The shell that came with it, for who asked for one.
    pub(super) const fn take_shell(&mut self) -> Option<Shell> {
        self.shell.take()
    }

    /// Gives the channel back with its shell, which may run another program.
    pub(super) fn return_shell(mut self, shell: Shell) {
        if let Some(slot) = self.slot.take() {
            self.connection.idle_shells().push(IdleShell::new(shell, slot));
            self.connection.returned.notify_one();
        }
    }

    /// Lets nobody else have this connection: it does not answer.
    pub(super) fn condemn(&self) {
        self.connection.is_condemned.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_alive(&self) -> bool {
        self.connection.is_alive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.connection.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A request for a lease.
pub(super) struct LeaseRequest {
    /// A shell that waits for a program is as good as a fresh channel, or better.
    pub(super) takes_shell: bool,
    pub(super) reply: oneshot::Sender<Result<Lease, TransportError>>,
}

struct Connection {
    dialled: Dialled,
    slots: Arc<Semaphore>,
    idle_shells: Mutex<Vec<IdleShell>>,
    /// A shell came back.
    returned: Notify,
    last_used: Mutex<Instant>,
    is_condemned: AtomicBool,
}

impl Connection {
    fn is_alive(&self) -> bool {
        !self.is_condemned.load(Ordering::SeqCst)
            && !self.dialled.handle.is_closed()
            && self.dialled.jump.as_ref().is_none_or(|jump| !jump.is_closed())
    }

    fn last_used(&self) -> Instant {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle_shells(&self) -> MutexGuard<'_, Vec<IdleShell>> {
        self.idle_shells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hang_up(&self) {
        for handle in [Some(&self.dialled.handle), self.dialled.jump.as_ref()].into_iter().flatten() {
            // It may be gone already; closing is what is wanted.
            let _ = handle.disconnect(Disconnect::ByApplication, "", "").await;
        }
    }
}

/// The task that owns the connection of one account.
pub(super) struct Keeper {
    pub(super) account: AccountKey,
    pub(super) to: Endpoint,
    pub(super) identity: Identity,
    pub(super) gate: Arc<Gate>,
    pub(super) settings: Arc<TransportSettings>,
    pub(super) requests: mpsc::Receiver<LeaseRequest>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Keeper {
    /// Serves requests one after the other, so that who came first gets the next free channel.
    pub(super) async fn serve(mut self) {
        let mut current: Option<Arc<Connection>> = None;
        let mut last_request = Instant::now();
        loop {
            let last_used = current.as_ref().map_or(last_request, |open| open.last_used().max(last_request));
            let idle_until = last_used + self.settings.idle_timeout;
            let expires_at = current.as_ref().and_then(|open| self.close_expired(open));
            let request = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                request = self.requests.recv() => match request {
                    Some(request) => request,
                    None => break,
                },
                () = sleep_until(expires_at.unwrap_or(idle_until)), if expires_at.is_some_and(|at| at < idle_until) => continue,
                () = sleep_until(idle_until) => {
                    if current.as_ref().is_none_or(|open| self.is_idle(open)) {
                        break;
                    }
                    last_request = Instant::now();
                    continue;
                }
            };
            last_request = Instant::now();
            let stop = self.stop.clone();
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.answer(request, &mut current) => {}
            }
        }
        // Who asked in this moment hears that nobody answers, and asks a new keeper.
        self.requests.close();
        if let Some(open) = current {
            open.hang_up().await;
            tracing::debug!(host.id = %self.to.host, "connection closed");
        }
    }

    fn is_idle(&self, open: &Connection) -> bool {
        open.slots.available_permits() + open.idle_shells().len() >= self.settings.max_channels
            && open.last_used().elapsed() >= self.settings.idle_timeout
    }

    /// Ends the shells that nobody wanted for long; when the next one is due.
    fn close_expired(&self, open: &Connection) -> Option<Instant> {
        let now = Instant::now();
        let expired: Vec<IdleShell> =
            open.idle_shells().extract_if(.., |shell| shell.expires_at() <= now).collect();
        expired.into_iter().for_each(|shell| self.end(shell));
        open.idle_shells().iter().map(IdleShell::expires_at).min()
    }

    fn end(&self, shell: IdleShell) {
        self.tasks.spawn(shell.end(self.settings.close_timeout));
    }

    async fn answer(&self, mut request: LeaseRequest, current: &mut Option<Arc<Connection>>) {
        let mut is_making_room = false;
        loop {
            if request.reply.is_closed() {
                return;
            }
            let open = match current.as_ref().filter(|open| open.is_alive()) {
                Some(open) => Arc::clone(open),
                None => match self.connect().await {
                    Ok(open) => Arc::clone(current.insert(Arc::new(open))),
                    Err(error) => {
                        *current = None;
                        // The caller may have given up; then nobody is interested in the reason.
                        let _ = request.reply.send(Err(error));
                        return;
                    }
                },
            };
            if request.takes_shell
                && let Some((shell, slot)) = self.wake_shell(&open)
            {
                let lease = Lease { connection: open, slot: Some(slot), shell: Some(shell) };
                let _ = request.reply.send(Ok(lease));
                return;
            }
            // Shells that wait must not keep others waiting; the place of one is enough.
            if !is_making_room
                && open.slots.available_permits() == 0
                && let Some(shell) = open.idle_shells().pop()
            {
                self.end(shell);
                is_making_room = true;
            }
            let slot = tokio::select! {
                () = request.reply.closed() => return,
                () = open.returned.notified(), if request.takes_shell || !is_making_room => continue,
                slot = Arc::clone(&open.slots).acquire_owned() => slot,
            };
            let Ok(slot) = slot else { return };
            // Waiting for a channel may have taken longer than the connection lived.
            if open.is_alive() {
                let _ = request.reply.send(Ok(Lease { connection: open, slot: Some(slot), shell: None }));
                return;
            }
        }
    }

    /// The shell that came back last, if it still waits.
    fn wake_shell(&self, open: &Connection) -> Option<(Shell, OwnedSemaphorePermit)> {
        loop {
            let idle = open.idle_shells().pop()?;
            match idle.wake() {
                Ok(awake) => return Some(awake),
                Err(idle) => self.end(idle),
            }
        }
    }

    async fn connect(&self) -> Result<Connection, TransportError> {
        let _turn = self.gate.admit(&self.account, &self.settings).await?;
        let begun = Instant::now();
        match dial::dial(&self.to, &self.identity, &self.settings).await {
            Ok(dialled) => {
                self.gate.succeeded(&self.account);
                tracing::info!(host.id = %self.to.host, duration_ms = elapsed_ms(begun), "connected");
                Ok(Connection {
                    dialled,
                    slots: Arc::new(Semaphore::new(self.settings.max_channels)),
                    idle_shells: Mutex::default(),
                    returned: Notify::new(),
                    last_used: Mutex::new(Instant::now()),
                    is_condemned: AtomicBool::new(false),
                })
            }
            Err(error) => {
                self.gate.failed(&self.account, &error, &self.settings, Instant::now());
                tracing::debug!(host.id = %self.to.host, duration_ms = elapsed_ms(begun), %error, "not connected");
                Err(error)
            }
        }
    }
}

fn elapsed_ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}
