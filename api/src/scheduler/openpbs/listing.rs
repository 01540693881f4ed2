//! The listing of all jobs, queues and the server in one exchange.

use std::borrow::Cow;
use std::io::Read as _;

use super::{PACK, RUN, bindings, jobs, server};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frames, Ran};
use crate::scheduler::records::{Listing, ListingReply, Unavailable};

const PROGRAM: &str = include_str!("programs/listing.sh");

/// More text than that is no listing: 40,000 jobs make 50 MB of it.
const MAX_TEXT_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn command(site: &Site, marker: &Marker) -> Result<Command, CommandError> {
    bindings(site, marker).into_command(format!("{RUN}{PACK}{PROGRAM}"))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> ListingReply {
    let frames = Frames::read(marker, stdout);
    let ran = match whole(&frames, "jobs") {
        Ok(ran) => ran,
        Err(unavailable) => return ListingReply::Unavailable(unavailable),
    };
    let text = match decoded(&ran) {
        Ok(text) => text,
        Err(unavailable) => return ListingReply::Unavailable(unavailable),
    };
    if let Err(unavailable) = told(&ran, &text) {
        return ListingReply::Unavailable(unavailable);
    }
    let found = jobs::read_jobs(&text);
    if found.jobs.is_empty() && found.unreadable.is_empty() && !found.problems.is_empty() {
        // Words, and not one job: whatever printed them, it was no listing without jobs.
        return ListingReply::Unavailable(Unavailable { status: Some(0), words: found.problems.join("; ") });
    }
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

/// A command that prints nothing and complains found no jobs: it could not look, whatever its status says.
pub(super) fn told(ran: &Ran<'_>, text: &[u8]) -> Result<(), Unavailable> {
    let complains = ran.stderr.lines().any(|line| line.starts_with("qstat: "));
    if complains && text.trim_ascii().is_empty() {
        return Err(Unavailable { status: Some(ran.status), words: ran.stderr.clone() });
    }
    Ok(())
}

/// What a command printed, unpacked if the host packed it. What cannot be unpacked to its end was cut.
pub(super) fn decoded<'a>(ran: &Ran<'a>) -> Result<Cow<'a, [u8]>, Unavailable> {
    if !ran.is_packed {
        return Ok(Cow::Borrowed(ran.stdout));
    }
    let mut text = Vec::with_capacity(ran.stdout.len().saturating_mul(8));
    let mut unpacked = flate2::read::MultiGzDecoder::new(ran.stdout).take(MAX_TEXT_BYTES + 1);
    let words = match unpacked.read_to_end(&mut text) {
        Ok(_) if text.len() as u64 <= MAX_TEXT_BYTES => return Ok(Cow::Owned(text)),
        Ok(_) => "the answer of the host is too long".to_owned(),
        Err(error) => format!("the answer of the host cannot be unpacked: {error}"),
    };
    Err(Unavailable { status: Some(ran.status), words })
}
