//! Hosts as rows that administrators change, and each user's account on them.

use pbsweb_shared::api::hosts::{Host, HostAccount, HostKey as ShownKey};
use pbsweb_shared::host::{HostJobs, HostQueues, Queue};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::problem::FieldError;

use super::actor::Actor;
use super::reach::ReachError;
use crate::app::App;
use crate::store::hosts as rows;
use crate::store::hosts::{AccountRecord, HostRecord};
use crate::store::jobs::jobs_by_pbs_id;
use crate::store::{StoreError, queues};
use crate::transport::{HostKey, TransportError};

mod account;
mod check;
mod limits;
mod registry;

pub use account::{delete_host_account, put_host_account};
pub use check::check_host;
pub use limits::{host_rules, shown_queue};
pub use registry::{create_host, delete_host, new_host, scan_host_key, update_host};

/// Why something about a host could not be done.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no such host.
    #[error("there is no such host")]
    NotFound,
    /// Fields are wrong.
    #[error("the request breaks a rule")]
    Invalid(Vec<FieldError>),
    /// Another host has the name.
    #[error("another host has this name")]
    NameTaken,
    /// It has history, or another host is reached through it.
    #[error("the host has history or leads to another host; disable it instead")]
    InUse,
    /// Its key could not be asked for.
    #[error("the host's key could not be asked for")]
    Scan(#[source] TransportError),
    /// It cannot be reached for this user.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for HostError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

fn wrong(pointer: &str, code: &str, message: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code: code.to_owned(), message: message.into() }
}

fn shown_key(line: &str) -> Option<ShownKey> {
    let key: HostKey = line.parse().ok()?;
    Some(ShownKey { line: key.to_string(), fingerprint: key.fingerprint() })
}

fn shown_account(account: AccountRecord) -> HostAccount {
    HostAccount { login: account.login, is_usable: account.is_usable, check: account.report }
}

fn shown_host(app: &App, host: HostRecord, account: Option<AccountRecord>) -> Host {
    Host {
        health: app.pollers.health(app, &host),
        id: host.id,
        name: host.name,
        description: host.description,
        address: host.address,
        port: host.port,
        jump_host: host.jump_host,
        dialect: host.dialect,
        bin_folder: host.bin_folder,
        offered_queues: host.offered_queues,
        keeps_output_in_place: host.keeps_output_in_place,
        is_enabled: host.is_enabled,
        host_keys: host.host_keys.iter().filter_map(|line| shown_key(line)).collect(),
        account: account.map(shown_account),
    }
}

/// All hosts by name, with the caller's account on each.
///
/// # Errors
/// The database's.
pub async fn list_hosts(app: &App, actor: &Actor) -> Result<Vec<Host>, HostError> {
    let user = actor.user;
    let (hosts, mut accounts) = app
        .store
        .query(move |connection| Ok((rows::list_hosts(connection)?, rows::list_accounts(connection, user)?)))
        .await?;
    let hosts = hosts.into_iter().map(|host| {
        let account =
            accounts.iter().position(|account| account.host == host.id).map(|i| accounts.swap_remove(i));
        shown_host(app, host, account)
    });
    Ok(hosts.collect())
}

/// One host, with the caller's account there.
///
/// # Errors
/// There is no such host.
pub async fn get_host(app: &App, actor: &Actor, id: HostId) -> Result<Host, HostError> {
    let user = actor.user;
    let (host, account) = app
        .store
        .query(move |connection| {
            Ok((rows::find_host(connection, id)?, rows::find_account(connection, user, id)?))
        })
        .await?;
    Ok(shown_host(app, host.ok_or(HostError::NotFound)?, account))
}

/// A host's queues with limits, from its last snapshot.
///
/// # Errors
/// There is no such host.
pub async fn list_queues(app: &App, actor: &Actor, id: HostId) -> Result<HostQueues, HostError> {
    let user = actor.user;
    let (host, account, (as_of, listed)) = app
        .store
        .query(move |connection| {
            Ok((
                rows::find_host(connection, id)?,
                rows::find_account(connection, user, id)?,
                queues::list_queues(connection, id)?,
            ))
        })
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let default_queue = app.pollers.snapshot(id).and_then(|snapshot| snapshot.default_queue.clone());
    let queues: Vec<Queue> =
        listed.iter().map(|queue| shown_queue(&host, queue, default_queue.as_deref())).collect();
    let login = account.map(|account| account.login);
    let rules = host_rules(&listed, default_queue.as_deref(), login);
    Ok(HostQueues { host: id, as_of, queues, rules })
}

/// All jobs that a host lists, from its last snapshot; the caller's own are marked.
///
/// # Errors
/// There is no such host.
pub async fn list_host_jobs(app: &App, actor: &Actor, id: HostId) -> Result<HostJobs, HostError> {
    let user = actor.user;
    let (host, account, own) = app
        .store
        .query(move |connection| {
            Ok((
                rows::find_host(connection, id)?,
                rows::find_account(connection, user, id)?,
                jobs_by_pbs_id(connection, user, id)?,
            ))
        })
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let snapshot = app.pollers.snapshot(id);
    app.pollers.watch(id);
    let login = account.map(|account| account.login);
    let own: std::collections::HashMap<_, _> = own.into_iter().collect();
    let jobs = snapshot.iter().flat_map(|snapshot| snapshot.jobs.iter()).map(|job| {
        let mut job = job.clone();
        job.is_own = login.as_ref().is_some_and(|login| login.as_str() == job.owner);
        job.job = own.get(&job.pbs_id).copied();
        job
    });
    Ok(HostJobs {
        host: id,
        health: app.pollers.health(app, &host),
        as_of: snapshot.as_ref().map(|snapshot| snapshot.taken_at),
        jobs: jobs.collect(),
    })
}
