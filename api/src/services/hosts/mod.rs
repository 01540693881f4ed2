//! Hosts as rows that administrators change, and each user's account on them.

use std::sync::Arc;

use chrono::Utc;
use pbsweb_shared::api::hosts::{
    Host, HostAccount, HostAccountPut, HostCreate, HostKey as ShownKey, HostKeyScan, HostUpdate,
};
use pbsweb_shared::host::{Dialect, HostJobs, HostQueues, Queue};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::{HostName, LoginName};
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;

use super::actor::Actor;
use super::reach::{ReachError, jump_host};
use crate::app::App;
use crate::poller;
use crate::store::activity::insert_activity;
use crate::store::hosts as rows;
use crate::store::hosts::{AccountRecord, HostRecord};
use crate::store::jobs::jobs_by_pbs_id;
use crate::store::{StoreError, queues};
use crate::transport::{HostKey, TransportError};

mod check;
mod limits;

pub use check::check_host;
pub use limits::{host_rules, shown_queue};

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

fn read_keys(lines: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    let mut keys = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        match line.parse::<HostKey>() {
            Ok(key) => keys.push(key.to_string()),
            Err(error) => {
                errors.push(wrong(&format!("/host_keys/{n}"), "host_key.syntax", error.to_string()))
            }
        }
    }
    keys
}

fn check_address(address: &str, errors: &mut Vec<FieldError>) {
    let is_good = !address.is_empty()
        && address.len() <= 253
        && !address.starts_with('-')
        && address.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c));
    if !is_good {
        errors.push(wrong("/address", "address.syntax", "needs a DNS name or an IP address, without a port"));
    }
}

fn check_bin_folder(folder: &str, errors: &mut Vec<FieldError>) {
    if !folder.is_empty() && (!folder.starts_with('/') || folder.chars().any(char::is_control)) {
        errors.push(wrong("/bin_folder", "bin_folder.syntax", "needs an absolute path, or nothing"));
    }
}

fn read_name(name: &str, errors: &mut Vec<FieldError>) -> Option<HostName> {
    name.parse()
        .map_err(|error: pbsweb_shared::names::NameError| {
            errors.push(wrong("/name", "name.syntax", error.to_string()))
        })
        .ok()
}

/// Adds a host, and a poller for it.
///
/// # Errors
/// Wrong fields; the name is taken.
pub async fn create_host(app: &Arc<App>, actor: &Actor, request: HostCreate) -> Result<Host, HostError> {
    let record = new_host(&request)?;
    let id = record.id;
    let deed_actor = actor.clone();
    let name = record.name.clone();
    app.store
        .run(move |connection| -> Result<(), HostError> {
            require_jump(connection, record.jump_host)?;
            rows::insert_host(connection, &record)?;
            let deed = deed_actor.deed(
                "host.create",
                record.id,
                format!("{} at {}:{}", record.name, record.address, record.port),
            );
            Ok(insert_activity(connection, &deed, Utc::now())?)
        })
        .await
        .map_err(name_taken)?;
    poller::start(app, id);
    tracing::info!(host.id = %id, host.name = %name, "host added");
    get_host(app, actor, id).await
}

/// A host's row from a request, checked.
///
/// # Errors
/// Wrong fields.
pub fn new_host(request: &HostCreate) -> Result<HostRecord, HostError> {
    let mut errors = Vec::new();
    let name = read_name(&request.name, &mut errors);
    check_address(&request.address, &mut errors);
    check_bin_folder(&request.bin_folder, &mut errors);
    let host_keys = read_keys(&request.host_keys, &mut errors);
    if request.port == Some(0) {
        errors.push(wrong("/port", "port.range", "needs a number from 1 to 65535"));
    }
    match name {
        Some(name) if errors.is_empty() => Ok(HostRecord {
            id: HostId::from_uuid(Uuid::now_v7()),
            name,
            description: request.description.clone(),
            address: request.address.clone(),
            port: request.port.unwrap_or(22),
            jump_host: request.jump_host,
            dialect: request.dialect.unwrap_or(Dialect::OpenPbs),
            bin_folder: request.bin_folder.clone(),
            offered_queues: request.offered_queues.clone(),
            keeps_output_in_place: request.keeps_output_in_place.unwrap_or(true),
            is_enabled: true,
            host_keys,
            created_at: Utc::now(),
        }),
        Some(_) | None => Err(HostError::Invalid(errors)),
    }
}

fn require_jump(connection: &mut diesel::PgConnection, jump: Option<HostId>) -> Result<(), HostError> {
    let Some(jump) = jump else { return Ok(()) };
    match rows::find_host(connection, jump)? {
        Some(host) if host.jump_host.is_none() => Ok(()),
        Some(_) => Err(HostError::Invalid(vec![wrong(
            "/jump_host",
            "jump_host.chain",
            "is itself reached through another host; one jump is possible",
        )])),
        None => {
            Err(HostError::Invalid(vec![wrong("/jump_host", "jump_host.unknown", "is no host known here")]))
        }
    }
}

