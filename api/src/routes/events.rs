//! `/events`: the stream to open pages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use pbsweb_shared::event::Event;
use pbsweb_shared::problem::ProblemCode;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::extract::AppData;
use super::problem::ApiProblem;
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::sessions::is_alive;
use crate::store::events::{NumberedEvent, event_bounds, events_for};

/// Something comes this often: proxies do not close the stream, and whoever listens sees that it is not dead. A comment would do for
/// the first, but a browser does not show it to the page.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Without a number: a client that resumes goes on after the last event before it.
const ALIVE: Bytes = Bytes::from_static(b"event: alive\ndata: {}\n\n");

/// Events read from the database at a time when a stream resumes.
const CATCH_UP: i64 = 500;

/// Follow events
///
/// Server-sent events: all that the caller may see, from now on, or from `Last-Event-ID`. An event `reset` says that
/// more was missed than is kept. An event `alive`, which tells nothing else and has no number, comes every 15 seconds.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<i64>, Header, description = "resume after this event")),
    responses((status = 200, content_type = "text/event-stream", body = Event)))]
pub async fn stream_events(
    app: AppData,
    actor: Actor,
    request: HttpRequest,
) -> Result<HttpResponse, ApiProblem> {
    let resume = match request.headers().get("Last-Event-ID") {
        None => None,
        Some(header) => {
            Some(header.to_str().ok().and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| {
                ApiProblem::new(ProblemCode::MalformedRequest, "Last-Event-ID is not the number of an event")
            })?)
        }
    };
    // First listen, then look: what comes in between stands in both and is sent once, by its number.
    let live = app.hub.subscribe();
    let (oldest, newest) = app.store.query(event_bounds).await?;
    let mut waiting = VecDeque::from([Bytes::from_static(b"retry: 2000\n\n")]);
    let last = match resume {
        Some(seq) if seq > newest || seq + 1 < oldest => {
            waiting.push_back(frame(newest, &Event::Reset));
            newest
        }
        Some(seq) => seq,
        None => newest,
    };
    let heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    let state =
        Stream { app: Arc::clone(&app), actor, live, last, waiting, is_behind: resume.is_some(), heartbeat };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Encoding", "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream::unfold(state, |mut state| async move { Some((state.next().await?, state)) })))
}

struct Stream {
    app: Arc<App>,
    actor: Actor,
    live: broadcast::Receiver<Arc<NumberedEvent>>,
    last: i64,
    waiting: VecDeque<Bytes>,
    is_behind: bool,
    heartbeat: tokio::time::Interval,
}

impl Stream {
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Some(Ok(bytes));
            }
            if self.is_behind {
                let (user, last) = (self.actor.user, self.last);
                let read = self
                    .app
                    .store
                    .query(move |connection| events_for(connection, user, last, CATCH_UP))
                    .await;
                // The client resumes from the last one it saw.
                let Ok(events) = read else { return None };
                self.is_behind = events.len() as i64 == CATCH_UP;
                for event in events {
                    self.push(&event);
                }
                continue;
            }
            tokio::select! {
                () = self.app.stopping.cancelled() => return None,
                event = self.live.recv() => match event {
                    Ok(event) => {
                        let is_own = event.owner.is_none_or(|owner| owner == self.actor.user);
                        if event.seq > self.last && is_own {
                            self.push(&event);
                        }
                    }
                    Err(RecvError::Lagged(_)) => self.is_behind = true,
                    Err(RecvError::Closed) => return None,
                },
                _ = self.heartbeat.tick() => {
                    // Signing out ends the streams of the session too.
                    if !is_alive(&self.app, self.actor.session).await {
                        return None;
                    }
                    self.waiting.push_back(ALIVE);
                }
            }
        }
    }

    fn push(&mut self, event: &NumberedEvent) {
        self.last = event.seq;
        self.waiting.push_back(frame(event.seq, &event.event));
    }
}

fn frame(seq: i64, event: &Event) -> Bytes {
    let body = serde_json::to_string(event).unwrap_or_default();
    Bytes::from(format!("id: {seq}\nevent: {}\ndata: {body}\n\n", event.name()))
}
