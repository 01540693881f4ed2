//! Applications: source trees on their way to a host, checked while they stream, never whole on this server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use futures_util::{Stream, StreamExt as _};
use pbsweb_shared::api::applications::{Application, ApplicationHost, ApplicationsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::names::ApplicationName;
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;

mod commands;
mod defaults;

pub use commands::{list_commands, pin_commands, unpin_commands};
pub use defaults::get_defaults;

use super::actor::Actor;
use super::reach::{Reach, ReachError, Trust, quick};
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::applications as rows;
use crate::transport::archive::{ArchiveError, ArchiveLimits, ArchiveSummary, clean, upload_channel};
use crate::transport::{Program, RemotePath, RunLimits, TransferLimits, TransportError};

const UNPACK: RunLimits = RunLimits { deadline: Duration::from_secs(900), max_output_bytes: 256 * 1024 };

/// Why something about an application could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// There is no such application, or the caller may not know of it.
    #[error("there is no such application")]
    NotFound,
    /// It is shared with the caller, but not for that; the reason.
    #[error("{0}")]
    Forbidden(String),
    /// The upload breaks off before its end.
    #[error("the upload broke off")]
    BrokeOff,
    /// The archive cannot be used.
    #[error("the archive cannot be used")]
    Archive(#[source] ArchiveError),
    /// The archive is larger than is taken.
    #[error("the archive is larger than {0} bytes")]
    TooLarge(u64),
    /// The host could not unpack it; its words.
    #[error("{0}")]
    Unpack(String),
    /// A field of the request is wrong.
    #[error("{}", .0.message)]
    Invalid(FieldError),
    /// The host is not to be reached for this user.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for ApplicationError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The caller's applications, by name; or those that are shared.
///
/// # Errors
/// The database's.
pub async fn list_applications(
    app: &App,
    actor: &Actor,
    query: ApplicationsQuery,
) -> Result<Vec<Application>, ApplicationError> {
    let user = actor.user;
    Ok(app.store.query(move |connection| rows::list_applications(connection, user, query)).await?)
}

/// An application that the caller may see.
///
/// # Errors
/// There is no such application.
pub async fn get_application(
    app: &App,
    actor: &Actor,
    id: ApplicationId,
) -> Result<Application, ApplicationError> {
    let user = actor.user;
    let found = app.store.query(move |connection| rows::find_application(connection, user, id)).await?;
    found.ok_or(ApplicationError::NotFound)
}

/// Takes an archive as it arrives, checks it entry by entry, sends it on to the host as a clean tar file, and has it
/// unpacked there into a fresh folder that takes the old one's place only when it is whole.
///
/// # Errors
/// The archive cannot be used; the upload breaks off; the host cannot take it. The former version is then still there.
pub async fn upload_application(
    app: &Arc<App>,
    actor: &Actor,
    name: ApplicationName,
    host: HostId,
    archive: impl Stream<Item = std::io::Result<Bytes>> + 'static,
) -> Result<Application, ApplicationError> {
    let reach = Reach::find(app, actor.user, host, Trust::Checked).await?;
    let root = reach.root().unwrap_or_default();
    let upload = format!("{root}/.uploads/{}", Uuid::now_v7());
    let mut leftover = Leftover { app, reach: &reach, upload: &upload, is_owned: false };
    let summary = match send(app, &reach, &upload, archive).await {
        Ok(summary) => summary,
        Err(error) => {
            discard(app, &reach, &upload).await;
            leftover.is_owned = true;
            return Err(error);
        }
    };
    leftover.is_owned = true;
    drop(leftover);
    // From here on the host has it: what becomes of it is recorded even when the client goes away.
    let (running, actor) = (Arc::clone(app), actor.clone());
    app.complete(async move { unpack(&running, &actor, name, &reach, &root, &upload, summary).await }).await
}

/// Clears away what has arrived on the host when an upload is given up in the middle, because its client went away.
struct Leftover<'a> {
    app: &'a Arc<App>,
    reach: &'a Reach,
    upload: &'a str,
    is_owned: bool,
}

impl Drop for Leftover<'_> {
    fn drop(&mut self) {
        if !self.is_owned {
            let (app, reach, upload) = (Arc::clone(self.app), self.reach.clone(), self.upload.to_owned());
            self.app.spawn(async move { discard(&app, &reach, &upload).await });
        }
    }
}

