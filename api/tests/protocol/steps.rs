//! What can happen next, and what it changes.

use pbsweb::scheduler::openpbs::explain_status;
use pbsweb::scheduler::records::Unavailable;
use pbsweb::scheduler::status::CommandKind;
use pbsweb::scheduler::{
    FolderFacts, ListingEvidence, LookUp, NotStarted, Settlement, SubmissionReply, TryFacts, settle,
};
use pbsweb::services::submission::{Outcome, Standing, kept, read_reply};
use pbsweb_shared::names::PbsJobId;

use crate::world::{
    Accepted, Glimpse, Heard, Id, Left, Program, Qsub, Replica, Row, Said, Step, TRIES, Try, World,
};

/// One unit of the clock, in seconds: longer than a request can wait in a socket.
const UNIT: i64 = 130;

/// What is checked: the protocol, or one that is broken on purpose, to see that the checker finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As it is.
    Real,
    /// The reconciler tries again whenever a look finds no job.
    RetryWithoutProof,
    /// `run` is made by whoever comes.
    RunIsNotExclusive,
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
            actions.push(Action::Go(index));
            if may_fail {
                match program.step {
                    Step::Sent => actions.push(Action::Lose(index)),
                    Step::Begun => actions.extend([Action::Fail(index), Action::KillProgram(index)]),
                    Step::Owner | Step::Noted | Step::Waiting => actions.push(Action::KillProgram(index)),
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

    /// `submit.sh`.
    fn go(self, world: &mut World, index: usize) {
        let Program { attempt, step, .. } = world.programs[index];
        let to = |world: &mut World, step| world.programs[index].step = step;
        match step {
            Step::Sent => {
                if let Some(said) = world.try_mut(attempt).answer {
                    Self::end_program(world, index, hear(said));
                } else {
                    to(world, Step::Begun);
                }
            }
            // mkdir: one only.
            Step::Begun if world.try_mut(attempt).has_run && self.rules != Rules::RunIsNotExclusive => {
                to(world, Step::Following);
            }
            Step::Begun => {
                world.try_mut(attempt).has_run = true;
                to(world, Step::Owner);
            }
            Step::Owner => {
                let clock = world.clock;
                world.try_mut(attempt).begun = Some(clock);
                to(world, Step::Noted);
            }
            Step::Noted => {
                world.try_mut(attempt).qsub = Qsub::Running;
                to(world, Step::Waiting);
            }
            Step::Waiting => {
                if let Qsub::Ended(said) = world.try_mut(attempt).qsub {
                    world.try_mut(attempt).answer = Some(said);
                    Self::end_program(world, index, hear(said));
                }
            }
            // It waits for 20 seconds: their answer may come, or not.
            Step::Following => {
                let heard = world.try_mut(attempt).answer.map_or(Heard::Unknown, hear);
                Self::end_program(world, index, heard);
            }
        }
    }

    /// A program is gone; the server that waits for it hears this.
    fn end_program(world: &mut World, index: usize, heard: Heard) {
        let program = world.programs.remove(index);
        if let Some(replica) = program.asker {
            // Of an answer that tells nothing only words are kept.
            world.replicas[replica] =
                if heard == Heard::Unknown { Replica::Idle } else { Replica::Holding(heard) };
        }
    }

    fn hear_no_more(world: &mut World, replica: usize) {
        for program in &mut world.programs {
            if program.asker == Some(replica) {
                program.asker = None;
            }
        }
    }

    fn qsub(world: &mut World, attempt: u8) {
        let facts = world.try_mut(attempt);
        match facts.qsub {
            Qsub::Running => {
                facts.qsub = Qsub::Asked;
                world.requests.push(attempt);
            }
            Qsub::Told(said) => {
                if let Said::Id(id) = said {
                    facts.printed = Some(id);
                }
                facts.qsub = Qsub::Ended(said);
            }
            Qsub::NotStarted | Qsub::Asked | Qsub::Ended(_) => {}
        }
    }

    fn accept(world: &mut World, index: usize, in_silence: bool, is_hidden: bool) {
        let attempt = world.requests.remove(index);
        let id = u8::try_from(world.accepted.len()).unwrap() + 1;
        world.accepted.push(Accepted { id, attempt, is_hidden, is_forgotten: false });
        tell(world, attempt, if in_silence { Said::Nothing } else { Said::Id(id) });
    }

    /// What a server does with what it knows.
    fn finish(self, world: &mut World, replica: usize) {
        let knows = std::mem::replace(&mut world.replicas[replica], Replica::Idle);
        if let Replica::Holding(heard) = knows {
            self.keep(world, heard);
        }
        // `Sent::load`: only if there is still no answer.
        if let (Replica::Retrying(attempt), Row::Submitting { .. }) = (knows, world.row) {
            world.send(replica, attempt);
        }
    }

    /// `attempt.rs`, `keep`.
    fn keep(self, world: &mut World, heard: Heard) {
        let is_taken = match world.row {
            Row::Submitting { is_taken } => is_taken && self.rules != Rules::NotStartedIsFinal,
            Row::Queued(_) | Row::Rejected => false,
        };
        let known = Standing {
            state: world.row.state(),
            has_id: matches!(world.row, Row::Queued(_)),
            is_first_alone: !is_taken,
        };
        match kept(known, outcome_of(heard)) {
            Some(Outcome::Accepted(id)) => world.row = Row::Queued(number_of(&id)),
            Some(Outcome::Refused(_)) => world.row = Row::Rejected,
            Some(Outcome::Unknown(_) | Outcome::NotStarted(_)) | None => {}
        }
    }

    /// `reconcile.rs`, `look`, with `look_up.sh`.
    fn look_on(self, world: &mut World, replica: usize, is_listed_well: bool) {
        world.replicas[replica] = match world.replicas[replica] {
            Replica::Looking => Replica::Reading(glimpse(world)),
            Replica::Reading(glimpse) => Replica::Asking(glimpse, left(world)),
            Replica::Asking(glimpse, left) => {
                let evidence = self.evidence(world, &glimpse, &left, is_listed_well);
                match (settle(&evidence), self.rules) {
                    (Settlement::Accepted(id), _) => Replica::Holding(Heard::Accepted(number_of(&id))),
                    (Settlement::Refused(_), _) => Replica::Holding(Heard::Refused),
                    (Settlement::TryAgain { attempt }, _) => {
                        Replica::Retrying(u8::try_from(attempt).unwrap())
                    }
                    (Settlement::KeepLooking(_), Rules::RetryWithoutProof) => Replica::Retrying(
                        u8::try_from((glimpse.iter().flatten().count() + 1).min(TRIES)).unwrap(),
                    ),
                    (Settlement::KeepLooking(_), _) => Replica::Idle,
                }
            }
            other @ (Replica::Idle | Replica::Sending | Replica::Holding(_) | Replica::Retrying(_)) => other,
        };
    }

    /// What the real judge gets to see.
    fn evidence(self, world: &World, glimpse: &Glimpse, left: &Left, is_listed_well: bool) -> LookUp {
        let seconds = |clock: u8| 1_800_000_000 + i64::from(clock) * UNIT;
        let mut tries = Vec::new();
        for (index, seen) in glimpse.iter().enumerate() {
            let Some((has_run, is_alive, gone)) = *seen else { continue };
            let since = world.tries[index].and_then(|facts| facts.begun).map(seconds);
            let (printed, answer) = left[index];
            tries.push(TryFacts {
                attempt: u32::try_from(index).unwrap() + 1,
                has_run,
                is_alive,
                host: is_alive.map(|_| "login1".to_owned()),
                since,
                gone_since: if self.rules == Rules::SilenceFromTheStart { since } else { gone.map(seconds) },
                printed_id: printed.map(pbs_id),
                answer: answer.map(reply_of),
            });
        }
        let tagged = world.accepted.iter().filter(|job| is_listed(job)).map(|job| pbs_id(job.id));
        LookUp {
            folder: if tries.is_empty() {
                FolderFacts::Absent
            } else {
                FolderFacts::Present { tries, epilogue: None }
            },
            listing: if is_listed_well {
                ListingEvidence::Complete {
                    tagged: tagged.collect(),
                    history_seconds: self.has_history.then_some(1_209_600),
                    n_unreadable: 0,
                }
            } else {
                ListingEvidence::Unavailable(Unavailable { status: Some(255), words: "no".to_owned() })
            },
            now: Some(seconds(world.clock)),
        }
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
                self.go(world, index);
            }
        }
    }
}

