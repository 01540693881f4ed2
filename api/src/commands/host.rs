//! `pbsweb host add`.

use anyhow::{Context as _, bail};
use chrono::Utc;
use pbsweb::config::Config;
use pbsweb::services::hosts::{HostError, new_host};
use pbsweb::store::activity::{Deed, insert_activity};
use pbsweb::store::hosts::insert_host;
use pbsweb::transport::{HostKey, Transport};
use pbsweb_shared::api::hosts::HostCreate;

use super::HostAdd;
use super::prepared::Prepared;

pub(crate) async fn add(config: Config, host: HostAdd) -> anyhow::Result<()> {
    let prepared = Prepared::open(config).await?;
    let name = host.name.clone();
    let outcome = create(&prepared, host).await;
    prepared.close().await?;
    let keys = outcome.with_context(|| format!("cannot add host {name}"))?;
    println!("added host {name}");
    for key in keys {
        println!("host key: {}", key.fingerprint());
    }
    Ok(())
}

/// Adds the host with its keys, and gives the keys. The page does the same through `services::hosts`, for a signed-in
/// administrator; here whoever may read the master key is one.
async fn create(prepared: &Prepared, host: HostAdd) -> anyhow::Result<Vec<HostKey>> {
    let HostAdd { name, address, port, bin_folder, description, host_key, accept_offered_key } = host;
    let mut request = HostCreate {
        name,
        description,
        address,
        port: Some(port),
        jump_host: None,
        dialect: None,
        bin_folder,
        offered_queues: Vec::new(),
        keeps_output_in_place: None,
        host_keys: host_key,
    };
    // Before anything is asked of the network, what was typed is looked at.
    checked(&request)?;
    if accept_offered_key {
        let transport = Transport::new(prepared.config.ssh.transport_settings());
        let scanned = transport.scan_host_key(&request.address, port, None).await;
        request.host_keys = vec![scanned.context("the host's key could not be asked for")?.to_string()];
    }
    let record = checked(&request)?;
    let keys = record.host_keys.iter().map(|line| line.parse()).collect::<Result<Vec<HostKey>, _>>();
    let keys = keys.context("a host key cannot be read")?;
    let detail = format!("{} at {}:{}, by a command on the server", record.name, record.address, record.port);
    let inserted = prepared
        .store
        .run(move |connection| -> Result<(), HostError> {
            insert_host(connection, &record)?;
            let subject = Some(record.id.to_string());
            let deed = Deed { user: None, session: None, action: "host.create", subject, detail };
            Ok(insert_activity(connection, &deed, Utc::now())?)
        })
        .await;
    match inserted {
        Err(HostError::Store(error)) if error.constraint() == Some("hosts_name_key") => {
            bail!(HostError::NameTaken)
        }
        inserted => inserted?,
    }
    Ok(keys)
}

/// The host's row, or every field that is wrong.
fn checked(request: &HostCreate) -> anyhow::Result<pbsweb::store::hosts::HostRecord> {
    new_host(request).map_err(|error| match error {
        HostError::Invalid(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{} {}", field.pointer.trim_start_matches('/'), field.message));
            anyhow::anyhow!(fields.collect::<Vec<_>>().join("; "))
        }
        error @ (HostError::NotFound
        | HostError::NameTaken
        | HostError::InUse
        | HostError::Scan(_)
        | HostError::Reach(_)
        | HostError::Session(_)
        | HostError::Store(_)) => error.into(),
    })
}
