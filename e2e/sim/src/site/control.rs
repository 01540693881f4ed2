//! What the control commands do: delete, hold, release, alter, move, rerun, message, order.

use super::cycle::end_run;
use super::job::{Ending, Job, RunKey, State};
use super::job_id::{JobId, OTHER_SERVER, Part, is_at_other};
use super::resources::{check_value, compare, complete};
use super::{Effect, Site, refusal};
use crate::protocol::{Change, Refusal};

const SIGTERM: i32 = 15;

impl Site {
    /// Operators and managers may do what owners may not.
    pub(super) fn is_operator(&self, user: &str) -> bool {
        user == "root" || self.operators.iter().any(|operator| operator == user)
    }

    fn may_control(&self, job: &Job, user: &str) -> bool {
        job.owner == user || self.is_operator(user)
    }

    /// The job an id means, when the caller may control it.
    pub(super) fn controlled(&self, text: &str, user: &str) -> Result<(JobId, &Job), Refusal> {
        let id = JobId::parse(text, &self.name).ok_or_else(refusal::unknown_job)?;
        let job = self.jobs.get(&id.sequence).ok_or_else(refusal::unknown_job)?;
        if (id.part == Part::Job) == job.array.is_some() {
            return Err(refusal::unknown_job());
        }
        // Of a job that was moved there is only history here; without it the commands ask the server that has the job.
        if job.is_finished() || (job.moved_to.is_some() && self.history && !is_at_other(text)) {
            return Err(refusal::finished());
        }
        if !self.may_control(job, user) {
            return Err(refusal::unauthorized());
        }
        if let Part::Subjobs(indices) = &id.part
            && indices.iter().any(|i| job.run_of(Some(*i)).is_none())
        {
            return Err(refusal::invalid_request());
        }
        Ok((id, job))
    }

    /// As [`Self::controlled`], for what cannot be done to a subjob.
    fn controlled_whole(&self, text: &str, user: &str) -> Result<u64, Refusal> {
        let (id, _) = self.controlled(text, user)?;
        match id.part {
            Part::Job | Part::Array => Ok(id.sequence),
            Part::Subjobs(_) => Err(refusal::invalid_request()),
        }
    }

    /// `qdel`
    pub(crate) fn delete(
        &mut self,
        text: &str,
        user: &str,
        force: bool,
        history: bool,
        now_ms: i64,
    ) -> Result<Vec<Effect>, Refusal> {
        let now = now_ms / 1000;
        let (id, _) = match self.controlled(text, user) {
            // Only -x may touch what is over.
            Err(refused) if history && refused == refusal::finished() => {
                let sequence = JobId::parse(text, &self.name).ok_or_else(refusal::unknown_job)?.sequence;
                if self.jobs.get(&sequence).is_some_and(|job| !self.may_control(job, user)) {
                    return Err(refusal::unauthorized());
                }
                self.jobs.remove(&sequence);
                return Ok(Vec::new());
            }
            other => other?,
        };
        let sequence = id.sequence;
        let mut effects = Vec::new();
        match id.part {
            Part::Job => {
                effects.extend(self.delete_run(RunKey { sequence, index: None }, user, force, now_ms)?)
            }
            Part::Subjobs(indices) => {
                for index in indices {
                    let key = RunKey { sequence, index: Some(index) };
                    effects.extend(self.delete_run(key, user, force, now_ms)?);
                }
                self.finish_array_when_done(sequence, now);
            }
            Part::Array => {
                let job = self.jobs.get_mut(&sequence).ok_or_else(refusal::unknown_job)?;
                if job.run.state != State::Begun {
                    self.finish_unrun(sequence, 91, now);
                    return Ok(effects);
                }
                job.run.ending = Some(Ending::Deleted(user.to_owned()));
                let open: Vec<u32> = job.array.iter().flat_map(|a| &a.subjobs).map(|(i, _)| *i).collect();
                for index in open {
                    let key = RunKey { sequence, index: Some(index) };
                    // A subjob that is just finishing needs no deletion.
                    effects.extend(self.delete_run(key, user, force, now_ms).unwrap_or_default());
                }
                self.finish_array_when_done(sequence, now);
            }
        }
        Ok(effects)
    }

