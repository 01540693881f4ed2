//! Evidence about submissions of one account: their folders first, then one listing of the account's jobs for all of them.

use chrono::TimeDelta;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::LoginName;

use super::listing::whole;
use super::submission::{alive_function, is_alive, printed_id, read_answer};
use super::{RUN, bindings, epilogue, jobs, server};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::look_up::{FolderFacts, ListingEvidence, LookUp, TryFacts};
use crate::scheduler::records::{JobRecord, Unavailable};

const PROGRAM: &str = include_str!("programs/look_up.sh");

/// The clock of a host may be behind the server's by so much; what it selects by time is not believed beyond half of it.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::days(1);

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    jobs: &[JobId],
    login: &LoginName,
) -> Result<Command, CommandError> {
    if jobs.is_empty() {
        return Err(CommandError::NoIds);
    }
    let mut bindings = bindings(site, marker);
    bindings.bind("jobs", jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    bindings.bind("login", login.as_str());
    // A job cannot have been created before its id was made, give or take what the clocks differ. In UTC, as the program says.
    let first = jobs.iter().map(|job| job.made_at()).min().flatten();
    let since = first.map(|made_at| (made_at - CLOCKS_DIFFER).format("%Y%m%d%H%M").to_string());
    bindings.bind("since", since.unwrap_or_default());
    bindings.into_command(format!("{RUN}{}{}{PROGRAM}", alive_function(), epilogue::NOTES))
}

/// The evidence about each of the jobs.
pub(super) fn read(marker: &Marker, jobs: &[JobId], login: &LoginName, stdout: &[u8]) -> Vec<LookUp> {
    let frames = Frames::read(marker, stdout);
    let listed = read_listing(&frames);
    jobs.iter().map(|job| read_one(&frames, &listed, *job, login)).collect()
}

fn read_one(
    frames: &Frames<'_>,
    listed: &Result<Listed, Unavailable>,
    job: JobId,
    login: &LoginName,
) -> LookUp {
    let frames = frames_of(frames, job);
    let folder = frames.find(&["folder"]);
    let now: Option<i64> = folder.and_then(|folder| folder.word(3).parse().ok());
    let is_far_behind =
        job.made_at().zip(now).is_some_and(|(made_at, now)| now < (made_at - CLOCKS_DIFFER / 2).timestamp());
    let listing = match listed {
        Ok(_) if is_far_behind => {
            let words = "the host's clock is many hours behind, so that its jobs cannot be selected by time";
            ListingEvidence::Unavailable(Unavailable { status: None, words: words.to_owned() })
        }
        Ok(listed) => listed.evidence_of(job, login),
        Err(unavailable) => ListingEvidence::Unavailable(unavailable.clone()),
    };
    LookUp {
        folder: folder.map_or(FolderFacts::Unreadable, |folder| read_folder(&frames, folder)),
        listing,
        now,
    }
}

/// What was printed of one job's folder: from its frame to the next one's.
fn frames_of<'a>(frames: &Frames<'a>, job: JobId) -> Frames<'a> {
    let whose = job.to_string();
    let is_first = |frame: &&Frame<'a>| frame.word(0) == "folder" && frame.word(1) == whose;
    let of_job = frames.frames.iter().skip_while(|frame| !is_first(frame));
    let inside = |frame: &&Frame<'a>| matches!(frame.word(0), "try" | "file");
    let found = of_job.clone().take(1).chain(of_job.skip(1).take_while(inside));
    Frames { frames: found.cloned().collect(), is_whole: frames.is_whole }
}

fn read_folder(frames: &Frames<'_>, folder: &Frame<'_>) -> FolderFacts {
    if !frames.is_whole {
        return FolderFacts::Unreadable;
    }
    match folder.word(2) {
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
        has_begun: frame.word(2) == "begun",
        is_alive: is_alive(frame.word(3)),
        host: value("host").map(str::to_owned),
        since: value("since").and_then(|seconds| seconds.parse().ok()),
        gone_since: frames.find(&["file", number, "gone"]).and_then(|frame| frame.text().trim().parse().ok()),
        printed_id: frames.find(&["file", number, "qsub.out"]).and_then(|frame| printed_id(frame.body)),
        answer: frames.find(&["file", number, "answer"]).map(|frame| read_answer(frame.body)),
    })
}

/// What the scheduler said of the account's jobs.
struct Listed {
    history_seconds: Option<u64>,
    /// Those in which one of the tags stands, and may be somebody else's word.
    jobs: Vec<JobRecord>,
    n_unreadable: usize,
}

impl Listed {
    fn evidence_of(&self, job: JobId, login: &LoginName) -> ListingEvidence {
        // Anybody may write our tag into his own job.
        let is_it = |record: &&JobRecord| record.tag == Some(job) && record.owner == login.as_str();
        ListingEvidence::Complete {
            tagged: self.jobs.iter().filter(is_it).map(|record| record.pbs_id.clone()).collect(),
            history_seconds: self.history_seconds,
            n_unreadable: self.n_unreadable,
        }
    }
}

fn read_listing(frames: &Frames<'_>) -> Result<Listed, Unavailable> {
    let server = server::read_server(whole(frames, "server")?.stdout);
    whole(frames, "select")?;
    let history_seconds =
        server.filter(|server| server.has_history).and_then(|server| server.history_seconds);
    let mut listed = Listed { history_seconds, jobs: Vec::new(), n_unreadable: 0 };
    let cut = || Unavailable { status: None, words: "the answer of the host was cut off".to_owned() };
    let n_parts: u32 =
        frames.find(&["parts"]).and_then(|frame| frame.word(1).parse().ok()).ok_or_else(cut)?;
    for part in 1..=n_parts {
        let name = format!("jobs-{part}");
        let stdout = match frames.command(&name) {
            // 153 and 35: a job went away between the two commands; the others are listed.
            Some(ran) if frames.is_whole && matches!(ran.status, 153 | 35) => ran.stdout,
            Some(_) | None => whole(frames, &name)?.stdout,
        };
        let unseen = frames.find(&["unseen", &part.to_string()]).ok_or_else(cut)?;
        let found = jobs::read_jobs(stdout);
        listed.jobs.extend(found.jobs);
        listed.n_unreadable += found.unreadable.len() + unseen.word(2).parse::<usize>().unwrap_or(1);
    }
    Ok(listed)
}
