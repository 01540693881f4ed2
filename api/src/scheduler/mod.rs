//! What schedulers are told and what their answers mean: values become programs for the host, output becomes values.
//!
//! Pure: nothing here opens a connection, reads a clock or makes a random number. `services` and `poller` call it, hand
//! the [`Command`] to `transport`, and give the bytes that came back to the reading half of the same function. What is
//! deliberately absent is any quoting: a program names its data as shell variables, and the transport binds them.
//!
//! One dialect exists, [`openpbs`]; another gets a folder beside it and an arm in [`dialect`].

pub mod command;
pub mod frames;
pub mod look_up;
pub mod openpbs;
pub mod probe;
pub mod records;
pub mod settle;
pub mod status;
pub mod submission;

use std::collections::BTreeMap;

use pbsweb_shared::api::job_actions::AttributeValue;
use pbsweb_shared::host::Dialect;

pub use command::{Command, CommandError, Marker, SubmitRequest};
pub use look_up::{FolderFacts, ListingEvidence, LookUp, TryFacts};
pub use probe::{Probe, ProbeProblem};
pub use records::{
    EpilogueFacts, FinishedReply, JobEnd, JobRecord, LightRow, Listing, ListingReply, NodeRecord,
    QueueRecord, ServerRecord, Unavailable,
};
pub use settle::{Settlement, settle};
pub use status::{Explanation, Meaning, Steered};
pub use submission::{NotStarted, SubmissionReply};

use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::steering::Steering;

/// How to reach a host's scheduler: what its row and its check say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// The folder of the scheduler's commands; empty means the PATH.
    pub bin: String,
    /// PBSWeb's folder on the host; empty means `$HOME/pbsweb`.
    pub root: String,
}

/// What a command that steers many jobs costs a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SteeringCost {
    /// Most targets of one exchange.
    pub targets_per_exchange: usize,
    /// Each target costs a connection of its own; else one exchange costs one.
    pub connects_for_each: bool,
}

/// What a scheduler has of a job, in the words of the form that alters it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributesReply {
    /// It runs, or is suspended.
    pub is_running: bool,
    /// What may be altered; empty texts are not set.
    pub attributes: Vec<AttributeValue>,
    /// Resources that were asked for.
    pub resources: BTreeMap<String, String>,
}

/// A dialect: values to programs, output to values. Each `read_…` takes the standard output that the program of the same
/// name left, and the marker it was built with.
pub trait Scheduler: Send + Sync {
    /// The program that submits a job at most once (docs/SUBMISSION.md).
    ///
    /// # Errors
    /// A text holds a NUL, which no shell variable can hold.
    fn submit(
        &self,
        site: &Site,
        marker: &Marker,
        request: &SubmitRequest<'_>,
    ) -> Result<Command, CommandError>;

    /// What the submission program printed.
    fn read_submission(&self, marker: &Marker, stdout: &[u8]) -> SubmissionReply;

    /// The program that gathers evidence about submissions of one account whose answers are not known.
    ///
    /// # Errors
    /// As [`Scheduler::submit`], and [`CommandError::NoIds`].
    fn look_up(
        &self,
        site: &Site,
        marker: &Marker,
        jobs: &[JobId],
        login: &LoginName,
    ) -> Result<Command, CommandError>;

    /// The evidence about each of them, in the same order; `login` is the account that was asked.
    fn read_look_up(&self, marker: &Marker, jobs: &[JobId], login: &LoginName, stdout: &[u8]) -> Vec<LookUp>;

    /// The program that lists all jobs of the host with their attributes, the queues and the server.
    ///
    /// # Errors
    /// As [`Scheduler::submit`].
    fn listing(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError>;

    /// The listing, or why there is none: never an empty listing for a scheduler that did not answer.
    fn read_listing(&self, marker: &Marker, stdout: &[u8]) -> ListingReply;

    /// The program that lists all jobs with little more than their states: a tenth of the cost.
    ///
    /// # Errors
    /// As [`Scheduler::submit`].
    fn light(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError>;

    /// The rows of the light listing.
    ///
    /// # Errors
    /// Why there is none.
    fn read_light(&self, marker: &Marker, stdout: &[u8]) -> Result<Vec<LightRow>, Unavailable>;

    /// The program that asks for the attributes of these jobs.
    ///
    /// # Errors
    /// As [`Scheduler::submit`], and [`CommandError::NoIds`].
    fn details(&self, site: &Site, marker: &Marker, jobs: &[PbsJobId]) -> Result<Command, CommandError>;

    /// The jobs among them that are there.
    ///
    /// # Errors
    /// Why the scheduler gave none.
    fn read_details(&self, marker: &Marker, stdout: &[u8]) -> Result<Listing, Unavailable>;

    /// The program that lists the nodes.
    ///
    /// # Errors
    /// As [`Scheduler::submit`].
    fn nodes(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError>;

    /// The nodes.
    ///
    /// # Errors
    /// Why the scheduler listed none.
    fn read_nodes(&self, marker: &Marker, stdout: &[u8]) -> Result<Vec<NodeRecord>, Unavailable>;

    /// The program that asks how these jobs ended, of the scheduler (or of another server, which they were moved to) and of
    /// their own epilogues.
    ///
    /// # Errors
    /// As [`Scheduler::submit`], and [`CommandError::NoIds`]: with an empty list `qstat` would print every job.
    fn finished(
        &self,
        site: &Site,
        marker: &Marker,
        jobs: &[(JobId, PbsJobId)],
        server: Option<&str>,
    ) -> Result<Command, CommandError>;

    /// What is known of their ends.
    fn read_finished(&self, marker: &Marker, jobs: &[(JobId, PbsJobId)], stdout: &[u8]) -> FinishedReply;

    /// The program that steers jobs. A target is what belongs to one job: its id, ids of its subjobs, or two jobs that
    /// change places. Several targets share a command where its answer can be taken apart; `alone` keeps them apart.
    ///
    /// # Errors
    /// As [`Scheduler::submit`], or the request cannot be put to the scheduler.
    fn steer(
        &self,
        site: &Site,
        marker: &Marker,
        steering: &Steering,
        targets: &[Vec<PbsJobId>],
        alone: bool,
    ) -> Result<Command, CommandError>;

    /// The scheduler's answer to it for each target, in its own words and in ours. The arguments are those of the program.
    fn read_steering(
        &self,
        marker: &Marker,
        steering: &Steering,
        targets: &[Vec<PbsJobId>],
        alone: bool,
        stdout: &[u8],
    ) -> Vec<Steered>;

    /// How many targets one exchange should have, and how many connections to the scheduler they cost.
    fn steering_cost(&self, steering: &Steering) -> SteeringCost;

    /// The program that reads the attributes of a job.
    ///
    /// # Errors
    /// As [`Scheduler::submit`].
    fn attributes(&self, site: &Site, marker: &Marker, job: &PbsJobId) -> Result<Command, CommandError>;

    /// The attributes.
    ///
    /// # Errors
    /// The scheduler's refusal.
    fn read_attributes(&self, marker: &Marker, stdout: &[u8]) -> Result<AttributesReply, Explanation>;

    /// The program of the connection check.
    ///
    /// # Errors
    /// As [`Scheduler::submit`].
    fn probe(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError>;

    /// What the check found.
    fn read_probe(&self, marker: &Marker, stdout: &[u8]) -> Probe;
}

/// The functions of a dialect.
#[must_use]
pub fn dialect(dialect: Dialect) -> &'static dyn Scheduler {
    match dialect {
        Dialect::OpenPbs => &openpbs::OpenPbs,
    }
}
