//! Scripts. [`revisions`] keeps what they said when, [`search`] lists them by filters,
//! and [`learned`] tells what new ones can start with.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use pbsweb_shared::api::groups::Role;
use pbsweb_shared::api::scripts::{Revision, Script, ScriptJob};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use uuid::Uuid;

use super::schema::{jobs, script_revisions, scripts, sessions, users};
use super::sharing::{Kind, Standing, Standings, scripts_shared_with};
use super::{read, read_json};

mod learned;
mod revisions;
mod search;

pub use learned::{good_runs, last_draft, last_draft_of, same_in_groups};
pub use revisions::{
    Changed, NewRevision, Saved, create_script, find_revisions, label_revision, list_revisions, put_revision,
    restore_revision, save_revision, search_beside_script, use_script,
};
pub use search::list_scripts;

#[derive(Queryable, Selectable)]
#[diesel(table_name = scripts)]
struct ScriptRow {
    id: Uuid,
    owner_id: Uuid,
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
    parent: Option<i32>,
    label: Option<String>,
    draft: serde_json::Value,
    created_at: DateTime<Utc>,
    session_id: Uuid,
}

fn revision((row, by): (RevisionRow, String)) -> QueryResult<Revision> {
    Ok(Revision {
        id: RevisionId::from_uuid(row.id),
        number: row.number,
        parent: row.parent,
        label: row.label,
        by: read(&by)?,
        session: SessionId::from_uuid(row.session_id),
        draft: read_json(row.draft)?,
        created_at: row.created_at,
    })
}

fn script(row: ScriptRow, revision: Revision, standing: Standing, last_job: Option<ScriptJob>) -> Script {
    Script {
        id: ScriptId::from_uuid(row.id),
        name: row.name,
        application: row.application_id.map(ApplicationId::from_uuid),
        host: row.host_id.map(HostId::from_uuid),
        owner: standing.owner,
        access: standing.access,
        shared_with: standing.shared_with,
        revision,
        n_revisions: row.n_revisions,
        last_job,
        used_at: row.used_at,
    }
}

/// A user's last job of each script.
fn last_jobs(
    connection: &mut PgConnection,
    user: UserId,
    ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, ScriptJob)>> {
    #[derive(QueryableByName)]
    #[diesel(table_name = jobs)]
    struct Row {
        script_id: Uuid,
        id: Uuid,
        state: String,
        exit_status: Option<i32>,
    }
    // One step of the index for each, however many jobs it has.
    diesel::sql_query(
        "SELECT last.script_id, last.id, last.state, last.exit_status FROM unnest($1) AS wanted (id) CROSS JOIN LATERAL (\
             SELECT * FROM jobs WHERE script_id = wanted.id AND owner_id = $2 \
             ORDER BY submitted_at DESC, id DESC LIMIT 1) AS last",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<SqlUuid, _>(user.as_uuid())
    .load::<Row>(connection)?
    .into_iter()
    .map(|row| {
        let job = ScriptJob {
            id: JobId::from_uuid(row.id),
            state: read(&row.state)?,
            exit_status: row.exit_status,
        };
        Ok((row.script_id, job))
    })
    .collect()
}

/// These of the scripts that a user may see, each with its latest revision.
fn find_scripts(connection: &mut PgConnection, user: UserId, ids: &[Uuid]) -> QueryResult<Vec<Script>> {
    let rows: Vec<(ScriptRow, (RevisionRow, String))> = scripts::table
        .inner_join(
            script_revisions::table.on(script_revisions::script_id
                .eq(scripts::id)
                .and(script_revisions::number.eq(scripts::n_revisions))),
        )
        .inner_join(sessions::table.on(sessions::id.eq(script_revisions::session_id)))
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(scripts::id.eq_any(ids))
        .filter(
            scripts::owner_id
                .eq(user.as_uuid())
                .or(scripts::id.eq_any(scripts_shared_with(user, Role::Read))),
        )
        .select((ScriptRow::as_select(), (RevisionRow::as_select(), users::user_name)))
        .load(connection)?;
    let last = last_jobs(connection, user, ids)?;
    let things: Vec<(Uuid, Uuid)> = rows.iter().map(|(row, _)| (row.id, row.owner_id)).collect();
    let standings = Standings::find(connection, Kind::Script, user, &things)?;
    rows.into_iter()
        .map(|(row, latest)| {
            let job = last.iter().find(|(id, _)| *id == row.id).map(|(_, job)| job.clone());
            let standing = standings.of(row.id, row.owner_id);
            Ok(script(row, revision(latest)?, standing, job))
        })
        .collect()
}

/// A script that a user may see, with its latest revision, if it exists.
///
/// # Errors
/// The database's.
pub fn find_script(connection: &mut PgConnection, user: UserId, id: ScriptId) -> QueryResult<Option<Script>> {
    Ok(find_scripts(connection, user, &[id.as_uuid()])?.pop())
}
