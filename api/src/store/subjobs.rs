//! The jobs of arrays.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use pbsweb_shared::api::jobs::{Subjob, SubjobsQuery};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::page::PageRequest;
use super::read;
use super::schema::subjobs;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = subjobs)]
struct SubjobRow {
    job_id: Uuid,
    array_index: i32,
    state: String,
    source: String,
    as_of: DateTime<Utc>,
    reason: Option<String>,
    exit_status: Option<i32>,
    signal: Option<i32>,
    end_cause: Option<String>,
    run_count: i32,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<SubjobRow> for Subjob {
    type Error = diesel::result::Error;

    fn try_from(row: SubjobRow) -> QueryResult<Self> {
        Ok(Self {
            index: row.array_index.try_into().unwrap_or(0),
            state: read(&row.state)?,
            source: read(&row.source)?,
            as_of: row.as_of,
            reason: row.reason,
            exit_status: row.exit_status,
            signal: row.signal,
            end_cause: row.end_cause.as_deref().map(read).transpose()?,
            run_count: row.run_count.try_into().unwrap_or(0),
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

/// PostgreSQL takes 65,535 values in one statement; a row has twelve.
const AT_ONCE: usize = 5000;

/// All jobs of an array, by index.
///
/// # Errors
/// The database's.
pub fn find_subjobs(connection: &mut PgConnection, job: JobId) -> QueryResult<BTreeMap<u32, Subjob>> {
    subjobs::table
        .filter(subjobs::job_id.eq(job.as_uuid()))
        .select(SubjobRow::as_select())
        .load(connection)?
        .into_iter()
        .map(|row| Subjob::try_from(row).map(|subjob| (subjob.index, subjob)))
        .collect()
}

/// Writes what is known of some jobs of an array. Whoever calls this holds the array's row, so that two looks do not mix.
///
/// # Errors
/// The database's.
pub fn put_subjobs<'a>(
    connection: &mut PgConnection,
    job: JobId,
    changed: impl Iterator<Item = &'a Subjob>,
) -> QueryResult<()> {
    let rows: Vec<SubjobRow> = changed
        .map(|subjob| SubjobRow {
            job_id: job.as_uuid(),
            array_index: subjob.index.try_into().unwrap_or(i32::MAX),
            state: subjob.state.to_string(),
            source: subjob.source.to_string(),
            as_of: subjob.as_of,
            reason: subjob.reason.as_ref().map(|words| words.replace('\0', "\u{fffd}")),
            exit_status: subjob.exit_status,
            signal: subjob.signal,
            end_cause: subjob.end_cause.map(|cause| cause.to_string()),
            run_count: subjob.run_count.try_into().unwrap_or(i32::MAX),
            started_at: subjob.started_at,
            ended_at: subjob.ended_at,
        })
        .collect();
    for rows in rows.chunks(AT_ONCE) {
        diesel::insert_into(subjobs::table)
            .values(rows)
            .on_conflict((subjobs::job_id, subjobs::array_index))
            .do_update()
            .set((
                subjobs::state.eq(excluded(subjobs::state)),
                subjobs::source.eq(excluded(subjobs::source)),
                subjobs::as_of.eq(excluded(subjobs::as_of)),
                subjobs::reason.eq(excluded(subjobs::reason)),
                subjobs::exit_status.eq(excluded(subjobs::exit_status)),
                subjobs::signal.eq(excluded(subjobs::signal)),
                subjobs::end_cause.eq(excluded(subjobs::end_cause)),
                subjobs::run_count.eq(excluded(subjobs::run_count)),
                subjobs::started_at.eq(excluded(subjobs::started_at)),
                subjobs::ended_at.eq(excluded(subjobs::ended_at)),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// A page of an array's jobs, by index.
///
/// # Errors
/// The database's.
pub fn list_subjobs(
    connection: &mut PgConnection,
    job: JobId,
    filter: &SubjobsQuery,
    request: PageRequest<i32>,
    list: &str,
) -> QueryResult<Page<Subjob>> {
    let mut query = subjobs::table
        .filter(subjobs::job_id.eq(job.as_uuid()))
        .order(subjobs::array_index.asc())
        .limit(request.rows_to_select())
        .select(SubjobRow::as_select())
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(subjobs::state.eq(state.as_str()));
    }
    if let Some(after) = request.after {
        query = query.filter(subjobs::array_index.gt(after));
    }
    let items = query.load(connection)?.into_iter().map(Subjob::try_from).collect::<QueryResult<Vec<_>>>()?;
    Ok(request.page(items, list, |subjob| i32::try_from(subjob.index).unwrap_or(i32::MAX)))
}
