//! How jobs ended that are no longer listed: the scheduler's record of finished jobs, then the file that the job's own
//! epilogue left. What neither tells is lost, and looked for again.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pbsweb_shared::ids::{HostId, JobId, UserId};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::PbsJobId;

use super::apply::{memory_bytes, observe};
use super::diff::resolve::resolve;
use super::diff::{Resolution, is_record_of};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{FinishedReply, JobEnd};
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker, quick};
use crate::store::StoreError;
use crate::store::jobs::{JobFacts, OpenJob, change_job};
use crate::store::replicas::Hold;
use crate::store::watches::lock_watch;
use crate::transport::RunLimits;

/// Records of finished jobs, some kilobytes each.
const MOST_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Jobs asked about in one exchange.
const AT_ONCE: usize = 200;

/// Settles jobs that a listing no longer shows, each by its owner's own account: another may not be allowed to see it.
pub(super) async fn settle_missing(
    app: &Arc<App>,
    hold: Hold,
    missing: Vec<OpenJob>,
) -> Result<(), StoreError> {
    let host = hold.host;
    let mut by_owner: HashMap<UserId, Vec<OpenJob>> = HashMap::new();
    for job in missing {
        by_owner.entry(job.owner).or_default().push(job);
    }
    for (owner, jobs) in by_owner {
        for jobs in jobs.chunks(AT_ONCE) {
            let asked: Vec<(JobId, PbsJobId)> =
                jobs.iter().filter_map(|job| Some((job.id, job.facts.pbs_id.clone()?))).collect();
            match ask(app, owner, host, &asked).await {
                Ok(reply) => keep(app, hold, asked, disown(reply, jobs)).await?,
                Err(ReachError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::info!(host.id = %host, cause = chain(&error), "missing jobs could not be looked up; the next listing asks again");
                }
            }
        }
    }
    Ok(())
}

async fn ask(
    app: &App,
    owner: UserId,
    host: HostId,
    jobs: &[(JobId, PbsJobId)],
) -> Result<FinishedReply, ReachError> {
    let reach = Reach::find(app, owner, host, Trust::Named).await?;
    let marker = fresh_marker();
    let command = reach.scheduler().finished(&reach.site(), &marker, jobs)?;
    let limits = RunLimits { max_output_bytes: MOST_OUTPUT_BYTES, ..quick(app) };
    let output = reach.run(app, command, limits).await?;
    Ok(reach.scheduler().read_finished(&marker, jobs, &output.stdout))
}

/// A number may be another job's by now. Such a record says nothing of ours, but that the scheduler has it no more.
fn disown(mut reply: FinishedReply, jobs: &[OpenJob]) -> FinishedReply {
    for job in jobs {
        let Some(pbs_id) = &job.facts.pbs_id else { continue };
        let n_records = reply.records.len();
        reply.records.retain(|record| record.pbs_id != *pbs_id || is_record_of(record, job.id, &job.login));
        if reply.records.len() < n_records {
            reply.unknown.push(pbs_id.clone());
        }
    }
    reply
}

async fn keep(
    app: &App,
    hold: Hold,
    asked: Vec<(JobId, PbsJobId)>,
    reply: FinishedReply,
) -> Result<(), StoreError> {
    let now = app.replica.now();
    app.store
        .query(move |connection| {
            // What was asked before another server took over may be older than what that one knows.
            if !lock_watch(connection, hold)? {
                return Ok(());
            }
            for (job, pbs_id) in &asked {
                let resolution = resolve(*job, pbs_id, &reply);
                let used = reply.records.iter().find(|record| record.pbs_id == *pbs_id);
                let used_memory = used.and_then(|record| record.used("mem")).and_then(memory_bytes);
                change_job(connection, *job, now, |facts| {
                    if !facts.state.has_ended() && facts.pbs_id.as_ref() == Some(pbs_id) {
                        settle(facts, resolution, now);
                        facts.used_memory_bytes = used_memory.or(facts.used_memory_bytes);
                    }
                })?;
            }
            Ok(())
        })
        .await?;
    app.hub.poke();
    Ok(())
}