fn name_taken(error: HostError) -> HostError {
    let is_name = matches!(&error, HostError::Store(store) if store.constraint() == Some("hosts_name_key"));
    if is_name { HostError::NameTaken } else { error }
}

/// Changes a host. When its address or keys change, its connections end and every account is to be checked anew.
///
/// # Errors
/// Wrong fields; the name is taken; there is no such host.
pub async fn update_host(
    app: &Arc<App>,
    actor: &Actor,
    id: HostId,
    request: HostUpdate,
) -> Result<Host, HostError> {
    let deed_actor = actor.clone();
    let is_elsewhere = app
        .store
        .run(move |connection| -> Result<bool, HostError> {
            let before = rows::find_host(connection, id)?.ok_or(HostError::NotFound)?;
            let after = changed_host(&before, request)?;
            require_jump(connection, after.jump_host.filter(|_| after.jump_host != before.jump_host))?;
            rows::update_host(connection, &after)?;
            let moved = after.address != before.address
                || after.port != before.port
                || after.jump_host != before.jump_host;
            if moved {
                rows::distrust_accounts(connection, id)?;
            }
            let deed = deed_actor.deed("host.update", id, difference(&before, &after));
            insert_activity(connection, &deed, Utc::now())?;
            Ok(moved || after.host_keys != before.host_keys || after.is_enabled != before.is_enabled)
        })
        .await
        .map_err(name_taken)?;
    // Open connections lead to the former place, or show the former key.
    if is_elsewhere {
        app.transport.forget(id).await;
    }
    poller::start(app, id);
    app.pollers.poke(id);
    get_host(app, actor, id).await
}

fn changed_host(before: &HostRecord, request: HostUpdate) -> Result<HostRecord, HostError> {
    let mut errors = Vec::new();
    let name = match &request.name {
        Some(name) => read_name(name, &mut errors),
        None => Some(before.name.clone()),
    };
    if let Some(address) = &request.address {
        check_address(address, &mut errors);
    }
    if let Some(folder) = &request.bin_folder {
        check_bin_folder(folder, &mut errors);
    }
    if request.port == Some(0) {
        errors.push(wrong("/port", "port.range", "needs a number from 1 to 65535"));
    }
    let host_keys = request.host_keys.as_ref().map(|lines| read_keys(lines, &mut errors));
    if request.jump_host == Some(Some(before.id)) {
        errors.push(wrong("/jump_host", "jump_host.self", "cannot be the host itself"));
    }
    let Some(name) = name.filter(|_| errors.is_empty()) else { return Err(HostError::Invalid(errors)) };
    Ok(HostRecord {
        id: before.id,
        name,
        description: request.description.unwrap_or_else(|| before.description.clone()),
        address: request.address.unwrap_or_else(|| before.address.clone()),
        port: request.port.unwrap_or(before.port),
        jump_host: request.jump_host.unwrap_or(before.jump_host),
        dialect: before.dialect,
        bin_folder: request.bin_folder.unwrap_or_else(|| before.bin_folder.clone()),
        offered_queues: request.offered_queues.unwrap_or_else(|| before.offered_queues.clone()),
        keeps_output_in_place: request.keeps_output_in_place.unwrap_or(before.keeps_output_in_place),
        is_enabled: request.is_enabled.unwrap_or(before.is_enabled),
        host_keys: host_keys.unwrap_or_else(|| before.host_keys.clone()),
        created_at: before.created_at,
    })
}

/// What an administrator changed, for the record.
fn difference(before: &HostRecord, after: &HostRecord) -> String {
    let keys = |host: &HostRecord| {
        let shown: Vec<_> =
            host.host_keys.iter().filter_map(|line| shown_key(line)).map(|key| key.fingerprint).collect();
        shown.join(" ")
    };
    let mut parts = vec![after.name.to_string()];
    let mut note = |label: &str, old: String, new: String| {
        if old != new {
            parts.push(format!("{label}: {old} -> {new}"));
        }
    };
    note("name", before.name.to_string(), after.name.to_string());
    note(
        "address",
        format!("{}:{}", before.address, before.port),
        format!("{}:{}", after.address, after.port),
    );
    note("jump host", format!("{:?}", before.jump_host), format!("{:?}", after.jump_host));
    note("commands", before.bin_folder.clone(), after.bin_folder.clone());
    note("queues", before.offered_queues.join(","), after.offered_queues.join(","));
    note("enabled", before.is_enabled.to_string(), after.is_enabled.to_string());
    note("keys", keys(before), keys(after));
    parts.join("; ")
}

