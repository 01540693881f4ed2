//! Builds: the application's build command on a host, with its whole output and exit status.
//!
//! A build is stored before it starts, runs on the host by itself, and is followed from here: a cut connection or the end of
//! a server loses no output, because the next follower reads on from the byte that is kept. However many people look, at
//! however many servers, one follower reads.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use diesel::PgConnection;
use pbsweb_shared::api::builds::{Build, BuildCreate};
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{ApplicationId, BuildId, UserId};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::FieldError;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use super::actor::Actor;
use super::reach::{Reach, ReachError, Trust};
use crate::app::App;
use crate::store::StoreError;
use crate::store::activity::insert_activity;
use crate::store::applications::{find_application, find_place};
use crate::store::bell::{Bell, Note};
use crate::store::builds as rows;
use crate::store::builds::{NewBuild, OpenBuild};
use crate::store::events::insert_event;
use crate::store::idempotency::{KeyClaim, claim_key};
use crate::store::page::{BadPageToken, PageRequest, Place};
use crate::store::sharing::access;

mod follow;
mod output;

pub use output::open_build_output;

/// Longest build command, in bytes.
const MOST_COMMAND_BYTES: usize = 4096;

/// Why something about a build could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no such build or application, or it is somebody else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The application is shared with the caller, but not for that; the reason.
    #[error("{0}")]
    Forbidden(String),
    /// Fields are wrong.
    #[error("the request breaks a rule")]
    Invalid(Vec<FieldError>),
    /// It has ended.
    #[error("the build has ended")]
    HasEnded,
    /// The key came with another request before.
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    /// The token belongs to another list.
    #[error(transparent)]
    PageToken(#[from] BadPageToken),
    /// The host is not to be reached for this user.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for BuildError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The builds that this server follows, and its readers of builds' output, who are told when there is more.
pub struct Builds {
    bell: Bell,
    followed: Mutex<HashSet<BuildId>>,
    read: Mutex<HashMap<BuildId, watch::Sender<u64>>>,
}

impl Builds {
    /// Nothing is followed yet.
    #[must_use]
    pub fn new(bell: Bell) -> Self {
        Self { bell, followed: Mutex::default(), read: Mutex::default() }
    }

    fn with_followed<T>(&self, act: impl FnOnce(&mut HashSet<BuildId>) -> T) -> T {
        act(&mut self.followed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_read<T>(&self, act: impl FnOnce(&mut HashMap<BuildId, watch::Sender<u64>>) -> T) -> T {
        act(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the readers at all servers.
    fn grew(&self, id: BuildId) {
        self.grew_elsewhere(id);
        self.bell.ring(Note::Grew(id));
    }

    /// Tells the readers at this server.
    pub fn grew_elsewhere(&self, id: BuildId) {
        self.with_read(|read| {
            // Readers that are gone are forgotten by the way.
            read.retain(|_, sender| sender.receiver_count() > 0);
            if let Some(sender) = read.get(&id) {
                sender.send_modify(|n| *n += 1);
            }
        });
    }

    /// Tells all readers at this server: what grew is not known.
    pub fn all_grew_elsewhere(&self) {
        self.with_read(|read| read.values().for_each(|sender| sender.send_modify(|n| *n += 1)));
    }

    /// Changes whenever there is more.
    fn listen(&self, id: BuildId) -> watch::Receiver<u64> {
        self.with_read(|read| read.entry(id).or_insert_with(|| watch::channel(0).0).subscribe())
    }
}

fn command_of(request: &BuildCreate) -> Result<String, BuildError> {
    let command =
        request.command.as_deref().map(str::trim).filter(|command| !command.is_empty()).unwrap_or("make");
    let target = request.target.as_deref().map(str::trim).unwrap_or_default();
    let command = if target.is_empty() { command.to_owned() } else { format!("{command} {target}") };
    if command.len() > MOST_COMMAND_BYTES || command.chars().any(|c| c.is_control() && c != '\t') {
        return Err(BuildError::Invalid(vec![FieldError {
            pointer: "/command".to_owned(),
            code: "command.syntax".to_owned(),
            message: format!(
                "needs one line of at most {MOST_COMMAND_BYTES} bytes, command and target together"
            ),
        }]));
    }
    Ok(command)
}

/// Starts a build: stores it, and lets its follower start it on the host. With a key, a repeat gets the first build.
///
/// # Errors
/// The application is not on the host; wrong fields; the host is not usable.
pub async fn create_build(
    app: &Arc<App>,
    actor: &Actor,
    application: ApplicationId,
    key: Option<&str>,
    request: BuildCreate,
) -> Result<Build, BuildError> {
    let command = command_of(&request)?;
    // Says at once what would keep it from starting, when that is known here.
    let reach = Reach::find(app, actor.user, request.host, Trust::Checked).await?;
    let digest = key.map(|_| {
        let body = serde_json::to_vec(&request).unwrap_or_default();
        Sha256::new()
            .chain_update(format!("POST /applications/{application}/builds\n"))
            .chain_update(body)
            .finalize()
            .to_vec()
    });
    let key = key.map(ToOwned::to_owned);
    let id = BuildId::from_uuid(Uuid::now_v7());
    let host = request.host;
    let recorder = actor.clone();
    let (me, now) = (app.replica.id, app.replica.now());
    // Before the row is there, so that nobody takes it for one that was dropped.
    let open = OpenBuild { id, owner: actor.user, application, host };
    let followed = follow::Followed::begin(app, id);
    let (id, is_new) = app
        .store
        .run(move |connection| -> Result<(BuildId, bool), BuildError> {
            if let Some((key, digest)) = key.zip(digest) {
                match claim_key(connection, recorder.user, &key, &digest, id.as_uuid(), now)? {
                    KeyClaim::New => {}
                    KeyClaim::Repeat(first) => return Ok((BuildId::from_uuid(first), false)),
                    KeyClaim::Reused => return Err(BuildError::KeyReused),
                }
            }
            let known = find_application(connection, recorder.user, application)?;
            let known = known.ok_or(BuildError::NotFound("application"))?;
            if let Some(words) = known.access.refusal(Access::Own) {
                return Err(BuildError::Forbidden(words));
            }
            let (_, place) = find_place(connection, recorder.user, application, host)?.ok_or_else(|| {
                BuildError::Invalid(vec![FieldError {
                    pointer: "/host".to_owned(),
                    code: "application.not_on_host".to_owned(),
                    message: "the application is not on this host; upload it there first".to_owned(),
                }])
            })?;
            let new = NewBuild {
                id,
                owner: recorder.user,
                session: recorder.session,
                application,
                host,
                command,
                digest: place.digest,
                follower: me,
            };
            rows::insert_build(connection, &new, now)?;
            let words = format!("{} on {}: {}", known.name, reach.host.name, new.command);
            insert_activity(connection, &recorder.deed("build.start", id, words), now)?;
            publish(connection, new.owner, id)?;
            Ok((id, true))
        })
        .await?;
    app.hub.poke();
    if let Some(followed) = followed.filter(|_| is_new) {
        follow::start(app, open, follow::Begin::Start, followed);
    }
    get_build(app, actor, id).await
}

/// Tells the owner's open pages how a build is now.
fn publish(connection: &mut PgConnection, owner: UserId, id: BuildId) -> diesel::QueryResult<()> {
    match rows::find_build(connection, owner, id)? {
        Some(build) => insert_event(connection, Some(owner), &Event::Build(Box::new(build)), Utc::now()),
        None => Ok(()),
    }
}

/// One of the caller's builds.
///
/// # Errors
/// There is no such build.
pub async fn get_build(app: &App, actor: &Actor, id: BuildId) -> Result<Build, BuildError> {
    let owner = actor.user;
    let build = app.store.query(move |connection| rows::find_build(connection, owner, id)).await?;
    build.ok_or(BuildError::NotFound("build"))
}

/// The builds of an application by its owner, newest first.
///
/// # Errors
/// There is no such application; the page token belongs to another list.
pub async fn list_builds(
    app: &App,
    actor: &Actor,
    application: ApplicationId,
    limit: Option<u32>,
    token: Option<&str>,
) -> Result<Page<Build>, BuildError> {
    let list = format!("builds {application}");
    let request = PageRequest::<Place>::read(limit, token, &list)?;
    let user = actor.user;
    app.store
        .query(move |connection| {
            let known = access(connection, user, application.into())?;
            known
                .map(|(owner, _)| rows::list_builds(connection, owner, application, request, &list))
                .transpose()
        })
        .await?
        .ok_or(BuildError::NotFound("application"))
}

/// Cancels one of the caller's builds: the wish is stored, and then brought to the host.
///
/// # Errors
/// It has ended; there is no such build.
pub async fn cancel_build(app: &Arc<App>, actor: &Actor, id: BuildId) -> Result<Build, BuildError> {
    let build = get_build(app, actor, id).await?;
    let recorder = actor.clone();
    let is_open = app
        .store
        .query(move |connection| {
            let is_open = rows::request_cancel(connection, recorder.user, id)?;
            if is_open {
                insert_activity(connection, &recorder.deed("build.cancel", id, ""), Utc::now())?;
            }
            Ok(is_open)
        })
        .await?;
    if !is_open {
        return Err(BuildError::HasEnded);
    }
    let open = OpenBuild { id, owner: actor.user, application: build.application, host: build.host };
    follow::cancel(app, &open);
    get_build(app, actor, id).await
}

/// How often builds without a follower are looked for.
const PERIOD: Duration = Duration::from_secs(1);

/// Follows the builds whose server is not alive any more, now and from now on.
pub fn start_followers(app: &Arc<App>) {
    app.every(PERIOD, |app| async move {
        if let Err(error) = follow_left(&app).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "open builds could not be read");
        }
    });
}

async fn follow_left(app: &Arc<App>) -> Result<(), StoreError> {
    let me = app.replica.id;
    let mine: Vec<BuildId> = app.builds.with_followed(|followed| followed.iter().copied().collect());
    for open in app.store.query(move |connection| rows::take_open_builds(connection, me, &mine)).await? {
        // It may have begun since the list was made.
        if let Some(followed) = follow::Followed::begin(app, open.id) {
            follow::start(app, open, follow::Begin::Follow, followed);
        }
    }
    Ok(())
}
