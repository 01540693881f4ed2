//! The revisions of scripts.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use pbsweb_shared::api::groups::Role;
use pbsweb_shared::api::scripts::Revision;
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::JobScriptDraft;
use uuid::Uuid;

use super::{RevisionRow, revision};
use crate::store::batch::Batch;
use crate::store::page::PageRequest;
use crate::store::schema::{script_revisions, scripts, sessions, users};
use crate::store::sharing::scripts_shared_with;
use crate::store::{read_json, to_json};

/// A script that is used again so soon was used just now: its moment is kept no more exactly.
const A_MOMENT: TimeDelta = TimeDelta::seconds(1);

/// The revisions of a script that a user may see.
macro_rules! seen_revisions {
    ($user:expr, $id:expr) => {
        script_revisions::table
            .inner_join(scripts::table.on(scripts::id.eq(script_revisions::script_id)))
            .inner_join(sessions::table.on(sessions::id.eq(script_revisions::session_id)))
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .filter(scripts::id.eq($id.as_uuid()))
            .filter(
                scripts::owner_id
                    .eq($user.as_uuid())
                    .or(scripts::id.eq_any(scripts_shared_with($user, Role::Read))),
            )
            .select((RevisionRow::as_select(), users::user_name))
    };
}

/// All revisions of a script that a user may see, newest first.
///
/// # Errors
/// The database's.
pub fn list_revisions(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    request: PageRequest<i32>,
    list: &str,
) -> QueryResult<Page<Revision>> {
    let mut query = seen_revisions!(user, id)
        .order(script_revisions::number.desc())
        .limit(request.rows_to_select())
        .into_boxed();
    if let Some(after) = request.after {
        query = query.filter(script_revisions::number.lt(after));
    }
    let items = query.load(connection)?.into_iter().map(revision).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |revision| revision.number))
}

/// The revisions with these numbers of a script that a user may see.
///
/// # Errors
/// The database's.
pub fn find_revisions(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    numbers: &[i32],
) -> QueryResult<Vec<Revision>> {
    seen_revisions!(user, id)
        .filter(script_revisions::number.eq_any(numbers))
        .load(connection)?
        .into_iter()
        .map(revision)
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
    if let Some(known) = find_just_used(connection, new, now)? {
        return Ok(known);
    }
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
    let changed =
        Changed { session: new.session, draft: new.draft, text: new.text, fresh: new.fresh_revision };
    let parent = Some(n_revisions).filter(|number| *number > 0);
    Ok((script_id, add_revision(connection, script, n_revisions, parent, &changed, now)?))
}

/// A script that was used last, a moment ago and in the same way, if it says the same. Nothing of it changes: who submit one script
/// many times at once do not wait for each other at its row.
fn find_just_used(
    connection: &mut PgConnection,
    new: &NewRevision<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<(ScriptId, RevisionId)>> {
    let others = diesel::alias!(scripts as others);
    let later = others
        .filter(others.field(scripts::owner_id).eq(scripts::owner_id))
        .filter(others.field(scripts::used_at).gt(scripts::used_at));
    let found: Option<(Uuid, Uuid)> = scripts::table
        .inner_join(script_revisions::table.on(script_revisions::script_id.eq(scripts::id)))
        .filter(scripts::owner_id.eq(new.owner.as_uuid()).and(scripts::name.eq(new.name)))
        .filter(scripts::used_at.gt(now - A_MOMENT))
        .filter(scripts::application_id.is_not_distinct_from(new.application.map(ApplicationId::as_uuid)))
        .filter(scripts::host_id.eq(new.host.as_uuid()))
        .filter(script_revisions::number.eq(scripts::n_revisions))
        .filter(script_revisions::draft.eq(to_json(new.draft)?))
        .filter(diesel::dsl::not(diesel::dsl::exists(later)))
        .select((scripts::id, script_revisions::id))
        .first(connection)
        .optional()?;
    Ok(found.map(|(script, revision)| (ScriptId::from_uuid(script), RevisionId::from_uuid(revision))))
}

/// What a revision says, and in which session it came to say that.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    /// In which session.
    pub session: SessionId,
    /// Every field.
    pub draft: &'a JobScriptDraft,
    /// As its author saw it.
    pub text: &'a str,
    /// The id of the revision, should it be new.
    pub fresh: RevisionId,
}

/// Adds a revision after the latest one, unless that says the same. The script's row is locked.
fn add_revision(
    connection: &mut PgConnection,
    script: Uuid,
    n_revisions: i32,
    parent: Option<i32>,
    changed: &Changed<'_>,
    now: DateTime<Utc>,
) -> QueryResult<RevisionId> {
    let draft = to_json(changed.draft)?;
    let latest: Option<Uuid> = script_revisions::table
        .filter(script_revisions::script_id.eq(script).and(script_revisions::number.eq(n_revisions)))
        .filter(script_revisions::draft.eq(&draft))
        .select(script_revisions::id)
        .first(connection)
        .optional()?;
    if let Some(latest) = latest {
        return Ok(RevisionId::from_uuid(latest));
    }
    let mut batch = Batch::default();
    batch.add(diesel::insert_into(script_revisions::table).values((
        script_revisions::id.eq(changed.fresh.as_uuid()),
        script_revisions::script_id.eq(script),
        script_revisions::number.eq(n_revisions + 1),
        script_revisions::parent.eq(parent),
        script_revisions::session_id.eq(changed.session.as_uuid()),
        script_revisions::draft.eq(draft),
        script_revisions::text.eq(changed.text),
        script_revisions::created_at.eq(now),
    )));
    batch.add(
        diesel::update(scripts::table.find(script))
            .set((scripts::n_revisions.eq(n_revisions + 1), scripts::used_at.eq(now))),
    );
    batch.execute(connection)?;
    Ok(changed.fresh)
}

