//! From a user and a host to what the transport and the dialect need: the one way that leads to a host.

use diesel::{PgConnection, QueryResult};
use pbsweb_shared::ids::{HostId, UserId};
use pbsweb_shared::names::LoginName;
use rand::Rng as _;
use tokio::sync::oneshot;

use crate::app::App;
use crate::scheduler::{self, Command, CommandError, Marker, Scheduler, Site};
use crate::services::accounts::{AccountError, open_identity};
use crate::store::StoreError;
use crate::store::host_accounts::{AccountRecord, find_host_with_account};
use crate::store::hosts::HostRecord;
use crate::store::ssh_keys::{SealedKey, find_sealed_key};
use crate::transport::{Endpoint, HostKey, Identity, JumpHost, Output, Program, RunLimits, TransportError};

/// Why a host is not to be reached for a user.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// There is no such host.
    #[error("there is no such host")]
    NoHost,
    /// An administrator switched it off.
    #[error("{0} is switched off by an administrator")]
    Disabled(String),
    /// The user gave no login name for it.
    #[error("no login name is set for {0}; set it on the hosts page")]
    NoAccount(String),
    /// The user's account was never checked, or the check failed.
    #[error("the account on {0} has not passed its check; press Check on the hosts page")]
    NotChecked(String),
    /// The jump host is gone, off, or has no confirmed key.
    #[error("{0} is reached through a host that is not usable")]
    JumpHost(String),
    /// A stored key of the host cannot be read.
    #[error("a stored key of {0} cannot be read")]
    StoredKey(String),
    /// The user's key is not to be had.
    #[error("the user's key cannot be used")]
    Identity(#[source] AccountError),
    /// The request cannot be put to the host.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The exchange failed.
    #[error("{host}")]
    Transport {
        /// The host's name.
        host: String,
        /// What happened.
        #[source]
        source: TransportError,
    },
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// A host, an account on it, and the key that opens it.
#[derive(Clone)]
pub struct Reach {
    /// The host's row.
    pub host: HostRecord,
    /// The account's row.
    pub account: AccountRecord,
    /// Where and how to connect.
    pub endpoint: Endpoint,
    /// The key.
    pub identity: Identity,
}

/// How far the account has to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It passed its check: for everything that has an effect.
    Checked,
    /// It has a login name: for the check itself, and for what settles things that were begun while it was usable.
    Named,
}

/// What is stored of the way for a user to a host.
pub struct Way {
    user: UserId,
    host: Option<(HostRecord, Option<AccountRecord>)>,
    jump: Option<(HostRecord, Option<AccountRecord>)>,
    key: Option<SealedKey>,
}

impl Way {
    /// The user's login name on the host, if one is known.
    #[must_use]
    pub fn login(&self) -> Option<&LoginName> {
        self.host.as_ref().and_then(|(_, account)| account.as_ref()).map(|account| &account.login)
    }

    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub fn read(connection: &mut PgConnection, user: UserId, host: HostId) -> QueryResult<Self> {
        let host = find_host_with_account(connection, user, host)?;
        let jump = match host.as_ref().and_then(|(host, _)| host.jump_host) {
            Some(id) => find_host_with_account(connection, user, id)?,
            None => None,
        };
        Ok(Self { user, host, jump, key: find_sealed_key(connection, user)? })
    }
}

