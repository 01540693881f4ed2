//! What a snapshot changes, and how a missing job is resolved.

mod arrays;
mod changes;
mod each_case;
mod look_up;
mod orders;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb::poller::diff::resolve::{resolve_forgotten, resolve_record};
use pbsweb::poller::diff::{KnownJob, KnownRuns, Observed, Resolution};
use pbsweb::poller::snapshot::HostSnapshot;
use pbsweb::scheduler::openpbs::read_jobs;
use pbsweb::scheduler::records::{EpilogueFacts, ListingReply, RunNote, Unavailable};
use pbsweb::scheduler::{JobRecord, Listing};
use pbsweb::store::jobs::JobFacts;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::{JobState, StateSource};
use uuid::Uuid;

use crate::recording::recording;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
}

fn id(number: u128) -> JobId {
    JobId::from_uuid(Uuid::from_u128(number))
}

fn known(number: u128, pbs_id: Option<&str>, state: JobState) -> KnownJob {
    KnownJob {
        job: id(number),
        pbs_id: pbs_id.map(|id| id.parse().unwrap()),
        login: "alice".parse().unwrap(),
        state,
        as_of: at(0),
        observed: Observed::default(),
    }
}

/// A record of alice's with the tag of that number.
fn listed(pbs_id: &str, letter: &str, tag: Option<u128>) -> JobRecord {
    let tag =
        tag.map(|number| format!("    Variable_List = A=1,PBSWEB_JOB={}\n", id(number))).unwrap_or_default();
    let text = format!(
        "Job Id: {pbs_id}\n    Job_Owner = alice@vm\n    job_state = {letter}\n    substate = 92\n{tag}"
    );
    read_jobs(text.as_bytes()).jobs.remove(0)
}

fn snapshot(jobs: Vec<JobRecord>) -> HostSnapshot {
    HostSnapshot::new(at(10), ListingReply::Listed(Box::new(Listing { jobs, ..Listing::default() })))
}

fn down() -> HostSnapshot {
    HostSnapshot::new(
        at(10),
        ListingReply::Unavailable(Unavailable { status: Some(255), words: "refused".into() }),
    )
}

fn epilogue(status: i32) -> EpilogueFacts {
    let run =
        RunNote { began_at: Some(at(0)), ended_at: Some(at(5)), exit_status: Some(status), queue: None };
    EpilogueFacts { run, ..EpilogueFacts::default() }
}

/// Nothing is known of its runs.
const NO_RUNS: KnownRuns = KnownRuns { run_count: 0, waiting_at: None, is_delete_requested: false };

/// What is stored of a job in this state.
fn facts(state: JobState) -> JobFacts {
    let started_at = state.is_active().then(|| at(-100));
    JobFacts {
        state,
        source: StateSource::Listing,
        pbs_id: "1.vm".parse().ok(),
        started_at,
        walltime_seconds: Some(60),
        run_count: i32::from(started_at.is_some()),
        ..JobFacts::submitting(at(0))
    }
}

const LETTERS: [&str; 13] = ["Q", "T", "H", "W", "R", "B", "S", "U", "E", "M", "F", "X", "?"];

/// What look-ups find: recorded jobs, notes, and nothing.
fn some_resolutions() -> Vec<Resolution> {
    let mut all = vec![Resolution::Lost, Resolution::Unknown("refused".to_owned())];
    for name in ["qstat-x-f", "release-23.06.06/qstat-x-f", "qstat-f", "qstat-x-f-depend-notok"] {
        all.extend(read_jobs(&recording(name).stdout).jobs.iter().map(resolve_record));
    }
    for status in [0, 1, 130, 137, 143] {
        all.push(resolve_forgotten(NO_RUNS, Some(&epilogue(status)), None));
    }
    all
}
