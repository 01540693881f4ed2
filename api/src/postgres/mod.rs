//! The private PostgreSQL: what a newcomer gets who gives no `DATABASE_URL`.
//!
//! A server of our own in a folder of our own, reached by a Unix socket in a folder that only its owner may enter,
//! without TCP and so without passwords. It lives and dies with us: a lock says which PBSWeb owns the folder, a
//! clean stop stops it, and if we are killed a small shell that waits for our end stops it (`minder`). Whatever was
//! left running or half-stopped is put in order at the next start. It is no service manager for other databases.

mod cluster;
mod launch;
mod owner;
mod programs;
mod socket;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, OptionalExtension, PgConnection, RunQueryDsl};

use owner::Owner;
use programs::Programs;

pub use programs::client_program;

/// The role that owns everything in the private server.
const ROLE: &str = "pbsweb";
/// How long a server that ended may take to come up again: it repeats what was not written yet.
const RESTART_LIMIT: Duration = Duration::from_secs(60);
/// The database made at the first start.
const DATABASE: &str = "pbsweb";

/// Why the private server cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PrivatePostgresError {
    /// PostgreSQL's programs are nowhere.
    #[error(
        "no PostgreSQL server program found (looked for initdb, pg_ctl and postgres on PATH and in {}); \
         install the package postgresql, or give DATABASE_URL",
        looked_in.join(", ")
    )]
    NoPrograms {
        /// The usual places.
        looked_in: Vec<String>,
    },
    /// The data were written by a release whose programs are not here.
    #[error("the database in {} was made by PostgreSQL {version}, and only {found} is installed", folder.display())]
    OtherVersion {
        /// The server's folder.
        folder: PathBuf,
        /// What made the data.
        version: String,
        /// What is there.
        found: String,
    },
    /// Another PBSWeb has the folder.
    #[error("the database in {} belongs to another running PBSWeb", folder.display())]
    InUse {
        /// The server's folder.
        folder: PathBuf,
    },
    /// We run as root, PostgreSQL refuses to, and its user cannot get to the folder.
    #[error(
        "PostgreSQL runs as user {user}, who may not enter {}; run: chmod o+x {}, or choose another data folder",
        folder.display(), folder.display()
    )]
    Unreachable {
        /// The folder that is closed.
        folder: PathBuf,
        /// Who cannot enter.
        user: String,
    },
    /// A folder for the socket is not ours alone.
    #[error("the folder {} for the database's socket is not ours alone; remove it", folder.display())]
    SocketFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Work with files failed.
    #[error("cannot {action} {}", path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {words}")]
    Program {
        /// Its name.
        program: String,
        /// Its own words, shortened.
        words: String,
    },
    /// The server did not begin to answer.
    #[error("the private database did not start: {words} (its log is {})", log.display())]
    NotStarted {
        /// The last lines of its log.
        words: String,
        /// The log.
        log: PathBuf,
    },
    /// The server answers, but not to what was asked.
    #[error("cannot {action} in the private database")]
    Query {
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: diesel::result::Error,
    },
    /// The server cannot be reached any more.
    #[error("cannot connect to the private database")]
    Connect(#[from] diesel::ConnectionError),
    /// A name that cannot be a database's.
    #[error("{name:?} cannot be the name of a database: it needs 1 to 63 lower-case letters, digits or '_'")]
    Name {
        /// The name.
        name: String,
    },
}

impl PrivatePostgresError {
    fn files(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Files { action, path, source }
    }
}

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed.
    Full,
    /// Everything: for tests. The folder is removed when the server stops.
    Scratch,
}

/// A running private server.
pub struct PrivatePostgres {
    folder: PathBuf,
    socket_folder: PathBuf,
    programs: Programs,
    owner: Owner,
    durability: Durability,
    server: Child,
    minder: Child,
    is_stopped: bool,
    /// Held open: its lock says that the folder is ours, and ends with the process whatever happens.
    lock: File,
}

impl fmt::Debug for PrivatePostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivatePostgres")
            .field("folder", &self.folder)
            .field("pid", &self.server.id())
            .finish()
    }
}

impl PrivatePostgres {
    /// Starts the server of this folder and waits until it answers; the folder is made and filled when it is new.
    /// Blocks, for a second or so.
    ///
    /// # Errors
    ///
    /// When the programs are missing, the folder cannot be used, or the server does not come up.
    pub fn start(folder: &Path) -> Result<Self, PrivatePostgresError> {
        Self::start_with(folder, Durability::Full)
    }

    /// As `start`, with a choice between safe and quick.
    ///
    /// # Errors
    ///
    /// As `start`.
    pub fn start_with(folder: &Path, durability: Durability) -> Result<Self, PrivatePostgresError> {
        let owner = Owner::find();
        owner.make_folder(folder)?;
        let folder = fs::canonicalize(folder).map_err(PrivatePostgresError::files("find", folder))?;
        owner.check_reach(&folder)?;
        let lock = lock(&folder)?;
        let programs = Programs::find(&folder.join("data"))?;
        let socket_folder = socket::folder(&folder, &owner)?;

        let cluster = cluster::Cluster { folder: &folder, programs: &programs, owner: &owner };
        cluster.stop_left_over()?;
        cluster.make_if_new(durability)?;
        let server = launch::server(&cluster, &socket_folder, durability)?;
        let minder = launch::minder(&cluster, server.id(), durability)?;
        let mut postgres = Self {
            folder,
            socket_folder,
            programs,
            owner,
            durability,
            server,
            minder,
            is_stopped: false,
            lock,
        };
        postgres.wait_until_it_answers(Duration::from_secs(60))?;
        if !postgres.has_database(DATABASE)? {
            postgres.create_database(DATABASE, None)?;
        }
        tracing::info!(
            postgres.pid = postgres.server.id(),
            "private PostgreSQL runs in {}",
            postgres.folder.display()
        );
        Ok(postgres)
    }

