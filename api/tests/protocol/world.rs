//! One submission and everything it touches: the row in the database, the servers, the job's folder on the host, the programs
//! that run there, and the scheduler.
//!
//! Steps have the names of what they stand for: `submit.sh`, `look_up.sh`, `attempt.rs`, `reconcile.rs`. Each is as small as
//! something else can come between.

use pbsweb_shared::job::JobState;

/// So many servers.
pub(crate) const REPLICAS: usize = 2;

/// The job's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Row {
    /// Not known yet; `is_taken` once a reconciler has pushed the next look on.
    Submitting { is_taken: bool },
    /// The scheduler has it under the id of this attempt's job.
    Queued(Id),
    /// It never ran, for good.
    Rejected,
}

impl Row {
    pub(crate) const fn state(self) -> JobState {
        match self {
            Self::Submitting { .. } => JobState::Submitting,
            Self::Queued(_) => JobState::Queued,
            Self::Rejected => JobState::Rejected,
        }
    }
}

/// The scheduler's id of a job: the first is 1.
pub(crate) type Id = u8;

/// What a server is doing about the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Replica {
    /// Nothing; or it was killed and runs again.
    Idle,
    /// It has sent `submit.sh` and waits for what it prints.
    Sending,
    /// It reads the folder by `look_up.sh`: whether anybody is at it.
    Looking,
    /// … and what they left.
    Reading(Glimpse),
    /// … and asks the scheduler. One glimpse, and what was read after it.
    Asking(Glimpse, Left),
    /// It has something to keep in the row.
    Holding(Heard),
    /// The evidence says that another attempt is safe.
    Retrying(u8),
}

/// The tries as `look_up.sh` first sees them: for each, whether `run/begun` is there, whether somebody is at it, and when they were
/// first seen gone.
pub(crate) type Glimpse = [Option<(bool, Option<bool>, Option<u8>)>; TRIES];

/// What it reads next: the id in `qsub.out`, and the answer.
pub(crate) type Left = [(Option<Id>, Option<Said>); TRIES];

/// Highest number of attempts that the faults of one run can lead to, and one more to notice it by.
pub(crate) const TRIES: usize = 4;

/// What came of an exchange, as `attempt.rs` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Heard {
    Accepted(Id),
    Refused,
    NotStarted,
    Unknown,
}

/// What `qsub` ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Said {
    /// The id.
    Id(Id),
    /// A refusal for good.
    No,
    /// The server was not reached (162).
    Unreachable,
    /// Status 0 and no word.
    Nothing,
    /// It was killed: 137.
    Killed,
}

/// A `submit.sh` that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Program {
    pub(crate) attempt: u8,
    /// The server that waits for its output, unless the connection is cut.
    pub(crate) asker: Option<usize>,
    /// The word was given: the intent is stored, and the server still lived then. Without it the program waits for it, and undoes what
    /// it did when nobody is there to give it.
    pub(crate) is_told: bool,
    pub(crate) step: Step,
}

/// How far a program has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    /// On its way: it may arrive at any time.
    Sent,
    /// It found no answer; it made the try's folder and writes the script.
    Ready,
    /// It made `run/begun`.
    Owner,
    /// It wrote into it who it is.
    Noted,
    /// It started qsub and waits for it.
    Waiting,
    /// It said the id, and renames `answer` into place.
    Said(Id),
    /// Somebody else made `run/begun`: it waits for their answer.
    Following,
}

/// One attempt's folder and its qsub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Try {
    /// `run/begun` is there.
    pub(crate) has_begun: bool,
    /// Who is in `run/begun`, and when that was, by the clock.
    pub(crate) begun: Option<u8>,
    /// `run/gone`: when a look first saw that nobody is at it any more.
    pub(crate) gone: Option<u8>,
    pub(crate) qsub: Qsub,
    /// `qsub.out` holds the id.
    pub(crate) printed: Option<Id>,
    /// `answer`, renamed into place.
    pub(crate) answer: Option<Said>,
}

