//! Hosts as rows that administrators change, and each user's account on them.

use std::collections::HashMap;

use pbsweb_shared::api::hosts::{Host, HostAccount, HostKey as ShownKey};
use pbsweb_shared::host::{HostHealth, HostHistory, HostQueues, Queue};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::node::HostNodes;
use pbsweb_shared::problem::FieldError;

use super::actor::Actor;
use super::reach::ReachError;
use super::sessions::SessionError;
use crate::app::App;
use crate::poller::{health, unpack_nodes};
use crate::store::health::list_health;
use crate::store::host_accounts::{AccountRecord, find_account, list_accounts};
use crate::store::hosts as rows;
use crate::store::hosts::HostRecord;
use crate::store::nodes::find_nodes;
use crate::store::watches::{WatchRecord, find_watched_host, list_watches};
use crate::store::{StoreError, queues};
use crate::transport::{HostKey, TransportError};

mod account;
mod check;
mod jobs;
mod limits;
mod registry;

pub use account::{delete_host_account, put_host_account};
pub use check::check_host;
pub use jobs::list_host_jobs;
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
    /// The one who asks may not.
    #[error(transparent)]
    Session(#[from] SessionError),
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

fn shown_health(app: &App, host: &HostRecord, watch: Option<&WatchRecord>) -> HostHealth {
    health(host, watch, app.config.poll.max_listings_per_minute, app.replica.now())
}

fn shown_host(
    app: &App,
    host: HostRecord,
    watch: Option<&WatchRecord>,
    account: Option<AccountRecord>,
) -> Host {
    Host {
        health: shown_health(app, &host, watch),
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
        listed_by: host.listed_by,
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
    let (hosts, watches, mut accounts) = app
        .store
        .query(move |connection| {
            Ok((
                rows::list_hosts(connection)?,
                list_watches(connection, None)?,
                list_accounts(connection, user)?,
            ))
        })
        .await?;
    let watches: HashMap<_, _> = watches.into_iter().map(|watch| (watch.host, watch)).collect();
    let hosts = hosts.into_iter().map(|host| {
        let account =
            accounts.iter().position(|account| account.host == host.id).map(|i| accounts.swap_remove(i));
        let watch = watches.get(&host.id);
        shown_host(app, host, watch, account)
    });
    Ok(hosts.collect())
}

/// One host, with the caller's account there.
///
/// # Errors
/// There is no such host.
pub async fn get_host(app: &App, actor: &Actor, id: HostId) -> Result<Host, HostError> {
    let user = actor.user;
    let (watched, account) = app
        .store
        .query(move |connection| {
            Ok((find_watched_host(connection, id)?, find_account(connection, user, id)?))
        })
        .await?;
    let (host, watch) = watched.ok_or(HostError::NotFound)?;
    Ok(shown_host(app, host, watch.as_ref(), account))
}

/// A host's queues with limits, from its last snapshot.
///
/// # Errors
/// There is no such host.
pub async fn list_queues(app: &App, actor: &Actor, id: HostId) -> Result<HostQueues, HostError> {
    let user = actor.user;
    let (host, account, listed) = app
        .store
        .query(move |connection| {
            Ok((
                rows::find_host(connection, id)?,
                find_account(connection, user, id)?,
                queues::list_queues(connection, id)?,
            ))
        })
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let default_queue = listed.default_queue.as_deref();
    let login = account.map(|account| account.login.to_string());
    let shown = |queue| shown_queue(&host, queue, default_queue, login.as_deref());
    let queues: Vec<Queue> = listed.queues.iter().map(shown).collect();
    let rules = host_rules(&listed.queues, default_queue, login);
    Ok(HostQueues { host: id, as_of: listed.as_of, queues, rules })
}

/// A host's nodes, as its scheduler listed them last. Looking at them has them asked for more often.
///
/// # Errors
/// There is no such host.
pub async fn list_nodes(app: &App, id: HostId) -> Result<HostNodes, HostError> {
    let (watched, kept) = app
        .store
        .query(move |connection| Ok((find_watched_host(connection, id)?, find_nodes(connection, id)?)))
        .await?;
    let (host, watch) = watched.ok_or(HostError::NotFound)?;
    app.pollers.watch_nodes(app, id).await?;
    let health = shown_health(app, &host, watch.as_ref());
    let Some(kept) = kept else {
        return Ok(HostNodes { host: id, health, as_of: None, problem: None, nodes: Vec::new() });
    };
    let (as_of, problem) = (kept.taken_at, kept.problem.clone());
    let nodes = tokio::task::spawn_blocking(move || unpack_nodes(&kept)).await.unwrap_or_default();
    Ok(HostNodes { host: id, health, as_of, problem, nodes })
}

/// How a host was over the last days.
///
/// # Errors
/// There is no such host.
pub async fn get_host_history(app: &App, id: HostId) -> Result<HostHistory, HostError> {
    /// Two weeks of a host that is asked all the time and rarely changes.
    const MOST_SAMPLES: i64 = 5000;
    let (watched, samples) = app
        .store
        .query(move |connection| {
            Ok((find_watched_host(connection, id)?, list_health(connection, id, MOST_SAMPLES)?))
        })
        .await?;
    let (host, watch) = watched.ok_or(HostError::NotFound)?;
    Ok(HostHistory { host: id, health: shown_health(app, &host, watch.as_ref()), samples })
}