impl Reach {
    /// Finds the way for a user to a host.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn find(app: &App, user: UserId, host: HostId, trust: Trust) -> Result<Self, ReachError> {
        let way = app.store.read(move |connection| Way::read(connection, user, host)).await?;
        Self::open(app, way, trust)
    }

    /// Judges what is stored of a way, and opens the key for it.
    ///
    /// # Errors
    /// Why there is none.
    pub fn open(app: &App, way: Way, trust: Trust) -> Result<Self, ReachError> {
        let (host, account) = way.host.ok_or(ReachError::NoHost)?;
        let name = || host.name.to_string();
        if !host.is_enabled {
            return Err(ReachError::Disabled(name()));
        }
        let account = account.ok_or_else(|| ReachError::NoAccount(name()))?;
        if trust == Trust::Checked && !(account.is_usable && account.home.is_some()) {
            return Err(ReachError::NotChecked(name()));
        }
        let jump = match (host.jump_host, way.jump) {
            (None, _) => None,
            (Some(_), Some((jump, jump_account))) if jump.is_enabled && !jump.host_keys.is_empty() => {
                // Without a login name of its own, the jump host is tried with the one behind it, as ssh does.
                let login =
                    jump_account.map_or_else(|| account.login.clone(), |jump_account| jump_account.login);
                Some(Box::new(jump_host(&jump, login)?))
            }
            (Some(_), _) => return Err(ReachError::JumpHost(name())),
        };
        let identity = open_identity(app, way.user, way.key).map_err(ReachError::Identity)?;
        let endpoint = Endpoint {
            host: host.id,
            address: host.address.clone(),
            port: host.port,
            login: account.login.clone(),
            host_keys: host_keys(&host)?,
            jump,
        };
        Ok(Self { host, account, endpoint, identity })
    }

    /// The same way to the account that a job was submitted with, whatever the user's login name is by now; `job_folder` is
    /// that job's folder there.
    #[must_use]
    pub fn as_submitted(mut self, login: &LoginName, job_folder: &str) -> Self {
        self.account.login = login.clone();
        self.endpoint.login = login.clone();
        if let Some((home, _)) = job_folder.rsplit_once("/pbsweb/.jobs/") {
            self.account.home = Some(home.to_owned());
        }
        self
    }

    /// The functions of the host's scheduler.
    #[must_use]
    pub fn scheduler(&self) -> &'static dyn Scheduler {
        scheduler::dialect(self.host.dialect)
    }

    /// What the scheduler's programs need to know of the host.
    #[must_use]
    pub fn site(&self) -> Site {
        let set_by_site = &self.host.bin_folder;
        let bin = if set_by_site.is_empty() { &self.account.found_bin_folder } else { set_by_site };
        Site { bin: bin.clone(), root: self.root().unwrap_or_default() }
    }

    /// PBSWeb's folder on the host, absolute, once a check found the home directory.
    #[must_use]
    pub fn root(&self) -> Option<String> {
        self.account.home.as_ref().map(|home| format!("{}/pbsweb", home.trim_end_matches('/')))
    }

    /// Runs a program of the dialect.
    ///
    /// # Errors
    /// The transport's.
    pub async fn run(&self, app: &App, command: Command, limits: RunLimits) -> Result<Output, ReachError> {
        self.run_program(app, Program::from_command(command.script, command.bindings), limits).await
    }

    /// Runs a program of the dialect that goes on to its end even when the connection is lost, and leaves nothing behind.
    ///
    /// # Errors
    /// The transport's.
    pub async fn run_to_the_end(
        &self,
        app: &App,
        command: Command,
        limits: RunLimits,
    ) -> Result<Output, ReachError> {
        let program = Program::from_command(command.script, command.bindings).tidy();
        self.run_program(app, program, limits).await
    }

    /// Runs a program of the dialect in two steps: the first at once, the last when `word` is given. Without the word the first is
    /// undone.
    ///
    /// # Errors
    /// The transport's.
    pub async fn run_on_word(
        &self,
        app: &App,
        command: Command,
        limits: RunLimits,
        word: oneshot::Receiver<()>,
    ) -> Result<Output, ReachError> {
        let program = Program::from_command(command.script, command.bindings);
        let output = app.transport.run_on_word(&self.endpoint, &self.identity, program, limits, word).await;
        output.map_err(|source| self.failed(source))
    }

    /// Runs a program.
    ///
    /// # Errors
    /// The transport's.
    pub async fn run_program(
        &self,
        app: &App,
        program: Program,
        limits: RunLimits,
    ) -> Result<Output, ReachError> {
        let output = app.transport.run(&self.endpoint, &self.identity, program, limits).await;
        output.map_err(|source| self.failed(source))
    }

    /// A failure of the transport, with the host's name.
    #[must_use]
    pub fn failed(&self, source: TransportError) -> ReachError {
        ReachError::Transport { host: self.host.name.to_string(), source }
    }
}

/// The confirmed keys of a host.
///
/// # Errors
/// A stored line that is no key.
pub fn host_keys(host: &HostRecord) -> Result<Vec<HostKey>, ReachError> {
    host.host_keys
        .iter()
        .map(|line| line.parse().map_err(|_| ReachError::StoredKey(host.name.to_string())))
        .collect()
}

/// A host to go through.
///
/// # Errors
/// A stored line that is no key.
pub fn jump_host(host: &HostRecord, login: LoginName) -> Result<JumpHost, ReachError> {
    Ok(JumpHost { address: host.address.clone(), port: host.port, login, host_keys: host_keys(host)? })
}

/// Limits of an exchange that should answer soon.
#[must_use]
pub fn quick(app: &App) -> RunLimits {
    RunLimits { deadline: app.config.ssh.command_timeout, max_output_bytes: 1024 * 1024 }
}

/// A marker for one call.
#[must_use]
pub fn fresh_marker() -> Marker {
    Marker::new(rand::rng().random())
}
