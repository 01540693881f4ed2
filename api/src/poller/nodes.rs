//! Nodes: asked for seldom, soon when somebody begins to look, and shown to everybody from what was kept.

use std::sync::Arc;
use std::time::Duration;

use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::node::{Amount, Node, NodeState};
use pbsweb_shared::script::values::MemorySize;

use super::WATCHED_FOR;
use super::driver::is_about_account;
use crate::app::App;
use crate::error::chain;
use crate::scheduler::records::{NodeRecord, find};
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::host_accounts::usable_accounts;
use crate::store::nodes::{NodesPace, keep_nodes, nodes_due};
use crate::store::replicas::Hold;
use crate::store::watches::{lock_watch, note_calls};
use crate::transport::RunLimits;

/// While somebody looks at them, at every third listing's time.
const LISTINGS: u32 = 3;

/// Once somebody has looked. Before that, nobody asks.
const IDLE_EVERY: Duration = Duration::from_secs(600);

/// A node is some 800 bytes of text.
const LIMITS: RunLimits = RunLimits { deadline: Duration::from_secs(60), max_output_bytes: 64 * 1024 * 1024 };

/// Asks for a host's nodes if that is due; returns when it will be.
pub(super) async fn poll(app: &Arc<App>, hold: Hold) -> Duration {
    let watched = app.config.poll.interval * LISTINGS;
    let pace = NodesPace { watched_for: WATCHED_FOR, watched, idle: IDLE_EVERY.max(watched) };
    let due = app.store.query(move |connection| nodes_due(connection, hold.host, pace)).await;
    let outcome = match due {
        Ok(left) if !left.is_zero() => return left,
        Ok(_) => ask(app, hold).await,
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::warn!(host.id = %hold.host, error = &error as &dyn std::error::Error, "nodes could not be kept");
    }
    pace.watched
}

async fn ask(app: &Arc<App>, hold: Hold) -> Result<(), StoreError> {
    let host = hold.host;
    let accounts = app.store.query(move |connection| usable_accounts(connection, host)).await?;
    let mut problem = "nobody has a checked account on this host yet".to_owned();
    for account in accounts {
        let reach = match Reach::find(app, account.user, host, Trust::Checked).await {
            Ok(reach) => reach,
            Err(ReachError::Store(error)) => return Err(error),
            Err(error) => {
                problem = chain(&error);
                continue;
            }
        };
        match list(app, &reach).await {
            Ok(packed) => return keep(app, hold, Ok(packed)).await,
            Err(error) => {
                problem = chain(&error);
                let may_another = matches!(&error, NodesError::Reach(ReachError::Transport { source, .. }) if is_about_account(source));
                if !may_another {
                    break;
                }
            }
        }
    }
    keep(app, hold, Err(problem)).await
}

#[derive(Debug, thiserror::Error)]
enum NodesError {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error("{0}")]
    Refused(String),
    #[error("the nodes cannot be packed")]
    Pack(#[source] std::io::Error),
}

async fn list(app: &App, reach: &Reach) -> Result<Vec<u8>, NodesError> {
    let (scheduler, marker) = (reach.scheduler(), fresh_marker());
    let command = scheduler.nodes(&reach.site(), &marker).map_err(ReachError::from)?;
    let output = reach.run(app, command, LIMITS).await?;
    let read = tokio::task::spawn_blocking(move || {
        let records = scheduler
            .read_nodes(&marker, &output.stdout)
            .map_err(|unavailable| NodesError::Refused(unavailable.words))?;
        let nodes: Vec<Node> = records.into_iter().map(shown_node).collect();
        super::listing::pack(&nodes).map_err(NodesError::Pack)
    });
    read.await.unwrap_or_else(|_| Err(NodesError::Refused("the nodes could not be read".to_owned())))
}

async fn keep(app: &App, hold: Hold, listed: Result<Vec<u8>, String>) -> Result<(), StoreError> {
    let now = app.replica.now();
    // PostgreSQL takes no NUL, and a host may print anything.
    let listed = listed.map_err(|words| words.replace('\0', "\u{fffd}"));
    app.store
        .query(move |connection| {
            if lock_watch(connection, hold)? {
                note_calls(connection, hold.host, 1)?;
                keep_nodes(connection, hold.host, now, listed.as_deref().map_err(String::as_str))?;
            }
            Ok(())
        })
        .await
}

