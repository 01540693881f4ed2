//! The scheduler as a running thing: it answers the commands, starts and watches processes, and keeps its state on
//! disk. The rules are in [`crate::site`]; this is where the clock, the processes and the faults come in.

mod executions;
mod output;
mod process;
mod requests;
mod sessions;
mod socket;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::account::Account;
use crate::faults::Faults;
use crate::folder::{Folder, ServerAddress};
use crate::site::job::RunKey;
use crate::site::{Effect, Site};

pub(crate) use executions::{Execution, Executions};
use sessions::signal_session;
pub(crate) use store::load;

/// Between two writings of the state.
const MIN_PAUSE: Duration = Duration::from_millis(200);

/// The scheduler of one simulated host.
pub(crate) struct Scheduler {
    site: Mutex<Site>,
    wake: Notify,
    clock_ahead_ms: AtomicI64,
    unsaved: AtomicBool,
    /// Held while it is saved: who stops the host waits for a save that is under way.
    saving: Mutex<()>,
    pub(crate) folder: Folder,
    pub(crate) binary: PathBuf,
    pub(crate) faults: Faults,
    pub(crate) executions: Executions,
    /// Whoever holds it is the one whose submission is taken.
    submitting: tokio::sync::Mutex<()>,
    counts: Mutex<BTreeMap<String, u64>>,
    accounts: Mutex<BTreeMap<String, Account>>,
    sessions: Mutex<HashMap<RunKey, u32>>,
    pub(crate) undelivered_delay: Duration,
    restart: Mutex<Restart>,
    pub(crate) stopping: CancellationToken,
}

/// The scheduler's last start, as those who talk to it see it.
#[derive(Default)]
struct Restart {
    /// Cuts off whoever talks to it now.
    next: CancellationToken,
    /// Nobody reaches it before.
    up_at: Option<Instant>,
}

impl Scheduler {
    pub(crate) fn new(folder: Folder, binary: PathBuf, site: Site, undelivered_delay: Duration) -> Self {
        Self {
            site: Mutex::new(site),
            wake: Notify::new(),
            clock_ahead_ms: AtomicI64::new(0),
            unsaved: AtomicBool::new(true),
            saving: Mutex::default(),
            faults: Faults::new(folder.site("faults.json")),
            executions: Executions::default(),
            submitting: tokio::sync::Mutex::default(),
            counts: Mutex::default(),
            accounts: Mutex::default(),
            sessions: Mutex::default(),
            folder,
            binary,
            undelivered_delay,
            restart: Mutex::default(),
            stopping: CancellationToken::new(),
        }
    }

    /// The state, to look at.
    pub(crate) fn site(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state; the scheduler looks at it afterwards.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Site) -> T) -> T {
        let result = change(&mut self.site());
        self.unsaved.store(true, Ordering::Release);
        self.wake.notify_one();
        result
    }

    pub(crate) fn account(&self, login: &str) -> Option<Account> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(login).cloned()
    }

    pub(crate) fn add_account(&self, account: Account) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.login.clone(), account);
    }

    pub(crate) fn count_command(&self, name: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn command_count(&self, name: &str) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(name).copied().unwrap_or(0)
    }

    fn last_restart(&self) -> MutexGuard<'_, Restart> {
        self.restart.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts again, as far as commands can tell.
    fn restart(&self, down: Duration) {
        let fresh = Restart { next: CancellationToken::new(), up_at: Some(Instant::now() + down) };
        std::mem::replace(&mut *self.last_restart(), fresh).next.cancel();
    }

    fn is_restarting(&self) -> bool {
        self.last_restart().up_at.is_some_and(|up_at| Instant::now() < up_at)
    }

    fn until_restart(&self) -> CancellationToken {
        self.last_restart().next.clone()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<RunKey, u32>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens for commands, runs jobs and saves the state until it is told to stop.
    pub(crate) fn spawn(self: &Arc<Self>) -> anyhow::Result<()> {
        let socket = self.folder.socket();
        let listener = socket::bind(&socket)?;
        let name = self.site().name.clone();
        self.folder.write_address(&ServerAddress { name, socket })?;
        tokio::spawn(socket::serve(Arc::clone(self), listener));
        tokio::spawn(Arc::clone(self).run());
        tokio::spawn(Arc::clone(self).keep_saved());
        Ok(())
    }

    /// The scheduler's clock, in milliseconds since the epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        now_ms() + self.clock_ahead_ms.load(Ordering::Acquire)
    }

    /// Lets the scheduler's clock jump: from now on it is so far ahead of the true time.
    pub(crate) fn set_clock_ahead(&self, ms: i64) {
        self.clock_ahead_ms.store(ms, Ordering::Release);
        self.wake.notify_one();
    }

    async fn run(self: Arc<Self>) {
        loop {
            let (effects, wake_at) = self.site().cycle(self.now_ms());
            if !effects.is_empty() {
                self.unsaved.store(true, Ordering::Release);
            }
            self.perform(effects);
            let sleep = async {
                match wake_at {
                    Some(at) => {
                        let ms = u64::try_from(at - self.now_ms()).unwrap_or(0);
                        tokio::time::sleep(Duration::from_millis(ms + 1)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep => {}
                () = self.stopping.cancelled() => return,
            }
        }
    }

    pub(crate) fn perform(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(key) => process::start(self, key),
                Effect::Signal(key, signal) => {
                    let session = self.sessions().get(&key).copied();
                    if let Some(session) = session {
                        signal_session(session, signal);
                    }
                }
                Effect::Message { run, text, to_output } => output::append(self, run, &text, to_output),
            }
        }
    }

    async fn keep_saved(self: Arc<Self>) {
        let mut pause = MIN_PAUSE;
        while !self.stopping.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stopping.cancelled() => {}
            }
            let begun = Instant::now();
            self.save();
            // Thousands of kept jobs take long to write; what was accepted since is kept on disk anyway.
            pause = MIN_PAUSE.max(begun.elapsed() * 20);
        }
    }

    fn save(&self) {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        if self.unsaved.swap(false, Ordering::AcqRel)
            && let Err(error) = store::save(&self.folder, &self.site())
        {
            tracing::warn!(%error, "the state of the site cannot be saved");
        }
    }

    /// Stops everything: no more commands are answered and no process of a job or of a remote command is left.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        self.unsaved.store(true, Ordering::Release);
        self.save();
        for session in self.sessions().values() {
            sessions::kill_session(*session);
        }
        self.executions.kill_all();
        if let Ok(address) = self.folder.read_address()
            && let Err(error) = std::fs::remove_file(address.socket)
        {
            tracing::debug!(%error, "the socket was not there any more");
        }
    }
}

/// Now, in milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
