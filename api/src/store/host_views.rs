//! What a page of a host's jobs is made of, for all who look at once.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use pbsweb_shared::ids::{HostId, JobId, UserId};
use pbsweb_shared::names::{LoginName, PbsJobId};
use uuid::Uuid;

use super::hosts::HostRecord;
use super::jobs::IsOpen;
use super::read;
use super::schema::{host_accounts, jobs};
use super::watches::{WatchRecord, find_watched_host};

/// A user's open jobs on a host, by the scheduler's ids. An ended job's number may be another job's by now.
pub type OpenJobs = HashMap<PbsJobId, JobId>;

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
    pub own: OpenJobs,
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
        let Some((host, watch)) = find_watched_host(connection, id)? else { continue };
        let (host, watch) = (Arc::new(host), watch.map(Arc::new));
        let (mut logins, mut own) = logins_and_open_jobs(connection, id, &users)?;
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

/// The login names that some users have on a host, and their open jobs there, by one statement.
fn logins_and_open_jobs(
    connection: &mut PgConnection,
    host: HostId,
    users: &[UserId],
) -> QueryResult<(HashMap<UserId, LoginName>, HashMap<UserId, OpenJobs>)> {
    let users: Vec<Uuid> = users.iter().map(|user| user.as_uuid()).collect();
    let no_job = None::<Uuid>.into_sql::<Nullable<SqlUuid>>();
    let names = host_accounts::table
        .filter(host_accounts::host_id.eq(host.as_uuid()).and(host_accounts::user_id.eq_any(&users)))
        .select((host_accounts::user_id, host_accounts::login, no_job));
    let jobs = jobs::table
        .filter(jobs::host_id.eq(host.as_uuid()).and(jobs::owner_id.eq_any(&users)))
        .filter(IsOpen.and(jobs::pbs_id.is_not_null()))
        .select((jobs::owner_id, jobs::pbs_id.assume_not_null(), jobs::id.nullable()));
    let rows: Vec<(Uuid, String, Option<Uuid>)> = names.union_all(jobs).load(connection)?;
    let (mut logins, mut open) = (HashMap::new(), HashMap::<UserId, OpenJobs>::new());
    for (user, name, job) in rows {
        let user = UserId::from_uuid(user);
        match job {
            None => drop(logins.insert(user, read(&name)?)),
            Some(job) => drop(open.entry(user).or_default().insert(read(&name)?, JobId::from_uuid(job))),
        }
    }
    Ok((logins, open))
}
