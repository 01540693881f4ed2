//! Why a job waits, in plain words: from what its scheduler says, and from what is known of its queue.

use serde::{Deserialize, Serialize};

use crate::host::{ListedJob, Queue};
use crate::job::JobState;

/// Where a job stands among those that wait in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// 1 for the first.
    pub position: u32,
    /// All that wait.
    pub of: u32,
}

/// Why a job waits, one sentence for each thing that is known, the most telling one first; nothing when it does not wait.
/// The scheduler's own comment is for showing beside it.
///
/// ```
/// # use pbsweb_shared::waiting::explain_comment;
/// assert_eq!(
///     explain_comment("Not Running: Queue not started.").as_deref(),
///     Some("its queue is stopped: an administrator has to start it"),
/// );
/// ```
#[must_use]
pub fn why_waiting(job: &ListedJob, queue: Option<&Queue>) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    match job.state {
        Some(JobState::Held) => reasons.push(why_held(job)),
        Some(JobState::Waiting) => {
            reasons.push("it is not to start before a time that was set for it".to_owned())
        }
        Some(JobState::Suspended) => {
            reasons.push("it ran and was suspended; it goes on when the scheduler lets it".to_owned())
        }
        Some(JobState::Queued) => {}
        Some(
            JobState::Submitting
            | JobState::Rejected
            | JobState::Running
            | JobState::Exiting
            | JobState::Completed
            | JobState::Failed
            | JobState::Deleted
            | JobState::Expired
            | JobState::Lost,
        )
        | None => return reasons,
    }
    let said = job.comment.as_deref().and_then(explain_comment);
    let is_said = said.is_some();
    let is_limited = said.as_deref().is_some_and(|said| [OF_USER, OF_GROUP, OF_ALL].contains(&said));
    reasons.extend(said);
    if let Some(queue) = queue.filter(|queue| is_limited && !queue.limits.is_empty()) {
        reasons.push(format!("{} limits {}", queue.name, queue.limits.join("; ")));
    }
    if queue.is_some_and(|queue| !queue.is_started)
        && job.comment.as_deref().is_none_or(|text| !text.contains("Queue not started"))
    {
        reasons.push("its queue is stopped: an administrator has to start it".to_owned());
    }
    if job.state == Some(JobState::Queued) {
        if !is_said && reasons.is_empty() {
            reasons.push(match &job.comment {
                Some(_) => "the scheduler gives its own reason".to_owned(),
                None => "the scheduler has not looked at it yet, or starts no jobs at the moment".to_owned(),
            });
        }
        if let Some(Place { position, of }) = job.place.filter(|place| place.of > 1) {
            reasons.push(format!(
                "it is number {position} of {of} that wait in {}, by the time they came; the scheduler may choose otherwise",
                job.queue
            ));
        }
    }
    reasons
}

fn why_held(job: &ListedJob) -> String {
    let kinds = job.hold_types.as_deref().unwrap_or_default();
    let depends = job.depend.is_some();
    match (kinds.contains('u'), kinds.contains('o'), kinds.contains('s')) {
        (true, _, _) if depends => "its owner holds it, and it waits for other jobs".to_owned(),
        (true, _, _) => "its owner holds it: release it to let it start".to_owned(),
        (false, true, _) => "an operator holds it".to_owned(),
        (false, false, true) if depends => "it waits for other jobs that it depends on".to_owned(),
        (false, false, true) => "the system holds it; its administrators can release it".to_owned(),
        (false, false, false) => "it is held".to_owned(),
    }
}

/// What a comment of the scheduler means, if it is one that is known. Sources: the messages of OpenPBS' scheduler
/// and the recordings.
#[must_use]
pub fn explain_comment(comment: &str) -> Option<String> {
    let comment = comment.trim();
    let (is_never, why) = match comment.split_once("Run: ").or_else(|| comment.split_once("Running: ")) {
        Some((head, why)) => (head.trim_end() == "Can Never", why),
        None => (false, comment),
    };
    let lower = why.to_ascii_lowercase();
    let has = |words: &str| lower.contains(words);
    if is_never {
        let what = match resource_of(why) {
            Some((name, wanted, there)) => {
                format!("it asks for more {name} than there is ({wanted} asked for, {there} there)")
            }
            None => "it asks for more than the whole cluster has".to_owned(),
        };
        return Some(format!("it can never run: {what}; delete it and ask for less"));
    }
    if let Some((name, wanted, there)) = resource_of(why) {
        return Some(format!("not enough {name} is free at the moment ({wanted} asked for, {there} free)"));
    }
    let known = MEANINGS.iter().find(|(words, _)| words.split('&').all(has));
    known.map(|(_, meaning)| (*meaning).to_owned())
}