/// What a look-up means for a job. A scheduler that did not answer changes nothing.
fn settle(facts: &mut JobFacts, resolution: Resolution, now: DateTime<Utc>) {
    match resolution {
        Resolution::Ended { end, source, observed } => {
            if let Some(observed) = &observed {
                observe(facts, observed);
            }
            ended(facts, end, source, now);
        }
        Resolution::Present { state, observed } => {
            facts.state = state;
            facts.source = StateSource::Listing;
            facts.as_of = now;
            facts.next_look_at = None;
            facts.n_looks = 0;
            observe(facts, &observed);
        }
        // The scheduler took the deletion and knows the job no more: it is deleted.
        Resolution::Lost if facts.is_delete_requested => {
            facts.state = JobState::Deleted;
            facts.source = StateSource::Listing;
            facts.as_of = now;
            facts.ended_at = Some(now);
            facts.reason = Some("deleted on request; the scheduler no longer lists it".to_owned());
            facts.next_look_at = None;
        }
        Resolution::Lost => {
            facts.n_looks = facts.n_looks.saturating_add(1);
            facts.next_look_at = Some(now + wait_before(facts.n_looks));
            // The first time the epilogue may still be on its way from the node.
            if facts.n_looks > 1 && facts.state != JobState::Lost {
                let seen = facts.as_of.format("%Y-%m-%d %H:%M:%S UTC");
                facts.reason = Some(format!(
                    "the scheduler no longer lists it and it left no end behind; last seen {seen}; still looking"
                ));
                facts.state = JobState::Lost;
                facts.source = StateSource::Listing;
            }
        }
        Resolution::Unknown => {}
    }
}

fn ended(facts: &mut JobFacts, end: JobEnd, source: StateSource, now: DateTime<Utc>) {
    facts.started_at = end.started_at.or(facts.started_at);
    facts.ended_at = end.ended_at.or(Some(now));
    facts.state = end.state;
    facts.source = source;
    facts.as_of = now;
    facts.exit_status = end.exit_status;
    facts.signal = end.signal;
    facts.reason = end.reason;
    facts.next_look_at = None;
    facts.n_looks = 0;
    // An epilogue knows the signal, not who sent it: what else is known tells.
    if source == StateSource::Epilogue && end.signal == Some(15) {
        let ran = facts.started_at.zip(facts.ended_at).map(|(start, end)| (end - start).num_seconds());
        let is_at_limit = ran.zip(facts.walltime_seconds).is_some_and(|(ran, limit)| ran >= limit);
        if facts.is_delete_requested {
            facts.state = JobState::Deleted;
            facts.reason = Some("deleted on request while it ran".to_owned());
        } else if is_at_limit {
            facts.state = JobState::Expired;
            facts.reason = Some("ended by SIGTERM when its walltime was over".to_owned());
        }
    }
}

fn wait_before(n_looks: i32) -> TimeDelta {
    match n_looks {
        ..=1 => TimeDelta::seconds(1),
        2..=5 => TimeDelta::seconds(30),
        6..=20 => TimeDelta::minutes(5),
        _ => TimeDelta::hours(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(is_delete_requested: bool) -> JobFacts {
        JobFacts {
            state: JobState::Running,
            source: StateSource::Listing,
            as_of: DateTime::UNIX_EPOCH,
            reason: None,
            pbs_id: "1.vm".parse().ok(),
            queue: None,
            exit_status: None,
            signal: None,
            started_at: Some(DateTime::UNIX_EPOCH),
            ended_at: None,
            exec_host: None,
            walltime_seconds: Some(60),
            used_walltime_seconds: None,
            used_memory_bytes: None,
            is_delete_requested,
            next_look_at: None,
            n_looks: 0,
            attended_by: None,
        }
    }

    fn by_sigterm(after: i64) -> Resolution {
        let end = JobEnd {
            state: JobState::Failed,
            exit_status: Some(143),
            signal: Some(15),
            reason: None,
            started_at: None,
            ended_at: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(after)),
        };
        Resolution::Ended { end, source: StateSource::Epilogue, observed: None }
    }

    fn after(mut facts: JobFacts, resolutions: Vec<Resolution>) -> JobState {
        for resolution in resolutions {
            settle(&mut facts, resolution, DateTime::UNIX_EPOCH + TimeDelta::hours(1));
        }
        facts.state
    }

    #[test]
    fn absence_is_not_an_end() {
        assert_eq!(after(running(false), vec![Resolution::Lost]), JobState::Running);
        assert_eq!(after(running(false), vec![Resolution::Lost, Resolution::Lost]), JobState::Lost);
        assert_eq!(after(running(false), vec![Resolution::Unknown; 9]), JobState::Running);
        assert_eq!(after(running(true), vec![Resolution::Lost]), JobState::Deleted);
    }

    #[test]
    fn the_sender_of_a_signal_is_told_by_what_else_is_known() {
        assert_eq!(after(running(false), vec![by_sigterm(10)]), JobState::Failed);
        assert_eq!(after(running(false), vec![by_sigterm(61)]), JobState::Expired);
        assert_eq!(after(running(true), vec![by_sigterm(10)]), JobState::Deleted);
    }
}