    fn delete_run(
        &mut self,
        key: RunKey,
        user: &str,
        force: bool,
        now_ms: i64,
    ) -> Result<Option<Effect>, Refusal> {
        let now = now_ms / 1000;
        let by = format!("{user}@{}", self.name);
        let run = self.run_mut(key).ok_or_else(refusal::invalid_request)?;
        match run.state {
            State::Queued | State::Held | State::Waiting => {
                if key.index.is_some() {
                    run.ending = Some(Ending::Deleted(by));
                    run.set(State::Expired, 91, now);
                } else {
                    self.finish_unrun(key.sequence, 91, now);
                }
                Ok(None)
            }
            State::Running | State::Suspended => {
                if force {
                    end_run(run, Ending::Deleted(by), now_ms);
                    run.signalled_ms = None;
                    return Ok(Some(Effect::Signal(key, 9)));
                }
                if run.session.is_none() {
                    return Err(refusal::bad_state());
                }
                if matches!(run.ending, Some(Ending::Deleted(_))) {
                    return Ok(None);
                }
                end_run(run, Ending::Deleted(by), now_ms);
                Ok(Some(Effect::Signal(key, SIGTERM)))
            }
            State::Exiting if force => Ok(None),
            State::Exiting | State::Expired | State::Finished => Err(refusal::bad_state()),
            State::Begun => Err(refusal::invalid_request()),
        }
    }

    /// `qhold`
    pub(crate) fn hold(&mut self, text: &str, user: &str, holds: &str, now: i64) -> Result<(), Refusal> {
        let sequence = self.controlled_whole(text, user)?;
        if holds.contains(['s', 'o', 'p']) && !self.is_operator(user) {
            return Err(refusal::unauthorized());
        }
        if let Some(job) = self.jobs.get_mut(&sequence) {
            job.holds.extend(holds.chars().filter(|c| *c != 'n'));
        }
        self.settle(sequence, now);
        Ok(())
    }

    /// `qrls`
    pub(crate) fn release(&mut self, text: &str, user: &str, holds: &str, now: i64) -> Result<(), Refusal> {
        let sequence = self.controlled_whole(text, user)?;
        if holds.contains(['s', 'o', 'p']) && !self.is_operator(user) {
            return Err(refusal::unauthorized());
        }
        if let Some(job) = self.jobs.get_mut(&sequence) {
            job.holds.retain(|c| !holds.contains(*c));
        }
        self.settle(sequence, now);
        Ok(())
    }

    /// `qalter`
    pub(crate) fn alter(
        &mut self,
        text: &str,
        user: &str,
        changes: &[Change],
        now: i64,
    ) -> Result<(), Refusal> {
        let sequence = self.controlled_whole(text, user)?;
        let mut job = self.jobs.get(&sequence).cloned().ok_or_else(refusal::unknown_job)?;
        let running = job.run.is_active();
        let is_operator = self.is_operator(user);
        let mut reshaped = false;
        for change in changes {
            let name = change.attribute.as_str();
            let value = change.value.clone();
            if let Some(resource) = &change.resource {
                let value = check_value(resource, &value)?;
                if running {
                    let less = job
                        .resources
                        .get(resource)
                        .and_then(|old| compare(resource, &value, old))
                        .is_some_and(std::cmp::Ordering::is_le);
                    if !["walltime", "cput", "min_walltime", "max_walltime"].contains(&resource.as_str()) {
                        return Err(refusal::cannot_modify_running(&format!("Resource_List.{resource}")));
                    }
                    if !less && !is_operator {
                        return Err(refusal::unauthorized());
                    }
                }
                if resource == "select" || resource == "nodes" {
                    for derived in ["ncpus", "mem", "mpiprocs", "nodect", "vmem", "ngpus", "nodes"] {
                        job.resources.remove(derived);
                    }
                } else if resource != "place"
                    && job.resources.contains_key("select")
                    && resource != "walltime"
                {
                    job.resources.remove("select");
                }
                job.resources.insert(resource.clone(), value);
                reshaped = true;
                continue;
            }
            match name {
                "Account_Name" | "project" | "Join_Path" | "Keep_Files" | "Remove_Files" | "User_List"
                | "group_list" | "depend" | "stagein" | "stageout" | "umask" | "sandbox"
                    if running =>
                {
                    return Err(refusal::cannot_modify_running(name));
                }
                "Job_Name" => job.name = value,
                "Account_Name" => job.account = Some(value),
                "project" => job.project = value,
                "Priority" => job.priority = value.parse().map_err(|_| refusal::illegal_value("Priority"))?,
                "Execution_Time" => job.execution_time = value.parse().ok(),
                "Output_Path" => job.output_path = self.on_this_host(&value),
                "Error_Path" => job.error_path = self.on_this_host(&value),
                "Join_Path" => job.join = value,
                "Keep_Files" => job.keep = value,
                "Remove_Files" => job.remove = Some(value),
                "Mail_Points" => job.mail_points = value,
                "Mail_Users" => job.mail_users = Some(value),
                "Rerunable" => job.rerunable = value == "y",
                "Shell_Path_List" => job.shell_path = Some(value),
                "Checkpoint" => job.checkpoint = value,
                "Hold_Types" => {
                    if value.contains(['s', 'o']) && !is_operator {
                        return Err(refusal::unauthorized());
                    }
                    job.holds = value.chars().filter(|c| *c != 'n').collect();
                }
                "depend" => job.depends = self.read_dependencies(Some(&value))?,
                "umask" => job.umask = Some(value),
                "comment" if !is_operator => return Err(refusal::read_only("comment")),
                "comment" => job.run.comment = Some(value),
                other => {
                    job.other.retain(|(n, _)| n != other);
                    job.other.push((other.to_owned(), value));
                }
            }
        }
        if reshaped {
            job.resources = complete(&job.resources)?;
            if let Some(queue) = self.queue(&job.queue) {
                queue.check_limits(&job.resources)?;
            }
        }
        job.run.mtime = now;
        self.jobs.insert(sequence, job);
        self.resolve_dependencies_of(sequence, now);
        self.settle(sequence, now);
        Ok(())
    }

