//! Makes the planned troubles happen.

use std::sync::Arc;

use anyhow::Context as _;
use pbsweb_sim::FaultChange;
use tokio::task::JoinSet;

use crate::campaign::Campaign;
use crate::plan::{Planned, Trouble};
use crate::stand::{Node, Replica};

/// Goes through the schedule; what takes time goes on beside. Ends when all of it is over.
pub(crate) async fn run(campaign: Arc<Campaign>, plan: Vec<Planned>, is_loud: bool) -> anyhow::Result<()> {
    let mut lasting = JoinSet::new();
    for planned in plan {
        campaign.until_accepted(planned.at).await;
        if is_loud {
            println!("  at {:>5}: {:?}", campaign.n_accepted(), planned.trouble);
        }
        let campaign = Arc::clone(&campaign);
        match planned.trouble {
            Trouble::RestartDatabase => campaign.stand.database.crash().await?,
            Trouble::Network { host, mischief } => node(&campaign, host)?.proxy.arm(mischief),
            Trouble::Slow { host, time } => node(&campaign, host)?.proxy.slow(time),
            Trouble::Refuse { host, time, cuts } => {
                let proxy = &node(&campaign, host)?.proxy;
                proxy.refuse(time);
                if cuts {
                    proxy.cut_all();
                }
            }
            Trouble::Host { host, fault, times } => node(&campaign, host)?.arm(fault, Some(times)).await?,
            Trouble::RestartScheduler { host, down } => {
                let down_ms = u64::try_from(down.as_millis())?;
                node(&campaign, host)?.change_faults(FaultChange::Restart { down_ms }).await?;
            }
            Trouble::KillReplica { replica: index, away } => {
                if replica(&campaign, index)?.kill().await? {
                    lasting.spawn(async move {
                        tokio::time::sleep(away).await;
                        replica(&campaign, index)?.start_again().await
                    });
                }
            }
            Trouble::HostFor { host, fault, time } => {
                node(&campaign, host)?.arm(fault.clone(), None).await?;
                lasting.spawn(async move {
                    tokio::time::sleep(time).await;
                    node(&campaign, host)?.arm(fault, Some(0)).await
                });
            }
        }
    }
    while let Some(done) = lasting.join_next().await {
        done??;
    }
    Ok(())
}

/// Everything behaves from now on.
pub(crate) async fn calm(campaign: &Campaign) -> anyhow::Result<()> {
    for node in &campaign.stand.nodes {
        node.proxy.calm();
        node.change_faults(FaultChange::Clear).await?;
    }
    Ok(())
}

fn node(campaign: &Campaign, index: usize) -> anyhow::Result<&Node> {
    campaign.stand.nodes.get(index).context("no such host")
}

fn replica(campaign: &Campaign, index: usize) -> anyhow::Result<&Replica> {
    campaign.stand.replicas.get(index).context("no such server")
}
