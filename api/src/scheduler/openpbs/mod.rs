//! OpenPBS and PBS Professional.
//!
//! Everything here was written against recordings of OpenPBS 23.06.06 (two builds that share this version and differ in
//! their JSON); `api/tests/recordings/openpbs` holds those that the tests read. Listings are read from the text form of
//! `qstat -f`: the JSON form of the release is broken for every user by one job called `nan`, and the one of the later
//! build rewrites values. `-w` is not used: text is put together again from folded lines, and older releases lack it.

mod accounting;
mod attributes;
mod end;
mod epilogue;
mod finished;
mod jobs;
pub mod json;
mod light;
mod listing;
mod look_up;
mod nodes;
mod probe;
mod server;
mod status;
mod steering;
mod submission;
mod table;
pub mod text;

use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::steering::Steering;

use super::command::{Bindings, Command, CommandError, Marker, SubmitRequest};
use super::{
    AttributesReply, Explanation, FinishedReply, LightRow, Listing, ListingReply, LookUp, NodeRecord, Probe,
    Scheduler, Site, Steered, SteeringCost, SubmissionReply, Unavailable,
};

pub use end::classify_end;
pub use jobs::{read_job, read_jobs, read_jobs_json};
pub use nodes::{read_nodes, read_nodes_json};
pub use server::{read_queues, read_queues_json, read_server, read_server_json};
pub use status::explain_status;
pub use table::read_table;

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct OpenPbs;

/// What every program of this dialect begins with.
const RUN: &str = include_str!("programs/run.sh");

/// For programs whose answers may be long.
const PACK: &str = include_str!("programs/pack.sh");

/// The bindings that every program has.
fn bindings(site: &Site, marker: &Marker) -> Bindings {
    let mut bindings = Bindings::default();
    bindings.bind("marker", marker.as_str());
    bindings.bind("bin", site.bin.trim_end_matches('/'));
    bindings.bind("root", site.root.trim_end_matches('/'));
    bindings
}

impl Scheduler for OpenPbs {
    fn submit(
        &self,
        site: &Site,
        marker: &Marker,
        request: &SubmitRequest<'_>,
    ) -> Result<Command, CommandError> {
        submission::command(site, marker, request)
    }

    fn read_submission(&self, marker: &Marker, stdout: &[u8]) -> SubmissionReply {
        submission::read(marker, stdout)
    }

    fn look_up(
        &self,
        site: &Site,
        marker: &Marker,
        jobs: &[JobId],
        login: &LoginName,
    ) -> Result<Command, CommandError> {
        look_up::command(site, marker, jobs, login)
    }

    fn read_look_up(&self, marker: &Marker, jobs: &[JobId], login: &LoginName, stdout: &[u8]) -> Vec<LookUp> {
        look_up::read(marker, jobs, login, stdout)
    }

    fn listing(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError> {
        listing::command(site, marker)
    }

    fn read_listing(&self, marker: &Marker, stdout: &[u8]) -> ListingReply {
        listing::read(marker, stdout)
    }

    fn light(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError> {
        light::command(site, marker)
    }

    fn read_light(&self, marker: &Marker, stdout: &[u8]) -> Result<Vec<LightRow>, Unavailable> {
        light::read(marker, stdout)
    }

    fn details(&self, site: &Site, marker: &Marker, jobs: &[PbsJobId]) -> Result<Command, CommandError> {
        light::details(site, marker, jobs)
    }

    fn read_details(&self, marker: &Marker, stdout: &[u8]) -> Result<Listing, Unavailable> {
        light::read_details(marker, stdout)
    }

    fn nodes(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError> {
        nodes::command(site, marker)
    }

    fn read_nodes(&self, marker: &Marker, stdout: &[u8]) -> Result<Vec<NodeRecord>, Unavailable> {
        nodes::read(marker, stdout)
    }

    fn finished(
        &self,
        site: &Site,
        marker: &Marker,
        jobs: &[(JobId, PbsJobId)],
        server: Option<&str>,
    ) -> Result<Command, CommandError> {
        finished::command(site, marker, jobs, server)
    }

    fn read_finished(&self, marker: &Marker, jobs: &[(JobId, PbsJobId)], stdout: &[u8]) -> FinishedReply {
        finished::read(marker, jobs, stdout)
    }

    fn steer(
        &self,
        site: &Site,
        marker: &Marker,
        steering: &Steering,
        targets: &[Vec<PbsJobId>],
        alone: bool,
    ) -> Result<Command, CommandError> {
        steering::command(site, marker, steering, targets, alone)
    }

    fn read_steering(
        &self,
        marker: &Marker,
        steering: &Steering,
        targets: &[Vec<PbsJobId>],
        alone: bool,
        stdout: &[u8],
    ) -> Vec<Steered> {
        steering::read(marker, steering, targets, alone, stdout)
    }

    fn steering_cost(&self, steering: &Steering) -> SteeringCost {
        steering::cost(steering)
    }

    fn attributes(&self, site: &Site, marker: &Marker, job: &PbsJobId) -> Result<Command, CommandError> {
        attributes::command(site, marker, job)
    }

    fn read_attributes(&self, marker: &Marker, stdout: &[u8]) -> Result<AttributesReply, Explanation> {
        attributes::read(marker, stdout)
    }

    fn probe(&self, site: &Site, marker: &Marker) -> Result<Command, CommandError> {
        probe::command(site, marker)
    }

    fn read_probe(&self, marker: &Marker, stdout: &[u8]) -> Probe {
        probe::read(marker, stdout)
    }
}
