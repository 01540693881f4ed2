//! The submission protocol, explored exhaustively: two servers, their reconcilers, the programs on the host and the scheduler,
//! in every order, with any faults at any steps.
//!
//! The model is small steps around the real judgement: what a look finds goes through `settle`, what a program prints through
//! `read_reply`, and what is kept in the job's row through `kept`. docs/FAULTS.md tells what it stands for and what it leaves
//! out. Broken variants show that the checker would find a mistake.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects, and fails otherwise"
)]

mod host;
mod server;
mod steps;
mod world;

use stateright::{Checker, HasDiscoveries, Model, Property};

use steps::{Action, Protocol, Rules};
use world::{Row, World};

const ONCE: &str = "the scheduler accepts at most one job";
const TRUE_ID: &str = "an id is one that the scheduler gave";
const TRUE_REFUSAL: &str = "a rejected job is not with the scheduler";
const SETTLED: &str = "when the faults are over, what the scheduler has is known";
const DECIDED: &str = "when the faults are over, the job is settled";

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::stored(self.faults)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.possible(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        self.step(world, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(ONCE, |_, world| world.accepted.len() <= 1),
            Property::<Self>::always(TRUE_ID, |_, world| match world.row {
                Row::Queued(id) => world.accepted.iter().any(|job| job.id == id),
                Row::Submitting { .. } | Row::Rejected => true,
            }),
            Property::<Self>::always(TRUE_REFUSAL, |_, world| {
                world.row != Row::Rejected || world.accepted.is_empty()
            }),
            Property::<Self>::always(SETTLED, |_, world| {
                let has_job = world.accepted.iter().any(|job| !job.is_forgotten);
                !world.is_calm || !has_job || matches!(world.row, Row::Queued(_))
            }),
            Property::<Self>::always(DECIDED, |model, world| {
                // A scheduler that forgets cannot prove that it never had a job; and nobody knows of a program that was killed
                // before it wrote who it was. Then it stays open, and says so.
                let may_stay_open = !model.has_history || world.is_undecidable();
                !world.is_calm || may_stay_open || !matches!(world.row, Row::Submitting { .. })
            }),
            Property::<Self>::sometimes("a second attempt is accepted", |_, world| {
                world.accepted.iter().any(|job| job.attempt == 2)
            }),
            Property::<Self>::sometimes("an attempt is undone", |_, world| world.was_undone),
            Property::<Self>::sometimes("a job is refused", |_, world| world.row == Row::Rejected),
        ]
    }
}

/// Explores a protocol; gives the shortest way to each property's violation, or to its example.
fn explore(protocol: Protocol) -> impl Checker<Protocol> {
    let begun = std::time::Instant::now();
    let checker = protocol.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{protocol:?}: {} states, {:.1?}", checker.unique_state_count(), begun.elapsed());
    checker
}

/// What the checker finds in a protocol that is broken on purpose.
fn counterexample(rules: Rules, property: &'static str) {
    let protocol = Protocol { rules, has_history: true, faults: 2 };
    let found = explore(protocol).discovery(property);
    let path = found.unwrap_or_else(|| panic!("nothing is found wrong with {rules:?}"));
    println!("{rules:?} breaks '{property}': {:?}", path.into_actions());
}

#[test]
fn every_order_of_two_faults_makes_one_job() {
    explore(Protocol { rules: Rules::Real, has_history: true, faults: 2 }).assert_properties();
}

#[test]
fn a_scheduler_that_forgets_makes_no_second_job() {
    explore(Protocol { rules: Rules::Real, has_history: false, faults: 1 }).assert_properties();
}

#[test]
fn a_retry_without_proof_is_found() {
    counterexample(Rules::RetryWithoutProof, ONCE);
}

#[test]
fn an_attempt_that_anybody_begins_is_found() {
    counterexample(Rules::BegunIsNotExclusive, ONCE);
}

#[test]
fn a_silence_that_is_counted_from_the_start_is_found() {
    counterexample(Rules::SilenceFromTheStart, ONCE);
}

#[test]
fn a_rejection_beside_another_attempt_is_found() {
    counterexample(Rules::NotStartedIsFinal, TRUE_REFUSAL);
}
