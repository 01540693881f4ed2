//! One account's connection: a task owns it, opens it when asked, lends its channels, closes it when nobody asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use russh::Disconnect;
use russh::client::Msg;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::dial::{self, Dialled};
use super::endpoint::Endpoint;
use super::error::TransportError;
use super::gate::Gate;
use super::identity::Identity;
use super::pool::AccountKey;
use super::settings::TransportSettings;

/// The right to one channel of a live connection; given back when dropped.
pub(super) struct Lease {
    connection: Arc<Connection>,
    _slot: OwnedSemaphorePermit,
}

impl Lease {
    /// Opens the channel.
    pub(super) async fn open_session(&self) -> Result<russh::Channel<Msg>, russh::Error> {
        self.connection.dialled.handle.channel_open_session().await
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
pub(super) type LeaseRequest = oneshot::Sender<Result<Lease, TransportError>>;

struct Connection {
    dialled: Dialled,
    slots: Arc<Semaphore>,
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
}

impl Keeper {
    /// Serves requests one after the other, so that who came first gets the next free channel.
    pub(super) async fn serve(mut self) {
        let mut current: Option<Arc<Connection>> = None;
        let mut last_request = Instant::now();
        loop {
            let last_used = current.as_ref().map_or(last_request, |open| open.last_used().max(last_request));
            let request = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                request = self.requests.recv() => match request {
                    Some(request) => request,
                    None => break,
                },
                () = sleep_until(last_used + self.settings.idle_timeout) => {
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
        open.slots.available_permits() >= self.settings.max_channels
            && open.last_used().elapsed() >= self.settings.idle_timeout
    }

    async fn answer(&self, mut request: LeaseRequest, current: &mut Option<Arc<Connection>>) {
        loop {
            if request.is_closed() {
                return;
            }
            let open = match current.as_ref().filter(|open| open.is_alive()) {
                Some(open) => Arc::clone(open),
                None => match self.connect().await {
                    Ok(open) => Arc::clone(current.insert(Arc::new(open))),
                    Err(error) => {
                        *current = None;
                        // The caller may have given up; then nobody is interested in the reason.
                        let _ = request.send(Err(error));
                        return;
                    }
                },
            };
            let slot = tokio::select! {
                () = request.closed() => return,
                slot = Arc::clone(&open.slots).acquire_owned() => slot,
            };
            let Ok(slot) = slot else { return };
            // Waiting for a channel may have taken longer than the connection lived.
            if open.is_alive() {
                let _ = request.send(Ok(Lease { connection: open, _slot: slot }));
                return;
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
