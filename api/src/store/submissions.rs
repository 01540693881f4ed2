//! Submissions: what is stored before anything leaves for a host, and what is still without an answer.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Interval, Nullable, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::names::{HostName, LoginName};
use pbsweb_shared::script::JobScriptDraft;
use pbsweb_shared::script::values::Join;
use pbsweb_shared::steering::{Attribute, JobAlter};
use uuid::Uuid;

use super::activity::{Deed, NewActivity};
use super::batch::Batch;
use super::events::NewEvent;
use super::jobs::{FactsRow, JobFacts, NewJobEvent};
use super::replicas::{ReplicaId, is_alive};
use super::schema::{
    activity, application_hosts, builds, job_events, job_submissions, jobs, script_revisions,
};
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
    /// The host's name.
    pub host_name: HostName,
    /// Whose folder it runs in, and that application's name.
    pub application: Option<(ApplicationId, String)>,
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

/// Keeps where a job's output goes since the scheduler took a change of that. A job that runs has its files already.
///
/// # Errors
/// The database's.
pub fn move_output(connection: &mut PgConnection, job: JobId, alter: &JobAlter) -> QueryResult<()> {
    let path = |attribute| alter.attributes.get(&attribute).map(String::as_str);
    let join = path(Attribute::Join).and_then(|join| join.parse::<Join>().ok());
    // A stream that is joined to the other has no file.
    let (stdout, stderr) = match join {
        Some(Join::IntoOutput) => (path(Attribute::OutputPath), Some("")),
        Some(Join::IntoError) => (Some(""), path(Attribute::ErrorPath)),
        Some(Join::Apart) | None => (path(Attribute::OutputPath), path(Attribute::ErrorPath)),
    };
    if stdout.is_none() && stderr.is_none() {
        return Ok(());
    }
    let waits = [JobState::Queued, JobState::Held, JobState::Waiting].map(JobState::as_str);
    let waiting = jobs::table.filter(jobs::id.eq(job.as_uuid()).and(jobs::state.eq_any(waits)));
    if diesel::select(exists(waiting)).get_result(connection)? {
        diesel::update(job_submissions::table.filter(job_submissions::job_id.eq(job.as_uuid())))
            .set((
                stdout.map(|path| job_submissions::stdout_path.eq(path)),
                stderr.map(|path| job_submissions::stderr_path.eq(path)),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// A server of a former release, during an upgrade, knows nothing of who attends to a submission: it waits for this time.
pub const FORMER_LEASE: TimeDelta = TimeDelta::seconds(180);

/// Stores the intent: the job, what will be sent, and who wished it. `attended_by` is at it; should it die before there is an
/// answer, another server takes over. Nobody is at a job of a set whose turn has not come. Returns the job.
///
/// # Errors
/// The database's.
pub fn insert_submission(
    connection: &mut PgConnection,
    new: &NewJob,
    frozen: &Frozen,
    deed: &Deed<'_>,
    attended_by: Option<ReplicaId>,
    now: DateTime<Utc>,
) -> QueryResult<Job> {
    let application = new.application.as_ref().map(|(id, _)| *id);
    let facts = JobFacts {
        queue: new.queue.clone(),
        walltime_seconds: new.walltime_seconds,
        next_look_at: attended_by.map(|_| now + FORMER_LEASE),
        attended_by: attended_by.map(ReplicaId::as_uuid),
        ..JobFacts::submitting(now)
    };
    let job = Job {
        id: new.id,
        name: new.name.clone(),
        host: new.host,
        host_name: new.host_name.to_string(),
        application,
        application_name: new.application.as_ref().map(|(_, name)| name.clone()),
        script: new.script,
        revision: new.revision,
        session: new.session,
        // Of a set it becomes a part after it is stored.
        set: None,
        pbs_id: None,
        queue: facts.queue.clone(),
        state: facts.state,
        as_of: facts.as_of,
        source: facts.source,
        reason: None,
        exit_status: None,
        signal: None,
        end_cause: None,
        looking: None,
        subjobs: None,
        run_count: 0,
        submitted_at: now,
        started_at: None,
        ended_at: None,
        exec_host: None,
        walltime_seconds: facts.walltime_seconds,
        used_walltime_seconds: None,
        used_memory_bytes: None,
        is_delete_requested: false,
    };
    let content = application_hosts::table
        .filter(application_hosts::application_id.nullable().eq(application.map(ApplicationId::as_uuid)))
        .filter(application_hosts::host_id.eq(new.host.as_uuid()))
        .select(application_hosts::digest);
    let mut rows = Batch::default();
    rows.add(diesel::insert_into(jobs::table).values((
        jobs::id.eq(new.id.as_uuid()),
        jobs::owner_id.eq(new.owner.as_uuid()),
        jobs::session_id.eq(new.session.as_uuid()),
        jobs::host_id.eq(new.host.as_uuid()),
        jobs::application_id.eq(application.map(ApplicationId::as_uuid)),
        jobs::script_id.eq(new.script.as_uuid()),
        jobs::revision_id.eq(new.revision.as_uuid()),
        jobs::name.eq(&new.name),
        jobs::login.eq(new.login.as_str()),
        jobs::submitted_at.eq(now),
        FactsRow::try_from(&facts)?,
    )));
    rows.add(diesel::insert_into(job_submissions::table).values((
        job_submissions::job_id.eq(new.id.as_uuid()),
        job_submissions::job_folder.eq(&frozen.job_folder),
        job_submissions::working_folder.eq(&frozen.working_folder),
        job_submissions::text.eq(&frozen.text),
        job_submissions::arguments.eq(&frozen.arguments),
        job_submissions::stdout_path.eq(&frozen.stdout_path),
        job_submissions::stderr_path.eq(&frozen.stderr_path),
        job_submissions::content_digest.eq(content.single_value()),
    )));
    rows.execute(connection)?;
    // Afterwards: what waits for the lock of events must hold the rows that the job refers to already, as all do who change
    // a host or a user and tell of it.
    let mut news = Batch::default();
    news.add(diesel::insert_into(job_events::table).values(NewJobEvent::new(new.id, &facts, now)));
    news.add(diesel::insert_into(activity::table).values(NewActivity::new(deed, now)));
    news.add(NewEvent::new(Some(new.owner), &Event::Job(Box::new(job.clone())), now)?);
    news.execute(connection)?;
    Ok(job)
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
    Ok(find_submissions(connection, &[job])?.pop())
}

/// Submissions by their jobs, oldest first.
///
/// # Errors
/// The database's.
pub fn find_submissions(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<Vec<SubmissionRecord>> {
    type Row = (
        (Uuid, Uuid, Uuid, String, String, i32, DateTime<Utc>),
        (String, String, String, Vec<String>, String, String),
    );
    let ids: Vec<Uuid> = ids.iter().map(|job| job.as_uuid()).collect();
    let rows: Vec<Row> = jobs::table
        .inner_join(job_submissions::table.on(job_submissions::job_id.eq(jobs::id)))
        .filter(jobs::id.eq_any(ids))
        .order(jobs::id.asc())
        .select((
            (
                jobs::id,
                jobs::owner_id,
                jobs::host_id,
                jobs::login,
                jobs::state,
                jobs::n_looks,
                jobs::submitted_at,
            ),
            (
                job_submissions::job_folder,
                job_submissions::working_folder,
                job_submissions::text,
                job_submissions::arguments,
                job_submissions::stdout_path,
                job_submissions::stderr_path,
            ),
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|((job, owner, host, login, state, n_looks, submitted_at), frozen)| {
            let (job_folder, working_folder, text, arguments, stdout_path, stderr_path) = frozen;
            Ok(SubmissionRecord {
                job: JobId::from_uuid(job),
                owner: UserId::from_uuid(owner),
                host: HostId::from_uuid(host),
                login: read(&login)?,
                state: read(&state)?,
                n_looks,
                submitted_at,
                frozen: Frozen { job_folder, working_folder, text, arguments, stdout_path, stderr_path },
            })
        })
        .collect()
}

/// What is to be looked for so soon is looked for with what is due: half of the longest wait.
const SOON: TimeDelta = TimeDelta::seconds(30);

/// Submissions that a server takes up in one round.
const MOST_AT_ONCE: i64 = 500;

/// Submissions without an answer that somebody has to look for now: whose time has come, whose server is not alive any more,
/// and those of this server that are not among `mine`, which it is at; with them the others of their accounts whose time comes
/// soon, so that an account is asked about all of them at once. From now on it is this server that attends to them.
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
    let mut due = lock_unanswered(connection, Box::new(is_dropped))?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let is_due_soon_with_them =
        diesel::dsl::sql::<Bool>("attended_by IS NULL AND next_look_at <= clock_timestamp() + ")
            .bind::<Interval, _>(SOON)
            .sql(" AND id <> ALL (")
            .bind::<Array<SqlUuid>, _>(due.clone())
            .sql(
                ") AND (owner_id, host_id, login) IN \
                 (SELECT owner_id, host_id, login FROM jobs WHERE id = ANY (",
            )
            .bind::<Array<SqlUuid>, _>(due.clone())
            .sql("))");
    due.extend(lock_unanswered(connection, Box::new(is_due_soon_with_them))?);
    let until =
        diesel::dsl::sql::<Nullable<Timestamptz>>("clock_timestamp() + ").bind::<Interval, _>(FORMER_LEASE);
    diesel::update(jobs::table.filter(jobs::id.eq_any(&due)))
        .set((jobs::attended_by.eq(Some(me.as_uuid())), jobs::next_look_at.eq(until)))
        .execute(connection)?;
    Ok(due.into_iter().map(JobId::from_uuid).collect())
}

/// Locks submissions without an answer of which this is so, those that nobody else has locked, the longest due first.
fn lock_unanswered(
    connection: &mut PgConnection,
    is_so: Box<dyn BoxableExpression<jobs::table, Pg, SqlType = Bool>>,
) -> QueryResult<Vec<Uuid>> {
    jobs::table
        .filter(diesel::dsl::sql::<Bool>("state = 'submitting'"))
        .filter(is_so)
        .order(jobs::next_look_at.asc())
        .limit(MOST_AT_ONCE)
        .select(jobs::id)
        .for_update()
        .skip_locked()
        .load(connection)
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

/// What a job found on its host beside its script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The account it was submitted by.
    pub login: String,
    /// SHA-256 of its application's source then; absent for jobs without one, and for those of former releases.
    pub content_digest: Option<String>,
    /// The command and the state of the application's last build before it.
    pub build: Option<(String, String)>,
}

/// What a job found on its host.
///
/// # Errors
/// The database's.
pub fn find_surroundings(connection: &mut PgConnection, job: &Job) -> QueryResult<Surroundings> {
    let found: Option<(String, Option<String>)> = job_submissions::table
        .inner_join(jobs::table.on(jobs::id.eq(job_submissions::job_id)))
        .filter(jobs::id.eq(job.id.as_uuid()))
        .select((jobs::login, job_submissions::content_digest))
        .first(connection)
        .optional()?;
    let (login, content_digest) = found.unwrap_or_default();
    let build = match job.application {
        Some(application) => builds::table
            .filter(builds::application_id.eq(application.as_uuid()))
            .filter(builds::host_id.eq(job.host.as_uuid()).and(builds::created_at.lt(job.submitted_at)))
            .order((builds::created_at.desc(), builds::id.desc()))
            .select((builds::command, builds::state))
            .first(connection)
            .optional()?,
        None => None,
    };
    Ok(Surroundings { login, content_digest, build })
}
