//! What can happen next, and what it changes.

use crate::host::tell;
use crate::world::{Accepted, Heard, Qsub, Replica, Row, Said, Step, TRIES, World};

/// What is checked: the protocol, or one that is broken on purpose, to see that the checker finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As it is.
    Real,
    /// The reconciler tries again whenever a look finds no job.
    RetryWithoutProof,
    /// `run/begun` is made by whoever comes.
    BegunIsNotExclusive,
    /// The silence after the end of qsub is counted from its beginning.
    SilenceFromTheStart,
    /// A program that could not start qsub rejects the job, whatever another may be doing.
    NotStartedIsFinal,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A program goes one step on.
    Go(usize),
    /// Its server gives it the word to submit.
    Tell(usize),
    /// A program's prepare fails: no room, no qsub, no folder to work in.
    Fail(usize),
    /// The qsub of a try goes one step on.
    Qsub(u8),
    /// It does not reach the scheduler.
    Unreachable(u8),
    /// The scheduler reads a request and accepts it.
    Accept(usize),
    /// … and its answer does not reach qsub, which ends with status 0.
    AcceptInSilence(usize),
    /// … and leaves the job out of its listings for a time.
    AcceptHidden(usize),
    /// The scheduler refuses.
    Refuse(usize),
    /// An accepted job ends, and is forgotten.
    Forget(usize),
    /// A server's connection is cut, or it dies: it hears nothing of its program, which goes on.
    Cut(usize),
    /// A program is lost on its way.
    Lose(usize),
    /// A server dies with what it heard, and comes again.
    CrashReplica(usize),
    /// A program on the host is killed. Its qsub goes on.
    KillProgram(usize),
    /// A qsub is killed.
    KillQsub(u8),
    /// A server keeps what it heard.
    Keep(usize),
    /// The job is due, and a server looks for it.
    Look(usize),
    /// It goes on looking.
    LookOn(usize),
    /// The scheduler does not answer its listing.
    ListingFails(usize),
    /// It makes the attempt that the evidence allows.
    Retry(usize),
    /// A poller finds the job by its tag.
    Adopt,
    /// So much time passes that no request waits any more.
    TimePasses,
    /// The faults are over: everything that was begun ends, and the reconciler comes to its end.
    Calm,
}

/// The protocol under some rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    pub(crate) rules: Rules,
    /// Whether the scheduler remembers jobs that have ended.
    pub(crate) has_history: bool,
    /// How many faults may happen, of any kind, at any step.
    pub(crate) faults: u8,
}

/// Later than this nothing new can happen: a silence begins and is over.
const LAST_TICK: u8 = 2;

impl Protocol {
    pub(crate) fn possible(self, world: &World, actions: &mut Vec<Action>) {
        if world.is_calm {
            return;
        }
        let may_fail = world.faults > 0;
        for (index, program) in world.programs.iter().enumerate() {
            let waits_for_word = !program.is_told && program.asker.is_some();
            if waits_for_word {
                actions.push(Action::Tell(index));
            }
            if !waits_for_word || program.step == Step::Sent {
                actions.push(Action::Go(index));
            }
            if may_fail {
                match program.step {
                    Step::Sent => actions.push(Action::Lose(index)),
                    // What fails of the first step is told after the word.
                    Step::Ready if program.is_told => {
                        actions.extend([Action::Fail(index), Action::KillProgram(index)]);
                    }
                    Step::Ready | Step::Owner | Step::Noted | Step::Waiting | Step::Said(_) => {
                        actions.push(Action::KillProgram(index));
                    }
                    // Nobody depends on it.
                    Step::Following => {}
                }
            }
        }
        for (attempt, facts) in (1..).zip(&world.tries) {
            let Some(facts) = facts else { continue };
            match facts.qsub {
                Qsub::Running => {
                    actions.push(Action::Qsub(attempt));
                    if may_fail {
                        actions.extend([Action::KillQsub(attempt), Action::Unreachable(attempt)]);
                    }
                }
                Qsub::Asked if may_fail => actions.push(Action::KillQsub(attempt)),
                Qsub::Told(_) => {
                    actions.push(Action::Qsub(attempt));
                    if may_fail {
                        actions.push(Action::KillQsub(attempt));
                    }
                }
                Qsub::Asked | Qsub::NotStarted | Qsub::Ended(_) => {}
            }
        }
        for index in 0..world.requests.len() {
            actions.push(Action::Accept(index));
            if may_fail {
                actions.extend([
                    Action::AcceptInSilence(index),
                    Action::AcceptHidden(index),
                    Action::Refuse(index),
                ]);
            }
        }
        for index in 0..world.accepted.len() {
            if !self.has_history && !world.accepted[index].is_forgotten {
                actions.push(Action::Forget(index));
            }
        }
        for (index, replica) in world.replicas.iter().enumerate() {
            match replica {
                Replica::Idle => {
                    if matches!(world.row, Row::Submitting { .. }) {
                        actions.push(Action::Look(index));
                    }
                }
                // Whether the connection is cut or the server dies is the same to everybody else.
                Replica::Sending => {
                    if may_fail {
                        actions.push(Action::Cut(index));
                    }
                }
                Replica::Looking | Replica::Reading(_) => actions.push(Action::LookOn(index)),
                Replica::Asking(..) => {
                    actions.push(Action::LookOn(index));
                    if may_fail {
                        actions.push(Action::ListingFails(index));
                    }
                }
                Replica::Holding(_) => {
                    actions.push(Action::Keep(index));
                    if may_fail {
                        actions.push(Action::CrashReplica(index));
                    }
                }
                Replica::Retrying(_) => actions.push(Action::Retry(index)),
            }
        }
        if matches!(world.row, Row::Submitting { .. }) && world.accepted.iter().any(is_listed) {
            actions.push(Action::Adopt);
        }
        if world.requests.is_empty() && world.clock < LAST_TICK {
            actions.push(Action::TimePasses);
        }
        actions.push(Action::Calm);
    }

