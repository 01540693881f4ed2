//! What administrators do to hosts: add, change, remove, and ask for the key that they confirm.

use std::sync::Arc;

use chrono::Utc;
use pbsweb_shared::api::hosts::{Host, HostCreate, HostKey as ShownKey, HostKeyScan, HostUpdate};
use pbsweb_shared::host::Dialect;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::{HostName, UserName};
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::values::QueueName;
use uuid::Uuid;

use super::{HostError, get_host, shown_key, wrong};
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::reach::{ReachError, jump_host};
use crate::store::activity::insert_activity;
use crate::store::host_accounts::{distrust_accounts, find_account};
use crate::store::hosts as rows;
use crate::store::hosts::HostRecord;
use crate::transport::HostKey;

const MOST_DESCRIPTION_BYTES: usize = 4000;

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

fn check_queues(queues: &[String], errors: &mut Vec<FieldError>) {
    for (n, queue) in queues.iter().enumerate() {
        if let Err(error) = queue.parse::<QueueName>() {
            errors.push(wrong(&format!("/offered_queues/{n}"), "queue.syntax", error.to_string()));
        }
    }
}

fn check_description(text: &str, errors: &mut Vec<FieldError>) {
    if text.len() > MOST_DESCRIPTION_BYTES || text.chars().any(|c| c.is_control() && c != '\n') {
        let message = format!("needs at most {MOST_DESCRIPTION_BYTES} bytes without control characters");
        errors.push(wrong("/description", "description.syntax", message));
    }
}

fn read_name(name: &str, errors: &mut Vec<FieldError>) -> Option<HostName> {
    name.parse()
        .map_err(|error: pbsweb_shared::names::NameError| {
            errors.push(wrong("/name", "name.syntax", error.to_string()))
        })
        .ok()
}

/// Adds a host; whichever server is first watches it.
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
    app.replica.wake();
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
    check_queues(&request.offered_queues, &mut errors);
    check_description(&request.description, &mut errors);
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
            listed_by: None,
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
    let broken = if let HostError::Store(store) = &error { store.constraint() } else { None };
    match broken {
        Some("hosts_name_key") => HostError::NameTaken,
        Some("hosts_listed_by_fkey") => HostError::Invalid(vec![no_such_user()]),
        Some(_) | None => error,
    }
}

fn no_such_user() -> FieldError {
    wrong("/listed_by", "user.unknown", "is no user known here")
}

/// A user's name, or none; whether there is such a user the database tells.
fn read_user(name: &str, errors: &mut Vec<FieldError>) -> Option<UserName> {
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let user = name.parse().ok();
    if user.is_none() {
        errors.push(no_such_user());
    }
    user
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
            let before = rows::lock_host(connection, id)?.ok_or(HostError::NotFound)?;
            let after = changed_host(&before, request)?;
            require_jump(connection, after.jump_host.filter(|_| after.jump_host != before.jump_host))?;
            rows::update_host(connection, &after)?;
            let moved = after.address != before.address
                || after.port != before.port
                || after.jump_host != before.jump_host;
            if moved {
                distrust_accounts(connection, id)?;
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
    check_queues(request.offered_queues.as_deref().unwrap_or_default(), &mut errors);
    check_description(request.description.as_deref().unwrap_or_default(), &mut errors);
    if request.port == Some(0) {
        errors.push(wrong("/port", "port.range", "needs a number from 1 to 65535"));
    }
    let host_keys = request.host_keys.as_ref().map(|lines| read_keys(lines, &mut errors));
    if request.jump_host == Some(Some(before.id)) {
        errors.push(wrong("/jump_host", "jump_host.self", "cannot be the host itself"));
    }
    let listed_by = request.listed_by.as_deref().map(|name| read_user(name, &mut errors));
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
        listed_by: listed_by.unwrap_or_else(|| before.listed_by.clone()),
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
    let user = |host: &HostRecord| host.listed_by.as_ref().map(ToString::to_string).unwrap_or_default();
    note("listed by", user(before), user(after));
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
            app.replica.wake();
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
                Some(jump) => rows::find_host(connection, jump)?.zip(find_account(connection, user, jump)?),
                None => None,
            };
            Ok((host, jump))
        })
        .await?;
    let host = host.ok_or(HostError::NotFound)?;
    let jump = match (host.jump_host, jump) {
        (None, _) => None,
        (Some(_), Some((jump, account))) => {
            let identity =
                crate::services::accounts::identity_of(app, user).await.map_err(ReachError::Identity)?;
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
