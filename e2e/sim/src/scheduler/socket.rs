//! The unix socket on which the commands reach the scheduler.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::Scheduler;
use crate::protocol::{Envelope, Request};

pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => UnixListener::bind(path),
    }
}

pub(super) async fn serve(scheduler: Arc<Scheduler>, listener: UnixListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = scheduler.stopping.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let scheduler = Arc::clone(&scheduler);
                tokio::spawn(async move {
                    if let Err(error) = converse(&scheduler, stream).await {
                        tracing::debug!(%error, "a command went away");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a command could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn converse(scheduler: &Arc<Scheduler>, stream: UnixStream) -> io::Result<()> {
    let caller = stream.peer_cred()?.pid();
    let restarted = scheduler.until_restart();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut counted = false;
    while let Some(line) = lines.next_line().await? {
        let envelope: Envelope = serde_json::from_str(&line)?;
        // A command that asks several times is still one command.
        if !counted {
            counted = true;
            scheduler.count_command(&envelope.command);
            // One for each whole listing.
            if matches!(envelope.request, Request::QueueStatus { .. }) {
                scheduler.count_command("qstat -Q");
            }
        }
        let reply = tokio::select! {
            biased;
            // The request may have been carried out; nobody hears of it.
            () = restarted.cancelled() => return Ok(()),
            reply = scheduler.handle(envelope, caller) => reply,
        };
        let mut answer = serde_json::to_vec(&reply)?;
        answer.push(b'\n');
        writer.write_all(&answer).await?;
    }
    Ok(())
}
