//! Actions on jobs: what is stored before anything leaves for a host, and what came of it for each job. [`run`] keeps them
//! while they are under way, [`read`] shows them to their owners.

use pbsweb_shared::names::PbsJobId;

mod read;
mod run;

pub use read::{find_action, jobs_done, list_actions, list_actions_of, list_items};
pub use run::{
    NewAction, NewItem, OpenAction, OpenItem, Outcome, finish_or_put_off, insert_action, keep_outcome,
    mark_sent, take_action, take_due_actions,
};

fn read_ids(ids: &[String]) -> diesel::QueryResult<Vec<PbsJobId>> {
    ids.iter().map(|id| super::read(id)).collect()
}