/// A node as the API shows it.
fn shown_node(record: NodeRecord) -> Node {
    let amount = |names: &[&str], read: fn(&str) -> Option<u64>| {
        let value = |list: &[(String, String)]| names.iter().find_map(|name| find(list, name).and_then(read));
        Amount { total: value(&record.available).unwrap_or(0), used: value(&record.assigned).unwrap_or(0) }
    };
    let count = |text: &str| text.parse().ok();
    let bytes = |text: &str| text.parse::<MemorySize>().ok().map(MemorySize::bytes);
    let (cores, memory_bytes) = (amount(&["ncpus"], count), amount(&["mem"], bytes));
    let gpus = amount(&["ngpus", "naccelerators"], count);
    let mut jobs: Vec<PbsJobId> = Vec::new();
    for job in &record.jobs {
        // A job with several slots is listed for each: `1.vm/0, 1.vm/1`.
        let id = job.split_once('/').map_or(job.as_str(), |(id, _)| id);
        if let Ok(id) = id.parse()
            && !jobs.contains(&id)
        {
            jobs.push(id);
        }
    }
    Node {
        state: state_of(&record.state, !jobs.is_empty(), cores),
        queue: find(&record.other, "queue").or_else(|| find(&record.available, "Qlist")).map(str::to_owned),
        name: record.name,
        state_words: record.state,
        comment: record.comment,
        cores,
        memory_bytes,
        gpus,
        jobs,
    }
}

/// `pbsnodes(8B)`: several words at a time are possible, and the worst of them counts.
fn state_of(words: &str, has_jobs: bool, cores: Amount) -> NodeState {
    let is = |any_of: &[&str]| words.split(',').any(|word| any_of.contains(&word.trim()));
    if is(&["down", "stale", "state-unknown", "Stale", "unresolvable"]) {
        NodeState::Down
    } else if is(&["offline", "offline_by_mom", "maintenance", "sleep", "provisioning", "wait-provisioning"])
    {
        NodeState::Offline
    } else if is(&["job-busy", "job-exclusive", "resv-exclusive", "busy", "initializing"]) {
        NodeState::Busy
    } else if is(&["free"]) {
        match (has_jobs, cores.total > 0 && cores.used >= cores.total) {
            (_, true) => NodeState::Busy,
            (true, false) => NodeState::Partly,
            (false, false) => NodeState::Free,
        }
    } else {
        NodeState::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::openpbs::read_nodes;

    #[test]
    fn nodes_are_told_as_people_ask() {
        let text = "gpu1\n     state = free\n     jobs = 1.vm/0, 1.vm/1, 2[4].vm/2\n     \
                    resources_available.mem = 1024kb\n     resources_available.ncpus = 8\n     \
                    resources_available.ngpus = 4\n     resources_assigned.mem = 512kb\n     \
                    resources_assigned.ncpus = 3\n     resources_assigned.ngpus = 1\n     queue = gpu\n\n\
                    n2\n     state = state-unknown,down\n     comment = node down: communication closed\n";
        let nodes: Vec<Node> = read_nodes(text.as_bytes()).into_iter().map(shown_node).collect();
        let [gpu, down] = nodes.as_slice() else { panic!("{nodes:?}") };
        assert_eq!((gpu.state, gpu.queue.as_deref()), (NodeState::Partly, Some("gpu")));
        assert_eq!(gpu.jobs.iter().map(PbsJobId::as_str).collect::<Vec<_>>(), ["1.vm", "2[4].vm"]);
        assert_eq!(gpu.memory_bytes, Amount { total: 1 << 20, used: 1 << 19 });
        assert_eq!((gpu.cores, gpu.gpus), (Amount { total: 8, used: 3 }, Amount { total: 4, used: 1 }));
        assert_eq!((down.state, down.state_words.as_str()), (NodeState::Down, "state-unknown,down"));
        assert_eq!(down.cores, Amount::default());
    }

    #[test]
    fn the_worst_word_counts() {
        let cores = |used| Amount { total: 4, used };
        for (words, has_jobs, used, expected) in [
            ("free", false, 0, NodeState::Free),
            ("free", true, 1, NodeState::Partly),
            ("free", true, 4, NodeState::Busy),
            ("job-busy", true, 4, NodeState::Busy),
            ("down,offline", false, 0, NodeState::Down),
            ("offline,job-busy", true, 4, NodeState::Offline),
            ("offline, state-unknown", false, 0, NodeState::Down),
            ("dreaming", false, 0, NodeState::Other),
        ] {
            assert_eq!(state_of(words, has_jobs, cores(used)), expected, "{words}");
        }
    }
}
