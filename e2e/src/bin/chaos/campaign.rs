//! What clients, driver and judge share: the wishes, what came of them, and what went wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pbsweb_shared::ids::JobId;
use tokio::sync::watch;

use crate::clients::Wish;
use crate::stand::Stand;

/// A campaign that runs.
pub(crate) struct Campaign {
    pub(crate) stand: Stand,
    pub(crate) seed: u64,
    pub(crate) submissions: usize,
    next: AtomicUsize,
    n_accepted: watch::Sender<usize>,
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    jobs: BTreeMap<usize, (Wish, JobId)>,
    /// By the number of accepted submissions at which they are due.
    repeats: Vec<(usize, Wish)>,
    n_repeats: usize,
    findings: Vec<String>,
}

impl Campaign {
    pub(crate) fn new(stand: Stand, seed: u64, submissions: usize) -> Self {
        let (next, n_accepted) = (AtomicUsize::new(0), watch::Sender::new(0));
        Self { stand, seed, submissions, next, n_accepted, ledger: Mutex::default() }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn key(&self, wish: Wish) -> String {
        format!("chaos-{}-{}", self.seed, wish.index)
    }

    pub(crate) fn next_wish(&self) -> Option<Wish> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let stand = &self.stand;
        (index < self.submissions)
            .then(|| Wish::new(self.seed, index, stand.users.len(), stand.nodes.len(), stand.replicas.len()))
    }

    /// A server accepted it, for the first time or again.
    pub(crate) fn accepted(&self, wish: Wish, job: JobId) {
        let known = self.ledger().jobs.get(&wish.index).map(|(_, known)| *known);
        match known {
            None => {
                self.ledger().jobs.insert(wish.index, (wish, job));
                self.n_accepted.send_modify(|count| *count += 1);
            }
            Some(known) if known != job => {
                self.find(format!("submission {}: one key made two jobs, {known} and {job}", wish.index));
            }
            Some(_) => {}
        }
    }

    pub(crate) fn repeated(&self, wish: Wish, job: JobId) {
        self.ledger().n_repeats += 1;
        self.accepted(wish, job);
    }

    pub(crate) fn repeat_at(&self, later: usize, wish: Wish) {
        let at = *self.n_accepted.borrow() + later;
        self.ledger().repeats.push((at, wish));
    }

    pub(crate) fn due_repeat(&self) -> Option<Wish> {
        let now = *self.n_accepted.borrow();
        let repeats = &mut self.ledger().repeats;
        let position = repeats.iter().position(|(at, _)| *at <= now)?;
        Some(repeats.swap_remove(position).1)
    }

    /// Waits until so many submissions are accepted.
    pub(crate) async fn until_accepted(&self, count: usize) {
        let mut changes = self.n_accepted.subscribe();
        // The sender lives as long as we do.
        let _ = changes.wait_for(|accepted| *accepted >= count).await;
    }

    pub(crate) fn n_accepted(&self) -> usize {
        *self.n_accepted.borrow()
    }

    pub(crate) fn n_repeats(&self) -> usize {
        self.ledger().n_repeats
    }

    pub(crate) fn jobs(&self) -> Vec<(Wish, JobId)> {
        self.ledger().jobs.values().copied().collect()
    }

    /// Something is not as it should be.
    pub(crate) fn find(&self, what: String) {
        self.ledger().findings.push(what);
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.ledger().findings.clone()
    }
}
