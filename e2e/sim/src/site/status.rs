//! Listings: which jobs, queues and nodes a question is about.

use super::attributes::Moment;
use super::job::{Job, State};
use super::job_id::{JobId, Part, is_at_other};
use super::node::Room;
use super::{Site, refusal};
use crate::protocol::{Item, JobTarget, Refusal};

impl Site {
    /// Jobs for `qstat` and `qselect`.
    ///
    /// # Errors
    /// Unknown and finished jobs, unknown queues.
    pub(crate) fn job_status(
        &self,
        target: &JobTarget,
        history: bool,
        subjobs: bool,
        hidden: &dyn Fn(&Job) -> bool,
        now_ms: i64,
    ) -> Result<Vec<Item>, Refusal> {
        let mut items = Vec::new();
        // Without history the commands ask the server that has the job now by themselves.
        let at_other = matches!(target, JobTarget::Id(text) if is_at_other(text) || !self.history);
        let moment = self.moment(now_ms);
        let mut push = |job: &Job, expand: bool| {
            if hidden(job) {
                return;
            }
            if job.moved_to.is_some() && !at_other {
                items.push(self.moved_item(job, &moment));
                return;
            }
            items.push(self.job_item(job, &moment));
            if expand {
                for (index, run) in job.array.iter().flat_map(|a| a.subjobs.iter()) {
                    items.push(self.subjob_item(job, *index, run, &moment));
                }
            }
        };
        match target {
            JobTarget::All => {
                for job in self.jobs.values().filter(|j| history || j.is_here()) {
                    push(job, subjobs);
                }
            }
            JobTarget::Queue(name) => {
                let queue = self.queue(name).ok_or_else(refusal::unknown_queue)?;
                for job in self.jobs.values().filter(|j| j.queue == queue.name) {
                    if history || job.is_here() {
                        push(job, subjobs);
                    }
                }
            }
            JobTarget::Owners(names) => {
                for job in self.jobs.values().filter(|j| names.contains(&j.owner)) {
                    if history || job.is_here() {
                        push(job, subjobs);
                    }
                }
            }
            JobTarget::Id(text) => {
                let id = JobId::parse(text, &self.name).ok_or_else(refusal::unknown_job)?;
                let job = self.jobs.get(&id.sequence).ok_or_else(refusal::unknown_job)?;
                if hidden(job) || (id.part == Part::Job) == job.array.is_some() {
                    return Err(refusal::unknown_job());
                }
                if is_at_other(text) && job.moved_to.is_none() {
                    return Err(refusal::unknown_job());
                }
                if (job.is_finished() || (job.moved_to.is_some() && !at_other)) && !history {
                    return Err(refusal::finished());
                }
                match id.part {
                    Part::Job | Part::Array => push(job, subjobs),
                    Part::Subjobs(indices) => {
                        for index in indices {
                            let run = job.run_of(Some(index)).ok_or_else(refusal::unknown_job)?;
                            items.push(self.subjob_item(job, index, run, &moment));
                        }
                    }
                }
            }
        }
        Ok(items)
    }

    /// What is left of a job that was moved to another server: what it was when it went, in state `M`.
    fn moved_item(&self, job: &Job, moment: &Moment<'_>) -> Item {
        const ITS_RUN: [&str; 10] = [
            "comment",
            "exec_host",
            "exec_vnode",
            "Exit_status",
            "jobdir",
            "obittime",
            "resources_used",
            "run_count",
            "session_id",
            "stime",
        ];
        let mut item = self.job_item(job, moment);
        item.attributes.retain(|attribute| !ITS_RUN.contains(&attribute.name.as_str()));
        for attribute in &mut item.attributes {
            match attribute.name.as_str() {
                "job_state" => "M".clone_into(&mut attribute.value),
                "queue" => attribute.value = job.moved_to.clone().unwrap_or_default(),
                _ => {}
            }
        }
        item
    }

    /// Queues for `qstat -Q`.
    ///
    /// # Errors
    /// An unknown queue.
    pub(crate) fn queue_status(&self, name: Option<&str>) -> Result<Vec<Item>, Refusal> {
        match name {
            None => Ok(self.queues.iter().map(|q| self.queue_item(q)).collect()),
            Some(name) => {
                let queue = self.queue(name).ok_or_else(refusal::unknown_queue)?;
                Ok(vec![self.queue_item(queue)])
            }
        }
    }

    /// Nodes for `pbsnodes`.
    ///
    /// # Errors
    /// An unknown node.
    pub(crate) fn node_status(&self, name: Option<&str>) -> Result<Vec<Item>, Refusal> {
        let room = Room::of(self);
        match name {
            None => Ok(self.nodes.iter().map(|n| self.node_item(n, &room)).collect()),
            Some(name) => {
                let node = self.nodes.iter().find(|n| n.name == name).ok_or_else(refusal::unknown_node)?;
                Ok(vec![self.node_item(node, &room)])
            }
        }
    }

    /// Whether anything of the site has processes.
    pub(crate) fn is_busy(&self) -> bool {
        self.jobs.values().any(|job| job.run.is_active() || job.run.state == State::Begun)
    }
}
