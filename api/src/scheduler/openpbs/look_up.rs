//! Evidence about a submission: its folder first, then the listing of the account's jobs.

use chrono::TimeDelta;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::{LoginName, PbsJobId};

use super::listing::whole;
use super::submission::{alive_function, is_alive, printed_id, read_answer};
use super::{RUN, bindings, epilogue, jobs, server};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::look_up::{FolderFacts, ListingEvidence, LookUp, TryFacts};
use crate::scheduler::records::Unavailable;

const PROGRAM: &str = include_str!("programs/look_up.sh");

/// The clock of a host may be behind the server's by so much; what it selects by time is not believed beyond half of it.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::days(1);

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    job: JobId,
    login: &LoginName,
) -> Result<Command, CommandError> {
    let mut bindings = bindings(site, marker);
    bindings.bind("job", job.to_string());
    bindings.bind("login", login.as_str());
    // A job cannot have been created before its id was made, give or take what the clocks differ. In UTC, as the program says.
    let since = job.made_at().map(|made_at| (made_at - CLOCKS_DIFFER).format("%Y%m%d%H%M").to_string());
    bindings.bind("since", since.unwrap_or_default());
    bindings.into_command(format!("{RUN}{}{}{PROGRAM}", alive_function(), epilogue::NOTES))
}

pub(super) fn read(marker: &Marker, job: JobId, login: &LoginName, stdout: &[u8]) -> LookUp {
    let frames = Frames::read(marker, stdout);
    let folder = frames.find(&["folder"]);
    let now: Option<i64> = folder.and_then(|folder| folder.word(2).parse().ok());
    let is_far_behind =
        job.made_at().zip(now).is_some_and(|(made_at, now)| now < (made_at - CLOCKS_DIFFER / 2).timestamp());
    let listing = if is_far_behind {
        let words = "the host's clock is many hours behind, so that its jobs cannot be selected by time";
        ListingEvidence::Unavailable(Unavailable { status: None, words: words.to_owned() })
    } else {
        read_listing(&frames, job, login)
    };
    LookUp {
        folder: folder.map_or(FolderFacts::Unreadable, |folder| read_folder(&frames, folder)),
        listing,
        now,
    }
}

fn read_folder(frames: &Frames<'_>, folder: &Frame<'_>) -> FolderFacts {
    if !frames.is_whole {
        return FolderFacts::Unreadable;
    }
    match folder.word(1) {
        "absent" => FolderFacts::Absent,
        "present" => {
            let mut tries: Vec<TryFacts> = frames
                .frames
                .iter()
                .filter(|frame| frame.word(0) == "try")
                .filter_map(|frame| read_try(frames, frame))
                .collect();
            tries.sort_by_key(|facts| facts.attempt);
            let left =
                frames.frames.iter().filter(|frame| frame.word(0) == "file" && frame.word(1) == "epilogue");
            FolderFacts::Present { tries, epilogue: epilogue::read(left) }
        }
        _ => FolderFacts::Unreadable,
    }
}

fn read_try(frames: &Frames<'_>, frame: &Frame<'_>) -> Option<TryFacts> {
    let number = frame.word(1);
    let begun = frames.find(&["file", number, "begun"]).map(Frame::text).unwrap_or_default();
    let value = |key: &str| begun.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    Some(TryFacts {
        attempt: number.parse().ok()?,
        has_run: frame.word(2) == "run",
        is_alive: is_alive(frame.word(3)),
        host: value("host").map(str::to_owned),
        since: value("since").and_then(|seconds| seconds.parse().ok()),
        gone_since: frames.find(&["file", number, "gone"]).and_then(|frame| frame.text().trim().parse().ok()),
        printed_id: frames.find(&["file", number, "qsub.out"]).and_then(|frame| printed_id(frame.body)),
        answer: frames.find(&["file", number, "answer"]).map(|frame| read_answer(frame.body)),
    })
}

fn read_listing(frames: &Frames<'_>, job: JobId, login: &LoginName) -> ListingEvidence {
    let parts = || -> Result<_, Unavailable> {
        let server = server::read_server(whole(frames, "server")?.stdout);
        let selected = ids_of(whole(frames, "select")?.stdout);
        let found = read_selected(frames, &selected)?;
        Ok((server, found))
    };
    match parts() {
        Err(unavailable) => ListingEvidence::Unavailable(unavailable),
        Ok((server, found)) => ListingEvidence::Complete {
            // Anybody may write our tag into his own job.
            tagged: found
                .jobs
                .iter()
                .filter(|record| record.tag == Some(job) && record.owner == login.as_str())
                .map(|record| record.pbs_id.clone())
                .collect(),
            history_seconds: server
                .filter(|server| server.has_history)
                .and_then(|server| server.history_seconds),
            n_unreadable: found.unreadable.len(),
        },
    }
}

/// The ids that qselect printed.
fn ids_of(stdout: &[u8]) -> Vec<PbsJobId> {
    let text = String::from_utf8_lossy(stdout);
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

/// The records of the selected jobs, from as many calls of qstat as it took. One that is not shown may be the one that is looked for:
/// it counts among those that cannot be read.
fn read_selected(frames: &Frames<'_>, selected: &[PbsJobId]) -> Result<jobs::Jobs, Unavailable> {
    let mut found = jobs::Jobs::default();
    for part in 1.. {
        let name = format!("jobs-{part}");
        if frames.find(&["out", &name]).is_none() {
            break;
        }
        let read = match frames.command(&name) {
            // 153 and 35: a job went away between the two commands; the others are listed.
            Some(ran) if frames.is_whole && matches!(ran.status, 0 | 153 | 35) => jobs::read_jobs(ran.stdout),
            Some(_) | None => {
                whole(frames, &name)?;
                jobs::Jobs::default()
            }
        };
        found.jobs.extend(read.jobs);
        found.unreadable.extend(read.unreadable);
    }
    let is_shown =
        |id: &PbsJobId| found.unreadable.contains(id) || found.jobs.iter().any(|record| record.pbs_id == *id);
    let vanished: Vec<PbsJobId> = selected.iter().filter(|id| !is_shown(id)).cloned().collect();
    found.unreadable.extend(vanished);
    Ok(found)
}
