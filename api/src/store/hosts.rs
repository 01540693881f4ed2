//! Hosts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::host::Dialect;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::{HostName, UserName};
use uuid::Uuid;

use super::read;
use super::schema::{host_watches, hosts};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = hosts, treat_none_as_null = true)]
pub(super) struct HostRow {
    id: Uuid,
    name: String,
    description: String,
    address: String,
    port: i32,
    jump_host_id: Option<Uuid>,
    dialect: String,
    bin_folder: String,
    offered_queues: Vec<String>,
    keeps_output_in_place: bool,
    is_enabled: bool,
    host_keys: Vec<String>,
    created_at: DateTime<Utc>,
    listed_by: Option<String>,
}

/// A host, as the services use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    /// Its id.
    pub id: HostId,
    /// Its short name.
    pub name: HostName,
    /// A line about it.
    pub description: String,
    /// The login node.
    pub address: String,
    /// The port of its sshd.
    pub port: u16,
    /// Reached through this host.
    pub jump_host: Option<HostId>,
    /// Its scheduler.
    pub dialect: Dialect,
    /// Where the site says the commands are; empty: where each account's check found them.
    pub bin_folder: String,
    /// Queues offered in forms; empty: all.
    pub offered_queues: Vec<String>,
    /// `-k oed` may be used.
    pub keeps_output_in_place: bool,
    /// In use.
    pub is_enabled: bool,
    /// The confirmed keys, as lines.
    pub host_keys: Vec<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Whose account lists it for everybody, while that one is usable.
    pub listed_by: Option<UserName>,
}

impl TryFrom<HostRow> for HostRecord {
    type Error = diesel::result::Error;

    fn try_from(row: HostRow) -> QueryResult<Self> {
        Ok(Self {
            id: HostId::from_uuid(row.id),
            name: read(&row.name)?,
            description: row.description,
            address: row.address,
            port: u16::try_from(row.port).map_err(super::unreadable)?,
            jump_host: row.jump_host_id.map(HostId::from_uuid),
            dialect: read(&row.dialect)?,
            bin_folder: row.bin_folder,
            offered_queues: row.offered_queues,
            keeps_output_in_place: row.keeps_output_in_place,
            is_enabled: row.is_enabled,
            host_keys: row.host_keys,
            created_at: row.created_at,
            listed_by: row.listed_by.as_deref().map(read).transpose()?,
        })
    }
}

impl From<&HostRecord> for HostRow {
    fn from(host: &HostRecord) -> Self {
        Self {
            id: host.id.as_uuid(),
            name: host.name.to_string(),
            description: host.description.clone(),
            address: host.address.clone(),
            port: i32::from(host.port),
            jump_host_id: host.jump_host.map(HostId::as_uuid),
            dialect: host.dialect.to_string(),
            bin_folder: host.bin_folder.clone(),
            offered_queues: host.offered_queues.clone(),
            keeps_output_in_place: host.keeps_output_in_place,
            is_enabled: host.is_enabled,
            host_keys: host.host_keys.clone(),
            created_at: host.created_at,
            listed_by: host.listed_by.as_ref().map(ToString::to_string),
        }
    }
}

/// All hosts, by name.
///
/// # Errors
/// The database's.
pub fn list_hosts(connection: &mut PgConnection) -> QueryResult<Vec<HostRecord>> {
    hosts::table
        .order(hosts::name.asc())
        .select(HostRow::as_select())
        .load(connection)?
        .into_iter()
        .map(HostRecord::try_from)
        .collect()
}

/// One host, if it exists.
///
/// # Errors
/// The database's.
pub fn find_host(connection: &mut PgConnection, id: HostId) -> QueryResult<Option<HostRecord>> {
    hosts::table
        .find(id.as_uuid())
        .select(HostRow::as_select())
        .first(connection)
        .optional()?
        .map(HostRecord::try_from)
        .transpose()
}

/// One host, if it exists, held until the transaction ends: of two changes at once none is lost.
///
/// # Errors
/// The database's.
pub fn lock_host(connection: &mut PgConnection, id: HostId) -> QueryResult<Option<HostRecord>> {
    hosts::table
        .find(id.as_uuid())
        .select(HostRow::as_select())
        .for_update()
        .first(connection)
        .optional()?
        .map(HostRecord::try_from)
        .transpose()
}

/// Adds a host.
///
/// # Errors
/// The database's; `hosts_name_key` when the name is taken.
pub fn insert_host(connection: &mut PgConnection, host: &HostRecord) -> QueryResult<()> {
    diesel::insert_into(hosts::table).values(HostRow::from(host)).execute(connection).map(drop)
}

/// Writes a host's row anew.
///
/// # Errors
/// The database's; `hosts_name_key` when the name is taken.
pub fn update_host(connection: &mut PgConnection, host: &HostRecord) -> QueryResult<usize> {
    diesel::update(hosts::table.find(host.id.as_uuid())).set(HostRow::from(host)).execute(connection)
}

/// Removes a host that nothing refers to.
///
/// # Errors
/// The database's; a foreign key when there is history.
pub fn delete_host(connection: &mut PgConnection, id: HostId) -> QueryResult<usize> {
    // Whoever watches the host locks its watch first, and then writes rows that name the host: the same order here.
    let watch = host_watches::table.find(id.as_uuid()).select(host_watches::term).for_update();
    watch.first::<i64>(connection).optional()?;
    diesel::delete(hosts::table.find(id.as_uuid())).execute(connection)
}