    fn on_this_host(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}:{path}", self.name) } else { path.to_owned() }
    }

    /// `qmove`
    pub(crate) fn move_to(&mut self, text: &str, user: &str, queue: &str, now: i64) -> Result<(), Refusal> {
        let sequence = self.controlled_whole(text, user)?;
        let job = self.jobs.get(&sequence).ok_or_else(refusal::unknown_job)?;
        if !matches!(job.run.state, State::Queued | State::Held | State::Waiting) {
            return Err(refusal::bad_state());
        }
        let (queue, server) = queue.split_once('@').unwrap_or((queue, ""));
        if !["", OTHER_SERVER, &self.name].contains(&server) {
            return Err(refusal::unknown_host());
        }
        let queue = if queue.is_empty() { self.default_queue.clone() } else { queue.to_owned() };
        let target = self.queue(&queue).ok_or_else(refusal::unknown_queue)?;
        if !target.enabled {
            return Err(refusal::queue_not_enabled());
        }
        if !target.admits(user) {
            return Err(refusal::unauthorized());
        }
        target.check_limits(&job.resources)?;
        if let Some(job) = self.jobs.get_mut(&sequence) {
            job.moved_to = (server == OTHER_SERVER).then(|| format!("{queue}@{OTHER_SERVER}"));
            job.queue = queue;
            job.run.comment = None;
            job.run.mtime = now;
        }
        Ok(())
    }

    /// `qrerun`
    pub(crate) fn rerun(&mut self, text: &str, user: &str, now_ms: i64) -> Result<Vec<Effect>, Refusal> {
        let (id, job) = self.controlled(text, user).map_err(|refused| {
            // OpenPBS looks at the right before it looks at the index.
            if refused == refusal::invalid_request() { refusal::unauthorized() } else { refused }
        })?;
        let indices: Vec<Option<u32>> = match &id.part {
            Part::Job => vec![None],
            Part::Subjobs(indices) => indices.iter().copied().map(Some).collect(),
            Part::Array => return Err(refusal::not_for_arrays()),
        };
        if indices.iter().any(|i| job.run_of(*i).is_none_or(|run| run.state != State::Running)) {
            return Err(refusal::bad_state());
        }
        if !self.is_operator(user) || !job.rerunable {
            return Err(refusal::unauthorized());
        }
        let mut effects = Vec::new();
        for index in indices {
            let key = RunKey { sequence: id.sequence, index };
            if let Some(run) = self.run_mut(key) {
                end_run(run, Ending::Requeue, now_ms);
                effects.push(Effect::Signal(key, SIGTERM));
            }
        }
        Ok(effects)
    }

    /// `qmsg`
    pub(crate) fn message(
        &self,
        text: &str,
        user: &str,
        message: &str,
        to_output: bool,
    ) -> Result<Vec<Effect>, Refusal> {
        let (id, job) = self.controlled(text, user).map_err(|refused| {
            if refused == refusal::invalid_request() { refusal::not_for_arrays() } else { refused }
        })?;
        if id.part != Part::Job {
            return Err(refusal::not_for_arrays());
        }
        if job.run.state != State::Running {
            return Err(refusal::bad_state());
        }
        let run = RunKey { sequence: id.sequence, index: None };
        Ok(vec![Effect::Message { run, text: message.to_owned(), to_output }])
    }

    /// `qorder`
    pub(crate) fn order(&mut self, ids: &[String; 2], user: &str) -> Result<(), Refusal> {
        let [first, second] = ids;
        let first = self.controlled_whole(first, user)?;
        let second = self.controlled_whole(second, user)?;
        let rank = |site: &Self, sequence| {
            let job: &Job = site.jobs.get(&sequence).ok_or_else(refusal::unknown_job)?;
            if job.run.is_active() { Err(refusal::bad_state()) } else { Ok(job.rank) }
        };
        let ranks = (rank(self, first)?, rank(self, second)?);
        for (sequence, rank) in [(first, ranks.1), (second, ranks.0)] {
            if let Some(job) = self.jobs.get_mut(&sequence) {
                job.rank = rank;
            }
        }
        Ok(())
    }
}
