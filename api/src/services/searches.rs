//! Searches that users gave a name.

use pbsweb_shared::api::jobs::JobsQuery;
use pbsweb_shared::api::searches::{SavedSearch, SavedSearchPut};
use pbsweb_shared::ids::SearchId;
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;

use super::actor::Actor;
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::jobs::StateFilter;
use crate::store::searches::{self as rows, Kept};

/// More than that would be a list that needs a search.
const MOST: usize = 200;

/// Why something about a saved search could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// There is no such search, or it is somebody else's.
    #[error("there is no such search")]
    NotFound,
    /// Another of the user's searches has the name.
    #[error("there is a search called {0}")]
    NameTaken(String),
    /// A field of the request is wrong.
    #[error("{}", .0.message)]
    Invalid(FieldError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

fn wrong(pointer: &str, code: &str, message: impl Into<String>) -> SearchError {
    SearchError::Invalid(FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.into(),
    })
}

/// What is kept of a request: a search that `GET /jobs` takes.
fn read(request: SavedSearchPut) -> Result<SavedSearchPut, SearchError> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        return Err(wrong("/name", "name.syntax", "needs 1 to 200 bytes without control characters"));
    }
    let filter = JobsQuery { limit: None, page_token: None, ..request.filter };
    if let Some(words) = &filter.state
        && let Err(error) = words.parse::<StateFilter>()
    {
        return Err(wrong("/filter/state", "state.unknown", error.to_string()));
    }
    for (pointer, text) in [("/filter/text", &filter.text), ("/filter/queue", &filter.queue)] {
        if text.as_ref().is_some_and(|text| text.len() > 1000 || text.contains('\0')) {
            return Err(wrong(pointer, "filter.syntax", "needs at most 1000 bytes without NUL characters"));
        }
    }
    Ok(SavedSearchPut { name, filter })
}

/// The caller's saved searches, by name.
///
/// # Errors
/// The database's.
pub async fn list_searches(app: &App, actor: &Actor) -> Result<Vec<SavedSearch>, SearchError> {
    let owner = actor.user;
    Ok(app.store.query(move |connection| rows::list_searches(connection, owner)).await?)
}

fn outcome(kept: Kept, name: String) -> Result<SavedSearch, SearchError> {
    match kept {
        Kept::Now(search) => Ok(*search),
        Kept::NameTaken => Err(SearchError::NameTaken(name)),
        Kept::NotFound => Err(SearchError::NotFound),
    }
}

/// Saves a search.
///
/// # Errors
/// The name is taken; a field is wrong; there are too many.
pub async fn create_search(
    app: &App,
    actor: &Actor,
    request: SavedSearchPut,
) -> Result<SavedSearch, SearchError> {
    let search = read(request)?;
    let (actor, now, id) = (actor.clone(), app.replica.now(), SearchId::from_uuid(Uuid::now_v7()));
    let name = search.name.clone();
    let kept = app
        .store
        .query(move |connection| {
            if rows::list_searches(connection, actor.user)?.len() >= MOST {
                return Ok(None);
            }
            let kept = rows::insert_search(connection, actor.user, id, &search, now)?;
            if let Kept::Now(search) = &kept {
                insert_activity(connection, &actor.deed("search.create", id, search.name.clone()), now)?;
            }
            Ok(Some(kept))
        })
        .await?;
    let kept =
        kept.ok_or_else(|| wrong("/name", "searches.too_many", format!("{MOST} searches are saved")))?;
    outcome(kept, name)
}

/// Changes one of the caller's saved searches.
///
/// # Errors
/// There is no such search; the name is taken; a field is wrong.
pub async fn put_search(
    app: &App,
    actor: &Actor,
    id: SearchId,
    request: SavedSearchPut,
) -> Result<SavedSearch, SearchError> {
    let search = read(request)?;
    let (actor, now, name) = (actor.clone(), app.replica.now(), search.name.clone());
    let kept = app
        .store
        .query(move |connection| {
            let kept = rows::update_search(connection, actor.user, id, &search)?;
            if let Kept::Now(search) = &kept {
                insert_activity(connection, &actor.deed("search.update", id, search.name.clone()), now)?;
            }
            Ok(kept)
        })
        .await?;
    outcome(kept, name)
}

/// Forgets one of the caller's saved searches.
///
/// # Errors
/// There is no such search.
pub async fn delete_search(app: &App, actor: &Actor, id: SearchId) -> Result<(), SearchError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    let is_gone = app
        .store
        .query(move |connection| {
            let is_gone = rows::delete_search(connection, actor.user, id)?;
            if is_gone {
                insert_activity(connection, &actor.deed("search.delete", id, ""), now)?;
            }
            Ok(is_gone)
        })
        .await?;
    if is_gone { Ok(()) } else { Err(SearchError::NotFound) }
}
