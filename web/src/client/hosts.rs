//! Hosts, one's account on them, their queues and what they list.

use gloo_net::http::Method;
use pbsweb_shared::api::hosts::{
    CheckReport, Host, HostAccount, HostAccountPut, HostCreate, HostJobsQuery, HostKeyScan, HostUpdate,
};
use pbsweb_shared::host::{HostHistory, HostJobs, HostQueues};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::node::HostNodes;
use pbsweb_shared::page::Page;

use super::query::to_query;
use super::{Done, Reply, http};

/// All hosts.
pub(crate) fn list_hosts() -> Reply<Page<Host>> {
    http::get("/hosts")
}

/// One host.
pub(crate) fn get_host(host: HostId) -> Reply<Host> {
    http::get(&format!("/hosts/{host}"))
}

/// Adds a host; for administrators.
pub(crate) fn create_host(host: &HostCreate) -> Reply<Host> {
    http::send(Method::POST, "/hosts", host, None)
}

/// Changes a host; for administrators.
pub(crate) fn update_host(host: HostId, change: &HostUpdate) -> Reply<Host> {
    http::send(Method::PATCH, &format!("/hosts/{host}"), change, None)
}

/// Removes a host that has no history; for administrators.
pub(crate) fn delete_host(host: HostId) -> Done {
    http::delete(&format!("/hosts/{host}"))
}

/// Asks the host for its key, without signing in; for administrators.
pub(crate) fn scan_host_key(host: HostId) -> Reply<HostKeyScan> {
    http::act(&format!("/hosts/{host}/scan-key"))
}

/// Sets one's own login name on a host.
pub(crate) fn put_host_account(host: HostId, account: &HostAccountPut) -> Reply<HostAccount> {
    http::send(Method::PUT, &format!("/hosts/{host}/account"), account, None)
}

/// Forgets one's own login name on a host.
pub(crate) fn delete_host_account(host: HostId) -> Done {
    http::delete(&format!("/hosts/{host}/account"))
}

/// Connects with one's own account and says what was found.
pub(crate) fn check_host(host: HostId) -> Reply<CheckReport> {
    http::act(&format!("/hosts/{host}/check"))
}

/// The queues and the rules that scripts are checked against.
pub(crate) fn get_host_queues(host: HostId) -> Reply<HostQueues> {
    http::get(&format!("/hosts/{host}/queues"))
}

/// Some of the jobs that the scheduler lists.
pub(crate) fn get_host_jobs(host: HostId, query: &HostJobsQuery) -> Reply<HostJobs> {
    http::get(&format!("/hosts/{host}/jobs{}", to_query(query)))
}

/// The nodes, as the scheduler listed them last.
pub(crate) fn get_host_nodes(host: HostId) -> Reply<HostNodes> {
    http::get(&format!("/hosts/{host}/nodes"))
}

/// How a host was over the last two weeks.
pub(crate) fn get_host_history(host: HostId) -> Reply<HostHistory> {
    http::get(&format!("/hosts/{host}/health"))
}
