//! Builds and their output.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::ids::{ApplicationId, BuildId, HostId, SessionId, UserId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::page::{PageRequest, Place};
use super::read;
use super::replicas::{ReplicaId, is_alive};
use super::schema::{applications, build_output, builds};

#[derive(Queryable, Selectable)]
#[diesel(table_name = builds)]
struct BuildRow {
    id: Uuid,
    application_id: Uuid,
    host_id: Uuid,
    command: String,
    digest: String,
    state: String,
    as_of: DateTime<Utc>,
    exit_status: Option<i32>,
    detail: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    n_output_bytes: i64,
}

fn build((row, application_name): (BuildRow, String)) -> QueryResult<Build> {
    Ok(Build {
        id: BuildId::from_uuid(row.id),
        application: ApplicationId::from_uuid(row.application_id),
        application_name: read(&application_name)?,
        host: HostId::from_uuid(row.host_id),
        command: row.command,
        digest: row.digest,
        state: read(&row.state)?,
        as_of: row.as_of,
        exit_status: row.exit_status,
        detail: row.detail,
        created_at: row.created_at,
        ended_at: row.ended_at,
        n_output_bytes: row.n_output_bytes,
    })
}

/// A build to be stored before the host is asked to start it.
#[derive(Debug, Clone)]
pub struct NewBuild {
    /// Its id.
    pub id: BuildId,
    /// Whose.
    pub owner: UserId,
    /// In which session.
    pub session: SessionId,
    /// Of what.
    pub application: ApplicationId,
    /// Where.
    pub host: HostId,
    /// The whole command line.
    pub command: String,
    /// The content that is built.
    pub digest: String,
    /// The server that starts and follows it.
    pub follower: ReplicaId,
}

/// Stores a build in state `starting`.
///
/// # Errors
/// The database's.
pub fn insert_build(connection: &mut PgConnection, new: &NewBuild, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(builds::table)
        .values((
            builds::id.eq(new.id.as_uuid()),
            builds::owner_id.eq(new.owner.as_uuid()),
            builds::session_id.eq(new.session.as_uuid()),
            builds::application_id.eq(new.application.as_uuid()),
            builds::host_id.eq(new.host.as_uuid()),
            builds::command.eq(&new.command),
            builds::digest.eq(&new.digest),
            builds::state.eq(BuildState::Starting.as_str()),
            builds::as_of.eq(now),
            builds::is_cancel_requested.eq(false),
            builds::created_at.eq(now),
            builds::n_output_bytes.eq(0),
            builds::followed_by.eq(Some(new.follower.as_uuid())),
        ))
        .execute(connection)
        .map(drop)
}

/// A user's build, if it exists.
///
/// # Errors
/// The database's.
pub fn find_build(connection: &mut PgConnection, owner: UserId, id: BuildId) -> QueryResult<Option<Build>> {
    builds::table
        .inner_join(applications::table.on(applications::id.eq(builds::application_id)))
        .filter(builds::id.eq(id.as_uuid()).and(builds::owner_id.eq(owner.as_uuid())))
        .select((BuildRow::as_select(), applications::name))
        .first(connection)
        .optional()?
        .map(build)
        .transpose()
}

/// The last build of an application on any host.
///
/// # Errors
/// The database's.
pub fn last_build_of(
    connection: &mut PgConnection,
    owner: UserId,
    application: ApplicationId,
) -> QueryResult<Option<Build>> {
    let first = PageRequest { limit: 1, after: None };
    Ok(list_builds(connection, owner, application, first, "")?.items.into_iter().next())
}

/// An application's builds, newest first.
///
/// # Errors
/// The database's.
pub fn list_builds(
    connection: &mut PgConnection,
    owner: UserId,
    application: ApplicationId,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Build>> {
    let mut query = builds::table
        .inner_join(applications::table.on(applications::id.eq(builds::application_id)))
        .filter(builds::application_id.eq(application.as_uuid()).and(builds::owner_id.eq(owner.as_uuid())))
        .order((builds::created_at.desc(), builds::id.desc()))
        .limit(request.rows_to_select())
        .select((BuildRow::as_select(), applications::name))
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(after.precedes(builds::created_at, builds::id));
    }
    let items = query.load(connection)?.into_iter().map(build).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |build| Place::new(build.created_at, build.id.as_uuid())))
}

/// A build that has not ended: what its follower needs.
#[derive(Debug, Clone)]
pub struct OpenBuild {
    /// Its id.
    pub id: BuildId,
    /// Whose.
    pub owner: UserId,
    /// Of what.
    pub application: ApplicationId,
    /// Where.
    pub host: HostId,
}

