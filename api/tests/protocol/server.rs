//! What the servers do: keep what they heard, and look for what became of a job. What they decide is the real judgement.

use pbsweb::scheduler::records::Unavailable;
use pbsweb::scheduler::{
    FolderFacts, ListingEvidence, LookUp, NotStarted, Settlement, SubmissionReply, TryFacts, settle,
};
use pbsweb::services::submission::{Outcome, Standing, kept, read_reply};

use crate::host::{number_of, pbs_id, reply_of};
use crate::steps::{Protocol, Rules, is_listed};
use crate::world::{Glimpse, Heard, Left, Replica, Row, TRIES, Try, World};

/// One unit of the clock, in seconds: longer than a request can wait in a socket.
const UNIT: i64 = 130;

impl Protocol {
    /// What a server does with what it knows.
    pub(crate) fn finish(self, world: &mut World, replica: usize) {
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
    pub(crate) fn look_on(self, world: &mut World, replica: usize, is_listed_well: bool) {
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
            let Some((has_begun, is_alive, gone)) = *seen else { continue };
            let since = world.tries[index].and_then(|facts| facts.begun).map(seconds);
            let (printed, answer) = left[index];
            tries.push(TryFacts {
                attempt: u32::try_from(index).unwrap() + 1,
                has_begun,
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
}

/// `look_up.sh`: whether anybody is at it, and since when nobody is.
fn glimpse(world: &mut World) -> Glimpse {
    let clock = world.clock;
    std::array::from_fn(|index| {
        let attempt = u8::try_from(index).unwrap() + 1;
        let is_alive = world.is_alive(attempt);
        let facts: &mut Try = world.tries[index].as_mut()?;
        if facts.has_begun && (is_alive == Some(false) || facts.answer.is_some()) {
            facts.gone.get_or_insert(clock);
        }
        Some((facts.has_begun, is_alive, facts.gone))
    })
}

fn left(world: &World) -> Left {
    std::array::from_fn(|index| {
        world.tries[index].map_or((None, None), |facts| (facts.printed, facts.answer))
    })
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
