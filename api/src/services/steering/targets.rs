//! Which jobs an action is for, and what the scheduler would be given for each.

use std::collections::HashMap;

use pbsweb_shared::api::job_actions::{JobActionCreate, JobActionFilter};
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::steering::{Steering, is_array_id, target_ids};
use uuid::Uuid;

use super::{SteerError, wrong};
use crate::app::App;
use crate::scheduler::records::placed_at;
use crate::services::actor::Actor;
use crate::store::jobs::{StateFilter, find_jobs, list_jobs};
use crate::store::page::{PageRequest, Place};

/// Most jobs of one action.
const MOST_JOBS: usize = 10_000;

/// A job, what the scheduler would be given for it, and whether that makes sense.
pub(super) struct Planned {
    pub(super) job: Job,
    pub(super) pbs_ids: Vec<PbsJobId>,
    /// What happens to it, or why nothing does.
    pub(super) fits: Result<&'static str, &'static str>,
}

pub(super) fn plan(steering: &Steering, job: Job) -> Planned {
    let Some(pbs_id) = id_for_commands(&job) else {
        let fits = job.state.allows(steering.action()).and(Err("the scheduler's id is not known"));
        return Planned { job, pbs_ids: Vec::new(), fits };
    };
    let fits = steering.fits(job.state, is_array_id(&pbs_id));
    match target_ids(&pbs_id, steering.subjobs()) {
        Ok(pbs_ids) => Planned { pbs_ids, fits, job },
        Err(reason) => Planned { job, pbs_ids: Vec::new(), fits: fits.and(Err(reason)) },
    }
}

/// What commands are given for a job. One that was moved to another server is there: its first server may know it as history.
pub(super) fn id_for_commands(job: &Job) -> Option<PbsJobId> {
    let pbs_id = job.pbs_id.as_ref()?;
    let there = job.queue.as_deref().and_then(placed_at);
    Some(there.and_then(|server| pbs_id.at(server).ok()).unwrap_or_else(|| pbs_id.clone()))
}

/// The jobs that a request is about, in the order of the request, or newest first.
pub(super) async fn jobs_of(
    app: &App,
    actor: &Actor,
    request: &JobActionCreate,
) -> Result<Vec<Job>, SteerError> {
    let mut errors = request.action.check();
    errors.iter_mut().for_each(|error| error.pointer = format!("/action{}", error.pointer));
    if matches!(request.action, Steering::Order(_)) {
        errors.push(FieldError {
            pointer: "/action/type".to_owned(),
            code: "type.one_job".to_owned(),
            message: "is about two jobs; ask for it at one of them".to_owned(),
        });
    }
    if !errors.is_empty() {
        return Err(SteerError::Invalid(errors));
    }
    let too_many = |pointer: &str| {
        wrong(pointer, "jobs.too_many", format!("more than {MOST_JOBS} jobs; take fewer at a time"))
    };
    let owner = actor.user;
    match (&request.filter, request.jobs.as_slice()) {
        (None, []) => Err(wrong("/jobs", "jobs.missing", "name jobs, or give a filter")),
        (Some(_), [_, ..]) => {
            Err(wrong("/filter", "filter.beside_jobs", "either name jobs, or give a filter"))
        }
        (None, ids) if ids.len() > MOST_JOBS => Err(too_many("/jobs")),
        (None, ids) => {
            let wanted = ids.to_vec();
            let found = app.store.query(move |connection| find_jobs(connection, owner, &wanted)).await?;
            let mut found: HashMap<JobId, Job> = found.into_iter().map(|job| (job.id, job)).collect();
            let mut jobs = Vec::with_capacity(ids.len());
            for (i, id) in ids.iter().enumerate() {
                let unknown =
                    || wrong(&format!("/jobs/{i}"), "jobs.unknown", "names none of your jobs, or one twice");
                jobs.push(found.remove(id).ok_or_else(unknown)?);
            }
            Ok(jobs)
        }
        (Some(filter), []) => {
            let (query, states) = query_of(filter)?;
            let newest = filter.submitted_until.map(|until| Place::new(until, Uuid::max()));
            let limit = u32::try_from(MOST_JOBS).unwrap_or(u32::MAX);
            let mut request = PageRequest { limit, after: newest };
            let mut jobs = Vec::new();
            loop {
                let (query, states) = (query.clone(), states.clone());
                let found = app
                    .store
                    .query(move |connection| {
                        list_jobs(connection, owner, &query, states.as_ref(), request, "")
                    })
                    .await?;
                jobs.extend(found.items);
                if jobs.len() > MOST_JOBS {
                    return Err(too_many("/filter"));
                }
                let Some(token) = found.next_page_token else { return Ok(jobs) };
                // A page that is not full is not the last one.
                request.after = PageRequest::read(None, Some(&token), "")?.after;
            }
        }
    }
}

fn query_of(filter: &JobActionFilter) -> Result<(JobsQuery, Option<StateFilter>), SteerError> {
    let states = filter.state.as_deref().filter(|text| !text.is_empty());
    let states = states
        .map(str::parse::<StateFilter>)
        .transpose()
        .map_err(|error| wrong("/filter/state", "state.unknown", error.to_string()))?;
    let query = JobsQuery {
        host: filter.host,
        state: filter.state.clone(),
        application: filter.application,
        script: filter.script,
        revision: filter.revision,
        queue: filter.queue.clone(),
        exit_status: filter.exit_status,
        since: filter.since,
        until: filter.until,
        text: filter.text.clone(),
        ..JobsQuery::default()
    };
    Ok((query, states))
}