/// Builds that have not ended and that nobody follows: whose server is not alive any more, and those of this server that are
/// not among `mine`, which it follows. From now on it is this server that follows them.
///
/// # Errors
/// The database's.
pub fn take_open_builds(
    connection: &mut PgConnection,
    me: ReplicaId,
    mine: &[BuildId],
) -> QueryResult<Vec<OpenBuild>> {
    let mine: Vec<Uuid> = mine.iter().map(|build| build.as_uuid()).collect();
    // In these words because the partial index is.
    let is_open = sql::<Bool>("state IN ('starting', 'running', 'unknown')");
    let is_free = sql::<Bool>("CASE WHEN followed_by = ")
        .bind::<SqlUuid, _>(me.as_uuid())
        .sql(" THEN id <> ALL (")
        .bind::<Array<SqlUuid>, _>(mine)
        .sql(&format!(") ELSE NOT coalesce({}, false) END", is_alive("followed_by")));
    let free: Vec<Uuid> = builds::table
        .filter(is_open)
        .filter(is_free)
        .order(builds::created_at.asc())
        .select(builds::id)
        .for_update()
        .skip_locked()
        .load(connection)?;
    let rows = diesel::update(builds::table.filter(builds::id.eq_any(&free)))
        .set(builds::followed_by.eq(Some(me.as_uuid())))
        .returning((builds::id, builds::owner_id, builds::application_id, builds::host_id))
        .load::<(Uuid, Uuid, Uuid, Uuid)>(connection)?;
    Ok(rows
        .into_iter()
        .map(|(id, owner, application, host)| OpenBuild {
            id: BuildId::from_uuid(id),
            owner: UserId::from_uuid(owner),
            application: ApplicationId::from_uuid(application),
            host: HostId::from_uuid(host),
        })
        .collect())
}

/// What became known of a build.
#[derive(Debug, Clone)]
pub struct BuildChange {
    /// Its state.
    pub state: BuildState,
    /// Its exit status.
    pub exit_status: Option<i32>,
    /// In words.
    pub detail: Option<String>,
}

/// Moves a build on, unless it has ended already. Returns whether it did.
///
/// # Errors
/// The database's.
pub fn change_build(
    connection: &mut PgConnection,
    id: BuildId,
    change: &BuildChange,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let open = [BuildState::Starting, BuildState::Running, BuildState::Unknown].map(BuildState::as_str);
    diesel::update(builds::table.find(id.as_uuid()).filter(builds::state.eq_any(open)))
        .set((
            builds::state.eq(change.state.as_str()),
            builds::as_of.eq(now),
            builds::exit_status.eq(change.exit_status),
            builds::detail.eq(change.detail.as_deref()),
            builds::ended_at.eq(change.state.has_ended().then_some(now)),
        ))
        .execute(connection)
        .map(|n| n == 1)
}

/// Notes that a build's owner wants it to end. Returns whether it was still open.
///
/// # Errors
/// The database's.
pub fn request_cancel(connection: &mut PgConnection, owner: UserId, id: BuildId) -> QueryResult<bool> {
    let open = [BuildState::Starting, BuildState::Running, BuildState::Unknown].map(BuildState::as_str);
    diesel::update(
        builds::table
            .find(id.as_uuid())
            .filter(builds::owner_id.eq(owner.as_uuid()))
            .filter(builds::state.eq_any(open)),
    )
    .set(builds::is_cancel_requested.eq(true))
    .execute(connection)
    .map(|n| n == 1)
}

/// Whether a build's owner asked for its end.
///
/// # Errors
/// The database's.
pub fn is_cancel_requested(connection: &mut PgConnection, id: BuildId) -> QueryResult<bool> {
    builds::table.find(id.as_uuid()).select(builds::is_cancel_requested).first(connection)
}

/// How much of a build's output is kept: where to read on.
///
/// # Errors
/// The database's.
pub fn output_length(connection: &mut PgConnection, id: BuildId) -> QueryResult<i64> {
    builds::table.find(id.as_uuid()).select(builds::n_output_bytes).first(connection)
}

/// Adds a piece of output that begins at `first_byte`. A piece that is already there is left alone.
///
/// # Errors
/// The database's.
pub fn append_output(
    connection: &mut PgConnection,
    id: BuildId,
    first_byte: i64,
    bytes: &[u8],
) -> QueryResult<()> {
    let length = i64::try_from(bytes.len()).map_err(super::unreadable)?;
    let moved =
        diesel::update(builds::table.find(id.as_uuid()).filter(builds::n_output_bytes.eq(first_byte)))
            .set(builds::n_output_bytes.eq(first_byte + length))
            .execute(connection)?;
    if moved == 1 {
        diesel::insert_into(build_output::table)
            .values((
                build_output::build_id.eq(id.as_uuid()),
                build_output::first_byte.eq(first_byte),
                build_output::bytes.eq(bytes),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Output from a byte on, at most about `limit` bytes, in order.
///
/// # Errors
/// The database's.
pub fn read_output(
    connection: &mut PgConnection,
    id: BuildId,
    from: i64,
    limit: usize,
) -> QueryResult<Vec<u8>> {
    const PIECES: i64 = 64;
    // The piece that holds `from` is the last one that begins at or before it.
    let begin: i64 = build_output::table
        .filter(build_output::build_id.eq(id.as_uuid()).and(build_output::first_byte.le(from)))
        .select(diesel::dsl::max(build_output::first_byte))
        .first::<Option<i64>>(connection)?
        .unwrap_or(0);
    let pieces = build_output::table
        .filter(build_output::build_id.eq(id.as_uuid()).and(build_output::first_byte.ge(begin)))
        .order(build_output::first_byte.asc())
        .limit(PIECES)
        .select((build_output::first_byte, build_output::bytes))
        .load::<(i64, Vec<u8>)>(connection)?;
    let mut output = Vec::new();
    for (first_byte, bytes) in pieces {
        let skip = usize::try_from((from - first_byte).max(0)).unwrap_or(usize::MAX);
        output.extend_from_slice(bytes.get(skip..).unwrap_or_default());
        if output.len() >= limit {
            break;
        }
    }
    Ok(output)
}
