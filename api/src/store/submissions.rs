//! Submissions: what is stored before anything leaves for a host, and what is still without an answer.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Interval, Nullable, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::names::LoginName;
use pbsweb_shared::script::JobScriptDraft;
use uuid::Uuid;

use super::jobs::publish_job;
use super::replicas::{ReplicaId, is_alive};
use super::schema::{job_submissions, jobs, script_revisions};
use super::{read, read_json};

/// A job to be stored, in state `submitting`.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub owner: UserId,
    /// In which session.
    pub session: SessionId,
    /// Where.
    pub host: HostId,
    /// Whose folder it runs in.
    pub application: Option<ApplicationId>,
    /// The script.
    pub script: ScriptId,
    /// The revision that is submitted.
    pub revision: RevisionId,
    /// Its name.
    pub name: String,
    /// The account it runs as.
    pub login: LoginName,
    /// The queue that was asked for.
    pub queue: Option<String>,
    /// Walltime asked for, in seconds.
    pub walltime_seconds: Option<i64>,
}

/// What goes to the host, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The job's own folder, absolute.
    pub job_folder: String,
    /// Where qsub runs, absolute.
    pub working_folder: String,
    /// The script with PBSWeb's own lines.
    pub text: String,
    /// The arguments of qsub.
    pub arguments: Vec<String>,
    /// Where standard output goes, absolute.
    pub stdout_path: String,
    /// Where standard error goes, absolute; empty when it is joined to standard output.
    pub stderr_path: String,
}

/// A server of a former release, during an upgrade, knows nothing of who attends to a submission: it waits for this time.
const FORMER_LEASE: TimeDelta = TimeDelta::seconds(180);

/// Stores the intent: the job and what will be sent. `attended_by` is at it; should it die before there is an answer, another
/// server takes over.
///
/// # Errors
/// The database's.
pub fn insert_submission(
    connection: &mut PgConnection,
    new: &NewJob,
    frozen: &Frozen,
    attended_by: ReplicaId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(new.id.as_uuid()),
            jobs::owner_id.eq(new.owner.as_uuid()),
            jobs::session_id.eq(new.session.as_uuid()),
            jobs::host_id.eq(new.host.as_uuid()),
            jobs::application_id.eq(new.application.map(ApplicationId::as_uuid)),
            jobs::script_id.eq(new.script.as_uuid()),
            jobs::revision_id.eq(new.revision.as_uuid()),
            jobs::name.eq(&new.name),
            jobs::login.eq(new.login.as_str()),
            jobs::state.eq(JobState::Submitting.as_str()),
            jobs::source.eq(StateSource::Submission.as_str()),
            jobs::as_of.eq(now),
            jobs::queue.eq(new.queue.as_deref()),
            jobs::submitted_at.eq(now),
            jobs::walltime_seconds.eq(new.walltime_seconds),
            jobs::is_delete_requested.eq(false),
            jobs::n_looks.eq(0),
            jobs::next_look_at.eq(now + FORMER_LEASE),
            jobs::attended_by.eq(attended_by.as_uuid()),
        ))
        .execute(connection)?;
    diesel::insert_into(job_submissions::table)
        .values((
            job_submissions::job_id.eq(new.id.as_uuid()),
            job_submissions::job_folder.eq(&frozen.job_folder),
            job_submissions::working_folder.eq(&frozen.working_folder),
            job_submissions::text.eq(&frozen.text),
            job_submissions::arguments.eq(&frozen.arguments),
            job_submissions::stdout_path.eq(&frozen.stdout_path),
            job_submissions::stderr_path.eq(&frozen.stderr_path),
        ))
        .execute(connection)?;
    super::jobs::insert_job_event(connection, new.id, &submitting(now), now)?;
    publish_job(connection, new.owner, new.id, now)
}

fn submitting(now: DateTime<Utc>) -> super::jobs::JobFacts {
    super::jobs::JobFacts {
        state: JobState::Submitting,
        source: StateSource::Submission,
        as_of: now,
        reason: None,
        pbs_id: None,
        queue: None,
        exit_status: None,
        signal: None,
        started_at: None,
        ended_at: None,
        exec_host: None,
        walltime_seconds: None,
        used_walltime_seconds: None,
        used_memory_bytes: None,
        is_delete_requested: false,
        next_look_at: None,
        n_looks: 0,
        attended_by: None,
    }
}

