//! Job records from `qstat -f`, text or JSON.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::names::PbsJobId;

use super::end::classify_end;
use super::json::{NoDocument, read_objects};
use super::text::{Block, lossy, read_blocks};
use crate::scheduler::records::JobRecord;

/// What a text held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Jobs {
    /// In the order of the text.
    pub jobs: Vec<JobRecord>,
    /// Listed, but not to be trusted in detail.
    pub unreadable: Vec<PbsJobId>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// Reads all jobs of a `qstat -f` text. A block that cannot be read costs only its own job.
#[must_use]
pub fn read_jobs(text: &[u8]) -> Jobs {
    let mut gathered = Gathered::default();
    let stray = read_blocks("Job Id: ", text, |block| gathered.take(block));
    if !stray.is_empty() {
        gathered.found.problems.push(format!("text before the first job: {}", stray.trim_end()));
    }
    gathered.finish()
}

/// Reads all jobs of a `qstat -f -F json` document, whether it is valid JSON or not.
///
/// # Errors
/// It is no document, or has no end: that says nothing about jobs.
pub fn read_jobs_json(text: &[u8]) -> Result<Jobs, NoDocument> {
    let mut gathered = Gathered::default();
    read_objects("Jobs", text, |block| gathered.take(block))?;
    Ok(gathered.finish())
}

#[derive(Default)]
struct Gathered {
    found: Jobs,
    seen: HashMap<PbsJobId, usize>,
}

impl Gathered {
    fn take(&mut self, block: &Block<'_>) {
        let found = &mut self.found;
        match read_job(block) {
            Ok(job) => match self.seen.entry(job.pbs_id.clone()) {
                Entry::Vacant(first) => {
                    first.insert(found.jobs.len());
                    found.jobs.push(job);
                }
                // One of the two is text inside somebody's variable; which one cannot be told.
                Entry::Occupied(first) => {
                    if found.jobs.get(*first.get()).is_some_and(|known| *known != job)
                        && !found.unreadable.contains(&job.pbs_id)
                    {
                        found
                            .problems
                            .push(format!("job {} is listed twice with different words", job.pbs_id));
                        found.unreadable.push(job.pbs_id);
                    }
                }
            },
            Err(Broken { pbs_id, words }) => {
                found.problems.push(words);
                found.unreadable.extend(pbs_id);
            }
        }
    }

    fn finish(mut self) -> Jobs {
        if !self.found.unreadable.is_empty() {
            let unreadable: HashSet<&PbsJobId> = self.found.unreadable.iter().collect();
            self.found.jobs.retain(|job| !unreadable.contains(&job.pbs_id));
        }
        self.found
    }
}

/// A block that is no job, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its id, if that could be read.
    pub pbs_id: Option<PbsJobId>,
    /// What is wrong.
    pub words: String,
}

/// Reads one job.
///
/// # Errors
/// Its id cannot be one, or it has no owner or no state.
pub fn read_job(block: &Block<'_>) -> Result<JobRecord, Broken> {
    let pbs_id: PbsJobId = block.name.parse().map_err(|_| Broken {
        pbs_id: None,
        words: format!("a job's id cannot be read: {:?}", block.name),
    })?;
    let mut job = empty_record(pbs_id);
    // The first value of an attribute counts, because a later one may be text inside a variable's value: so it is set last.
    for (name, value) in block.attributes.iter().rev() {
        set(&mut job, name, value);
    }
    job.requested = first_of_each(job.requested);
    job.used = first_of_each(job.used);
    if job.owner.is_empty() || job.state_letter.is_empty() {
        return Err(Broken {
            words: format!("job {} is listed without its owner or its state", job.pbs_id),
            pbs_id: Some(job.pbs_id),
        });
    }
    if job.pbs_id.subjob().is_some() && job.array_id.is_none() {
        // It has no record of its own (any more): status, times and words are those of its array (`2[5].vm` in qstat-ft-json).
        job.exit_status = None;
        job.comment = None;
        job.started_at = None;
        job.ended_at = None;
    } else if matches!(job.state_letter.as_str(), "F" | "X") {
        job.end = Some(classify_end(&job));
    }
    Ok(job)
}

/// Resources in the order of the text, of a list that was gathered from its end.
fn first_of_each(list: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::with_capacity(list.len());
    for (name, value) in list.into_iter().rev() {
        if !kept.iter().any(|(known, _)| *known == name) {
            kept.push((name, value));
        }
    }
    kept
}

