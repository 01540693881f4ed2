//! Sets of jobs that depend on each other.

use pbsweb_shared::api::job_sets::JobSet;
use pbsweb_shared::ids::JobSetId;

use super::{Reply, http};

/// One set with its jobs.
pub(crate) fn get_job_set(set: JobSetId) -> Reply<JobSet> {
    http::get(&format!("/job-sets/{set}"))
}
