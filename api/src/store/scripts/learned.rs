//! What earlier scripts said and their jobs used.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::script::{GoodRun, JobScriptDraft, n_chunks};
use uuid::Uuid;

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

/// What the last ten completed jobs of applications of their owners used, on a host or, with none given, on any. Arrays are left out:
/// what the scheduler says of one is of no single job. No more than 500 jobs of each are looked at.
///
/// # Errors
/// The database's.
pub fn good_runs(
    connection: &mut PgConnection,
    whose: &[(ApplicationId, UserId)],
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
    let (applications, owners) = unzip(whose);
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT used_walltime_seconds, used_memory_bytes, draft \
         FROM unnest($1, $2) AS whose (application_id, owner_id) CROSS JOIN LATERAL (\
             SELECT * FROM jobs WHERE application_id = whose.application_id AND owner_id = whose.owner_id \
             ORDER BY submitted_at DESC, id DESC LIMIT 500) AS recent \
         JOIN script_revisions AS revision ON revision.id = recent.revision_id \
         WHERE recent.state = 'completed' AND ($3 IS NULL OR recent.host_id = $3) \
           AND coalesce(draft->>'array', '') = '' AND (used_walltime_seconds IS NOT NULL OR used_memory_bytes IS NOT NULL) \
         ORDER BY recent.submitted_at DESC LIMIT 10",
    )
    .bind::<Array<SqlUuid>, _>(applications)
    .bind::<Array<SqlUuid>, _>(owners)
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

fn unzip(whose: &[(ApplicationId, UserId)]) -> (Vec<Uuid>, Vec<Uuid>) {
    whose.iter().map(|(application, owner)| (application.as_uuid(), owner.as_uuid())).unzip()
}

/// The applications that others share with a user and that are the same as one that the user sees: itself, or one of the same name
/// or with the same content on some host; each with its owner.
///
/// # Errors
/// The database's.
pub fn same_in_groups(
    connection: &mut PgConnection,
    user: UserId,
    application: ApplicationId,
) -> QueryResult<Vec<(ApplicationId, UserId)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        owner_id: Uuid,
    }
    diesel::sql_query(
        "SELECT DISTINCT other.id, other.owner_id FROM group_members AS member \
         JOIN shared_applications AS shared ON shared.group_id = member.group_id \
         JOIN applications AS other ON other.id = shared.application_id \
         WHERE member.user_id = $1 AND other.owner_id <> $1 AND (other.id = $2 \
             OR other.name = (SELECT name FROM applications WHERE id = $2) \
             OR EXISTS (SELECT FROM application_hosts AS theirs JOIN application_hosts AS own USING (digest) \
                        WHERE theirs.application_id = other.id AND own.application_id = $2)) LIMIT 20",
    )
    .bind::<SqlUuid, _>(user.as_uuid())
    .bind::<SqlUuid, _>(application.as_uuid())
    .load::<Row>(connection)
    .map(|rows| {
        rows.into_iter()
            .map(|row| (ApplicationId::from_uuid(row.id), UserId::from_uuid(row.owner_id)))
            .collect()
    })
}

/// The fields of the script of the last job of any of these, and whose it was; on a host or, with none given, on any.
///
/// # Errors
/// The database's.
pub fn last_draft_of(
    connection: &mut PgConnection,
    whose: &[(ApplicationId, UserId)],
    host: Option<HostId>,
) -> QueryResult<Option<(JobScriptDraft, String)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        draft: serde_json::Value,
        #[diesel(sql_type = Text)]
        user_name: String,
    }
    let (applications, owners) = unzip(whose);
    diesel::sql_query(
        "SELECT revision.draft, users.user_name \
         FROM unnest($1, $2) AS whose (application_id, owner_id) CROSS JOIN LATERAL (\
             SELECT * FROM jobs WHERE application_id = whose.application_id AND owner_id = whose.owner_id \
                 AND ($3 IS NULL OR host_id = $3) \
             ORDER BY submitted_at DESC, id DESC LIMIT 1) AS last \
         JOIN script_revisions AS revision ON revision.id = last.revision_id \
         JOIN users ON users.id = last.owner_id ORDER BY last.submitted_at DESC LIMIT 1",
    )
    .bind::<Array<SqlUuid>, _>(applications)
    .bind::<Array<SqlUuid>, _>(owners)
    .bind::<Nullable<SqlUuid>, _>(host.map(HostId::as_uuid))
    .get_result::<Row>(connection)
    .optional()?
    .map(|row| Ok((read_json(row.draft)?, row.user_name)))
    .transpose()
}
