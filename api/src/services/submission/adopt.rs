//! Finding again what was submitted after the backup that the database was restored from.
//!
//! Each job's folder on its host holds the script as it was sent, and in it a [`Record`] of what the database knew. After a
//! restore each account's folders are looked through once, before anything new is submitted there: a job that the
//! database does not know is stored again under its own id, with its key, and the reconciler settles it from what the host
//! knows. So it is not submitted again, and neither is a repeat of its request.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use pbsweb_shared::api::job_sets::JobSetDependency;
use pbsweb_shared::ids::{HostId, JobId, JobSetId, RevisionId, ScriptId, SessionId, UserId};
use pbsweb_shared::names::{ApplicationName, UserName};
use pbsweb_shared::script::{self, JobScript, RECORD_BEGIN};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::freeze;
use crate::app::App;
use crate::error::chain;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker};
use crate::store::StoreError;
use crate::store::activity::Deed;
use crate::store::applications::find_application_by_name;
use crate::store::host_accounts::{AccountRecord, account_to_search, set_searched};
use crate::store::idempotency::claim_key;
use crate::store::job_sets::{NewSet, adopt_set, insert_member};
use crate::store::jobs::unknown_jobs;
use crate::store::replicas::ReplicaId;
use crate::store::scripts::{NewRevision, put_revision};
use crate::store::sessions::session_for_adoption;
use crate::store::submissions::{Frozen, NewJob, insert_submission};
use crate::store::users::find_user_name;
use crate::transport::{Program, RunLimits, TransportError};

/// Between two accounts that are looked through in the background.
const PERIOD: Duration = Duration::from_secs(5);

/// Scripts read in one exchange.
const AT_ONCE: usize = 20;

const LIMITS: RunLimits =
    RunLimits { deadline: Duration::from_secs(120), max_output_bytes: 64 * 1024 * 1024 };

/// What the script on the host says of the submission, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Which PBSWeb: an account may be used from several.
    pub(super) site: Uuid,
    /// Whose, by name: an account may be several users'.
    pub(super) user: UserName,
    /// The session that submitted it.
    pub(super) session: SessionId,
    /// The Idempotency-Key.
    pub(super) key: String,
    /// The request's digest, in hexadecimal digits.
    pub(super) digest: String,
    /// The name of the script in the history.
    pub(super) script: String,
    /// The application.
    pub(super) application: Option<ApplicationName>,
    /// The folder in which it runs.
    pub(super) folder: String,
    /// Its place in a set, if it is a job of one: the key is the set's then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<PlaceInSet>,
}

/// Which job of which set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlaceInSet {
    pub(super) id: JobSetId,
    pub(super) position: usize,
    pub(super) label: String,
    pub(super) depends: Vec<JobSetDependency>,
}

impl Record {
    /// In JSON, which needs one line whatever is in it.
    pub(super) fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn find(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix(RECORD_BEGIN))?;
        serde_json::from_str(line).ok()
    }
}

/// Whether an account is still to be looked through.
pub(super) fn is_due(app: &App, account: &AccountRecord) -> bool {
    app.deployment
        .restored_at
        .is_some_and(|restored_at| account.searched_at.is_none_or(|at| at < restored_at))
}

/// Looks through all accounts after a restore, one after the other.
pub fn start_search(app: &Arc<App>) {
    let Some(restored_at) = app.deployment.restored_at else { return };
    let background = Arc::clone(app);
    app.spawn(async move {
        let stopping = background.stopping.clone();
        tokio::select! {
            () = stopping.cancelled() => {}
            () = search_all(&background, restored_at) => {}
        }
    });
}

