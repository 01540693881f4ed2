//! The queues of each host's last snapshot.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::ids::HostId;

use super::schema::{host_watches, queues};
use super::{read_json, to_json};
use crate::scheduler::QueueRecord;

/// Replaces what is known of a host's queues.
///
/// # Errors
/// The database's.
pub fn replace_queues(
    connection: &mut PgConnection,
    host: HostId,
    listed: &[QueueRecord],
    as_of: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::delete(queues::table.filter(queues::host_id.eq(host.as_uuid()))).execute(connection)?;
    let rows = listed
        .iter()
        .map(|queue| {
            Ok((
                queues::host_id.eq(host.as_uuid()),
                queues::name.eq(queue.name.clone()),
                queues::body.eq(to_json(queue)?),
                queues::as_of.eq(as_of),
            ))
        })
        .collect::<QueryResult<Vec<_>>>()?;
    diesel::insert_into(queues::table).values(rows).execute(connection).map(drop)
}

/// The queues of a host's last snapshot.
#[derive(Debug, Clone, Default)]
pub struct ListedQueues {
    /// By name.
    pub queues: Vec<QueueRecord>,
    /// When the scheduler said so.
    pub as_of: Option<DateTime<Utc>>,
    /// The queue of jobs that name none.
    pub default_queue: Option<String>,
}

/// A host's queues.
///
/// # Errors
/// The database's.
pub fn list_queues(connection: &mut PgConnection, host: HostId) -> QueryResult<ListedQueues> {
    let rows = queues::table
        .left_join(host_watches::table.on(host_watches::host_id.eq(queues::host_id)))
        .filter(queues::host_id.eq(host.as_uuid()))
        .order(queues::name.asc())
        .select((queues::body, queues::as_of, host_watches::default_queue.nullable()))
        .load::<(serde_json::Value, DateTime<Utc>, Option<String>)>(connection)?;
    let mut listed = ListedQueues::default();
    for (body, as_of, default_queue) in rows {
        listed.as_of = listed.as_of.max(Some(as_of));
        listed.default_queue = default_queue;
        listed.queues.push(read_json(body)?);
    }
    Ok(listed)
}
