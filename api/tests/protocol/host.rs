//! What programs do on the host, and qsub and the scheduler with them.

use pbsweb::scheduler::SubmissionReply;
use pbsweb::scheduler::openpbs::explain_status;
use pbsweb::scheduler::status::CommandKind;
use pbsweb::services::submission::{Outcome, read_reply};
use pbsweb_shared::names::PbsJobId;

use crate::steps::{Protocol, Rules};
use crate::world::{Accepted, Heard, Id, Program, Qsub, Replica, Said, Step, World};

impl Protocol {
    /// `submit.sh`.
    pub(crate) fn go(self, world: &mut World, index: usize) {
        let Program { attempt, step, is_told, .. } = world.programs[index];
        let to = |world: &mut World, step| world.programs[index].step = step;
        match step {
            Step::Sent => {
                if let Some(said) = world.try_mut(attempt).answer {
                    Self::end_program(world, index, hear(said));
                } else {
                    to(world, Step::Ready);
                }
            }
            // Its folder was moved away by one that was undone.
            Step::Ready if world.try_of(attempt).is_none() => {
                Self::end_program(world, index, Heard::NotStarted);
            }
            // O_EXCL: one only.
            Step::Ready if world.try_mut(attempt).has_begun && self.rules != Rules::BegunIsNotExclusive => {
                if is_told {
                    to(world, Step::Following);
                } else {
                    Self::end_program(world, index, Heard::Unknown);
                }
            }
            Step::Ready => {
                world.try_mut(attempt).has_begun = true;
                to(world, Step::Owner);
            }
            Step::Owner => {
                let clock = world.clock;
                world.try_mut(attempt).begun = Some(clock);
                to(world, Step::Noted);
            }
            // Undone: the folder is moved away as a whole.
            Step::Noted if !is_told => {
                world.tries[usize::from(attempt) - 1] = None;
                world.was_undone = true;
                Self::end_program(world, index, Heard::Unknown);
            }
            Step::Noted => {
                world.try_mut(attempt).qsub = Qsub::Running;
                to(world, Step::Waiting);
            }
            Step::Waiting => {
                match world.try_mut(attempt).qsub {
                    Qsub::Ended(Said::Id(id)) => {
                        Self::tell_asker(world, index, hear(Said::Id(id)));
                        to(world, Step::Said(id));
                    }
                    Qsub::Ended(said) => {
                        world.try_mut(attempt).answer = Some(said);
                        Self::end_program(world, index, hear(said));
                    }
                    // Only where two may begin one attempt: the other has undone it.
                    Qsub::NotStarted => Self::end_program(world, index, Heard::Unknown),
                    Qsub::Running | Qsub::Asked | Qsub::Told(_) => {}
                }
            }
            Step::Said(id) => {
                world.try_mut(attempt).answer = Some(Said::Id(id));
                Self::end_program(world, index, Heard::Unknown);
            }
            // It waits for 20 seconds: their answer may come, or not.
            Step::Following => {
                let heard = world.try_mut(attempt).answer.map_or(Heard::Unknown, hear);
                Self::end_program(world, index, heard);
            }
        }
    }

    /// A program is gone; the server that waits for it hears this.
    pub(crate) fn end_program(world: &mut World, index: usize, heard: Heard) {
        Self::tell_asker(world, index, heard);
        world.programs.remove(index);
    }

    /// The server that waits for a program hears this, and waits no more.
    fn tell_asker(world: &mut World, index: usize, heard: Heard) {
        if let Some(replica) = world.programs[index].asker.take() {
            // Of an answer that tells nothing only words are kept.
            world.replicas[replica] =
                if heard == Heard::Unknown { Replica::Idle } else { Replica::Holding(heard) };
        }
    }

    pub(crate) fn hear_no_more(world: &mut World, replica: usize) {
        for program in &mut world.programs {
            if program.asker == Some(replica) {
                program.asker = None;
            }
        }
    }

    pub(crate) fn qsub(world: &mut World, attempt: u8) {
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

    pub(crate) fn accept(world: &mut World, index: usize, in_silence: bool, is_hidden: bool) {
        let attempt = world.requests.remove(index);
        let id = u8::try_from(world.accepted.len()).unwrap() + 1;
        world.accepted.push(Accepted { id, attempt, is_hidden, is_forgotten: false });
        tell(world, attempt, if in_silence { Said::Nothing } else { Said::Id(id) });
    }
}

/// The scheduler's word reaches a qsub that still waits for it.
pub(crate) fn tell(world: &mut World, attempt: u8, said: Said) {
    let facts = world.try_mut(attempt);
    if facts.qsub == Qsub::Asked {
        facts.qsub = Qsub::Told(said);
    }
}

pub(crate) fn pbs_id(id: Id) -> PbsJobId {
    format!("{id}.vm").parse().unwrap()
}

pub(crate) fn number_of(id: &PbsJobId) -> Id {
    id.as_str().split('.').next().unwrap().parse().unwrap()
}

/// What the real reader makes of an answer.
pub(crate) fn reply_of(said: Said) -> SubmissionReply {
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