/// The words of a comment, in lower case, all of those between `&`, and what they mean; the first that fits counts. What limits one
/// user, group or project comes before what limits all.
const MEANINGS: [(&str, &str); 30] = [
    ("queue not started", "its queue is stopped: an administrator has to start it"),
    (
        "subjobs limit",
        "as many jobs of its array run as it allows itself; the next starts when one of them ends",
    ),
    ("node has reached", NO_ROOM),
    ("user&has reached", OF_USER),
    ("per-user&limit", OF_USER),
    ("limit reached for user", OF_USER),
    ("exceed user", OF_USER),
    ("group&has reached", OF_GROUP),
    ("per-group&limit", OF_GROUP),
    ("limit reached for group", OF_GROUP),
    ("exceed group", OF_GROUP),
    ("project&has reached", OF_GROUP),
    ("per-project&limit", OF_GROUP),
    ("limit reached for project", OF_GROUP),
    ("exceed project", OF_GROUP),
    ("exceed overall limit", OF_ALL),
    ("limit&reached", OF_ALL),
    ("right type of nodes", NO_ROOM),
    ("not enough&nodes", NO_ROOM),
    ("no available resources on nodes", NO_ROOM),
    ("too few free resources", NO_ROOM),
    ("can't fit in the largest", TOO_WIDE),
    ("interfere", COMES_BEFORE),
    ("conflict with", COMES_BEFORE),
    ("top job", COMES_BEFORE),
    ("strict sorted order", "jobs start in their order here, and one before it has to wait"),
    ("will run in&prime", "it runs only at certain hours"),
    ("prime", OTHER_WORK),
    ("dedicated time", OTHER_WORK),
    ("ineligible state", "the nodes that it needs are down or kept free by an administrator"),
];

const TOO_WIDE: &str = "the nodes that belong together are too few for it, and it may not be spread wider";
const OF_USER: &str = "its owner has as much in use as one user may; it starts when a job of theirs ends";
const OF_GROUP: &str =
    "its group or project has as much in use as one may; it starts when a job of theirs ends";
const OF_ALL: &str = "as much is in use as the queue or the server allows; it starts when others end";
const NO_ROOM: &str = "no node has room for it at the moment; it starts when others end";
const COMES_BEFORE: &str = "it would delay a job or a reservation that comes before it";
const OTHER_WORK: &str = "it would not end before a time that is kept for other work";

