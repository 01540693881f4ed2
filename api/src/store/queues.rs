//! The queues of each host's last snapshot.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::ids::HostId;

use super::schema::queues;
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

/// A host's queues by name, and when the scheduler said so.
///
/// # Errors
/// The database's.
pub fn list_queues(
    connection: &mut PgConnection,
    host: HostId,
) -> QueryResult<(Option<DateTime<Utc>>, Vec<QueueRecord>)> {
    let rows = queues::table
        .filter(queues::host_id.eq(host.as_uuid()))
        .order(queues::name.asc())
        .select((queues::body, queues::as_of))
        .load::<(serde_json::Value, DateTime<Utc>)>(connection)?;
    let as_of = rows.iter().map(|(_, as_of)| *as_of).max();
    let listed = rows.into_iter().map(|(body, _)| read_json(body)).collect::<QueryResult<_>>()?;
    Ok((as_of, listed))
}