/// A submission and how it stands.
#[derive(Debug, Clone)]
pub struct SubmissionRecord {
    /// The job.
    pub job: JobId,
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub host: HostId,
    /// The account it was sent to.
    pub login: LoginName,
    /// Its state now.
    pub state: JobState,
    /// How often it was looked for.
    pub n_looks: i32,
    /// When Submit was pressed.
    pub submitted_at: DateTime<Utc>,
    /// What goes to the host.
    pub frozen: Frozen,
}

/// A submission by its job.
///
/// # Errors
/// The database's.
pub fn find_submission(connection: &mut PgConnection, job: JobId) -> QueryResult<Option<SubmissionRecord>> {
    type Row = (
        (Uuid, Uuid, String, String, i32, DateTime<Utc>),
        (String, String, String, Vec<String>, String, String),
    );
    let row: Option<Row> = jobs::table
        .inner_join(job_submissions::table.on(job_submissions::job_id.eq(jobs::id)))
        .filter(jobs::id.eq(job.as_uuid()))
        .select((
            (jobs::owner_id, jobs::host_id, jobs::login, jobs::state, jobs::n_looks, jobs::submitted_at),
            (
                job_submissions::job_folder,
                job_submissions::working_folder,
                job_submissions::text,
                job_submissions::arguments,
                job_submissions::stdout_path,
                job_submissions::stderr_path,
            ),
        ))
        .first(connection)
        .optional()?;
    row.map(|((owner, host, login, state, n_looks, submitted_at), frozen)| {
        let (job_folder, working_folder, text, arguments, stdout_path, stderr_path) = frozen;
        Ok(SubmissionRecord {
            job,
            owner: UserId::from_uuid(owner),
            host: HostId::from_uuid(host),
            login: read(&login)?,
            state: read(&state)?,
            n_looks,
            submitted_at,
            frozen: Frozen { job_folder, working_folder, text, arguments, stdout_path, stderr_path },
        })
    })
    .transpose()
}

/// Submissions without an answer that somebody has to look for now: whose time has come, whose server is not alive any more,
/// and those of this server that are not among `mine`, which it is at. From now on it is this server that attends to them.
///
/// # Errors
/// The database's.
pub fn take_due_submissions(
    connection: &mut PgConnection,
    me: ReplicaId,
    mine: &[JobId],
) -> QueryResult<Vec<JobId>> {
    let mine: Vec<Uuid> = mine.iter().map(|job| job.as_uuid()).collect();
    let is_dropped = diesel::dsl::sql::<Bool>(
        "CASE WHEN attended_by IS NULL THEN next_look_at <= clock_timestamp() WHEN attended_by = ",
    )
    .bind::<SqlUuid, _>(me.as_uuid())
    .sql(" THEN id <> ALL (")
    .bind::<Array<SqlUuid>, _>(mine)
    .sql(&format!(") ELSE NOT {} END", is_alive("attended_by")));
    let due: Vec<Uuid> = jobs::table
        .filter(diesel::dsl::sql::<Bool>("state = 'submitting'"))
        .filter(is_dropped)
        .order(jobs::next_look_at.asc())
        .limit(32)
        .select(jobs::id)
        .for_update()
        .skip_locked()
        .load(connection)?;
    let until =
        diesel::dsl::sql::<Nullable<Timestamptz>>("clock_timestamp() + ").bind::<Interval, _>(FORMER_LEASE);
    diesel::update(jobs::table.filter(jobs::id.eq_any(&due)))
        .set((jobs::attended_by.eq(Some(me.as_uuid())), jobs::next_look_at.eq(until)))
        .execute(connection)?;
    Ok(due.into_iter().map(JobId::from_uuid).collect())
}

/// The revision of a job: its fields and the text its author saw.
///
/// # Errors
/// The database's.
pub fn find_job_script(
    connection: &mut PgConnection,
    owner: UserId,
    job: JobId,
) -> QueryResult<Option<(JobScriptDraft, String)>> {
    jobs::table
        .inner_join(script_revisions::table.on(script_revisions::id.eq(jobs::revision_id)))
        .filter(jobs::id.eq(job.as_uuid()).and(jobs::owner_id.eq(owner.as_uuid())))
        .select((script_revisions::draft, script_revisions::text))
        .first::<(serde_json::Value, String)>(connection)
        .optional()?
        .map(|(draft, text)| Ok((read_json(draft)?, text)))
        .transpose()
}
