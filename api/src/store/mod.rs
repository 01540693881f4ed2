//! PostgreSQL: the history and the truth.
//!
//! [`Store::run`] is the one place that takes a connection and queries, inside one blocking call. The functions of the
//! submodules take `&mut PgConnection`, say their query in their name, and know nothing of async, of HTTP or of SSH.
//! Every query about somebody's things takes that somebody. Rows do not leave this folder: what they become stands
//! beside them. No transaction waits for a host.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::Pool;
use diesel::{Connection, PgConnection, QueryResult};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub mod activity;
pub mod applications;
mod batch;
pub mod bell;
pub mod builds;
pub mod commands;
pub mod deployment;
pub mod events;
pub mod failed_sign_ins;
pub mod groups;
pub mod health;
pub mod host_accounts;
pub mod host_views;
pub mod hosts;
pub mod idempotency;
pub mod job_actions;
pub mod job_sets;
pub mod jobs;
mod lent;
pub mod nodes;
pub mod page;
pub mod preferences;
pub mod queues;
pub mod replicas;
pub mod schema;
pub mod scripts;
pub mod searches;
pub mod sessions;
pub mod sharing;
pub mod ssh_keys;
pub mod subjobs;
pub mod submissions;
pub mod together;
pub mod users;
mod walk;
pub mod watches;

use lent::{Counts, Lender, is_gone, set_limits};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection was free in time, or none could be made.
    #[error("no database connection within {} s", Store::PATIENCE.as_secs())]
    Busy(#[source] diesel::r2d2::PoolError),
    /// A query failed.
    #[error("a database query failed")]
    Query(#[source] diesel::result::Error),
    /// The migrations failed.
    #[error("the database could not be migrated: {0}")]
    Migrate(String),
    /// The server is stopping.
    #[error("the query was given up because the server stops")]
    Stopped,
}

impl StoreError {
    /// The name of the constraint that an insert or update would have broken.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(diesel::result::Error::DatabaseError(_, details)) => details.constraint_name(),
            Self::Query(_) | Self::Busy(_) | Self::Migrate(_) | Self::Stopped => None,
        }
    }

    /// Trying again later may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            Self::Busy(_) | Self::Stopped => true,
            Self::Query(Error::DatabaseError(
                // After a failover, until the address leads to the new primary.
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            )) => true,
            Self::Query(Error::DatabaseError(_, details))
                if ["canceling statement due to", "deadlock detected"]
                    .iter()
                    .any(|sign| details.message().starts_with(sign)) =>
            {
                true
            }
            // A connection that was lost within a transaction.
            Self::Query(Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. }) => true,
            Self::Query(error) => is_gone(error),
            Self::Migrate(_) => false,
        }
    }
}

impl StoreError {
    /// The database has no room for what is to be written. PostgreSQL's class 53 does not come through diesel; its words do.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Query(diesel::result::Error::DatabaseError(_, details)) => {
                let words = details.message();
                ["No space left on device", "could not extend file", "Disk quota exceeded", "disk full"]
                    .iter()
                    .any(|sign| words.contains(sign))
            }
            Self::Query(_) | Self::Busy(_) | Self::Migrate(_) | Self::Stopped => false,
        }
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error)
    }
}

/// The pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    url: Arc<str>,
    pool: Pool<Lender>,
    /// One connection for [`Self::urgent`].
    kept_free: Pool<Lender>,
    counts: Arc<Counts>,
}

