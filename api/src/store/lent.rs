//! The connections that the pool lends.
//!
//! None is asked before it is lent whether it is alive, for that would cost every query a question and an answer. One that
//! turns out to be dead, because PostgreSQL was restarted, is marked instead, and the pool drops it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{InstrumentationEvent, SimpleConnection as _};
use diesel::r2d2::{ConnectionManager, Error, ManageConnection};
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::{Connection as _, PgConnection};

/// What was asked of the database since the server started.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) n_statements: AtomicU64,
    pub(super) n_transactions: AtomicU64,
}

impl Counts {
    fn count(&self, event: &InstrumentationEvent<'_>) {
        // The words that begin and end a transaction are statements too.
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            self.n_statements.fetch_add(1, Ordering::Relaxed);
        } else if matches!(event, InstrumentationEvent::CommitTransaction { .. }) {
            self.n_transactions.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Makes connections for the pool.
pub(super) struct Lender {
    manager: ConnectionManager<PgConnection>,
    counts: Arc<Counts>,
}

impl Lender {
    pub(super) fn new(url: &str, counts: Arc<Counts>) -> Self {
        Self { manager: ConnectionManager::new(url), counts }
    }
}

/// A connection of the pool.
pub(super) struct Lent {
    connection: PgConnection,
    is_dead: bool,
}

impl Lent {
    /// The pool drops it.
    pub(super) const fn bury(&mut self) {
        self.is_dead = true;
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl ManageConnection for Lender {
    type Connection = Lent;
    type Error = Error;

    fn connect(&self) -> Result<Lent, Error> {
        let mut connection = self.manager.connect()?;
        set_limits(&mut connection)?;
        let counts = Arc::clone(&self.counts);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| counts.count(&event));
        Ok(Lent { connection, is_dead: false })
    }

    fn is_valid(&self, lent: &mut Lent) -> Result<(), Error> {
        self.manager.is_valid(&mut lent.connection)
    }

    fn has_broken(&self, lent: &mut Lent) -> bool {
        lent.is_dead || self.manager.has_broken(&mut lent.connection)
    }
}

/// No query waits for ever: one that hangs while it holds a lock would stop every other writer. Within a transaction nothing is
/// waited for but the next query, so a server that is silent there hangs, and the others need its locks.
pub(super) fn set_limits(connection: &mut PgConnection) -> Result<(), QueryError> {
    connection.batch_execute(
        "SET lock_timeout = '10s'; SET statement_timeout = '30s'; \
         SET idle_in_transaction_session_timeout = '5s'",
    )
}

/// What PostgreSQL and its client say when a connection has ended.
const GONE: [&str; 4] = [
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "could not receive data from server",
];

/// The connection is of no use any more, whatever was asked.
pub(super) fn is_gone(error: &QueryError) -> bool {
    matches!(
        error,
        QueryError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _
        )
    ) || matches!(error, QueryError::DatabaseError(_, details) if GONE.iter().any(|sign| details.message().contains(sign)))
}
