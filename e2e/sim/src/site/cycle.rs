//! The life of a job: when it may start, how its run ends, and when it is forgotten.

use super::job::{Ending, Job, Run, RunKey, State};
use super::node::{Fit, Room};
use super::{Effect, Site};

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

/// How the top process of a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

impl Site {
    /// The state of a job that does not run, from its holds, dependencies and start time.
    pub(super) fn settle(&mut self, sequence: u64, now: i64) {
        let Some(job) = self.jobs.get_mut(&sequence) else { return };
        if !matches!(job.run.state, State::Queued | State::Held | State::Waiting) {
            return;
        }
        let (state, substate) = if !job.depends.is_empty() {
            (State::Held, 22)
        } else if !job.holds.is_empty() {
            (State::Held, 20)
        } else if job.execution_time.is_some_and(|time| time > now) {
            (State::Waiting, 30)
        } else {
            (State::Queued, 10)
        };
        if (job.run.state, job.run.substate) != (state, substate) {
            job.run.set(state, substate, now);
        }
        if state == State::Queued {
            job.etime.get_or_insert(now);
        } else {
            job.etime = None;
            job.run.comment = None;
        }
    }

    /// One pass of the scheduler. Gives what has to be done, and when (in milliseconds) to come again at the latest.
    pub(crate) fn cycle(&mut self, now_ms: i64) -> (Vec<Effect>, Option<i64>) {
        let now = now_ms / 1000;
        let mut effects = Vec::new();
        let mut wake: Option<i64> = None;
        let mut at = |time: i64| wake = Some(wake.map_or(time, |known| known.min(time)));

        let waiting: Vec<u64> =
            self.jobs.values().filter(|j| j.run.state == State::Waiting).map(|j| j.sequence).collect();
        for sequence in waiting {
            self.settle(sequence, now);
            if let Some(time) = self.jobs.get(&sequence).filter(|j| j.run.state == State::Waiting) {
                at(time.execution_time.unwrap_or(now).saturating_mul(1000));
            }
        }

        let kill_delay = self.kill_delay_ms;
        for job in self.jobs.values_mut() {
            let walltime = job.walltime();
            let sequence = job.sequence;
            let is_array = job.array.is_some();
            let own = std::iter::once((None, &mut job.run)).filter(|_| !is_array);
            let subjobs = job.array.iter_mut().flat_map(|a| a.subjobs.iter_mut());
            for (index, run) in own.chain(subjobs.map(|(index, run)| (Some(*index), run))) {
                if run.state != State::Running && run.state != State::Suspended {
                    continue;
                }
                let key = RunKey { sequence, index };
                if let (Some(limit), Some(started), None) = (walltime, run.started_ms, &run.ending) {
                    let limit_ms = i64::try_from(limit).unwrap_or(i64::MAX / 2).saturating_mul(1000);
                    let due = started.saturating_add(limit_ms);
                    if due <= now_ms {
                        let used = (now_ms - started) / 1000;
                        effects.push(Effect::Message {
                            run: key,
                            text: format!("=>> PBS: job killed: walltime {used} exceeded limit {limit}"),
                            to_output: false,
                        });
                        end_run(run, Ending::Walltime, now_ms);
                        effects.push(Effect::Signal(key, SIGTERM));
                    } else {
                        at(due);
                    }
                }
                if let Some(signalled) = run.signalled_ms {
                    if signalled + kill_delay <= now_ms {
                        run.signalled_ms = None;
                        effects.push(Effect::Signal(key, SIGKILL));
                    } else {
                        at(signalled + kill_delay);
                    }
                }
            }
        }
        if self.scheduling {
            self.start_jobs(now_ms, &mut effects);
        }
        (effects, wake)
    }

    fn start_jobs(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let mut candidates: Vec<(i32, u64, u64)> = self
            .jobs
            .values()
            .filter(|job| matches!(job.run.state, State::Queued | State::Begun))
            .filter(|job| job.holds.is_empty() && job.depends.is_empty())
            .map(|job| (-job.priority, job.rank, job.sequence))
            .collect();
        candidates.sort_unstable();
        if candidates.is_empty() {
            return;
        }
        let mut room = Room::of(self);
        for (_, _, sequence) in candidates {
            while let Some(job) = self.jobs.get(&sequence) {
                let Some(index) = next_run(job) else { break };
                if room.is_full() && job.run.comment.is_some() {
                    break;
                }
                let fit = if self.queue(&job.queue).is_some_and(|q| !q.started) {
                    Fit::Later("Not Running: Queue not started.".to_owned())
                } else {
                    self.fit(job, &room)
                };
                match fit {
                    Fit::Now(placements) => {
                        room.take(&placements);
                        self.start(RunKey { sequence, index }, placements, now_ms);
                        effects.push(Effect::Start(RunKey { sequence, index }));
                        self.resolve_dependents(sequence, now_ms / 1000);
                    }
                    Fit::Later(comment) | Fit::Never(comment) => {
                        if let Some(job) = self.jobs.get_mut(&sequence)
                            && job.run.state == State::Queued
                        {
                            job.run.comment = Some(comment);
                        }
                        break;
                    }
                }
            }
        }
    }

