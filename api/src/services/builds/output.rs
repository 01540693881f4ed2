//! A build's output for its readers: from the database, and on as it grows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use pbsweb_shared::ids::BuildId;

use super::{BuildError, get_build};
use crate::app::App;
use crate::services::actor::Actor;
use crate::store::StoreError;
use crate::store::builds::read_output;

/// How long output may go unnoticed when the note about it is lost.
const LOOK: Duration = Duration::from_secs(2);

/// Bytes read from the database at a time.
const PIECE: usize = 256 * 1024;

/// The output of one of the caller's builds from a byte on; with `is_followed`, until the build has ended.
///
/// # Errors
/// There is no such build.
pub async fn open_build_output(
    app: &Arc<App>,
    actor: &Actor,
    id: BuildId,
    offset: i64,
    is_followed: bool,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + use<>, BuildError> {
    get_build(app, actor, id).await?;
    let start = (Arc::clone(app), actor.clone(), offset.max(0), false);
    Ok(stream::unfold(start, move |(app, actor, offset, was_last)| async move {
        loop {
            // First listen, then read: what is written in between is not missed.
            let mut listener = app.builds.listen(id);
            let has_ended = match get_build(&app, &actor, id).await {
                Ok(build) => build.state.has_ended(),
                Err(BuildError::Store(error)) => return Some((Err(error), (app, actor, offset, true))),
                Err(_) => return None,
            };
            match app.store.query(move |connection| read_output(connection, id, offset, PIECE)).await {
                Ok(bytes) if !bytes.is_empty() => {
                    let next = offset + i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                    return Some((Ok(Bytes::from(bytes)), (app, actor, next, was_last)));
                }
                Ok(_) => {}
                Err(error) => return Some((Err(error), (app, actor, offset, true))),
            }
            if has_ended || !is_followed || was_last {
                return None;
            }
            tokio::select! {
                _ = listener.changed() => {}
                // Its end is told too; should that be lost between servers, it is found.
                () = tokio::time::sleep(LOOK) => {}
                () = app.stopping.cancelled() => return None,
            }
        }
    })
    .boxed_local())
}
