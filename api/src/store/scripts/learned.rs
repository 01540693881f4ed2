//! What earlier scripts said and their jobs used.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Uuid as SqlUuid};
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::script::{GoodRun, JobScriptDraft, n_chunks};

use crate::store::read_json;
use crate::store::schema::{jobs, script_revisions};

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
        .order((jobs::submitted_at.desc(), jobs::id.desc()))
        .select(script_revisions::draft)
        .into_boxed();
    if let Some(host) = host {
        query = query.filter(jobs::host_id.eq(host.as_uuid()));
    }
    query.first::<serde_json::Value>(connection).optional()?.map(read_json).transpose()
}

/// What the last ten of a user's jobs of an application that completed used, on a host or, with none given, on any. Arrays are left
/// out: what the scheduler says of one is of no single job. No more than 500 jobs are looked at.
///
/// # Errors
/// The database's.
pub fn good_runs(
    connection: &mut PgConnection,
    owner: UserId,
    application: ApplicationId,
    host: Option<HostId>,
) -> QueryResult<Vec<GoodRun>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<BigInt>)]
        used_walltime_seconds: Option<i64>,
        #[diesel(sql_type = Nullable<BigInt>)]
        used_memory_bytes: Option<i64>,
        #[diesel(sql_type = Jsonb)]
        draft: serde_json::Value,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT used_walltime_seconds, used_memory_bytes, draft \
         FROM (SELECT * FROM jobs WHERE application_id = $1 AND owner_id = $2 \
               ORDER BY submitted_at DESC, id DESC LIMIT 500) AS recent \
         JOIN script_revisions AS revision ON revision.id = recent.revision_id \
         WHERE recent.state = 'completed' AND ($3 IS NULL OR recent.host_id = $3) \
           AND coalesce(draft->>'array', '') = '' AND (used_walltime_seconds IS NOT NULL OR used_memory_bytes IS NOT NULL) \
         ORDER BY recent.submitted_at DESC LIMIT 10",
    )
    .bind::<SqlUuid, _>(application.as_uuid())
    .bind::<SqlUuid, _>(owner.as_uuid())
    .bind::<Nullable<SqlUuid>, _>(host.map(HostId::as_uuid))
    .load(connection)?;
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    rows.into_iter()
        .map(|row| {
            Ok(GoodRun {
                walltime_seconds: number(row.used_walltime_seconds),
                memory_bytes: number(row.used_memory_bytes),
                n_chunks: n_chunks(&read_json(row.draft)?),
            })
        })
        .collect()
}
