//! Nodes and how chunks are placed on them.

use serde::{Deserialize, Serialize};

use super::Site;
use super::job::{Job, Placement};
use super::resources::parse_select;

/// One execution node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Processors that jobs may have.
    pub ncpus: u32,
    /// Takes no new jobs.
    pub offline: bool,
    /// Note of the manager.
    pub comment: Option<String>,
    /// Last change of its state.
    pub state_changed: i64,
    /// Last time a job ended or began on it.
    pub last_used: i64,
}

impl Node {
    /// A node that is up.
    #[must_use]
    pub fn new(name: &str, ncpus: u32) -> Self {
        Self { name: name.to_owned(), ncpus, offline: false, comment: None, state_changed: 0, last_used: 0 }
    }
}

/// Whether a job can start now.
pub(crate) enum Fit {
    Now(Vec<Placement>),
    Later(String),
    Never(String),
}

impl Site {
    /// Processors of a node that jobs have.
    #[must_use]
    pub(crate) fn used_on(&self, node: &str) -> u32 {
        self.placements().filter(|(_, p)| p.node == node).map(|(_, p)| p.ncpus).sum()
    }

    /// Everything that active runs occupy, with the ids of the runs.
    pub(crate) fn placements(&self) -> impl Iterator<Item = (String, &Placement)> {
        self.jobs.values().flat_map(|job| {
            let own = job.run.placements.iter().map(|p| (job.sequence.to_string(), p));
            let own = own.filter(|_| job.array.is_none() && job.run.is_active());
            let subjobs = job.array.iter().flat_map(|array| array.subjobs.iter());
            let subjobs = subjobs.filter(|(_, run)| run.is_active()).flat_map(|(index, run)| {
                run.placements.iter().map(move |p| (format!("{}[{index}]", job.sequence), p))
            });
            own.chain(subjobs).collect::<Vec<_>>()
        })
    }

    /// Looks for room for a job.
    pub(crate) fn fit(&self, job: &Job) -> Fit {
        let select = job.resources.get("select").map_or("1:ncpus=1", String::as_str);
        let chunks = parse_select(select).unwrap_or_default();
        let place = job.resources.get("place").map_or("free", String::as_str);
        let wanted: u32 = chunks.iter().map(|c| c.count.saturating_mul(c.ncpus)).sum();
        let total: u32 = self.nodes.iter().map(|n| n.ncpus).sum();
        let largest = self.nodes.iter().map(|n| n.ncpus).max().unwrap_or(0);
        let n_chunks: u32 = chunks.iter().map(|c| c.count).sum();
        if let Some(chunk) = chunks.iter().find(|c| c.ncpus > largest) {
            return Fit::Never(format!(
                "Can Never Run: Insufficient amount of resource: ncpus (R: {} A: {largest} T: {largest})",
                chunk.ncpus
            ));
        }
        let scatter = place.starts_with("scatter") || place.starts_with("vscatter");
        let pack = place.starts_with("pack");
        let too_many = scatter && usize::try_from(n_chunks).unwrap_or(usize::MAX) > self.nodes.len();
        if wanted > total || too_many || (pack && wanted > largest) {
            return Fit::Never("Can Never Run: Not enough total nodes available".to_owned());
        }
        let exclusive = place.contains("excl");
        let mut free: Vec<(&Node, u32, bool)> = self
            .nodes
            .iter()
            .filter(|n| !n.offline)
            .map(|n| (n, n.ncpus.saturating_sub(self.used_on(&n.name))))
            .filter(|(n, free)| !exclusive || *free == n.ncpus)
            .map(|(n, free)| (n, free, false))
            .collect();
        if pack {
            free.retain(|(_, free, _)| *free >= wanted);
            free.truncate(1);
        }
        let mut placements: Vec<Placement> = Vec::new();
        for chunk in &chunks {
            for _ in 0..chunk.count {
                let room =
                    free.iter_mut().find(|(_, free, used)| *free >= chunk.ncpus && !(scatter && *used));
                let Some((node, free, used)) = room else {
                    return Fit::Later("Not Running: Not enough free nodes available".to_owned());
                };
                *free -= chunk.ncpus;
                *used = true;
                let task = self.free_task(&node.name, &placements);
                placements.push(Placement {
                    node: node.name.clone(),
                    ncpus: chunk.ncpus,
                    processes: chunk.mpiprocs.unwrap_or(1),
                    task,
                });
            }
        }
        Fit::Now(placements)
    }

    fn free_task(&self, node: &str, taken: &[Placement]) -> u32 {
        let used: Vec<u32> = self
            .placements()
            .map(|(_, p)| p)
            .chain(taken)
            .filter(|p| p.node == node)
            .map(|p| p.task)
            .collect();
        (0..).find(|task| !used.contains(task)).unwrap_or(0)
    }
}
