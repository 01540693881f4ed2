//! Nodes and how chunks are placed on them.

use std::collections::{BTreeSet, HashMap};

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

/// What is taken on each node. It is counted once, and kept true while jobs are started: counting it for each node or job would take
/// as many looks at every job.
pub(crate) struct Room {
    nodes: HashMap<String, Taken>,
    /// Processors that no job has, on nodes that take jobs.
    free: u32,
    /// Processors of all nodes.
    total: u32,
    /// Processors of the largest node.
    largest: u32,
}

/// What jobs have of one node.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) ncpus: u32,
    /// The numbers of the tasks.
    tasks: BTreeSet<u32>,
    /// The runs with their tasks, as they are listed.
    pub(crate) runs: Vec<(String, u32)>,
}

impl Room {
    pub(crate) fn of(site: &Site) -> Self {
        let mut room = Self {
            nodes: HashMap::new(),
            free: 0,
            total: site.nodes.iter().map(|node| node.ncpus).sum(),
            largest: site.nodes.iter().map(|node| node.ncpus).max().unwrap_or(0),
        };
        for (id, placement) in site.placements() {
            room.count(&placement);
            room.nodes.entry(placement.node).or_default().runs.push((id, placement.task));
        }
        room.free = site.nodes.iter().filter(|node| !node.offline).map(|node| room.free_on(node)).sum();
        room
    }

    /// What jobs have of a node; nothing if none runs there.
    pub(crate) fn on(&self, node: &str) -> Option<&Taken> {
        self.nodes.get(node)
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.free == 0
    }

    fn free_on(&self, node: &Node) -> u32 {
        node.ncpus.saturating_sub(self.on(&node.name).map_or(0, |taken| taken.ncpus))
    }

    fn count(&mut self, placement: &Placement) {
        let taken = self.nodes.entry(placement.node.clone()).or_default();
        taken.ncpus += placement.ncpus;
        taken.tasks.insert(placement.task);
    }

    /// Gives a run what was found for it.
    pub(crate) fn take(&mut self, placements: &[Placement]) {
        for placement in placements {
            self.count(placement);
            self.free = self.free.saturating_sub(placement.ncpus);
        }
    }

    fn free_task(&self, node: &str, also: &[Placement]) -> u32 {
        let is_taken = |task: &u32| {
            self.on(node).is_some_and(|taken| taken.tasks.contains(task))
                || also.iter().any(|placement| placement.node == node && placement.task == *task)
        };
        (0..).find(|task| !is_taken(task)).unwrap_or(0)
    }
}

impl Site {
    /// Everything that active runs occupy, with the ids of the runs.
    fn placements(&self) -> impl Iterator<Item = (String, Placement)> {
        self.jobs.values().flat_map(|job| {
            let own =
                std::iter::once((job.sequence.to_string(), &job.run)).filter(move |_| job.array.is_none());
            let subjobs = job.array.iter().flat_map(|array| array.subjobs.iter());
            let subjobs = subjobs.map(move |(index, run)| (format!("{}[{index}]", job.sequence), run));
            let active = own.chain(subjobs).filter(|(_, run)| run.is_active());
            active.flat_map(|(id, run)| run.placements.iter().map(move |p| (id.clone(), p.clone())))
        })
    }

    /// Looks for room for a job.
    pub(crate) fn fit(&self, job: &Job, room: &Room) -> Fit {
        let select = job.resources.get("select").map_or("1:ncpus=1", String::as_str);
        let chunks = parse_select(select).unwrap_or_default();
        let place = job.resources.get("place").map_or("free", String::as_str);
        let wanted: u32 = chunks.iter().map(|c| c.count.saturating_mul(c.ncpus)).sum();
        let n_chunks: u32 = chunks.iter().map(|c| c.count).sum();
        let largest = room.largest;
        if let Some(chunk) = chunks.iter().find(|c| c.ncpus > largest) {
            return Fit::Never(format!(
                "Can Never Run: Insufficient amount of resource: ncpus (R: {} A: {largest} T: {largest})",
                chunk.ncpus
            ));
        }
        let scatter = place.starts_with("scatter") || place.starts_with("vscatter");
        let pack = place.starts_with("pack");
        let too_many = scatter && usize::try_from(n_chunks).unwrap_or(usize::MAX) > self.nodes.len();
        if wanted > room.total || too_many || (pack && wanted > largest) {
            return Fit::Never("Can Never Run: Not enough total nodes available".to_owned());
        }
        let later = || Fit::Later("Not Running: Not enough free nodes available".to_owned());
        if wanted > room.free {
            return later();
        }
        let exclusive = place.contains("excl");
        let mut free: Vec<(&Node, u32, bool)> = self
            .nodes
            .iter()
            .filter(|n| !n.offline)
            .map(|n| (n, room.free_on(n)))
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
                let found =
                    free.iter_mut().find(|(_, free, used)| *free >= chunk.ncpus && !(scatter && *used));
                let Some((node, free, used)) = found else { return later() };
                *free -= chunk.ncpus;
                *used = true;
                let task = room.free_task(&node.name, &placements);
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
}