impl Store {
    /// How long a query waits for a free connection.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Connects to the database at `url`, with at most so many connections.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let url = with_timeouts(url);
        let counts = Arc::new(Counts::default());
        let connections = |n| {
            Pool::builder()
                .max_size(n)
                .min_idle(Some(1))
                .connection_timeout(Self::PATIENCE)
                // That would be a question and an answer before each query.
                .test_on_check_out(false)
                .build(Lender::new(&url, Arc::clone(&counts)))
                .map_err(StoreError::Busy)
        };
        let (pool, kept_free) = (connections(max_connections.max(2))?, connections(1)?);
        Ok(Self { url: url.into(), pool, kept_free, counts })
    }

    /// Rings and hears what the servers on this database tell each other, over a connection of its own.
    #[must_use]
    pub fn listen(&self) -> (bell::Bell, tokio::sync::mpsc::Receiver<bell::Note>) {
        bell::start(self.url.to_string())
    }

    /// Statements sent since the start, each of them a round trip.
    #[must_use]
    pub fn n_statements(&self) -> u64 {
        self.counts.n_statements.load(Ordering::Relaxed)
    }

    /// Transactions committed since the start.
    #[must_use]
    pub fn n_transactions(&self) -> u64 {
        self.counts.n_transactions.load(Ordering::Relaxed)
    }

    /// How many connections the pool has, and how many of them nobody uses.
    #[must_use]
    pub fn pool_state(&self) -> diesel::r2d2::State {
        self.pool.state()
    }

    /// Brings the tables up to this release; returns the names of the migrations that ran. Several servers may try at
    /// once: a lock lets one do it.
    ///
    /// # Errors
    /// When a migration fails; the failed one is rolled back.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        const LOCK: i64 = 0x7062_7377_6562;
        let mut connection = self.pool.get().map_err(StoreError::Busy)?;
        // A migration takes its time, and so does waiting for another server's.
        connection.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")?;
        lock(&mut connection, "SELECT pg_advisory_lock($1)", LOCK)?;
        let outcome = connection
            .run_pending_migrations(MIGRATIONS)
            .map(|versions| versions.iter().map(ToString::to_string).collect())
            .map_err(|error| StoreError::Migrate(error.to_string()));
        lock(&mut connection, "SELECT pg_advisory_unlock($1)", LOCK)?;
        set_limits(&mut connection)?;
        outcome
    }

    /// Takes every migration back, newest first; for the test that each has a way down.
    ///
    /// # Errors
    /// When one fails.
    pub fn revert_all(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.get().map_err(StoreError::Busy)?;
        connection
            .revert_all_migrations(MIGRATIONS)
            .map(drop)
            .map_err(|error| StoreError::Migrate(error.to_string()))
    }

    /// Runs `work` in a transaction on a connection of the pool, on a thread that may block.
    ///
    /// `E` lets the work end the transaction with an error of its own.
    ///
    /// # Errors
    /// The work's own, or the database's.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + From<diesel::result::Error> + Send + 'static,
    {
        Self::run_on(self.pool.clone(), work).await
    }

    async fn run_on<T, E, F>(pool: Pool<Lender>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + From<diesel::result::Error> + Send + 'static,
    {
        Self::lend(pool, move |pool| {
            let mut work = Some(work);
            let mut n_dead = 0;
            loop {
                let mut connection = pool.get().map_err(StoreError::Busy)?;
                let outcome = PgConnection::transaction(&mut connection, |connection| match work.take() {
                    Some(work) => work(connection),
                    None => Err(StoreError::Stopped.into()),
                });
                // Without a transaction nothing was begun. After a restart of PostgreSQL all may be dead.
                if work.is_none() || n_dead > pool.max_size() {
                    return outcome;
                }
                connection.bury();
                n_dead += 1;
            }
        })
        .await
    }

    /// Reads outside a transaction, which saves two round trips: for one query, or for several that need not agree with
    /// each other. `work` runs again when its connection turns out to be dead.
    ///
    /// # Errors
    /// The database's.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&mut PgConnection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        Self::lend(self.pool.clone(), move |pool| Self::read_on(pool, work)).await
    }

    /// [`Self::read`], on a thread that may block.
    fn read_blocking<T>(&self, work: impl Fn(&mut PgConnection) -> QueryResult<T>) -> Result<T, StoreError> {
        Self::read_on(&self.pool, work)
    }

    fn read_on<T>(
        pool: &Pool<Lender>,
        work: impl Fn(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let mut n_dead = 0;
        loop {
            let mut connection = pool.get().map_err(StoreError::Busy)?;
            match work(&mut connection) {
                Err(error) if is_gone(&error) && n_dead <= pool.max_size() => connection.bury(),
                outcome => return outcome.map_err(StoreError::from),
            }
            n_dead += 1;
        }
    }

    async fn lend<T, E, F>(pool: Pool<Lender>, work: F) -> Result<T, E>
    where
        F: FnOnce(&Pool<Lender>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            work(&pool)
        })
        .await
        .unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Stopped.into()),
        })
    }

    /// [`Self::run`] for work that has no errors of its own.
    ///
    /// # Errors
    /// The database's.
    pub async fn query<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        self.run(move |connection| work(connection).map_err(StoreError::from)).await
    }

    /// [`Self::query`] for the one thing that must not wait until the others are done: the heartbeat.
    ///
    /// # Errors
    /// The database's.
    pub async fn urgent<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        Self::run_on(self.kept_free.clone(), move |connection| work(connection).map_err(StoreError::from))
            .await
    }
}

/// A connection whose other end is gone without a word must not be waited for as long as TCP by itself would. What the site
/// sets in the address stays.
fn with_timeouts(url: &str) -> String {
    let mut url = url.to_owned();
    if url.starts_with("postgres") && url.contains("://") {
        for (name, value) in [("connect_timeout", 5), ("keepalives_idle", 10), ("tcp_user_timeout", 15_000)] {
            if !url.contains(name) {
                let separator = if url.contains('?') { '&' } else { '?' };
                url.push_str(&format!("{separator}{name}={value}"));
            }
        }
    }
    url
}

fn lock(connection: &mut PgConnection, sql: &str, key: i64) -> QueryResult<()> {
    use diesel::RunQueryDsl;
    use diesel::sql_types::BigInt;
    diesel::sql_query(sql.to_owned()).bind::<BigInt, _>(key).execute(connection).map(drop)
}

/// A stored value that this release does not understand is an error, never a default.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(error))
}

/// Reads a stored word or name.
fn read<T>(text: &str) -> QueryResult<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(unreadable)
}

/// Reads a stored JSON body.
fn read_json<T: serde::de::DeserializeOwned>(body: serde_json::Value) -> QueryResult<T> {
    serde_json::from_value(body).map_err(unreadable)
}

/// Writes a JSON body.
fn to_json<T: serde::Serialize>(value: &T) -> QueryResult<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
}
