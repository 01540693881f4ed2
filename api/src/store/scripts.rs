//! Scripts and their revisions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::scripts::{Revision, Script, ScriptJob, ScriptsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::JobScriptDraft;
use uuid::Uuid;

use super::batch::Batch;
use super::page::{PageRequest, Place};
use super::schema::{jobs, script_revisions, scripts};
use super::{read, read_json, to_json};

#[derive(Queryable, Selectable)]
#[diesel(table_name = scripts)]
struct ScriptRow {
    id: Uuid,
    name: String,
    application_id: Option<Uuid>,
    host_id: Option<Uuid>,
    n_revisions: i32,
    used_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = script_revisions)]
struct RevisionRow {
    id: Uuid,
    number: i32,
    draft: serde_json::Value,
    created_at: DateTime<Utc>,
}

impl TryFrom<RevisionRow> for Revision {
    type Error = diesel::result::Error;

    fn try_from(row: RevisionRow) -> QueryResult<Self> {
        Ok(Self {
            id: RevisionId::from_uuid(row.id),
            number: row.number,
            draft: read_json(row.draft)?,
            created_at: row.created_at,
        })
    }
}

fn script((row, revision): (ScriptRow, RevisionRow), last_job: Option<ScriptJob>) -> QueryResult<Script> {
    Ok(Script {
        id: ScriptId::from_uuid(row.id),
        name: row.name,
        application: row.application_id.map(ApplicationId::from_uuid),
        host: row.host_id.map(HostId::from_uuid),
        revision: revision.try_into()?,
        n_revisions: row.n_revisions,
        last_job,
        used_at: row.used_at,
    })
}

/// The last job of each script.
fn last_jobs(connection: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, ScriptJob)>> {
    jobs::table
        .filter(jobs::script_id.eq_any(ids))
        .distinct_on(jobs::script_id)
        .order((jobs::script_id, jobs::submitted_at.desc()))
        .select((jobs::script_id, jobs::id, jobs::state, jobs::exit_status))
        .load::<(Uuid, Uuid, String, Option<i32>)>(connection)?
        .into_iter()
        .map(|(script, id, state, exit_status)| {
            Ok((script, ScriptJob { id: JobId::from_uuid(id), state: read(&state)?, exit_status }))
        })
        .collect()
}

/// The characters that mean something in LIKE mean themselves. PostgreSQL knows no NUL, and no script holds one: what stands for
/// it is not found either.
pub(super) fn contains_pattern(text: &str) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('\0', "\u{fffd}");
    format!("%{escaped}%")
}

/// A user's scripts, the one used last first, each with its latest revision.
///
/// # Errors
/// The database's.
pub fn list_scripts(
    connection: &mut PgConnection,
    owner: UserId,
    filter: &ScriptsQuery,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Script>> {
    let mut query = scripts::table
        .inner_join(
            script_revisions::table.on(script_revisions::script_id
                .eq(scripts::id)
                .and(script_revisions::number.eq(scripts::n_revisions))),
        )
        .filter(scripts::owner_id.eq(owner.as_uuid()))
        .order((scripts::used_at.desc(), scripts::id.desc()))
        .limit(request.rows_to_select())
        .select((ScriptRow::as_select(), RevisionRow::as_select()))
        .into_boxed();
    if let Some(application) = filter.application {
        query = query.filter(scripts::application_id.eq(application.as_uuid()));
    }
    if let Some(host) = filter.host {
        query = query.filter(scripts::host_id.eq(host.as_uuid()));
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        let pattern = contains_pattern(text);
        query = query.filter(scripts::name.ilike(pattern.clone()).or(script_revisions::text.ilike(pattern)));
    }
    if let Some(after) = request.after {
        query = query.filter(
            scripts::used_at.lt(after.at()).or(scripts::used_at.eq(after.at()).and(scripts::id.lt(after.id))),
        );
    }
    let rows: Vec<(ScriptRow, RevisionRow)> = query.load(connection)?;
    let ids: Vec<Uuid> = rows.iter().map(|(row, _)| row.id).collect();
    let last = last_jobs(connection, &ids)?;
    let items = rows
        .into_iter()
        .map(|row| {
            let job = last.iter().find(|(id, _)| *id == row.0.id).map(|(_, job)| job.clone());
            script(row, job)
        })
        .collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |script| Place::new(script.used_at, script.id.as_uuid())))
}

/// A user's script with its latest revision, if it exists.
///
/// # Errors
/// The database's.
pub fn find_script(
    connection: &mut PgConnection,
    owner: UserId,
    id: ScriptId,
) -> QueryResult<Option<Script>> {
    let row: Option<(ScriptRow, RevisionRow)> = scripts::table
        .inner_join(
            script_revisions::table.on(script_revisions::script_id
                .eq(scripts::id)
                .and(script_revisions::number.eq(scripts::n_revisions))),
        )
        .filter(scripts::id.eq(id.as_uuid()).and(scripts::owner_id.eq(owner.as_uuid())))
        .select((ScriptRow::as_select(), RevisionRow::as_select()))
        .first(connection)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let last = last_jobs(connection, &[id.as_uuid()])?.into_iter().next().map(|(_, job)| job);
    script(row, last).map(Some)
}

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

/// The fields of the script of a user's last job of an application on a host; with no host given, on any.
///
/// # Errors
/// The database's.
pub fn last_draft(
    connection: &mut PgConnection,
    owner: UserId,
    application: ApplicationId,
    host: Option<HostId>,
) -> QueryResult<Option<JobScriptDraft>> {
    let mut query = jobs::table
        .inner_join(script_revisions::table.on(script_revisions::id.eq(jobs::revision_id)))
        .filter(jobs::owner_id.eq(owner.as_uuid()).and(jobs::application_id.eq(application.as_uuid())))
        .order(jobs::submitted_at.desc())
        .select(script_revisions::draft)
        .into_boxed();
    if let Some(host) = host {
        query = query.filter(jobs::host_id.eq(host.as_uuid()));
    }
    query.first::<serde_json::Value>(connection).optional()?.map(read_json).transpose()
}
