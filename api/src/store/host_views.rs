//! What a page of a host's jobs is made of, for all who look at once.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::{PgConnection, QueryResult};
use pbsweb_shared::ids::{HostId, JobId, UserId};
use pbsweb_shared::names::{LoginName, PbsJobId};

use super::host_accounts::logins_of;
use super::hosts::{HostRecord, find_host};
use super::jobs::open_jobs_of;
use super::watches::{WatchRecord, find_watch};

/// A host as one user sees it.
#[derive(Debug)]
pub struct HostView {
    /// The host.
    pub host: Arc<HostRecord>,
    /// What is known of it, once a server has watched it.
    pub watch: Option<Arc<WatchRecord>>,
    /// The user's login name there.
    pub login: Option<LoginName>,
    /// The user's open jobs there, by the scheduler's ids.
    pub own: HashMap<PbsJobId, JobId>,
}

/// Each of these hosts, as far as there is one, as each of these users sees it.
///
/// # Errors
/// The database's.
pub fn view_hosts(
    connection: &mut PgConnection,
    asked: &[(HostId, UserId)],
) -> QueryResult<HashMap<(HostId, UserId), Arc<HostView>>> {
    let mut users_of: HashMap<HostId, Vec<UserId>> = HashMap::new();
    for (host, user) in asked {
        users_of.entry(*host).or_default().push(*user);
    }
    let mut views = HashMap::with_capacity(asked.len());
    for (id, users) in users_of {
        let Some(host) = find_host(connection, id)?.map(Arc::new) else { continue };
        let watch = find_watch(connection, id)?.map(Arc::new);
        let mut logins: HashMap<UserId, LoginName> = logins_of(connection, id, &users)?.into_iter().collect();
        let mut own: HashMap<UserId, HashMap<PbsJobId, JobId>> = HashMap::new();
        for (owner, pbs_id, job) in open_jobs_of(connection, id, &users)? {
            own.entry(owner).or_default().insert(pbs_id, job);
        }
        for user in users {
            let view = HostView {
                host: Arc::clone(&host),
                watch: watch.clone(),
                login: logins.remove(&user),
                own: own.remove(&user).unwrap_or_default(),
            };
            views.insert((id, user), Arc::new(view));
        }
    }
    Ok(views)
}