/// The process `qsub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Qsub {
    #[default]
    NotStarted,
    /// It runs, and has not written to the scheduler yet.
    Running,
    /// Its request is on its way.
    Asked,
    /// It has the scheduler's word.
    Told(Said),
    /// It has ended.
    Ended(Said),
}

impl Qsub {
    pub(crate) const fn is_alive(self) -> bool {
        match self {
            Self::Running | Self::Asked | Self::Told(_) => true,
            Self::NotStarted | Self::Ended(_) => false,
        }
    }
}

/// A job that the scheduler accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Accepted {
    pub(crate) id: Id,
    pub(crate) attempt: u8,
    /// Listings leave it out, until time passes.
    pub(crate) is_hidden: bool,
    /// The scheduler has forgotten it: it ended, and there is no history.
    pub(crate) is_forgotten: bool,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) row: Row,
    pub(crate) replicas: [Replica; REPLICAS],
    pub(crate) programs: Vec<Program>,
    /// The job's folder.
    pub(crate) tries: [Option<Try>; TRIES],
    /// What a qsub wrote to the scheduler, and the scheduler has not read.
    pub(crate) requests: Vec<u8>,
    pub(crate) accepted: Vec<Accepted>,
    /// In units of time in which a request that waits in a socket is read for sure.
    pub(crate) clock: u8,
    /// Faults that may still happen.
    pub(crate) faults: u8,
    /// A program without the word has undone what it did.
    pub(crate) was_undone: bool,
    /// The faults are over and everything has come to its end.
    pub(crate) is_calm: bool,
}

impl World {
    /// The intent is stored, and the server that stored it has sent and not yet given the word.
    pub(crate) fn stored(faults: u8) -> Self {
        let mut world = Self {
            row: Row::Submitting { is_taken: false },
            replicas: [Replica::Idle; REPLICAS],
            programs: Vec::new(),
            tries: [None; TRIES],
            requests: Vec::new(),
            accepted: Vec::new(),
            clock: 0,
            faults,
            was_undone: false,
            is_calm: false,
        };
        world.send(0, 1);
        world.programs[0].is_told = false;
        world
    }

    pub(crate) fn try_of(&self, attempt: u8) -> Option<&Try> {
        self.tries[usize::from(attempt) - 1].as_ref()
    }

    pub(crate) fn try_mut(&mut self, attempt: u8) -> &mut Try {
        self.tries[usize::from(attempt) - 1].get_or_insert_default()
    }

    /// `attempt.rs`, `send`.
    pub(crate) fn send(&mut self, replica: usize, attempt: u8) {
        self.replicas[replica] = Replica::Sending;
        self.programs.push(Program { attempt, asker: Some(replica), is_told: true, step: Step::Sent });
    }

    /// Which server is the first does not matter: of states that differ in nothing else one stands for both.
    pub(crate) fn sort(&mut self) {
        let [first, second] = self.replicas;
        if second < first {
            self.replicas = [second, first];
            for program in &mut self.programs {
                program.asker = program.asker.map(|asker| 1 - asker);
            }
        }
        self.programs.sort_unstable();
    }

    /// `alive.sh`: only `run/begun` tells where to look.
    pub(crate) fn is_alive(&self, attempt: u8) -> Option<bool> {
        let facts = self.try_of(attempt)?;
        facts.begun?;
        let maker = |program: &Program| {
            program.attempt == attempt && matches!(program.step, Step::Noted | Step::Waiting)
        };
        Some(facts.qsub.is_alive() || self.programs.iter().any(maker))
    }

    /// The maker of `run/begun` died before it could say who it was: nobody can tell whether it still runs.
    pub(crate) fn is_undecidable(&self) -> bool {
        let is_nameless = |facts: &Try| facts.has_begun && facts.begun.is_none();
        self.tries.iter().flatten().any(is_nameless)
    }
}