/// `look_up.sh`: whether anybody is at it, and since when nobody is.
fn glimpse(world: &mut World) -> Glimpse {
    let clock = world.clock;
    std::array::from_fn(|index| {
        let attempt = u8::try_from(index).unwrap() + 1;
        let is_alive = world.is_alive(attempt);
        let facts: &mut Try = world.tries[index].as_mut()?;
        if facts.has_run && (is_alive == Some(false) || facts.answer.is_some()) {
            facts.gone.get_or_insert(clock);
        }
        Some((facts.has_run, is_alive, facts.gone))
    })
}

fn left(world: &World) -> Left {
    std::array::from_fn(|index| {
        world.tries[index].map_or((None, None), |facts| (facts.printed, facts.answer))
    })
}

fn is_listed(job: &Accepted) -> bool {
    !job.is_hidden && !job.is_forgotten
}

/// The scheduler's word reaches a qsub that still waits for it.
fn tell(world: &mut World, attempt: u8, said: Said) {
    let facts = world.try_mut(attempt);
    if facts.qsub == Qsub::Asked {
        facts.qsub = Qsub::Told(said);
    }
}

fn pbs_id(id: Id) -> PbsJobId {
    format!("{id}.vm").parse().unwrap()
}

fn number_of(id: &PbsJobId) -> Id {
    id.as_str().split('.').next().unwrap().parse().unwrap()
}

/// What the real reader makes of an answer.
fn reply_of(said: Said) -> SubmissionReply {
    let ended = |status, words| SubmissionReply::Refused {
        explanation: explain_status(CommandKind::Submit, status, words),
    };
    match said {
        Said::Id(id) => SubmissionReply::Accepted { pbs_id: pbs_id(id), words: String::new() },
        Said::No => ended(170, "qsub: Unknown queue"),
        Said::Unreachable => {
            ended(162, "Connection refused\nqsub: cannot connect to server vm (errno=15010)")
        }
        Said::Nothing => SubmissionReply::NoId { words: String::new() },
        Said::Killed => ended(137, ""),
    }
}

/// What the real server makes of what a program printed.
fn hear(said: Said) -> Heard {
    match read_reply(reply_of(said)) {
        Outcome::Accepted(id) => Heard::Accepted(number_of(&id)),
        Outcome::Refused(_) => Heard::Refused,
        Outcome::NotStarted(_) => Heard::NotStarted,
        Outcome::Unknown(_) => Heard::Unknown,
    }
}

fn outcome_of(heard: Heard) -> Outcome {
    match heard {
        Heard::Accepted(id) => Outcome::Accepted(pbs_id(id)),
        Heard::Refused => Outcome::Refused(String::new()),
        Heard::NotStarted => {
            read_reply(SubmissionReply::NotStarted { reason: NotStarted::Disk, words: String::new() })
        }
        Heard::Unknown => Outcome::Unknown(String::new()),
    }
}
