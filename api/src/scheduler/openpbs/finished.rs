//! What the scheduler remembers of jobs that its listing no longer shows, and what their epilogues left.

use chrono::DateTime;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::PbsJobId;

use super::{RUN, accounting, bindings, epilogue, jobs};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::records::{FinishedReply, Unavailable};

const PROGRAM: &str = include_str!("programs/finished.sh");

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    jobs: &[(JobId, PbsJobId)],
    server: Option<&str>,
) -> Result<Command, CommandError> {
    if jobs.is_empty() {
        return Err(CommandError::NoIds);
    }
    let mut bindings = bindings(site, marker);
    // qstat(1B): `12.vm@other` asks the server `other` about the job.
    let at = server.map(|server| format!("@{server}")).unwrap_or_default();
    let pbs_ids = bindings.bind_all("id", jobs.iter().map(|(_, pbs_id)| format!("{pbs_id}{at}")));
    let ids = bindings.bind_all("job", jobs.iter().map(|(job, _)| job.to_string()));
    let program = PROGRAM.replace("@IDS@", &pbs_ids).replace("@JOBS@", &ids);
    bindings.into_command(format!("{RUN}{}{program}", epilogue::NOTES))
}

pub(super) fn read(marker: &Marker, asked: &[(JobId, PbsJobId)], stdout: &[u8]) -> FinishedReply {
    let frames = Frames::read(marker, stdout);
    let clock = frames.find(&["clock"]).and_then(|frame| frame.word(1).parse().ok());
    let with_plain = frames.find(&["out", "plain"]).is_some();
    let mut reply = FinishedReply {
        n_calls: 1 + u32::from(with_plain),
        host_clock: clock.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        ..FinishedReply::default()
    };
    for (job, pbs_id) in asked {
        let whose = job.to_string();
        let files = frames.frames.iter().filter(|frame: &&Frame<'_>| {
            // The last frame of a cut output may be cut itself.
            frame.word(0) == "file" && frame.word(1) == whose && frames.is_whole
        });
        reply.epilogues.extend(epilogue::read(files).map(|facts| (*job, facts)));
        let accounted = frames.find(&["accounting", &whose]).filter(|_| frames.is_whole);
        let accounted = accounted.and_then(|frame| accounting::end_of(pbs_id, frame.body));
        reply.accounted.extend(accounted.map(|end| (*job, end)));
    }
    let ran = if with_plain { "plain" } else { "finished" };
    let Some(ran) = frames.command(ran) else {
        reply.unavailable =
            Some(Unavailable { status: None, words: "the answer of the host was cut off".to_owned() });
        return reply;
    };
    let is_asked = |id: &PbsJobId| asked.iter().any(|(_, pbs_id)| pbs_id == id);
    let (subjobs, records): (Vec<_>, Vec<_>) =
        jobs::read_jobs(ran.stdout).jobs.into_iter().partition(|record| record.pbs_id.subjob().is_some());
    reply.records = records;
    reply.records.retain(|record| is_asked(&record.pbs_id));
    reply.subjobs = subjobs;
    reply.subjobs.retain(|record| record.pbs_id.subjob().is_some_and(|(array, _)| is_asked(&array)));
    for (_, pbs_id) in asked {
        let is_listed = reply.records.iter().any(|record| record.pbs_id == *pbs_id);
        if !is_listed && is_named_unknown(&ran.stderr, pbs_id) {
            reply.unknown.push(pbs_id.clone());
        }
    }
    // 153 and 35 are said of single jobs; everything else is about the server.
    if reply.records.len() + reply.unknown.len() < asked.len() {
        reply.unavailable = Some(Unavailable { status: Some(ran.status), words: ran.stderr });
    }
    reply
}

/// `qstat: Unknown Job Id 99999.vm`; the release prints the id as it was given, which is whole here.
fn is_named_unknown(stderr: &str, pbs_id: &PbsJobId) -> bool {
    stderr.lines().any(|line| {
        line.rsplit_once("Unknown Job Id").is_some_and(|(_, id)| {
            let id = id.trim();
            let number = pbs_id.as_str().split_once('.').map_or(pbs_id.as_str(), |(number, _)| number);
            id == pbs_id.as_str() || id == number
        })
    })
}