/// Removes a host that was never used.
///
/// # Errors
/// It has history; there is no such host.
pub async fn delete_host(app: &App, actor: &Actor, id: HostId) -> Result<(), HostError> {
    let deed_actor = actor.clone();
    let outcome = app
        .store
        .run(move |connection| -> Result<(), HostError> {
            let host = rows::find_host(connection, id)?.ok_or(HostError::NotFound)?;
            rows::delete_host(connection, id)?;
            Ok(insert_activity(
                connection,
                &deed_actor.deed("host.delete", id, host.name.to_string()),
                Utc::now(),
            )?)
        })
        .await;
    match outcome {
        Err(HostError::Store(error)) if error.constraint().is_some() => Err(HostError::InUse),
        Err(error) => Err(error),
        Ok(()) => {
            app.pollers.end(id);
            app.transport.forget(id).await;
            Ok(())
        }
    }
}

/// Asks a host for its key, for an administrator to compare and confirm. Nobody logs in.
///
/// # Errors
/// The host cannot be reached.
pub async fn scan_host_key(app: &App, actor: &Actor, id: HostId) -> Result<HostKeyScan, HostError> {
    let user = actor.user;
    let (host, jump) = app
        .store
        .query(move |connection| {
            let host = rows::find_host(connection, id)?;
            let jump = match host.as_ref().and_then(|host| host.jump_host) {
                Some(jump) => {
                    rows::find_host(connection, jump)?.zip(rows::find_account(connection, user, jump)?)
                }
                None => None,
            };
            Ok((host, jump))
        })
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let jump = match (host.jump_host, jump) {
        (None, _) => None,
        (Some(_), Some((jump, account))) => {
            let identity = super::accounts::identity_of(app, user).await.map_err(ReachError::Identity)?;
            Some((jump_host(&jump, account.login)?, identity))
        }
        (Some(_), None) => return Err(ReachError::JumpHost(host.name.to_string()).into()),
    };
    let jump = jump.as_ref().map(|(jump, identity)| (jump, identity));
    let key = app.transport.scan_host_key(&host.address, host.port, jump).await.map_err(HostError::Scan)?;
    let offered = ShownKey { line: key.to_string(), fingerprint: key.fingerprint() };
    Ok(HostKeyScan {
        is_confirmed: host.host_keys.contains(&offered.line),
        offered,
        confirmed: host.host_keys.iter().filter_map(|line| shown_key(line)).collect(),
    })
}

/// Sets the caller's login name on a host.
///
/// # Errors
/// The name cannot be one; there is no such host.
pub async fn put_host_account(
    app: &App,
    actor: &Actor,
    id: HostId,
    request: HostAccountPut,
) -> Result<HostAccount, HostError> {
    let login: LoginName = request.login.parse().map_err(|error: pbsweb_shared::names::NameError| {
        HostError::Invalid(vec![wrong("/login", "login.syntax", error.to_string())])
    })?;
    let actor = actor.clone();
    let account = app
        .store
        .run(move |connection| -> Result<AccountRecord, HostError> {
            let host = rows::find_host(connection, id)?.ok_or(HostError::NotFound)?;
            let account = rows::put_account(connection, actor.user, id, &login)?;
            let deed = actor.deed("host_account.set", id, format!("{login} on {}", host.name));
            insert_activity(connection, &deed, Utc::now())?;
            Ok(account)
        })
        .await?;
    Ok(shown_account(account))
}

/// Forgets the caller's login name on a host.
///
/// # Errors
/// The database's.
pub async fn delete_host_account(app: &App, actor: &Actor, id: HostId) -> Result<(), HostError> {
    let actor = actor.clone();
    app.store
        .run(move |connection| -> Result<(), HostError> {
            if rows::delete_account(connection, actor.user, id)? == 1 {
                insert_activity(connection, &actor.deed("host_account.remove", id, ""), Utc::now())?;
            }
            Ok(())
        })
        .await
}

/// A host's queues with limits, from its last snapshot.
///
/// # Errors
/// There is no such host.
pub async fn list_queues(app: &App, id: HostId) -> Result<HostQueues, HostError> {
    let (host, (as_of, listed)) = app
        .store
        .query(move |connection| Ok((rows::find_host(connection, id)?, queues::list_queues(connection, id)?)))
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let default_queue = app.pollers.snapshot(id).and_then(|snapshot| snapshot.default_queue.clone());
    let queues: Vec<Queue> =
        listed.iter().map(|queue| shown_queue(&host, queue, default_queue.as_deref())).collect();
    let rules = host_rules(&listed, default_queue.as_deref());
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
