//! The light listing, and the details of some jobs: what tells of a full server which jobs changed, and then only those.

use super::listing::{decoded, told, whole};
use super::status::explain_status;
use super::table::read_table;
use super::{PACK, RUN, bindings, jobs};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker, ids_of};
use crate::scheduler::frames::Frames;
use crate::scheduler::records::{LightRow, Listing, Unavailable};
use crate::scheduler::status::{CommandKind, Meaning};
use pbsweb_shared::names::PbsJobId;

const TABLE: &str = include_str!("programs/light.sh");
const DETAILS: &str = include_str!("programs/details.sh");

pub(super) fn command(site: &Site, marker: &Marker) -> Result<Command, CommandError> {
    bindings(site, marker).into_command(format!("{RUN}{PACK}{TABLE}"))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> Result<Vec<LightRow>, Unavailable> {
    let frames = Frames::read(marker, stdout);
    let ran = whole(&frames, "table")?;
    let text = decoded(&ran)?;
    told(&ran, &text)?;
    read_table(&text).map_err(|words| Unavailable { status: Some(0), words })
}

pub(super) fn details(site: &Site, marker: &Marker, jobs: &[PbsJobId]) -> Result<Command, CommandError> {
    if jobs.is_empty() {
        return Err(CommandError::NoIds);
    }
    let mut bindings = bindings(site, marker);
    let ids = bindings.bind_all("id", ids_of(jobs));
    bindings.into_command(format!("{RUN}{PACK}{}", DETAILS.replace("@IDS@", &ids)))
}

/// Some of the ids, or all, may have gone in the meantime: the status then is an error's, and the others are printed all the
/// same. A job that is not among them is no proof of anything.
pub(super) fn read_details(marker: &Marker, stdout: &[u8]) -> Result<Listing, Unavailable> {
    let frames = Frames::read(marker, stdout);
    let cut = || Unavailable { status: None, words: "the answer of the host was cut off".to_owned() };
    let ran = frames.command("details").filter(|_| frames.is_whole).ok_or_else(cut)?;
    let found = jobs::read_jobs(&decoded(&ran)?);
    let meaning = explain_status(CommandKind::List, ran.status, &ran.stderr).meaning;
    let have_gone = matches!(meaning, Meaning::UnknownJob | Meaning::HasFinished);
    if ran.status != 0 && found.jobs.is_empty() && !have_gone {
        return Err(Unavailable { status: Some(ran.status), words: ran.stderr });
    }
    Ok(Listing {
        jobs: found.jobs,
        unreadable: found.unreadable,
        problems: found.problems,
        ..Listing::default()
    })
}