    fn start(&mut self, key: RunKey, placements: Vec<super::job::Placement>, now_ms: i64) {
        let now = now_ms / 1000;
        for node in &mut self.nodes {
            if placements.iter().any(|p| p.node == node.name) {
                node.last_used = now;
                node.state_changed = now;
            }
        }
        let Some(job) = self.jobs.get_mut(&key.sequence) else { return };
        if key.index.is_some() && job.run.state == State::Queued {
            job.run.set(State::Begun, 70, now);
            job.run.started_ms = Some(now_ms);
            job.run.exit_status = Some(0);
            job.run.comment = Some(format!("Job Array Began at {}", moment(now)));
        }
        let Some(run) = job.run_of_mut(key.index) else { return };
        run.set(State::Running, 41, now);
        run.placements = placements;
        run.started_ms = Some(now_ms);
        run.run_count += 1;
        let vnodes = super::attributes::exec_vnode(run);
        run.comment = Some(format!("Job run at {} on {vnodes}", moment(now)));
    }

    /// A node is gone with whatever ran on it: jobs that may be run again go back to their queues, the others are over.
    pub(crate) fn fail_node(&mut self, name: &str, now_ms: i64) -> Vec<Effect> {
        for node in self.nodes.iter_mut().filter(|node| node.name == name) {
            node.offline = true;
            node.state_changed = now_ms / 1000;
        }
        let mut effects = Vec::new();
        for job in self.jobs.values_mut() {
            let ending = if job.rerunable { Ending::Requeue } else { Ending::NodeFailed };
            let subjobs = job.array.iter_mut().flat_map(|array| &mut array.subjobs);
            let runs = subjobs.map(|(index, run)| (Some(*index), run)).chain([(None, &mut job.run)]);
            for (index, run) in runs.filter(|(_, run)| matches!(run.state, State::Running | State::Suspended))
            {
                if run.placements.iter().any(|placement| placement.node == name) {
                    run.ending = Some(ending.clone());
                    effects.push(Effect::Signal(RunKey { sequence: job.sequence, index }, SIGKILL));
                }
            }
        }
        effects
    }

    /// A running job uses more memory than it asked for: the execution daemon says so in its errors, and kills it at once.
    pub(crate) fn exceed_memory(&mut self, sequence: u64) -> Vec<Effect> {
        let key = RunKey { sequence, index: None };
        let Some(run) = self.run_mut(key).filter(|run| run.state == State::Running) else {
            return Vec::new();
        };
        run.ending = Some(Ending::Memory);
        let text = "=>> PBS: job killed: mem 2097152kb exceeded limit 1048576kb".to_owned();
        vec![Effect::Message { run: key, text, to_output: false }, Effect::Signal(key, SIGKILL)]
    }

    /// The processes of a run exist.
    pub(crate) fn run_started(&mut self, key: RunKey, session: u32, now: i64) {
        if let Some(run) = self.run_mut(key)
            && run.state == State::Running
        {
            run.session = Some(session);
            run.set(State::Running, 42, now);
        }
    }

    /// The processes of a run are gone. Gives whether its output is now to be delivered.
    pub(crate) fn run_exited(&mut self, key: RunKey, exit: Exit, now_ms: i64) -> bool {
        let now = now_ms / 1000;
        let Some(run) = self.run_mut(key) else { return false };
        if run.ending == Some(Ending::Requeue) {
            let count = run.run_count;
            *run = Run::new(now);
            run.run_count = count;
            return false;
        }
        run.exit_status = Some(match (&run.ending, exit) {
            (Some(Ending::Walltime), _) => -29,
            (Some(Ending::Memory), _) => -27,
            (Some(Ending::NodeFailed), _) => -20,
            (_, Exit::Code(code)) => code,
            (_, Exit::Signal(signal)) => 256 + signal,
        });
        run.walltime_used = run.started_ms.map_or(0, |s| u64::try_from((now_ms - s) / 1000).unwrap_or(0));
        // The server learns the session late: of short jobs it never shows one.
        if run.walltime_used == 0 {
            run.session = None;
        }
        run.ended = Some(now);
        run.set(State::Exiting, 51, now);
        true
    }