fn set(job: &mut JobRecord, name: &str, value: &[u8]) {
    match name {
        "Job_Name" => job.name = lossy(value),
        "Job_Owner" => {
            let owner = lossy(value);
            // Directory services have login names with an '@'; a host name has none.
            let (login, host) = owner.rsplit_once('@').unwrap_or((&owner, ""));
            job.owner = login.to_owned();
            job.owner_host = host.to_owned();
        }
        "job_state" => {
            job.state_letter = lossy(value);
            job.state = state_of(&job.state_letter);
        }
        "substate" => job.substate = number(value),
        "queue" => job.queue = lossy(value),
        "server" => job.server = lossy(value),
        "exec_host" => job.exec_host = Some(lossy(value)),
        "exec_vnode" => job.exec_vnode = Some(lossy(value)),
        "comment" => job.comment = Some(lossy(value.trim_ascii())),
        "Hold_Types" => job.hold_types = Some(lossy(value)),
        "Exit_status" => job.exit_status = number(value),
        "ctime" => job.created_at = parse_time(value),
        "qtime" => job.queued_at = parse_time(value),
        "etime" => job.eligible_at = parse_time(value),
        "stime" => job.started_at = parse_time(value),
        // Text or, from older servers, seconds.
        "estimated.start_time" => {
            job.estimated_start_at = parse_time(value)
                .or_else(|| DateTime::from_timestamp(number(value)?, 0))
                .filter(|at| at.timestamp() > 0);
        }
        "mtime" => job.modified_at = parse_time(value),
        "obittime" => job.ended_at = parse_time(value),
        "Output_Path" => job.output_path = Some(lossy(value)),
        "Error_Path" => job.error_path = Some(lossy(value)),
        "Variable_List" => job.tag = tag_of(value),
        // The JSON form lists each variable by itself.
        "Variable_List.PBSWEB_JOB" => {
            job.tag = std::str::from_utf8(value).ok().and_then(|id| id.trim().parse().ok());
        }
        "array" => job.is_array = value == b"True",
        "array_indices_submitted" => job.array_indices = Some(lossy(value)),
        "array_indices_remaining" => job.array_remaining = Some(lossy(value)),
        "array_state_count" => job.array_state_count = Some(lossy(value.trim_ascii())),
        "array_id" => job.array_id = lossy(value).parse().ok(),
        "depend" => job.depend = Some(lossy(value)),
        "run_count" => job.run_count = number(value),
        "Stageout_status" => job.stageout_status = number(value),
        _ => {
            if let Some(resource) = name.strip_prefix("Resource_List.") {
                job.requested.push((resource.to_owned(), lossy(value)));
            } else if let Some(resource) = name.strip_prefix("resources_used.") {
                job.used.push((resource.to_owned(), lossy(value)));
            }
        }
    }
}

/// The letters of `qstat(1B)`. `M` (moved to another server) and unknown letters say nothing that we
/// have a word for; `F` and `X` are ends.
pub(super) fn state_of(letter: &str) -> Option<JobState> {
    match letter {
        "Q" | "T" => Some(JobState::Queued),
        "H" => Some(JobState::Held),
        "W" => Some(JobState::Waiting),
        "R" | "B" => Some(JobState::Running),
        "S" | "U" => Some(JobState::Suspended),
        "E" => Some(JobState::Exiting),
        _ => None,
    }
}

/// `PBSWEB_JOB=<id>` in a `Variable_List`: at its beginning or behind a comma that is no part of a value.
fn tag_of(list: &[u8]) -> Option<JobId> {
    const KEY: &[u8] = b"PBSWEB_JOB=";
    let mut at = 0;
    loop {
        let rest = list.get(at..)?;
        let end = rest.iter().position(|byte| *byte == b',');
        let variable = rest.get(..end.unwrap_or(rest.len()))?;
        let is_inside_a_value = list.get(..at)?.ends_with(b"\\,");
        if let (Some(id), false) = (variable.strip_prefix(KEY), is_inside_a_value) {
            return std::str::from_utf8(id).ok()?.trim().parse().ok();
        }
        at += end? + 1;
    }
}

/// `Sun Nov 22 20:42:19 2026`, in UTC because the programs say `TZ=UTC`.
pub(super) fn parse_time(value: &[u8]) -> Option<DateTime<Utc>> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = std::str::from_utf8(value).ok()?;
    let mut words = text.split_ascii_whitespace().skip(1);
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let day = words.next()?.parse().ok()?;
    let mut clock = words.next()?.splitn(3, ':').map(|field| field.parse::<u32>().ok());
    let year = words.next()?.parse().ok()?;
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day)?;
    Some(date.and_hms_opt(hour, minute, second)?.and_utc())
}

fn number<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn empty_record(pbs_id: PbsJobId) -> JobRecord {
    JobRecord {
        pbs_id,
        name: String::new(),
        owner: String::new(),
        owner_host: String::new(),
        state_letter: String::new(),
        state: None,
        substate: None,
        end: None,
        queue: String::new(),
        server: String::new(),
        exec_host: None,
        exec_vnode: None,
        requested: Vec::with_capacity(6),
        used: Vec::new(),
        comment: None,
        hold_types: None,
        exit_status: None,
        created_at: None,
        queued_at: None,
        eligible_at: None,
        started_at: None,
        estimated_start_at: None,
        modified_at: None,
        ended_at: None,
        output_path: None,
        error_path: None,
        tag: None,
        is_array: false,
        array_indices: None,
        array_remaining: None,
        array_state_count: None,
        array_id: None,
        depend: None,
        run_count: None,
        stageout_status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_form_of_ctime() {
        for (text, expected) in [
            ("Sun Nov 22 20:42:19 2026", Some("2026-11-22T20:42:19+00:00")),
            ("Mon Feb  2 03:04:05 2026", Some("2026-02-02T03:04:05+00:00")),
            ("Mon Feb 30 03:04:05 2026", None),
            ("1795380143", None),
            ("", None),
        ] {
            let found = parse_time(text.as_bytes()).map(|time| time.to_rfc3339());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_tag_is_a_variable_of_its_own() {
        let id = "018f0000-0000-7000-8000-000000000001";
        for (list, is_tag) in [
            (format!("PBSWEB_JOB={id}"), true),
            (format!("A=1,PBSWEB_JOB={id},B=2"), true),
            (format!("A=x\\,PBSWEB_JOB={id}"), false),
            (format!("XPBSWEB_JOB={id}"), false),
            (format!("X=PBSWEB_JOB={id},PBSWEB_JOB={id}"), true),
            ("PBSWEB_JOB=nonsense".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(tag_of(list.as_bytes()).is_some(), is_tag, "{list}");
        }
    }
}