/// `Insufficient amount of resource: ncpus (R: 4000 A: 4 T: 4)`: the name, what is asked for, and what is there.
fn resource_of(why: &str) -> Option<(String, String, String)> {
    let (_, rest) = why.split_once("resource: ").or_else(|| why.split_once("resource "))?;
    let (name, amounts) = rest.split_once(" (R: ")?;
    let mut words = amounts.split_ascii_whitespace();
    let wanted = words.next()?;
    let there = words.skip_while(|word| *word != "A:").nth(1)?;
    let name = match name.trim() {
        "ncpus" => "processors",
        "mem" => "memory",
        "ngpus" | "naccelerators" => "GPUs",
        other => other,
    };
    Some((name.to_owned(), wanted.to_owned(), there.trim_end_matches(')').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(is_started: bool, limits: &[&str]) -> Queue {
        Queue {
            name: "workq".to_owned(),
            is_enabled: true,
            is_started,
            is_default: true,
            is_offered: true,
            n_queued: 1,
            n_running: 0,
            max_walltime_seconds: None,
            default_walltime_seconds: None,
            max_ncpus: None,
            min_ncpus: None,
            limits: limits.iter().map(|limit| (*limit).to_owned()).collect(),
        }
    }

    fn job(state: JobState, comment: Option<&str>) -> ListedJob {
        ListedJob {
            pbs_id: "1.pbs".parse().unwrap(),
            name: "relax".to_owned(),
            owner: "ada".to_owned(),
            queue: "workq".to_owned(),
            state: Some(state),
            state_letter: "Q".to_owned(),
            ncpus: None,
            nodect: None,
            walltime_seconds: None,
            used_walltime_seconds: None,
            queued_at: None,
            started_at: None,
            comment: comment.map(str::to_owned),
            hold_types: None,
            depend: None,
            estimated_start_at: None,
            array_states: None,
            place: Some(Place { position: 3, of: 9 }),
            is_own: true,
            job: None,
        }
    }

    #[test]
    fn comments_of_the_recordings_are_understood() {
        for (comment, expected) in [
            (
                "Not Running: Not enough free nodes available",
                "no node has room for it at the moment; it starts when others end",
            ),
            (
                "Can Never Run: Not enough total nodes available",
                "it can never run: it asks for more than the whole cluster has; delete it and ask for less",
            ),
            (
                "Can Never Run: Insufficient amount of resource: ncpus (R: 4000 A: 4 T: 4)",
                "it can never run: it asks for more processors than there is (4000 asked for, 4 there); delete it and ask for less",
            ),
            (
                "Not Running: Insufficient amount of resource: mem (R: 64gb A: 3gb T: 128gb)",
                "not enough memory is free at the moment (64gb asked for, 3gb free)",
            ),
            (
                "Not Running: User has reached queue sequential running job limit.",
                "its owner has as much in use as one user may; it starts when a job of theirs ends",
            ),
            ("Not Running: Queue not started.", "its queue is stopped: an administrator has to start it"),
            ("Not Running: Queue workq job limit has been reached.", OF_ALL),
            ("Not Running: Server job limit has been reached.", OF_ALL),
            ("Not Running: Queue workq job limit reached for user ada", OF_USER),
            ("Not Running: Queue workq per-user limit reached on resource ncpus", OF_USER),
            ("Not Running: would exceed user ada's limit on resource ncpus in queue workq", OF_USER),
            ("Not Running: Group has reached queue workq running limit.", OF_GROUP),
            ("Not Running: Server job limit reached for group physics", OF_GROUP),
            (
                "Not Running: would exceed project _pbs_project_default's limit on resource mem in complex",
                OF_GROUP,
            ),
            ("Not Running: would exceed overall limit on resource ngpus in complex", OF_ALL),
            (
                "Not Running: Number of concurrent running subjobs limit reached",
                "as many jobs of its array run as it allows itself; the next starts when one of them ends",
            ),
            ("Not Running: Job would interfere with a confirmed reservation", COMES_BEFORE),
            ("Not Running: Job would conflict with reservation or top job", COMES_BEFORE),
            ("Not Running: Job would cross dedicated time boundary", OTHER_WORK),
            ("Not Running: Job will run in nonprimetime only", "it runs only at certain hours"),
            ("Not Running: host set node7 has too few free resources", NO_ROOM),
            ("Not Running: Not enough of the right type of nodes are available", NO_ROOM),
            (
                "Not Running: Node is in an ineligible state: offline",
                "the nodes that it needs are down or kept free by an administrator",
            ),
            (
                "Can Never Run: Insufficient amount of queue resource: mem (R: 2tb A: 1tb T: 1tb)",
                "it can never run: it asks for more memory than there is (2tb asked for, 1tb there); delete it and ask for less",
            ),
        ] {
            assert_eq!(explain_comment(comment).as_deref(), Some(expected), "{comment}");
        }
        for comment in ["", "Job run at Sun Nov 22 at 20:44 on (vm:ncpus=1)", "maintenance on Friday"] {
            assert_eq!(explain_comment(comment), None, "{comment}");
        }
    }

    #[test]
    fn the_queue_is_a_reason_too() {
        let limits = ["jobs of one user: at most 5 run at once"];
        let told = |comment, queue: Queue| {
            let job = ListedJob { place: None, ..job(JobState::Queued, comment) };
            why_waiting(&job, Some(&queue))
        };
        let stopped = "its queue is stopped: an administrator has to start it";
        assert_eq!(told(None, queue(false, &limits)), [stopped]);
        assert_eq!(told(Some("Not Running: Queue not started."), queue(false, &[])), [stopped]);
        let of_user = Some("Not Running: User has reached queue workq running job limit.");
        assert_eq!(
            told(of_user, queue(true, &limits)),
            [OF_USER, "workq limits jobs of one user: at most 5 run at once"]
        );
        assert_eq!(told(of_user, queue(true, &[])), [OF_USER]);
        // Its limits are not why.
        assert_eq!(
            told(Some("Not Running: Not enough free nodes available"), queue(true, &limits)),
            [NO_ROOM]
        );
    }

    #[test]
    fn only_jobs_that_wait_have_reasons() {
        assert!(why_waiting(&job(JobState::Running, Some("Not Running: x")), None).is_empty());
        let told = why_waiting(&job(JobState::Queued, None), None);
        assert_eq!(told.len(), 2);
        assert!(
            told[0].contains("has not looked at it yet") && told[1].starts_with("it is number 3 of 9"),
            "{told:?}"
        );
        let mut held = job(JobState::Held, None);
        held.hold_types = Some("s".to_owned());
        assert!(why_waiting(&held, None)[0].contains("administrators"));
        held.depend = Some("afterok:7.pbs".to_owned());
        assert!(why_waiting(&held, None)[0].contains("other jobs"));
        held.hold_types = Some("us".to_owned());
        assert!(why_waiting(&held, None)[0].starts_with("its owner holds it, and"));
    }
}