    /// The output is where it belongs, or is left behind: the run is over.
    pub(crate) fn run_delivered(&mut self, key: RunKey, stageout: Option<i32>, now: i64) {
        let owner = self.jobs.get(&key.sequence).map(|j| format!("{}@{}", j.owner, j.submit_host));
        let Some(run) = self.run_mut(key) else { return };
        run.stageout = stageout;
        let (substate, suffix) = match &run.ending {
            Some(Ending::Deleted(by)) => {
                let by = if by.contains('@') { by.clone() } else { owner.unwrap_or_else(|| by.clone()) };
                (91, format!("terminated by {by}"))
            }
            Some(Ending::Walltime) => (93, "exceeded resource walltime".to_owned()),
            Some(Ending::Memory) => (93, "exceeded resource mem".to_owned()),
            Some(Ending::Requeue | Ending::NodeFailed) | None if run.exit_status == Some(0) => {
                (92, "finished".to_owned())
            }
            Some(Ending::Requeue | Ending::NodeFailed) | None => (93, "failed".to_owned()),
        };
        if let Some(comment) = &mut run.comment {
            comment.push_str(" and ");
            comment.push_str(&suffix);
        }
        run.history_timestamp = Some(now);
        if key.index.is_some() {
            run.set(State::Expired, substate, now);
            // As soon as one of them has delivered, the array shows it.
            if let Some(job) = self.jobs.get_mut(&key.sequence) {
                job.run.stageout = job.run.stageout.or(stageout);
            }
            self.finish_array_when_done(key.sequence, now);
        } else {
            run.set(State::Finished, substate, now);
            self.finished(key.sequence, now);
        }
    }

    /// An array is finished when nothing of it is left to run.
    pub(super) fn finish_array_when_done(&mut self, sequence: u64, now: i64) {
        let Some(job) = self.jobs.get_mut(&sequence) else { return };
        let Some(array) = &mut job.array else { return };
        if job.run.state == State::Finished || !array.subjobs.values().all(Run::is_over) {
            return;
        }
        let deleted = matches!(job.run.ending, Some(Ending::Deleted(_)));
        let failed = array.subjobs.values().any(|run| run.exit_status != Some(0));
        for run in array.subjobs.values_mut() {
            run.state = State::Finished;
        }
        let (substate, word) = if deleted {
            (91, "terminated")
        } else if failed {
            (93, "failed")
        } else {
            (92, "finished")
        };
        if job.run.started_ms.is_some() {
            job.run.exit_status = Some(i32::from(deleted));
            job.run.stageout.get_or_insert(1);
        }
        if let Some(comment) = &mut job.run.comment {
            comment.push_str(" and ");
            comment.push_str(word);
        }
        job.run.ended = Some(now);
        job.run.history_timestamp = Some(now);
        job.run.set(State::Finished, substate, now);
        self.finished(sequence, now);
    }

    /// A job that never ran is over: deleted (91), or its dependency cannot be met (92).
    pub(super) fn finish_unrun(&mut self, sequence: u64, substate: u16, now: i64) {
        let Some(job) = self.jobs.get_mut(&sequence) else { return };
        if let Some(comment) = &mut job.run.comment {
            comment.push_str(" and terminated");
        }
        for run in job.array.iter_mut().flat_map(|a| a.subjobs.values_mut()) {
            run.set(State::Finished, substate, now);
        }
        job.run.history_timestamp = Some(now);
        job.run.set(State::Finished, substate, now);
        self.finished(sequence, now);
    }

    fn finished(&mut self, sequence: u64, now: i64) {
        // Those who wait look at its status before it is forgotten.
        self.resolve_dependents(sequence, now);
        if !self.history {
            self.jobs.remove(&sequence);
        }
    }

    pub(crate) fn run_mut(&mut self, key: RunKey) -> Option<&mut Run> {
        self.jobs.get_mut(&key.sequence)?.run_of_mut(key.index)
    }
}

/// The run of a job that would start next: its own, or the first queued subjob.
fn next_run(job: &Job) -> Option<Option<u32>> {
    match &job.array {
        None if job.run.state == State::Queued => Some(None),
        None => None,
        Some(array) => {
            array.subjobs.iter().find(|(_, run)| run.state == State::Queued).map(|(index, _)| Some(*index))
        }
    }
}

/// Notes why a run must end; the signal is the caller's to send.
pub(super) fn end_run(run: &mut Run, ending: Ending, now_ms: i64) {
    run.ending = Some(ending);
    run.signalled_ms.get_or_insert(now_ms);
}

/// A moment as the scheduler writes it in comments.
fn moment(now: i64) -> String {
    chrono::DateTime::from_timestamp(now, 0)
        .map(|time| time.format("%a %b %d at %H:%M").to_string())
        .unwrap_or_default()
}