    pub(crate) fn step(self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Go(index) => self.go(&mut next, index),
            Action::Tell(index) => next.programs[index].is_told = true,
            Action::Fail(index) => {
                next.faults -= 1;
                Self::end_program(&mut next, index, Heard::NotStarted);
            }
            Action::Qsub(attempt) => Self::qsub(&mut next, attempt),
            Action::Unreachable(attempt) => {
                next.faults -= 1;
                next.try_mut(attempt).qsub = Qsub::Told(Said::Unreachable);
            }
            Action::Accept(index) => Self::accept(&mut next, index, false, false),
            Action::AcceptInSilence(index) => {
                next.faults -= 1;
                Self::accept(&mut next, index, true, false);
            }
            Action::AcceptHidden(index) => {
                next.faults -= 1;
                Self::accept(&mut next, index, false, true);
            }
            Action::Refuse(index) => {
                next.faults -= 1;
                let attempt = next.requests.remove(index);
                tell(&mut next, attempt, Said::No);
            }
            Action::Forget(index) => next.accepted[index].is_forgotten = true,
            Action::Cut(replica) => {
                next.faults -= 1;
                Self::hear_no_more(&mut next, replica);
                next.replicas[replica] = Replica::Idle;
            }
            Action::Lose(index) => {
                next.faults -= 1;
                Self::end_program(&mut next, index, Heard::Unknown);
            }
            Action::CrashReplica(replica) => {
                next.faults -= 1;
                Self::hear_no_more(&mut next, replica);
                next.replicas[replica] = Replica::Idle;
            }
            Action::KillProgram(index) => {
                next.faults -= 1;
                Self::end_program(&mut next, index, Heard::Unknown);
            }
            Action::KillQsub(attempt) => {
                next.faults -= 1;
                next.try_mut(attempt).qsub = Qsub::Ended(Said::Killed);
            }
            Action::Look(replica) => {
                let Row::Submitting { is_taken } = &mut next.row else { return None };
                *is_taken = true;
                next.replicas[replica] = Replica::Looking;
            }
            Action::LookOn(replica) => self.look_on(&mut next, replica, true),
            Action::ListingFails(replica) => {
                next.faults -= 1;
                self.look_on(&mut next, replica, false);
            }
            Action::Keep(replica) | Action::Retry(replica) => self.finish(&mut next, replica),
            Action::Adopt => {
                let found = next.accepted.iter().find(|job| is_listed(job))?.id;
                next.row = Row::Queued(found);
            }
            Action::TimePasses => {
                next.clock += 1;
                next.accepted.iter_mut().for_each(|job| job.is_hidden = false);
            }
            Action::Calm => self.calm(&mut next),
        }
        next.sort();
        (next != *world).then_some(next)
    }

    /// Everything that is under way comes to its end, and the reconciler looks as often as it takes.
    fn calm(self, world: &mut World) {
        for _round in 0..6 {
            self.drain(world);
            for replica in 0..world.replicas.len() {
                loop {
                    match world.replicas[replica] {
                        Replica::Idle => break,
                        Replica::Sending => self.drain(world),
                        Replica::Looking | Replica::Reading(_) | Replica::Asking(..) => {
                            self.look_on(world, replica, true);
                        }
                        Replica::Holding(_) | Replica::Retrying(_) => self.finish(world, replica),
                    }
                }
            }
            if !matches!(world.row, Row::Submitting { .. }) {
                break;
            }
            world.replicas[0] = Replica::Looking;
            world.row = Row::Submitting { is_taken: true };
            world.clock += 1;
            world.accepted.iter_mut().for_each(|job| job.is_hidden = false);
        }
        world.is_calm = true;
    }

    /// What runs on the host, and what waits for the scheduler.
    fn drain(self, world: &mut World) {
        let is_busy = |world: &World| {
            let has_qsub = world.tries.iter().flatten().any(|facts| facts.qsub.is_alive());
            has_qsub || !world.programs.is_empty() || !world.requests.is_empty()
        };
        while is_busy(world) {
            for attempt in 1..=u8::try_from(TRIES).unwrap() {
                if world.try_of(attempt).is_some() {
                    Self::qsub(world, attempt);
                }
            }
            if !world.requests.is_empty() {
                Self::accept(world, 0, false, false);
            }
            // From the last: one that ends moves those behind it.
            for index in (0..world.programs.len()).rev() {
                let program = &mut world.programs[index];
                program.is_told |= program.asker.is_some();
                self.go(world, index);
            }
        }
    }
}

pub(crate) fn is_listed(job: &Accepted) -> bool {
    !job.is_hidden && !job.is_forgotten
}