async fn search_all(app: &Arc<App>, restored_at: DateTime<Utc>) {
    let mut last: Option<(UserId, HostId)> = None;
    loop {
        let after = last;
        match app.store.query(move |connection| account_to_search(connection, restored_at, after)).await {
            Ok(Some((user, host))) => {
                last = Some((user, host));
                find_and_search(app, user, host).await;
            }
            // All were tried. Whoever could not be is tried again; who is new meanwhile too.
            Ok(None) => match last.take() {
                Some(_) => tokio::time::sleep(PERIOD * 12).await,
                None => tokio::time::sleep(PERIOD * 60).await,
            },
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no account to search was found");
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Looks through an account in the background, if it is still to be: it has just been found usable.
pub fn search_account(app: &Arc<App>, user: UserId, host: HostId) {
    if app.deployment.restored_at.is_some() {
        let background = Arc::clone(app);
        app.spawn(async move { find_and_search(&background, user, host).await });
    }
}

async fn find_and_search(app: &Arc<App>, user: UserId, host: HostId) {
    let found = match Reach::find(app, user, host, Trust::Checked).await {
        Ok(reach) if is_due(app, &reach.account) => search(app, &reach).await.map(drop),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = found {
        tracing::info!(user.id = %user, host.id = %host, cause = chain(&error), "an account could not be searched after the restore; it is tried again");
    }
}

/// Looks through one account's folders, and stores the jobs that are not known. Returns how many these were.
///
/// # Errors
/// The host cannot be reached, or the database fails: then the account is still to be searched.
pub(super) async fn search(app: &Arc<App>, reach: &Reach) -> Result<usize, ReachError> {
    let root = reach.root().unwrap_or_default();
    let folders = Program::new(include_str!("folders.sh")).arg("root", &root);
    let output = reach.run_program(app, folders, LIMITS).await?;
    let listed = output.stdout_text();
    let Some(names) = listed.strip_suffix("end\n") else {
        return Err(reach.failed(TransportError::Truncated));
    };
    let on_host: Vec<JobId> = names.lines().filter_map(|name| name.parse().ok()).collect();
    let unknown = app.store.query(move |connection| unknown_jobs(connection, &on_host)).await?;
    let mut n_adopted = 0;
    for jobs in unknown.chunks(AT_ONCE) {
        let mark = fresh_marker();
        let program = Program::new(include_str!("read_scripts.sh"))
            .arg("root", &root)
            .arg("mark", mark.as_str())
            .words(jobs.iter().map(ToString::to_string));
        let output = reach.run_program(app, program, LIMITS).await?;
        let text = output.stdout_text();
        for part in text.split(&format!("\n{} ", mark.as_str())) {
            let Some((job, text)) = part.split_once('\n') else { continue };
            let Ok(job) = job.parse::<JobId>() else { continue };
            if adopt(app, reach, job, text).await? {
                n_adopted += 1;
            }
        }
    }
    let (user, host) = (reach.account.user, reach.account.host);
    app.store.query(move |connection| set_searched(connection, user, host)).await?;
    tracing::info!(host.id = %host, user.id = %user, n_adopted, "account searched after the restore");
    app.hub.poke();
    Ok(n_adopted)
}

/// Stores a job again that was found on its host; `false` when it is none of ours.
async fn adopt(app: &Arc<App>, reach: &Reach, job: JobId, text: &str) -> Result<bool, StoreError> {
    let Some(record) = Record::find(text).filter(|record| record.site == app.deployment.site) else {
        return Ok(false);
    };
    let parsed = script::parse(text.as_bytes()).draft;
    let Ok(script) = JobScript::from_draft(&parsed) else {
        tracing::warn!(job.id = %job, "a job on the host is not known here, and its script cannot be read");
        return Ok(false);
    };
    let submitted_at = submitted_at(job).unwrap_or_else(|| app.replica.now());
    let mut frozen =
        Frozen { text: text.to_owned(), ..freeze(reach, job, &script, record.folder.clone(), None) };
    if record.set.is_some() {
        // Should it never have got to the scheduler, it must not run there before those it waits for.
        frozen.arguments.push("-h".to_owned());
    }
    let found = Found { reach: reach.clone(), job, script, frozen, record, submitted_at, me: app.replica.id };
    let is_adopted = app.store.query(move |connection| found.store(connection)).await?;
    if is_adopted {
        tracing::info!(job.id = %job, "a job was found on its host and adopted");
    }
    Ok(is_adopted)
}

/// A job's id holds its time.
fn submitted_at(job: JobId) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = job.as_uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}

struct Found {
    reach: Reach,
    job: JobId,
    script: JobScript,
    frozen: Frozen,
    record: Record,
    submitted_at: DateTime<Utc>,
    me: ReplicaId,
}

impl Found {
    fn store(self, connection: &mut diesel::PgConnection) -> diesel::QueryResult<bool> {
        let Self { reach, job, script, frozen, record, submitted_at, me } = self;
        let owner = reach.account.user;
        if find_user_name(connection, owner)? != Some(record.user) {
            return Ok(false);
        }
        // First, for two that find the same job wait for each other here. A request that came after the restore may have the
        // key by now: that job is another one.
        let digest = read_hex(&record.digest);
        let subject = record.set.as_ref().map_or(job.as_uuid(), |set| set.id.as_uuid());
        claim_key(connection, owner, &record.key, &digest, subject, submitted_at)?;
        if unknown_jobs(connection, &[job])?.is_empty() {
            return Ok(false);
        }
        let session = session_for_adoption(connection, owner, record.session, submitted_at)?;
        let application = match &record.application {
            Some(name) => find_application_by_name(connection, owner, name)?.map(|id| (id, name.to_string())),
            None => None,
        };
        let revision = NewRevision {
            owner,
            session,
            name: &record.script,
            application: application.as_ref().map(|(id, _)| *id),
            host: reach.host.id,
            draft: script.draft(),
            text: &script.render(),
            fresh_script: ScriptId::from_uuid(Uuid::now_v7()),
            fresh_revision: RevisionId::from_uuid(Uuid::now_v7()),
        };
        let (script_id, revision_id) = put_revision(connection, &revision, submitted_at)?;
        let new = NewJob {
            id: job,
            owner,
            session,
            host: reach.host.id,
            host_name: reach.host.name.clone(),
            application,
            script: script_id,
            revision: revision_id,
            name: script.name().to_string(),
            login: reach.account.login.clone(),
            queue: script.queue().map(ToString::to_string),
            walltime_seconds: script.walltime().and_then(|walltime| i64::try_from(walltime.seconds()).ok()),
        };
        let deed = Deed {
            user: Some(owner),
            session: Some(session),
            action: "job.adopt",
            subject: Some(job.to_string()),
            detail: format!("{} found on {} after the database was restored", new.name, reach.host.name),
        };
        // This server does not know that it is at it: its reconciler takes it up.
        insert_submission(connection, &new, &frozen, &deed, Some(me), submitted_at)?;
        if let Some(place) = record.set {
            let set = NewSet { id: place.id, owner, session, host: new.host };
            adopt_set(connection, set, submitted_at)?;
            insert_member(connection, place.id, place.position, job, &place.label, &place.depends, false)?;
        }
        Ok(true)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        let record = Record {
            site: Uuid::from_u128(1),
            user: "ada".parse().unwrap(),
            session: SessionId::from_uuid(Uuid::from_u128(2)),
            key: "a key\nwith lines".to_owned(),
            digest: hex(&[0, 1, 254, 255]),
            script: "Müller's \"run\"\r\n".to_owned(),
            application: Some("heat".parse().unwrap()),
            folder: "/home/ada/a b\n#PBS -q x".to_owned(),
            set: None,
        };
        let line = record.to_line();
        assert!(!line.contains(['\n', '\r']), "{line}");
        let text = format!("#!/bin/sh\n{RECORD_BEGIN}{line}\necho\n");
        assert_eq!(Record::find(&text), Some(record));
        assert_eq!(Record::find(&format!("{RECORD_BEGIN}{{}}\n")), None);
        assert_eq!(read_hex(&hex(&[0, 1, 254, 255])), [0, 1, 254, 255]);
    }

    #[test]
    fn a_jobs_id_tells_when_it_was_submitted() {
        let id = JobId::from_uuid(Uuid::now_v7());
        let age = Utc::now() - submitted_at(id).unwrap();
        assert!(age.num_seconds().abs() < 5, "{age}");
    }
}
