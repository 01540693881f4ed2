//! The follower of a build: starts it, reads on what it writes, and keeps how it ended.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use pbsweb_shared::api::builds::BuildState;
use pbsweb_shared::ids::BuildId;

use super::publish;
use crate::app::App;
use crate::error::chain;
use crate::services::reach::{Reach, ReachError, Trust, quick};
use crate::store::StoreError;
use crate::store::applications::find_place;
use crate::store::builds::{
    BuildChange, OpenBuild, append_output, change_build, find_build, is_cancel_requested, output_length,
};
use crate::transport::{Program, ProgramEvent, RunLimits, TransportError};

/// One exchange follows a build for at most so long; the next one goes on from the byte that is kept.
const FOLLOW: RunLimits = RunLimits { deadline: Duration::from_secs(3600), max_output_bytes: 1 << 30 };

/// Output is kept in pieces of about this size, or after a moment of silence.
const PIECE: usize = 64 * 1024;

/// Where a follower begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// The build is to be started.
    Start,
    /// It may have been started by an earlier server.
    Follow,
}

/// What one round of following came to.
enum Round {
    Ended(BuildChange),
    /// The host cannot be asked now; why.
    Away(String),
    /// The time for one exchange is over; go on at once.
    GoOn,
}

/// A build that this server follows, until it is dropped.
pub(super) struct Followed {
    app: Arc<App>,
    id: BuildId,
}

impl Followed {
    /// Begins with one, before its row says so; nothing when this server follows it already.
    pub(super) fn begin(app: &Arc<App>, id: BuildId) -> Option<Self> {
        app.builds.with_followed(|followed| followed.insert(id)).then(|| Self { app: Arc::clone(app), id })
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.app.builds.with_followed(|followed| followed.remove(&self.id));
    }
}

/// Starts the follower's task.
pub(super) fn start(app: &Arc<App>, open: OpenBuild, begin: Begin, followed: Followed) {
    let background = Arc::clone(app);
    app.spawn(async move {
        let stopping = background.stopping.clone();
        tokio::select! {
            // What is under way goes on at the host; the next server reads on.
            () = stopping.cancelled() => {}
            () = follow(&background, &open, begin) => {}
        }
        drop(followed);
    });
}