/// Has an upload unpacked on the host, and keeps what came of it.
async fn unpack(
    app: &App,
    actor: &Actor,
    name: ApplicationName,
    reach: &Reach,
    root: &str,
    upload: &str,
    summary: ArchiveSummary,
) -> Result<Application, ApplicationError> {
    let now = Utc::now();
    let program = Program::new(include_str!("unpack.sh"))
        .lasting()
        .arg("root", root)
        .arg("name", name.as_str())
        .arg("upload", upload)
        .arg("top", summary.top.as_deref().unwrap_or_default())
        .arg("stamp", now.format("%Y%m%dT%H%M%S%3fZ").to_string());
    let output = reach.run_program(app, program, UNPACK).await?;
    let answer = output.stdout_text();
    let Some(folder) = answer.trim_end_matches('\n').strip_prefix("unpacked ") else {
        let why = answer.trim().strip_prefix("failed ").unwrap_or("the host answered strangely").to_owned();
        let words = output.stderr_text();
        let last = words.trim().lines().last().unwrap_or_default();
        return Err(ApplicationError::Unpack(if last.is_empty() { why } else { format!("{why} ({last})") }));
    };
    let place = ApplicationHost {
        host: reach.host.id,
        folder: folder.to_owned(),
        digest: summary.sha256,
        n_entries: i64::try_from(summary.entries).unwrap_or(i64::MAX),
        n_bytes: i64::try_from(summary.unpacked_bytes).unwrap_or(i64::MAX),
        uploaded_at: now,
    };
    keep(app, actor, name, reach, place).await
}

async fn keep(
    app: &App,
    actor: &Actor,
    name: ApplicationName,
    reach: &Reach,
    place: ApplicationHost,
) -> Result<Application, ApplicationError> {
    let (recorder, host_name) = (actor.clone(), reach.host.name.clone());
    let id = app
        .store
        .query(move |connection| {
            let fresh = ApplicationId::from_uuid(Uuid::now_v7());
            let id = rows::put_place(connection, recorder.user, recorder.session, &name, fresh, &place)?;
            let words = format!(
                "{name} to {host_name}: {} entries, {} bytes, {}",
                place.n_entries, place.n_bytes, place.digest
            );
            insert_activity(connection, &recorder.deed("application.upload", id, words), place.uploaded_at)?;
            Ok(id)
        })
        .await?;
    get_application(app, actor, id).await
}

/// Pumps the archive through the check to a file on the host. Three things run at once and wait for each other, with bounded
/// buffers between them: what arrives, the check on a blocking thread, and the file transfer.
async fn send(
    app: &App,
    reach: &Reach,
    upload: &str,
    archive: impl Stream<Item = std::io::Result<Bytes>>,
) -> Result<ArchiveSummary, ApplicationError> {
    let limits = &app.config.upload;
    make_folder(app, reach, upload).await?;
    let path: RemotePath = format!("{upload}/tree.tar")
        .parse()
        .map_err(|_| ApplicationError::Unpack("the home directory's path is strange".to_owned()))?;
    let (sender, receiver) = upload_channel();
    let cleaning = clean(
        receiver,
        ArchiveLimits { max_entries: limits.max_entries, max_bytes: limits.max_unpacked_bytes },
    );
    let pump = async {
        let mut n_bytes = 0_u64;
        let mut archive = std::pin::pin!(archive);
        while let Some(chunk) = archive.next().await {
            let Ok(chunk) = chunk else {
                let _ = sender.send(Err(std::io::ErrorKind::UnexpectedEof.into())).await;
                return Err(ApplicationError::BrokeOff);
            };
            n_bytes += chunk.len() as u64;
            if n_bytes > limits.max_archive_bytes {
                let _ = sender.send(Err(std::io::ErrorKind::FileTooLarge.into())).await;
                return Err(ApplicationError::TooLarge(limits.max_archive_bytes));
            }
            // The check has ended early: its verdict says why.
            if sender.send(Ok(chunk)).await.is_err() {
                break;
            }
        }
        drop(sender);
        Ok(())
    };
    let transfer = TransferLimits {
        deadline: Duration::from_secs(6 * 3600),
        stall: Duration::from_secs(120),
        max_bytes: u64::MAX,
    };
    let sending = app.transport.upload(&reach.endpoint, &reach.identity, &path, cleaning.tar, transfer);
    let (pumped, sent) = futures_util::join!(pump, sending);
    let verdict = cleaning.verdict.wait().await;
    // What went wrong first explains the rest: the upload itself, then the archive, then the host.
    pumped?;
    match (verdict, sent) {
        (Err(error), Err(TransportError::Source(_)) | Ok(_)) => Err(ApplicationError::Archive(error)),
        (_, Err(error)) => Err(reach.failed(error).into()),
        (Ok(summary), Ok(_)) => Ok(summary),
    }
}

async fn make_folder(app: &App, reach: &Reach, upload: &str) -> Result<(), ApplicationError> {
    let program = Program::new(r#"umask 077; mkdir -p "$upload" && echo made"#).arg("upload", upload);
    let output = reach.run_program(app, program, quick(app)).await?;
    if output.stdout_text().trim() == "made" {
        return Ok(());
    }
    let words = output.stderr_text().trim().to_owned();
    Err(ApplicationError::Unpack(format!("no folder can be made on the host: {words}")))
}

/// Clears away what a failed upload left; if that fails too, nothing worse than some bytes remain.
async fn discard(app: &App, reach: &Reach, upload: &str) {
    let program = Program::new(r#"rm -rf "$upload""#).arg("upload", upload);
    if let Err(error) = reach.run_program(app, program, quick(app)).await {
        tracing::info!(host.id = %reach.host.id, error = &error as &dyn std::error::Error, "a failed upload could not be cleared away");
    }
}
