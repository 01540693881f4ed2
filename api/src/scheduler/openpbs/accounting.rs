//! The server's accounting (`$PBS_HOME/server_priv/accounting`, a file a day), where the account may read it. A line is
//! `MM/DD/YYYY HH:MM:SS;TYPE;ID;key=value key=value…` (PBS Reference Guide, "Accounting Log"); its times in `key=value` are
//! seconds since 1970.

use chrono::{DateTime, Utc};
use pbsweb_shared::job::{EndCause, JobState};
use pbsweb_shared::names::PbsJobId;

use super::end::verdict_of;
use crate::scheduler::records::JobEnd;

/// How a job ended by its accounting lines: `E` ended, `D` deleted by somebody, `A` aborted by the server, `R` to be run again. What
/// stands before the last `R` is about a former run.
pub(super) fn end_of(pbs_id: &PbsJobId, lines: &[u8]) -> Option<JobEnd> {
    let text = String::from_utf8_lossy(lines);
    let mut deleted_by: Option<String> = None;
    let mut end: Option<JobEnd> = None;
    for line in text.lines() {
        let mut fields = line.splitn(4, ';');
        let (Some(_), Some(kind), Some(id), Some(message)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if id != pbs_id.as_str() {
            continue;
        }
        match kind {
            "R" => (end, deleted_by) = (None, None),
            "D" => deleted_by = Some(value(message, "requestor").unwrap_or_default().to_owned()),
            "A" => end = Some(aborted(message)),
            "E" => end = ended(message),
            _ => {}
        }
    }
    match (end, deleted_by) {
        (end, None) => end,
        (end, Some(by)) => {
            let reason = Some(format!("deleted by {by}"));
            let end = end.unwrap_or_else(|| aborted(""));
            Some(JobEnd { state: JobState::Deleted, cause: EndCause::Deleted, reason, ..end })
        }
    }
}

fn ended(message: &str) -> Option<JobEnd> {
    let status: i32 = value(message, "Exit_status")?.parse().ok()?;
    let (state, cause, signal, reason) = verdict_of(status, None);
    let (started_at, ended_at) = (time(message, "start"), time(message, "end"));
    let queue = value(message, "queue").map(str::to_owned);
    Some(JobEnd { state, cause, exit_status: Some(status), signal, reason, started_at, ended_at, queue })
}

/// The server took it away: before it ran, or without an end of its own.
fn aborted(message: &str) -> JobEnd {
    JobEnd {
        state: JobState::Deleted,
        cause: if message.contains("depend") { EndCause::Dependency } else { EndCause::Unknown },
        exit_status: None,
        signal: None,
        reason: Some(format!("taken away by the scheduler: {}", message.trim())),
        started_at: None,
        ended_at: None,
        queue: None,
    }
}

fn value<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    message.split_ascii_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

fn time(message: &str, key: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(value(message, key)?.parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, expected: Option<(JobState, EndCause, Option<i32>)>) {
        let id: PbsJobId = "7.vm".parse().unwrap();
        let end = end_of(&id, lines.as_bytes());
        assert_eq!(end.map(|end| (end.state, end.cause, end.exit_status)), expected, "{lines}");
    }

    #[test]
    fn lines_tell_ends_apart() {
        let e = |status: i32| {
            format!(
                "11/22/2026 20:45:19;E;7.vm;user=alice group=alice jobname=x queue=workq ctime=1 qtime=1 etime=1 start=100 \
                 exec_host=vm/0 session=9 end=160 Exit_status={status} resources_used.mem=0kb run_count=1\n"
            )
        };
        let d = "11/22/2026 20:45:18;D;7.vm;requestor=alice@vm\n";
        let r = "11/22/2026 20:45:20;R;7.vm;user=alice Exit_status=-11 run_count=1\n";
        check("", None);
        check(&e(0), Some((JobState::Completed, EndCause::Exit, Some(0))));
        check(&e(3), Some((JobState::Failed, EndCause::Exit, Some(3))));
        check(&e(-29), Some((JobState::Expired, EndCause::Walltime, Some(-29))));
        check(&e(-27), Some((JobState::Expired, EndCause::Memory, Some(-27))));
        check(&e(-20), Some((JobState::Failed, EndCause::Node, Some(-20))));
        check(&e(265), Some((JobState::Failed, EndCause::Signal, Some(265))));
        check(&format!("{d}{}", e(271)), Some((JobState::Deleted, EndCause::Deleted, Some(271))));
        check(d, Some((JobState::Deleted, EndCause::Deleted, None)));
        check(
            "11/22/2026 20:45:18;A;7.vm;Job deleted as result of dependency on job 6.vm\n",
            Some((JobState::Deleted, EndCause::Dependency, None)),
        );
        let end = end_of(&"7.vm".parse().unwrap(), e(0).as_bytes());
        assert_eq!(end.and_then(|end| end.queue).as_deref(), Some("workq"));
        // Run again since: the former run's end is not the job's.
        check(&format!("{}{r}", e(271)), None);
        check(&format!("{d}{r}{}", e(0)), Some((JobState::Completed, EndCause::Exit, Some(0))));
        // Others' lines and broken ones.
        check(&e(0).replace(";7.vm;", ";77.vm;"), None);
        check("11/22/2026 20:45:19;E;7.vm\n;;;\nE\n", None);
        check(&e(0).replace("Exit_status=0", "Exit_status=?"), None);
    }
}
