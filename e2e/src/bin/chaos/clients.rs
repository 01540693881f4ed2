//! The clients: each repeats a submission under its key until a server accepts it, as the API tells them to; some are hasty and
//! send it several times at once, some send it again much later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::future::join_all;
use pbsweb_shared::api::jobs::{Job, JobSubmit};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::script::{ChunkDraft, JobScriptDraft};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;

use crate::campaign::Campaign;

/// A client that gets no answer for so long gives up; nothing in the campaign lasts so long.
const PATIENCE: Duration = Duration::from_secs(240);

/// Longest wait for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// What a client wants, all of it drawn from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) index: usize,
    pub(crate) user: usize,
    pub(crate) node: usize,
    /// The exit status of the job.
    pub(crate) exit: i32,
    /// Seconds that the server may wait for the scheduler.
    wait: u32,
    /// The server that is asked first.
    replica: usize,
    /// How often it is sent at once.
    copies: usize,
    /// It is sent again when so many more have been accepted.
    again_after: Option<usize>,
}

impl Wish {
    pub(crate) fn new(seed: u64, index: usize, n_users: usize, n_nodes: usize, n_replicas: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed.rotate_left(17) ^ (index as u64).wrapping_mul(0x9e37_79b9));
        Self {
            index,
            user: rng.random_range(0..n_users),
            node: rng.random_range(0..n_nodes),
            exit: if rng.random_ratio(1, 8) { rng.random_range(1..100) } else { 0 },
            wait: rng.random_range(0..3),
            replica: rng.random_range(0..n_replicas),
            copies: if rng.random_ratio(1, 10) { rng.random_range(2..5) } else { 1 },
            again_after: rng.random_ratio(1, 10).then(|| rng.random_range(1..200)),
        }
    }
}

/// One client: takes wishes until there are none.
pub(crate) async fn run(campaign: Arc<Campaign>) -> anyhow::Result<()> {
    while let Some(wish) = campaign.next_wish() {
        let copies = (0..wish.copies).map(|copy| submit(&campaign, wish, wish.replica + copy));
        for answer in join_all(copies).await {
            campaign.accepted(wish, answer.with_context(|| format!("submission {}", wish.index))?);
        }
        if let Some(later) = wish.again_after {
            campaign.repeat_at(later, wish);
        }
        while let Some(wish) = campaign.due_repeat() {
            let answer = submit(&campaign, wish, wish.replica + 1).await;
            campaign.repeated(wish, answer.with_context(|| format!("repeat of {}", wish.index))?);
        }
    }
    Ok(())
}

/// Sends it until it is accepted, to one server after the other; gives the job.
pub(crate) async fn submit(campaign: &Campaign, wish: Wish, first: usize) -> anyhow::Result<JobId> {
    let user = campaign.stand.users.get(wish.user).context("no such user")?;
    let body = body(campaign, wish)?;
    let begun = Instant::now();
    for attempt in 0.. {
        let client = user.at.get((first + attempt) % user.at.len()).context("no server")?;
        let request = client
            .request(Method::POST, &format!("/jobs?wait={}", wish.wait))
            .header("Idempotency-Key", campaign.key(wish))
            .timeout(ANSWER_LIMIT)
            .json(&body);
        match client.answer::<Job>(request).await {
            Ok(job) => return Ok(job.id),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            // A server that is away answers quickly that it is.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    bail!("no attempt was made")
}

fn body(campaign: &Campaign, wish: Wish) -> anyhow::Result<JobSubmit> {
    let node = campaign.stand.nodes.get(wish.node).context("no such host")?;
    let script = JobScriptDraft {
        name: format!("c{}", wish.index),
        walltime: "0:05:00".to_owned(),
        chunks: vec![ChunkDraft { ncpus: "1".to_owned(), ..ChunkDraft::default() }],
        commands: format!("exit {}", wish.exit),
        ..JobScriptDraft::default()
    };
    Ok(JobSubmit { host: node.host, application: None, script, script_name: None, of: None })
}