    /// The address of the database `pbsweb`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The address of another database of this server.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        socket::url(&self.socket_folder, database, ROLE)
    }

    /// The address of the database in a folder whose server another PBSWeb runs, for commands beside it; none when
    /// no server runs there.
    #[must_use]
    pub fn url_of_running(folder: &Path) -> Option<String> {
        let is_locked = matches!(lock(folder), Err(PrivatePostgresError::InUse { .. }));
        let socket_folder = cluster::PidFile::read(&folder.join("data")).filter(|_| is_locked)?.socket_folder;
        Some(socket::url(&socket_folder, DATABASE, ROLE))
    }

    /// Makes a database, as a copy of `template` when one is given (nobody may be connected to that one meanwhile),
    /// and gives its address.
    ///
    /// # Errors
    ///
    /// When the name is not plain, the database exists, or the template is in use.
    pub fn create_database(
        &self,
        name: &str,
        template: Option<&str>,
    ) -> Result<String, PrivatePostgresError> {
        let mut statement = format!("CREATE DATABASE {}", plain(name)?);
        if let Some(template) = template {
            statement.push_str(&format!(" TEMPLATE {}", plain(template)?));
        }
        self.maintenance()?
            .batch_execute(&statement)
            .map_err(|source| PrivatePostgresError::Query { action: "create a database", source })?;
        Ok(self.url_of(name))
    }

    /// Whether the server ended by itself, which it should not.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.server.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Starts the server again that ended by itself. What was committed is there. Blocks.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<(), PrivatePostgresError> {
        let until = std::time::Instant::now() + RESTART_LIMIT;
        loop {
            // It would look for the former server at our end.
            let _ = self.minder.kill();
            for child in [&mut self.minder, &mut self.server] {
                child
                    .wait()
                    .map_err(PrivatePostgresError::files("see the end of a process in", &self.folder))?;
            }
            let cluster =
                cluster::Cluster { folder: &self.folder, programs: &self.programs, owner: &self.owner };
            self.server = launch::server(&cluster, &self.socket_folder, self.durability)?;
            self.minder = launch::minder(&cluster, self.server.id(), self.durability)?;
            match self.wait_until_it_answers(RESTART_LIMIT) {
                // PostgreSQL does not start while a session of the former server is still at its last query.
                Err(_) if self.has_ended() && std::time::Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                result => return result,
            }
        }
    }

    /// Stops the server: sessions are cut, everything committed is kept. Blocks until it has ended.
    pub fn stop(mut self) {
        self.stop_now();
    }

    fn has_database(&self, name: &str) -> Result<bool, PrivatePostgresError> {
        diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind::<diesel::sql_types::Text, _>(name)
            .execute(&mut self.maintenance()?)
            .optional()
            .map(|n_rows| n_rows == Some(1))
            .map_err(|source| PrivatePostgresError::Query { action: "look for a database", source })
    }

    fn maintenance(&self) -> Result<PgConnection, PrivatePostgresError> {
        Ok(PgConnection::establish(&self.url_of("postgres"))?)
    }

    fn wait_until_it_answers(&mut self, limit: Duration) -> Result<(), PrivatePostgresError> {
        let begun = std::time::Instant::now();
        loop {
            if PgConnection::establish(&self.url_of("postgres")).is_ok() {
                return Ok(());
            }
            if self.has_ended() || begun.elapsed() > limit {
                let log = launch::log_path(&self.folder);
                return Err(PrivatePostgresError::NotStarted { words: launch::last_words(&log), log });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop_now(&mut self) {
        if std::mem::replace(&mut self.is_stopped, true) {
            return;
        }
        let cluster = cluster::Cluster { folder: &self.folder, programs: &self.programs, owner: &self.owner };
        if !matches!(self.server.try_wait(), Ok(Some(_)))
            && let Err(error) = cluster.stop()
        {
            tracing::error!("the private PostgreSQL does not stop: {error}; it is killed");
            if let Err(error) = self.server.kill() {
                tracing::error!("it cannot be killed: {error}");
            }
        }
        if let Err(error) = self.server.wait() {
            tracing::warn!("the end of the private PostgreSQL cannot be seen: {error}");
        }
        // The minder reads the end of its input, finds nothing to stop, and ends.
        drop(self.minder.stdin.take());
        if let Err(error) = self.minder.wait() {
            tracing::warn!("the end of the private PostgreSQL's minder cannot be seen: {error}");
        }
        socket::remove_fallback(&self.folder, &self.socket_folder);
        if self.durability == Durability::Scratch
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            tracing::debug!("{} is left: {error}", self.folder.display());
        }
        // Closing is not enough: a child that is just being started has the file open until it becomes another program.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!("the lock of the private PostgreSQL cannot be released: {error}");
        }
        tracing::info!("private PostgreSQL stopped");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.stop_now();
    }
}

/// Takes the folder for this process.
fn lock(folder: &Path) -> Result<File, PrivatePostgresError> {
    let path = folder.join("lock");
    let open = File::options().write(true).create(true).truncate(false).open(&path);
    let file = open.map_err(PrivatePostgresError::files("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PrivatePostgresError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(PrivatePostgresError::files("lock", &path)(source)),
    }
}

/// Names go into statements as they are, so they hold nothing that would need quoting.
fn plain(name: &str) -> Result<&str, PrivatePostgresError> {
    let is_plain = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain { Ok(name) } else { Err(PrivatePostgresError::Name { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests;