async fn follow(app: &Arc<App>, open: &OpenBuild, begin: Begin) {
    let mut pause = Duration::from_secs(1);
    let mut is_started = false;
    loop {
        let round = match round(app, open, begin, &mut is_started).await {
            Ok(round) => round,
            Err(error) => {
                tracing::warn!(build.id = %open.id, error = &error as &dyn std::error::Error, "a build could not be kept");
                Round::Away("the database failed".to_owned())
            }
        };
        match round {
            Round::Ended(change) => {
                if let Err(error) = keep(app, open, change).await {
                    tracing::warn!(build.id = %open.id, error = &error as &dyn std::error::Error, "a build's end could not be kept");
                } else {
                    app.builds.grew(open.id);
                    return;
                }
            }
            Round::Away(why) => {
                let change = BuildChange { state: BuildState::Unknown, exit_status: None, detail: Some(why) };
                if let Err(error) = keep(app, open, change).await {
                    tracing::warn!(build.id = %open.id, error = &error as &dyn std::error::Error, "a build's state could not be kept");
                }
            }
            Round::GoOn => {
                pause = Duration::from_secs(1);
                continue;
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}

async fn keep(app: &App, open: &OpenBuild, change: BuildChange) -> Result<(), StoreError> {
    let (id, owner) = (open.id, open.owner);
    app.store
        .query(move |connection| {
            let known = find_build(connection, owner, id)?;
            let is_news =
                known.is_some_and(|known| known.state != change.state || known.detail != change.detail);
            if is_news && change_build(connection, id, &change, Utc::now())? {
                publish(connection, owner, id)?;
            }
            Ok(())
        })
        .await?;
    app.hub.poke();
    Ok(())
}

async fn round(
    app: &Arc<App>,
    open: &OpenBuild,
    begin: Begin,
    is_started: &mut bool,
) -> Result<Round, StoreError> {
    let reach = match Reach::find(app, open.owner, open.host, Trust::Named).await {
        Ok(reach) => reach,
        Err(ReachError::Store(error)) => return Err(error),
        Err(error) => return Ok(Round::Away(chain(&error))),
    };
    if !*is_started {
        // Starting is safe to repeat: the folder on the host decides. Only a fresh server does not know whether the
        // build was begun at all, and then begins it.
        match begin_on_host(app, open, &reach).await? {
            Some(round) => return Ok(round),
            None => *is_started = true,
        }
        if begin == Begin::Start {
            keep(app, open, BuildChange { state: BuildState::Running, exit_status: None, detail: None })
                .await?;
        }
    }
    let (id, owner) = (open.id, open.owner);
    let (build, is_cancelled) = app
        .store
        .query(move |connection| {
            Ok((find_build(connection, owner, id)?, is_cancel_requested(connection, id)?))
        })
        .await?;
    let age = build.map(|build| Utc::now() - build.created_at).and_then(|age| age.to_std().ok());
    let left = app.config.build.max_duration.saturating_sub(age.unwrap_or_default());
    if is_cancelled || left.is_zero() {
        // The wish may not have reached the host yet.
        cancel(app, open);
    }
    let round = read_on(app, open, &reach, left).await?;
    let longest = app.config.build.max_duration.as_secs();
    Ok(match round {
        Round::Ended(change) if left.is_zero() && !is_cancelled => {
            let detail = Some(format!("ended after {longest} s, the longest that a build may take"));
            Round::Ended(BuildChange { detail, ..change })
        }
        Round::Ended(_) | Round::Away(_) | Round::GoOn => round,
    })
}

fn build_folder(reach: &Reach, id: BuildId) -> String {
    format!("{}/.builds/{id}", reach.root().unwrap_or_default())
}

async fn begin_on_host(app: &App, open: &OpenBuild, reach: &Reach) -> Result<Option<Round>, StoreError> {
    let (owner, application, host, id) = (open.owner, open.application, open.host, open.id);
    let (build, place) = app
        .store
        .query(move |connection| {
            Ok((find_build(connection, owner, id)?, find_place(connection, owner, application, host)?))
        })
        .await?;
    // It was begun: a folder that is gone since must not begin it again.
    if build.as_ref().is_some_and(|build| build.state == BuildState::Running) {
        return Ok(None);
    }
    let Some((build, place)) = build.zip(place) else {
        return Ok(Some(failed("the application is no longer on the host")));
    };
    let program = Program::new(include_str!("start.sh"))
        .lasting()
        .arg("folder", &place.folder)
        .arg("build_folder", build_folder(reach, id))
        .arg("command", &build.command);
    let output = match reach.run_program(app, program, quick(app)).await {
        Ok(output) => output,
        Err(error) => return Ok(Some(Round::Away(chain(&error)))),
    };
    let answer = output.stdout_text();
    Ok(match answer.trim() {
        "started" | "exists" => None,
        answer => {
            let why = answer.strip_prefix("failed ").unwrap_or("the host could not start it");
            Some(failed(&format!("{why} {}", output.stderr_text().trim())))
        }
    })
}

fn failed(why: &str) -> Round {
    Round::Ended(BuildChange {
        state: BuildState::Failed,
        exit_status: None,
        // Words of the host; PostgreSQL takes no NUL.
        detail: Some(why.trim().replace('\0', "\u{fffd}")),
    })
}

/// Reads what the build writes, from the byte that is kept, until it ends or the connection does.
async fn read_on(app: &App, open: &OpenBuild, reach: &Reach, left: Duration) -> Result<Round, StoreError> {
    let id = open.id;
    let mut offset = app.store.query(move |connection| output_length(connection, id)).await?;
    let most = i64::try_from(app.config.build.max_output_bytes).unwrap_or(i64::MAX);
    // What comes after the limit stays on the host: from there on only the end is awaited.
    let begin_at = if offset < most { offset } else { i64::MAX };
    let program = Program::new(include_str!("follow.sh"))
        .arg("build_folder", build_folder(reach, id))
        .arg("offset", begin_at.to_string());
    // When its time is over the build is ended in the next round, and its last words are read there.
    let deadline = if left.is_zero() { FOLLOW.deadline } else { FOLLOW.deadline.min(left) };
    let limits = RunLimits { deadline, ..FOLLOW };
    let running = app.transport.stream(&reach.endpoint, &reach.identity, program, limits).await;
    let mut running = match running {
        Ok(running) => running,
        Err(error) => return Ok(Round::Away(chain(&reach.failed(error)))),
    };
    // The host is back, if it was away.
    keep(app, open, BuildChange { state: BuildState::Running, exit_status: None, detail: None }).await?;
    let mut pending = Vec::new();
    let mut said = Vec::new();
    loop {
        if offset >= most && begin_at < most {
            return Ok(Round::GoOn);
        }
        let event = if pending.is_empty() {
            running.next().await
        } else {
            // A moment of silence: readers get what there is.
            match tokio::time::timeout(Duration::from_millis(50), running.next()).await {
                Ok(event) => event,
                Err(_) => {
                    offset = append(app, id, offset, &mut pending).await?;
                    continue;
                }
            }
        };
        match event {
            Some(Ok(ProgramEvent::Stdout(bytes))) => {
                pending.extend_from_slice(&bytes);
                if pending.len() >= PIECE {
                    offset = append(app, id, offset, &mut pending).await?;
                }
            }
            Some(Ok(ProgramEvent::Stderr(bytes))) => {
                said.extend_from_slice(&bytes);
                // The last line counts, however much a strange host says before it.
                said.drain(..said.len().saturating_sub(PIECE));
            }
            Some(Ok(ProgramEvent::Exit(_))) => {
                append(app, id, offset, &mut pending).await?;
                let is_cancelled =
                    app.store.query(move |connection| is_cancel_requested(connection, id)).await?;
                return Ok(ending(&String::from_utf8_lossy(&said), is_cancelled));
            }
            Some(Err(error)) => {
                append(app, id, offset, &mut pending).await?;
                let is_over = matches!(error, TransportError::TimedOut { .. });
                return Ok(if is_over { Round::GoOn } else { Round::Away(chain(&reach.failed(error))) });
            }
            None => {
                append(app, id, offset, &mut pending).await?;
                return Ok(Round::Away("the connection ended".to_owned()));
            }
        }
    }
}

/// How a build ended, by the last line that the following program wrote to standard error.
fn ending(said: &str, is_cancelled: bool) -> Round {
    let last = said.trim().lines().last().unwrap_or_default().trim();
    let status = last.strip_prefix("status ").and_then(|status| status.trim().parse::<i32>().ok());
    let change = match (status, last) {
        // Done before the wish to cancel reached it.
        (Some(0), _) => BuildChange { state: BuildState::Succeeded, exit_status: Some(0), detail: None },
        (status, _) if is_cancelled => {
            BuildChange { state: BuildState::Cancelled, exit_status: status, detail: None }
        }
        (Some(status), _) => {
            BuildChange { state: BuildState::Failed, exit_status: Some(status), detail: None }
        }
        (None, "killed") => BuildChange {
            state: BuildState::Failed,
            exit_status: None,
            detail: Some("it was killed on the host before it could say how it ended".to_owned()),
        },
        (None, "absent") => BuildChange {
            state: BuildState::Failed,
            exit_status: None,
            detail: Some("its folder on the host is gone".to_owned()),
        },
        (None, words) => return Round::Away(format!("the host answered strangely: {words}")),
    };
    Round::Ended(change)
}

async fn append(app: &App, id: BuildId, offset: i64, pending: &mut Vec<u8>) -> Result<i64, StoreError> {
    let mut bytes = std::mem::take(pending);
    let next = offset + i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    // What comes after the limit stays on the host alone.
    let most = i64::try_from(app.config.build.max_output_bytes).unwrap_or(i64::MAX);
    bytes.truncate(usize::try_from(most.saturating_sub(offset)).unwrap_or(0));
    if !bytes.is_empty() {
        app.store.query(move |connection| append_output(connection, id, offset, &bytes)).await?;
        app.builds.grew(id);
    }
    Ok(next)
}

/// Brings the wish to cancel to the host. When the host is away the follower finds it when it is back: a cancelled build
/// that has not begun never will, and one that runs is asked again.
pub(super) fn cancel(app: &Arc<App>, open: &OpenBuild) {
    let background = Arc::clone(app);
    let open = open.clone();
    app.spawn(async move {
        let reach = match Reach::find(&background, open.owner, open.host, Trust::Named).await {
            Ok(reach) => reach,
            Err(error) => {
                tracing::warn!(build.id = %open.id, error = &error as &dyn std::error::Error, "a build could not be cancelled");
                return;
            }
        };
        let program =
            Program::new(include_str!("cancel.sh")).lasting().arg("build_folder", build_folder(&reach, open.id));
        match reach.run_program(&background, program, quick(&background)).await {
            Ok(output) => tracing::info!(build.id = %open.id, answer = output.stdout_text().trim(), "build cancelled"),
            Err(error) => {
                tracing::warn!(build.id = %open.id, error = &error as &dyn std::error::Error, "a build could not be cancelled");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, is_cancelled: bool, state: BuildState, status: Option<i32>) {
        match ending(said, is_cancelled) {
            Round::Ended(change) => {
                assert_eq!((change.state, change.exit_status), (state, status), "{said:?}")
            }
            Round::Away(_) | Round::GoOn => panic!("{said:?} is no end"),
        }
    }

    #[test]
    fn a_build_ends_as_the_host_says() {
        check("status 0\n", false, BuildState::Succeeded, Some(0));
        check("warning: x\nstatus 2\n", false, BuildState::Failed, Some(2));
        check("status 143\n", true, BuildState::Cancelled, Some(143));
        check("status 0\n", true, BuildState::Succeeded, Some(0));
        check("killed\n", false, BuildState::Failed, None);
    }

    #[test]
    fn a_strange_answer_ends_nothing() {
        assert!(matches!(ending("", false), Round::Away(_)));
    }
}
