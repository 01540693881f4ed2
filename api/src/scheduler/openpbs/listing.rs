//! The listing of all jobs, queues and the server in one exchange.

use super::{RUN, bindings, jobs, server};
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frames, Ran};
use crate::scheduler::records::{Listing, ListingReply, Unavailable};
use crate::scheduler::{ListingScope, Site};

const PROGRAM: &str = include_str!("programs/listing.sh");

pub(super) fn command(site: &Site, marker: &Marker, scope: ListingScope) -> Result<Command, CommandError> {
    let mut bindings = bindings(site, marker);
    bindings.bind(
        "scope",
        match scope {
            ListingScope::Whole => "whole",
            ListingScope::Jobs => "jobs",
        },
    );
    bindings.into_command(format!("{RUN}{PROGRAM}"))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> ListingReply {
    let frames = Frames::read(marker, stdout);
    let ran = match whole(&frames, "jobs") {
        Ok(ran) => ran,
        Err(unavailable) => return ListingReply::Unavailable(unavailable),
    };
    let found = jobs::read_jobs(ran.stdout);
    let mut listing = Listing {
        jobs: found.jobs,
        unreadable: found.unreadable,
        problems: found.problems,
        ..Listing::default()
    };
    if !ran.stderr.is_empty() {
        listing.problems.push(ran.stderr);
    }
    if frames.find(&["out", "queues"]).is_some() {
        match whole(&frames, "queues") {
            Ok(ran) => listing.queues = server::read_queues(ran.stdout),
            Err(unavailable) => listing.problems.push(format!("qstat -Qf: {}", unavailable.words)),
        }
    }
    if frames.find(&["out", "server"]).is_some() {
        match whole(&frames, "server") {
            Ok(ran) => listing.server = server::read_server(ran.stdout),
            Err(unavailable) => listing.problems.push(format!("qstat -Bf: {}", unavailable.words)),
        }
    }
    ListingReply::Listed(Box::new(listing))
}

/// A command that came to its end with 0 inside an output that is whole. With the server stopped, commands print
/// documents without jobs: only the status tells (`down-qstat`, 255).
pub(super) fn whole<'a>(frames: &Frames<'a>, name: &str) -> Result<Ran<'a>, Unavailable> {
    match frames.command(name) {
        Some(ran) if ran.status == 0 && frames.is_whole => Ok(ran),
        Some(ran) if ran.status != 0 => {
            let words = if ran.stderr.is_empty() {
                format!("the command ended with status {}", ran.status)
            } else {
                ran.stderr
            };
            Err(Unavailable { status: Some(ran.status), words })
        }
        Some(_) | None => {
            Err(Unavailable { status: None, words: "the answer of the host was cut off".to_owned() })
        }
    }
}
