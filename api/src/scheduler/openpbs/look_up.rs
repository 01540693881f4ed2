//! Evidence about a submission: its folder first, then the listing of the account's jobs.

use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::LoginName;

use super::listing::whole;
use super::submission::{alive_function, is_alive, printed_id, read_answer};
use super::{RUN, bindings, epilogue, jobs, server};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::look_up::{FolderFacts, ListingEvidence, LookUp, TryFacts};
use crate::scheduler::records::Unavailable;

const PROGRAM: &str = include_str!("programs/look_up.sh");

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    job: JobId,
    login: &LoginName,
) -> Result<Command, CommandError> {
    let mut bindings = bindings(site, marker);
    bindings.bind("job", job.to_string());
    bindings.bind("login", login.as_str());
    bindings.into_command(format!("{RUN}{}{PROGRAM}", alive_function()))
}

pub(super) fn read(marker: &Marker, job: JobId, login: &LoginName, stdout: &[u8]) -> LookUp {
    let frames = Frames::read(marker, stdout);
    let folder = frames.find(&["folder"]);
    LookUp {
        folder: folder.map_or(FolderFacts::Unreadable, |folder| read_folder(&frames, folder)),
        listing: read_listing(&frames, job, login),
        now: folder.and_then(|folder| folder.word(2).parse().ok()),
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
        let selected = whole(frames, "select")?;
        // Without ids qstat would have listed everything: the program did not run it.
        let found = if selected.stdout.trim_ascii().is_empty() {
            jobs::Jobs::default()
        } else {
            match frames.command("jobs") {
                // 153 and 35: a job went away between the two commands; the others are listed.
                Some(ran) if frames.is_whole && matches!(ran.status, 0 | 153 | 35) => {
                    jobs::read_jobs(ran.stdout)
                }
                Some(_) | None => {
                    whole(frames, "jobs")?;
                    jobs::Jobs::default()
                }
            }
        };
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
