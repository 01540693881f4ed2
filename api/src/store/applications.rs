//! Applications and where they were unpacked.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::applications::{Application, ApplicationHost, ApplicationsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId, SessionId, UserId};
use pbsweb_shared::names::ApplicationName;
use uuid::Uuid;

use super::builds::last_build_of;
use super::read;
use super::schema::{application_hosts, applications};
use super::sharing::{Kind, Listed, Standings, applications_shared_with, list_shared};

type Row = (Uuid, Uuid, String, DateTime<Utc>);

fn complete(connection: &mut PgConnection, user: UserId, rows: Vec<Row>) -> QueryResult<Vec<Application>> {
    let things: Vec<(Uuid, Uuid)> = rows.iter().map(|(id, owner, ..)| (*id, *owner)).collect();
    let standings = Standings::find(connection, Kind::Application, user, &things)?;
    rows.into_iter()
        .map(|(id, owner, name, created_at)| {
            let standing = standings.of(id, owner);
            let id = ApplicationId::from_uuid(id);
            Ok(Application {
                id,
                name: read(&name)?,
                created_at,
                hosts: list_places(connection, id)?,
                owner: standing.owner,
                access: standing.access,
                shared_with: standing.shared_with,
                last_build: last_build_of(connection, UserId::from_uuid(owner), id)?,
            })
        })
        .collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = application_hosts)]
struct PlaceRow {
    host_id: Uuid,
    folder: String,
    digest: String,
    n_entries: i64,
    n_bytes: i64,
    uploaded_at: DateTime<Utc>,
}

impl From<PlaceRow> for ApplicationHost {
    fn from(row: PlaceRow) -> Self {
        Self {
            host: HostId::from_uuid(row.host_id),
            folder: row.folder,
            digest: row.digest,
            n_entries: row.n_entries,
            n_bytes: row.n_bytes,
            uploaded_at: row.uploaded_at,
        }
    }
}

fn list_places(connection: &mut PgConnection, id: ApplicationId) -> QueryResult<Vec<ApplicationHost>> {
    let rows = application_hosts::table
        .filter(application_hosts::application_id.eq(id.as_uuid()))
        .order(application_hosts::uploaded_at.desc())
        .select(PlaceRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(ApplicationHost::from).collect())
}

/// Applications by name: a user's own, or those that are shared. People have dozens, not thousands: one page.
///
/// # Errors
/// The database's.
pub fn list_applications(
    connection: &mut PgConnection,
    user: UserId,
    filter: ApplicationsQuery,
) -> QueryResult<Vec<Application>> {
    let mut query = applications::table
        .order((applications::name.asc(), applications::id.asc()))
        .select((applications::id, applications::owner_id, applications::name, applications::created_at))
        .into_boxed();
    query = match Listed::read(filter.shared, filter.group) {
        Some(listed) => {
            query.filter(applications::id.eq_any(list_shared(connection, Kind::Application, user, listed)?))
        }
        None => query.filter(applications::owner_id.eq(user.as_uuid())),
    };
    let rows = query.load::<Row>(connection)?;
    complete(connection, user, rows)
}

/// An application that a user may see, if it exists.
///
/// # Errors
/// The database's.
pub fn find_application(
    connection: &mut PgConnection,
    user: UserId,
    id: ApplicationId,
) -> QueryResult<Option<Application>> {
    let row = applications::table
        .find(id.as_uuid())
        .filter(
            applications::owner_id
                .eq(user.as_uuid())
                .or(applications::id.eq_any(applications_shared_with(user))),
        )
        .select((applications::id, applications::owner_id, applications::name, applications::created_at))
        .first::<Row>(connection)
        .optional()?;
    Ok(complete(connection, user, row.into_iter().collect())?.pop())
}

/// The name of a user's application, and where it stands on a host.
///
/// # Errors
/// The database's.
pub fn find_place(
    connection: &mut PgConnection,
    owner: UserId,
    id: ApplicationId,
    host: HostId,
) -> QueryResult<Option<(String, ApplicationHost)>> {
    let row = application_hosts::table
        .inner_join(applications::table.on(applications::id.eq(application_hosts::application_id)))
        .filter(applications::id.eq(id.as_uuid()).and(applications::owner_id.eq(owner.as_uuid())))
        .filter(application_hosts::host_id.eq(host.as_uuid()))
        .select((applications::name, PlaceRow::as_select()))
        .first::<(String, PlaceRow)>(connection)
        .optional()?;
    Ok(row.map(|(name, place)| (name, place.into())))
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
    let content = (
        application_hosts::session_id.eq(session.as_uuid()),
        application_hosts::folder.eq(&place.folder),
        application_hosts::digest.eq(&place.digest),
        application_hosts::n_entries.eq(place.n_entries),
        application_hosts::n_bytes.eq(place.n_bytes),
        application_hosts::uploaded_at.eq(place.uploaded_at),
    );
    diesel::insert_into(application_hosts::table)
        .values((
            application_hosts::application_id.eq(id),
            application_hosts::host_id.eq(place.host.as_uuid()),
            content,
        ))
        .on_conflict((application_hosts::application_id, application_hosts::host_id))
        .do_update()
        .set(content)
        .execute(connection)?;
    Ok(ApplicationId::from_uuid(id))
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
