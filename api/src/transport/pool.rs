//! Who has a connection to what, and the tasks that own them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pbsweb_shared::ids::HostId;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Keeper, Lease, LeaseRequest};
use super::endpoint::{Endpoint, HostKey};
use super::error::TransportError;
use super::gate::{Gate, HostHealth};
use super::identity::Identity;
use super::settings::TransportSettings;

/// What an exchange asks of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Answers that are taken as they come.
    Prompt,
    /// Programs whose reader may be slow. russh hands a connection's data out in order, so that one full channel
    /// holds up its neighbours; a browser that stops reading must not hold up the poller.
    Live,
}

/// Everything that makes a connection usable for a call: the place, the account, the identity, and the keys that
/// are trusted. A digest, so that a changed row or a rotated key simply means another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AccountKey([u8; 32]);

impl AccountKey {
    fn new(to: &Endpoint, identity: &Identity) -> Self {
        let mut digest = Sha256::new();
        let mut field = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        let keys = |field: &mut dyn FnMut(&[u8]), keys: &[HostKey]| {
            field(&(keys.len() as u64).to_be_bytes());
            keys.iter().for_each(|key| field(key.to_string().as_bytes()));
        };
        field(to.host.as_uuid().as_bytes());
        field(to.address.as_bytes());
        field(&to.port.to_be_bytes());
        field(to.login.as_str().as_bytes());
        field(identity.id().as_bytes());
        keys(&mut field, &to.host_keys);
        if let Some(jump) = &to.jump {
            field(jump.address.as_bytes());
            field(&jump.port.to_be_bytes());
            field(jump.login.as_str().as_bytes());
            keys(&mut field, &jump.host_keys);
        }
        Self(digest.finalize().into())
    }

    #[cfg(test)]
    pub(super) const fn for_test(byte: u8) -> Self {
        Self([byte; 32])
    }
}

pub(super) struct Pool {
    settings: Arc<TransportSettings>,
    gates: Mutex<HashMap<HostId, Arc<Gate>>>,
    keepers: Mutex<HashMap<(AccountKey, Lane), KeeperHandle>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Connections outlive the request that opens them, whose runtime may end with its worker.
    runtime: tokio::runtime::Handle,
}

#[derive(Clone)]
struct KeeperHandle {
    host: HostId,
    requests: mpsc::Sender<LeaseRequest>,
    stop: CancellationToken,
}

impl Pool {
    pub(super) fn new(settings: TransportSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            gates: Mutex::default(),
            keepers: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    pub(super) fn settings(&self) -> &TransportSettings {
        &self.settings
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Where every task of the transport is counted.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    fn keepers(&self) -> MutexGuard<'_, HashMap<(AccountKey, Lane), KeeperHandle>> {
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self, host: HostId) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(host).or_insert_with(|| Arc::new(Gate::new(&self.settings))))
    }

    /// Waits for a channel of the account's connection, which is made if need be.
    pub(super) async fn lease(
        &self,
        to: &Endpoint,
        identity: &Identity,
        lane: Lane,
    ) -> Result<Lease, TransportError> {
        let account = AccountKey::new(to, identity);
        let gate = self.gate(to.host);
        // A keeper may end, idle, in the moment it is asked; its successor does not in the same moment.
        for _ in 0..3 {
            if self.stop.is_cancelled() {
                break;
            }
            gate.check(&account, Instant::now())?;
            let (request, lease) = oneshot::channel();
            let keeper = self.keeper(account, lane, to, identity, &gate);
            match keeper.requests.try_send(request) {
                Ok(()) => {
                    if let Ok(answer) = lease.await {
                        return answer;
                    }
                    if keeper.stop.is_cancelled() {
                        break;
                    }
                }
                Err(TrySendError::Full(_)) => {
                    return Err(TransportError::Busy { address: to.address.clone() });
                }
                Err(TrySendError::Closed(_)) => {}
            }
        }
        Err(TransportError::Closed)
    }

    fn keeper(
        &self,
        account: AccountKey,
        lane: Lane,
        to: &Endpoint,
        identity: &Identity,
        gate: &Arc<Gate>,
    ) -> KeeperHandle {
        let mut keepers = self.keepers();
        // Keepers that ended by themselves leave their entry; there are few, and this is where they are found.
        keepers.retain(|_, keeper| !keeper.requests.is_closed());
        if let Some(keeper) = keepers.get(&(account, lane)) {
            return keeper.clone();
        }
        let (sender, requests) = mpsc::channel(self.settings.max_waiting.max(1));
        let stop = self.stop.child_token();
        let keeper = Keeper {
            account,
            to: to.clone(),
            identity: identity.clone(),
            gate: Arc::clone(gate),
            settings: Arc::clone(&self.settings),
            requests,
            stop: stop.clone(),
        };
        self.tasks.spawn_on(keeper.serve(), &self.runtime);
        let handle = KeeperHandle { host: to.host, requests: sender, stop };
        keepers.insert((account, lane), handle.clone());
        handle
    }

    /// Ends the host's connections and forgets its failures.
    pub(super) fn forget(&self, host: HostId) {
        self.keepers().retain(|_, keeper| {
            let stays = keeper.host != host;
            if !stays {
                keeper.stop.cancel();
            }
            stays
        });
        self.reopen(host);
    }

    pub(super) fn reopen_account(&self, to: &Endpoint, identity: &Identity) {
        self.gate(to.host).reopen_account(&AccountKey::new(to, identity));
    }

    fn reopen(&self, host: HostId) {
        self.gate(host).reopen();
    }

    pub(super) fn health(&self, host: HostId) -> HostHealth {
        self.gate(host).health(Instant::now())
    }

    pub(super) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