/// Keeps a script under a new name; `None` if the user has one with this name.
///
/// # Errors
/// The database's.
pub fn create_script(
    connection: &mut PgConnection,
    owner: UserId,
    id: ScriptId,
    name: &str,
    changed: &Changed<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<ScriptId>> {
    let n_made = diesel::insert_into(scripts::table)
        .values((
            scripts::id.eq(id.as_uuid()),
            scripts::owner_id.eq(owner.as_uuid()),
            scripts::name.eq(name),
            scripts::n_revisions.eq(0),
            scripts::created_at.eq(now),
            scripts::used_at.eq(now),
        ))
        .on_conflict((scripts::owner_id, scripts::name))
        .do_nothing()
        .execute(connection)?;
    if n_made == 0 {
        return Ok(None);
    }
    add_revision(connection, id.as_uuid(), 0, None, changed, now)?;
    Ok(Some(id))
}

/// What became of a change to a script.
#[derive(Debug)]
pub enum Saved {
    /// It is the latest revision.
    Now(Revision),
    /// Another one was saved meanwhile: this.
    Conflict(Revision),
}

/// How many revisions a script has that a user may change. Nobody else changes it until the transaction ends.
fn lock_script(connection: &mut PgConnection, user: UserId, id: ScriptId) -> QueryResult<Option<i32>> {
    scripts::table
        .filter(scripts::id.eq(id.as_uuid()))
        .filter(
            scripts::owner_id
                .eq(user.as_uuid())
                .or(scripts::id.eq_any(scripts_shared_with(user, Role::Edit))),
        )
        .select(scripts::n_revisions)
        .for_update()
        .first(connection)
        .optional()
}

fn find_revision(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    number: i32,
) -> QueryResult<Option<Revision>> {
    Ok(find_revisions(connection, user, id, &[number])?.pop())
}

/// Keeps a changed script as its latest revision, if the one that was changed still is the latest. `None`: there is no such
/// script that the user may change.
///
/// # Errors
/// The database's.
pub fn save_revision(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    made_from: i32,
    changed: &Changed<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<Saved>> {
    let Some(n_revisions) = lock_script(connection, user, id)? else { return Ok(None) };
    if made_from != n_revisions {
        return Ok(find_revision(connection, user, id, n_revisions)?.map(Saved::Conflict));
    }
    let kept = add_revision(connection, id.as_uuid(), n_revisions, Some(made_from), changed, now)?;
    let number = if kept == changed.fresh { n_revisions + 1 } else { n_revisions };
    Ok(find_revision(connection, user, id, number)?.map(Saved::Now))
}

/// Makes a former revision the latest one, by a copy of it. `None`: there is no such one that the user may
/// change.
///
/// # Errors
/// The database's.
pub fn restore_revision(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    number: i32,
    session: SessionId,
    fresh: RevisionId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Revision>> {
    let Some(n_revisions) = lock_script(connection, user, id)? else { return Ok(None) };
    let former: Option<(serde_json::Value, String)> = script_revisions::table
        .filter(script_revisions::script_id.eq(id.as_uuid()).and(script_revisions::number.eq(number)))
        .select((script_revisions::draft, script_revisions::text))
        .first(connection)
        .optional()?;
    let Some((draft, text)) = former else { return Ok(None) };
    let draft: JobScriptDraft = read_json(draft)?;
    let changed = Changed { session, draft: &draft, text: &text, fresh };
    let kept = add_revision(connection, id.as_uuid(), n_revisions, Some(number), &changed, now)?;
    let latest = if kept == fresh { n_revisions + 1 } else { n_revisions };
    find_revision(connection, user, id, latest)
}

/// Gives a revision a label, or takes it away. `None`: there is no such revision that the
/// user may change.
///
/// # Errors
/// The database's.
pub fn label_revision(
    connection: &mut PgConnection,
    user: UserId,
    id: ScriptId,
    number: i32,
    label: Option<&str>,
) -> QueryResult<Option<Revision>> {
    if lock_script(connection, user, id)?.is_none() {
        return Ok(None);
    }
    diesel::update(script_revisions::table)
        .filter(script_revisions::script_id.eq(id.as_uuid()).and(script_revisions::number.eq(number)))
        .set(script_revisions::label.eq(label))
        .execute(connection)?;
    find_revision(connection, user, id, number)
}

/// A user's own script was submitted: where it went and with what is what the next job of it begins with.
///
/// # Errors
/// The database's.
pub fn use_script(
    connection: &mut PgConnection,
    owner: UserId,
    id: ScriptId,
    application: Option<ApplicationId>,
    host: HostId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(scripts::table.find(id.as_uuid()).filter(scripts::owner_id.eq(owner.as_uuid())))
        .set((
            scripts::used_at.eq(now),
            scripts::application_id.eq(application.map(ApplicationId::as_uuid)),
            scripts::host_id.eq(Some(host.as_uuid())),
        ))
        .execute(connection)
        .map(drop)
}

/// Lets a user's job of somebody else's script be found by the words of the script.
///
/// # Errors
/// The database's.
pub fn search_beside_script(connection: &mut PgConnection, owner: UserId, job: JobId) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO job_renames (job_id, owner_id, name) SELECT jobs.id, jobs.owner_id, searched_beside_script(jobs) \
         FROM jobs JOIN scripts ON scripts.id = jobs.script_id \
         WHERE jobs.id = $1 AND jobs.owner_id = $2 AND scripts.owner_id <> $2",
    )
    .bind::<SqlUuid, _>(job.as_uuid())
    .bind::<SqlUuid, _>(owner.as_uuid())
    .execute(connection)
    .map(drop)
}
