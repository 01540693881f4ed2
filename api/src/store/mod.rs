//! PostgreSQL: the history and the truth.
//!
//! [`Store::run`] is the one place that takes a connection and queries, inside one blocking call. The functions of the
//! submodules take `&mut PgConnection`, say their query in their name, and know nothing of async, of HTTP or of SSH.
//! Every query about somebody's things takes that somebody. Rows do not leave this folder: what they become stands
//! beside them. No transaction waits for a host.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{Connection, PgConnection, QueryResult};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub mod activity;
pub mod applications;
pub mod builds;
pub mod events;
pub mod hosts;
pub mod idempotency;
pub mod job_actions;
pub mod jobs;
pub mod page;
pub mod preferences;
pub mod queues;
pub mod schema;
pub mod scripts;
pub mod sessions;
pub mod ssh_keys;
pub mod submissions;
pub mod users;

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
            Self::Query(Error::DatabaseError(kind, details)) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::UnableToSendCommand
                ) || details.message().starts_with("terminating connection")
            }
            Self::Query(_) | Self::Migrate(_) => false,
        }
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error)
    }
}

/// No query waits for ever: one that hangs while it holds a lock would stop every other writer.
#[derive(Debug)]
struct Limits;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Limits {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(
                "SET lock_timeout = '10s'; SET statement_timeout = '30s'; \
                 SET idle_in_transaction_session_timeout = '30s'",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// The pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool<ConnectionManager<PgConnection>>,
}

impl Store {
    /// How long a query waits for a free connection.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Connects to the database at `url`, with at most so many connections.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let pool = Pool::builder()
            .max_size(max_connections.max(2))
            .min_idle(Some(1))
            .connection_timeout(Self::PATIENCE)
            .connection_customizer(Box::new(Limits))
            .build(ConnectionManager::new(url))
            .map_err(StoreError::Busy)?;
        Ok(Self { pool })
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
        Limits.on_acquire(&mut connection).map_err(|error| StoreError::Migrate(error.to_string()))?;
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
        let pool = self.pool.clone();
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            let mut connection = pool.get().map_err(StoreError::Busy)?;
            PgConnection::transaction(&mut connection, work)
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
