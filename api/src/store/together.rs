//! Questions that many ask at the same time, put to the database together.
//!
//! Who asks while queries are under way is answered by the next one, never by one that began before the question: the answer is
//! as new as that of a query of one's own. So nothing is kept, and nothing has to be told when it changes, by whatever server;
//! and the more ask, the less each of them costs.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::{PgConnection, QueryResult};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Store, StoreError};

/// So many queries at once: one that hangs does not hold up those who come after it, once they have waited so long.
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_millis(20);

/// From the beginning of one query to that of the next in its round, at least: when many ask, more of them are answered by one.
const APART: Duration = Duration::from_millis(1);

/// Answers what was asked by one or a few statements; what is not there has no answer.
type Query<K, V> = fn(&mut PgConnection, &[K]) -> QueryResult<HashMap<K, V>>;

/// One question, to be asked by many.
pub struct Together<K, V> {
    store: Store,
    query: Query<K, V>,
    line: Arc<Line<K, V>>,
}

/// Those who wait, and how many queries are under way.
struct Line<K, V>(Mutex<(Vec<Asker<K, V>>, usize)>);

type Asker<K, V> = (K, oneshot::Sender<Option<V>>);

impl<K, V> Line<K, V> {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Asker<K, V>>, &mut usize) -> T) -> T {
        let (askers, n_queries) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(askers, n_queries)
    }
}

/// Answers those who wait, batch after batch, until nobody does.
struct Round<K, V> {
    line: Arc<Line<K, V>>,
    begun: Option<Instant>,
    is_over: bool,
}

impl<K, V> Iterator for Round<K, V> {
    type Item = Vec<Asker<K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(begun) = self.begun
            && self.line.with(|askers, _| !askers.is_empty())
        {
            std::thread::sleep(APART.saturating_sub(begun.elapsed()));
        }
        self.begun = Some(Instant::now());
        self.line.with(|askers, n_queries| {
            if askers.is_empty() {
                // At once: who comes now finds that nobody asks.
                *n_queries -= 1;
                self.is_over = true;
                return None;
            }
            Some(std::mem::take(askers))
        })
    }
}

impl<K, V> Drop for Round<K, V> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // A query panicked. Those who came meanwhile would wait for ever: they ask alone.
        self.line.with(|askers, n_queries| {
            *n_queries -= 1;
            if *n_queries == 0 {
                askers.clear();
            }
        });
    }
}

impl<K, V> Together<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + 'static,
{
    /// Nobody asks yet.
    #[must_use]
    pub fn new(store: &Store, query: Query<K, V>) -> Self {
        Self { store: store.clone(), query, line: Arc::new(Line(Mutex::default())) }
    }

    /// The answer about `key`, if there is one, by a query that begins from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn ask(&self, key: K) -> Result<Option<V>, StoreError> {
        let (sender, mut answer) = oneshot::channel();
        self.line.with(|askers, _| askers.push((key.clone(), sender)));
        // One query at a time has the most askers.
        self.start_unless(1);
        let answered = match timeout(PATIENCE, &mut answer).await {
            Ok(answered) => answered,
            Err(_) => {
                self.start_unless(AT_ONCE);
                answer.await
            }
        };
        if let Ok(answer) = answered {
            return Ok(answer);
        }
        // It failed for all; alone one learns why.
        let query = self.query;
        let alone = key.clone();
        let mut found =
            self.store.read(move |connection| query(connection, std::slice::from_ref(&alone))).await?;
        Ok(found.remove(&key))
    }

    /// Asks in the background, unless so many do.
    fn start_unless(&self, most: usize) {
        let is_needed = self.line.with(|askers, n_queries| {
            let is_needed = !askers.is_empty() && *n_queries < most;
            *n_queries += usize::from(is_needed);
            is_needed
        });
        if !is_needed {
            return;
        }
        let (store, query, round) = (
            self.store.clone(),
            self.query,
            Round { line: Arc::clone(&self.line), begun: None, is_over: false },
        );
        // Nobody waits for it: those who ask wait for their answers, and may go away.
        drop(tokio::task::spawn_blocking(move || {
            for askers in round {
                let keys: HashSet<K> = askers.iter().map(|(key, _)| key.clone()).collect();
                let keys: Vec<K> = keys.into_iter().collect();
                // What went wrong is told to those who then ask alone.
                let Ok(found) = store.read_blocking(|connection| query(connection, &keys)) else { continue };
                for (key, sender) in askers {
                    let _ = sender.send(found.get(&key).cloned());
                }
            }
        }));
    }
}
