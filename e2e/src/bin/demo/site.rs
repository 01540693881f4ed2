//! What an administrator does: the clusters become hosts.

use anyhow::Context as _;
use pbsweb_e2e::live::Client;
use pbsweb_shared::api::hosts::{Host, HostCreate, HostUpdate};
use pbsweb_shared::page::Page;

use crate::clusters::{Cluster, Clusters};
use crate::people::People;
use crate::say::Step;

/// Adds the clusters as hosts, or brings the rows of an earlier demonstration up to date (the ports are new each time). The
/// hosts come in the order of the clusters.
pub(crate) async fn set_up(
    client: &Client,
    people: &People,
    clusters: &Clusters,
) -> anyhow::Result<Vec<Host>> {
    let step = Step::begin();
    let administrator = client.sign_in(&people.administrator.name, &people.administrator.password).await?;
    let known: Page<Host> = administrator.get("/hosts").await?;
    let mut hosts = Vec::new();
    let mut n_new = 0;
    for cluster in &clusters.0 {
        let row = known.items.iter().find(|host| host.name.as_str() == cluster.name);
        let host = match row {
            Some(row) => update(&administrator, row, cluster).await,
            None => {
                n_new += 1;
                add(&administrator, cluster).await
            }
        };
        hosts.push(host.with_context(|| format!("cannot set up the host {}", cluster.name))?);
    }
    administrator.sign_out().await?;
    let what = if n_new > 0 { "added the clusters as hosts" } else { "told the hosts' new ports" };
    step.end(&format!("signed in as {} and {what}", people.administrator.name));
    Ok(hosts)
}

async fn add(administrator: &Client, cluster: &Cluster) -> anyhow::Result<Host> {
    let address = cluster.host.address();
    let host = HostCreate {
        name: cluster.name.to_owned(),
        description: cluster.description.clone(),
        address: address.ip().to_string(),
        port: Some(address.port()),
        jump_host: None,
        dialect: None,
        bin_folder: cluster.bin_folder.clone(),
        offered_queues: Vec::new(),
        keeps_output_in_place: None,
        // We started the host, so we know its key; of a real one, one asks its administrator.
        host_keys: vec![cluster.host.host_key_line()],
    };
    administrator.post("/hosts", &host).await
}

async fn update(administrator: &Client, row: &Host, cluster: &Cluster) -> anyhow::Result<Host> {
    let address = cluster.host.address();
    let update = HostUpdate {
        address: Some(address.ip().to_string()),
        port: Some(address.port()),
        bin_folder: Some(cluster.bin_folder.clone()),
        is_enabled: Some(true),
        host_keys: Some(vec![cluster.host.host_key_line()]),
        ..HostUpdate::default()
    };
    administrator.patch(&format!("/hosts/{}", row.id), &update).await
}
