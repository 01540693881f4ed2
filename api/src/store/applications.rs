//! Applications and where they were unpacked.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::applications::{Application, ApplicationHost, RecentCommands};
use pbsweb_shared::ids::{ApplicationId, HostId, SessionId, UserId};
use pbsweb_shared::names::ApplicationName;
use uuid::Uuid;

use super::builds::last_build_of;
use super::read;
use super::schema::{application_hosts, applications};

type Row = (Uuid, String, DateTime<Utc>);

fn complete(
    connection: &mut PgConnection,
    owner: UserId,
    (id, name, created_at): Row,
) -> QueryResult<Application> {
    let id = ApplicationId::from_uuid(id);
    Ok(Application {
        id,
        name: read(&name)?,
        created_at,
        hosts: list_places(connection, id)?,
        last_build: last_build_of(connection, owner, id)?,
    })
}

fn list_places(connection: &mut PgConnection, id: ApplicationId) -> QueryResult<Vec<ApplicationHost>> {
    type PlaceRow = (Uuid, String, String, i64, i64, DateTime<Utc>);
    let rows = application_hosts::table
        .filter(application_hosts::application_id.eq(id.as_uuid()))
        .order(application_hosts::uploaded_at.desc())
        .select((
            application_hosts::host_id,
            application_hosts::folder,
            application_hosts::digest,
            application_hosts::n_entries,
            application_hosts::n_bytes,
            application_hosts::uploaded_at,
        ))
        .load::<PlaceRow>(connection)?;
    Ok(rows
        .into_iter()
        .map(|(host, folder, digest, n_entries, n_bytes, uploaded_at)| ApplicationHost {
            host: HostId::from_uuid(host),
            folder,
            digest,
            n_entries,
            n_bytes,
            uploaded_at,
        })
        .collect())
}

/// A user's applications, by name. People have dozens, not thousands: one page.
///
/// # Errors
/// The database's.
pub fn list_applications(connection: &mut PgConnection, owner: UserId) -> QueryResult<Vec<Application>> {
    applications::table
        .filter(applications::owner_id.eq(owner.as_uuid()))
        .order(applications::name.asc())
        .select((applications::id, applications::name, applications::created_at))
        .load::<Row>(connection)?
        .into_iter()
        .map(|row| complete(connection, owner, row))
        .collect()
}

/// A user's application, if it exists.
///
/// # Errors
/// The database's.
pub fn find_application(
    connection: &mut PgConnection,
    owner: UserId,
    id: ApplicationId,
) -> QueryResult<Option<Application>> {
    applications::table
        .find(id.as_uuid())
        .filter(applications::owner_id.eq(owner.as_uuid()))
        .select((applications::id, applications::name, applications::created_at))
        .first::<Row>(connection)
        .optional()?
        .map(|row| complete(connection, owner, row))
        .transpose()
}

/// Where a user's application stands on a host, and its name.
///
/// # Errors
/// The database's.
pub fn find_place(
    connection: &mut PgConnection,
    owner: UserId,
    id: ApplicationId,
    host: HostId,
) -> QueryResult<Option<ApplicationHost>> {
    let application = find_application(connection, owner, id)?;
    Ok(application.and_then(|application| application.hosts.into_iter().find(|place| place.host == host)))
}

/// Keeps what was unpacked on a host under a name; the application is made when the name is new.
///
/// # Errors
/// The database's.
pub fn put_place(
    connection: &mut PgConnection,
    owner: UserId,
    session: SessionId,
    name: &ApplicationName,
    fresh: ApplicationId,
    place: &ApplicationHost,
) -> QueryResult<ApplicationId> {
    diesel::insert_into(applications::table)
        .values((
            applications::id.eq(fresh.as_uuid()),
            applications::owner_id.eq(owner.as_uuid()),
            applications::name.eq(name.as_str()),
            applications::created_at.eq(place.uploaded_at),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    let id: Uuid = applications::table
        .filter(applications::owner_id.eq(owner.as_uuid()).and(applications::name.eq(name.as_str())))
        .select(applications::id)
        .first(connection)?;
    let columns = (
        application_hosts::application_id.eq(id),
        application_hosts::host_id.eq(place.host.as_uuid()),
        application_hosts::session_id.eq(session.as_uuid()),
        application_hosts::folder.eq(&place.folder),
        application_hosts::digest.eq(&place.digest),
        application_hosts::n_entries.eq(place.n_entries),
        application_hosts::n_bytes.eq(place.n_bytes),
        application_hosts::uploaded_at.eq(place.uploaded_at),
    );
    diesel::insert_into(application_hosts::table)
        .values(columns)
        .on_conflict((application_hosts::application_id, application_hosts::host_id))
        .do_update()
        .set((
            application_hosts::session_id.eq(session.as_uuid()),
            application_hosts::folder.eq(&place.folder),
            application_hosts::digest.eq(&place.digest),
            application_hosts::n_entries.eq(place.n_entries),
            application_hosts::n_bytes.eq(place.n_bytes),
            application_hosts::uploaded_at.eq(place.uploaded_at),
        ))
        .execute(connection)?;
    Ok(ApplicationId::from_uuid(id))
}

#[derive(QueryableByName)]
struct CommandsRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    commands: String,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    last_used_at: DateTime<Utc>,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n_uses: i64,
}

/// The command blocks of an application's recent jobs, the one used last first.
///
/// # Errors
/// The database's.
pub fn recent_commands(
    connection: &mut PgConnection,
    owner: UserId,
    id: ApplicationId,
) -> QueryResult<Vec<RecentCommands>> {
    use diesel::sql_types::Uuid as SqlUuid;
    let rows = diesel::sql_query(
        "SELECT commands, max(submitted_at) AS last_used_at, count(*) AS n_uses \
         FROM (SELECT r.draft->>'commands' AS commands, j.submitted_at \
               FROM jobs j JOIN script_revisions r ON r.id = j.revision_id \
               WHERE j.application_id = $1 AND j.owner_id = $2 \
               ORDER BY j.submitted_at DESC LIMIT 500) recent \
         WHERE commands IS NOT NULL AND commands <> '' \
         GROUP BY commands ORDER BY last_used_at DESC LIMIT 20",
    )
    .bind::<SqlUuid, _>(id.as_uuid())
    .bind::<SqlUuid, _>(owner.as_uuid())
    .load::<CommandsRow>(connection)?;
    Ok(rows
        .into_iter()
        .map(|row| RecentCommands {
            commands: row.commands,
            last_used_at: row.last_used_at,
            n_uses: row.n_uses,
        })
        .collect())
}

/// A user's application by its name.
///
/// # Errors
/// The database's.
pub fn find_application_by_name(
    connection: &mut PgConnection,
    owner: UserId,
    name: &ApplicationName,
) -> QueryResult<Option<ApplicationId>> {
    let id: Option<Uuid> = applications::table
        .filter(applications::owner_id.eq(owner.as_uuid()).and(applications::name.eq(name.as_str())))
        .select(applications::id)
        .first(connection)
        .optional()?;
    Ok(id.map(ApplicationId::from_uuid))
}
