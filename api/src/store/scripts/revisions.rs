//! The revisions of scripts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::scripts::Revision;
use pbsweb_shared::ids::{ApplicationId, HostId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::JobScriptDraft;
use uuid::Uuid;

use super::RevisionRow;
use crate::store::batch::Batch;
use crate::store::page::PageRequest;
use crate::store::schema::{script_revisions, scripts};
use crate::store::to_json;

/// All revisions of a user's script, newest first.
///
/// # Errors
/// The database's.
pub fn list_revisions(
    connection: &mut PgConnection,
    owner: UserId,
    id: ScriptId,
    request: PageRequest<i32>,
    list: &str,
) -> QueryResult<Page<Revision>> {
    let mut query = script_revisions::table
        .inner_join(scripts::table.on(scripts::id.eq(script_revisions::script_id)))
        .filter(scripts::id.eq(id.as_uuid()).and(scripts::owner_id.eq(owner.as_uuid())))
        .order(script_revisions::number.desc())
        .limit(request.rows_to_select())
        .select(RevisionRow::as_select())
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(script_revisions::number.lt(after));
    }
    let items =
        query.load(connection)?.into_iter().map(Revision::try_from).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |revision| revision.number))
}

/// The revisions of a user's script with these numbers.
///
/// # Errors
/// The database's.
pub fn find_revisions(
    connection: &mut PgConnection,
    owner: UserId,
    id: ScriptId,
    numbers: [i32; 2],
) -> QueryResult<Vec<Revision>> {
    script_revisions::table
        .inner_join(scripts::table.on(scripts::id.eq(script_revisions::script_id)))
        .filter(scripts::id.eq(id.as_uuid()).and(scripts::owner_id.eq(owner.as_uuid())))
        .filter(script_revisions::number.eq_any(numbers))
        .select(RevisionRow::as_select())
        .load(connection)?
        .into_iter()
        .map(Revision::try_from)
        .collect()
}

/// A script in a state to be kept.
#[derive(Debug, Clone)]
pub struct NewRevision<'a> {
    /// Whose.
    pub owner: UserId,
    /// In which session.
    pub session: SessionId,
    /// The script's name: the same one gets a further revision.
    pub name: &'a str,
    /// What it is used with.
    pub application: Option<ApplicationId>,
    /// Where it is sent.
    pub host: HostId,
    /// Every field.
    pub draft: &'a JobScriptDraft,
    /// As its author saw it.
    pub text: &'a str,
    /// The id of the script, should it be new.
    pub fresh_script: ScriptId,
    /// The id of the revision, should it be new.
    pub fresh_revision: RevisionId,
}

/// Keeps a script: a new revision when something changed, the latest one when nothing did. The row of the script is
/// locked, so that two at once make two revisions, one after the other.
///
/// # Errors
/// The database's.
pub fn put_revision(
    connection: &mut PgConnection,
    new: &NewRevision<'_>,
    now: DateTime<Utc>,
) -> QueryResult<(ScriptId, RevisionId)> {
    let used = (
        scripts::used_at.eq(now),
        scripts::application_id.eq(new.application.map(ApplicationId::as_uuid)),
        scripts::host_id.eq(Some(new.host.as_uuid())),
    );
    let (script, n_revisions): (Uuid, i32) = diesel::insert_into(scripts::table)
        .values((
            scripts::id.eq(new.fresh_script.as_uuid()),
            scripts::owner_id.eq(new.owner.as_uuid()),
            scripts::name.eq(new.name),
            scripts::n_revisions.eq(0),
            scripts::created_at.eq(now),
            used,
        ))
        .on_conflict((scripts::owner_id, scripts::name))
        .do_update()
        .set(used)
        .returning((scripts::id, scripts::n_revisions))
        .get_result(connection)?;
    let script_id = ScriptId::from_uuid(script);
    let draft = to_json(new.draft)?;
    let latest: Option<Uuid> = script_revisions::table
        .filter(script_revisions::script_id.eq(script).and(script_revisions::number.eq(n_revisions)))
        .filter(script_revisions::draft.eq(&draft))
        .select(script_revisions::id)
        .first(connection)
        .optional()?;
    if let Some(latest) = latest {
        return Ok((script_id, RevisionId::from_uuid(latest)));
    }
    let mut batch = Batch::default();
    batch.add(diesel::insert_into(script_revisions::table).values((
        script_revisions::id.eq(new.fresh_revision.as_uuid()),
        script_revisions::script_id.eq(script),
        script_revisions::number.eq(n_revisions + 1),
        script_revisions::session_id.eq(new.session.as_uuid()),
        script_revisions::draft.eq(draft),
        script_revisions::text.eq(new.text),
        script_revisions::created_at.eq(now),
    )));
    batch.add(diesel::update(scripts::table.find(script)).set(scripts::n_revisions.eq(n_revisions + 1)));
    batch.execute(connection)?;
    Ok((script_id, new.fresh_revision))
}
