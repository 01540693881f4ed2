//! Searches that users gave a name.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use pbsweb_shared::api::searches::{SavedSearch, SavedSearchPut};
use pbsweb_shared::ids::{SearchId, UserId};
use uuid::Uuid;

use super::schema::saved_searches;
use super::{read_json, to_json};

#[derive(Queryable, Selectable)]
#[diesel(table_name = saved_searches)]
struct SearchRow {
    id: Uuid,
    name: String,
    filter: serde_json::Value,
    created_at: DateTime<Utc>,
}

impl TryFrom<SearchRow> for SavedSearch {
    type Error = Error;

    fn try_from(row: SearchRow) -> QueryResult<Self> {
        Ok(Self {
            id: SearchId::from_uuid(row.id),
            name: row.name,
            filter: read_json(row.filter)?,
            created_at: row.created_at,
        })
    }
}

/// A user's searches, by name.
///
/// # Errors
/// The database's.
pub fn list_searches(connection: &mut PgConnection, owner: UserId) -> QueryResult<Vec<SavedSearch>> {
    saved_searches::table
        .filter(saved_searches::owner_id.eq(owner.as_uuid()))
        .order(saved_searches::name.asc())
        .select(SearchRow::as_select())
        .load(connection)?
        .into_iter()
        .map(SavedSearch::try_from)
        .collect()
}

/// What became of a search that was to be kept.
#[derive(Debug)]
pub enum Kept {
    /// It is kept.
    Now(Box<SavedSearch>),
    /// Another one has the name.
    NameTaken,
    /// There is none with this id.
    NotFound,
}

fn kept(outcome: QueryResult<SearchRow>) -> QueryResult<Kept> {
    match outcome {
        Ok(row) => Ok(Kept::Now(Box::new(row.try_into()?))),
        Err(Error::NotFound) => Ok(Kept::NotFound),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, detail))
            if detail.constraint_name() == Some("saved_searches_owner_id_name_key") =>
        {
            Ok(Kept::NameTaken)
        }
        Err(error) => Err(error),
    }
}

/// Keeps a new search.
///
/// # Errors
/// The database's.
pub fn insert_search(
    connection: &mut PgConnection,
    owner: UserId,
    id: SearchId,
    search: &SavedSearchPut,
    now: DateTime<Utc>,
) -> QueryResult<Kept> {
    let insert = diesel::insert_into(saved_searches::table).values((
        saved_searches::id.eq(id.as_uuid()),
        saved_searches::owner_id.eq(owner.as_uuid()),
        saved_searches::name.eq(&search.name),
        saved_searches::filter.eq(to_json(&search.filter)?),
        saved_searches::created_at.eq(now),
    ));
    kept(insert.returning(SearchRow::as_returning()).get_result(connection))
}

/// Changes one of a user's searches.
///
/// # Errors
/// The database's.
pub fn update_search(
    connection: &mut PgConnection,
    owner: UserId,
    id: SearchId,
    search: &SavedSearchPut,
) -> QueryResult<Kept> {
    let update = diesel::update(saved_searches::table)
        .filter(saved_searches::id.eq(id.as_uuid()).and(saved_searches::owner_id.eq(owner.as_uuid())))
        .set((saved_searches::name.eq(&search.name), saved_searches::filter.eq(to_json(&search.filter)?)));
    kept(update.returning(SearchRow::as_returning()).get_result(connection))
}

/// Forgets one of a user's searches; `false` if there is none with this id.
///
/// # Errors
/// The database's.
pub fn delete_search(connection: &mut PgConnection, owner: UserId, id: SearchId) -> QueryResult<bool> {
    let search = saved_searches::table
        .filter(saved_searches::id.eq(id.as_uuid()).and(saved_searches::owner_id.eq(owner.as_uuid())));
    Ok(diesel::delete(search).execute(connection)? > 0)
}
