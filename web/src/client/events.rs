//! The stream of events, as the browser's `EventSource` gives it.

use chrono::{DateTime, Utc};
use pbsweb_shared::event::Event;
use pbsweb_shared::host::HostHealth;
use pbsweb_shared::ids::HostId;
use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use super::http::BASE;
use super::json;

/// What happens to the stream itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamChange {
    /// It is open; events come.
    Opened,
    /// Something came, be it that the server is alive.
    Heard,
    /// It broke; the browser tries again by itself and resumes after the last event it saw.
    Interrupted,
    /// It broke and the browser has given up.
    Closed,
}

/// An open stream. Dropping it closes it.
pub(crate) struct EventStream {
    source: EventSource,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
}

/// The names the server gives to its events; each needs its own listener.
const NAMES: [&str; 6] = ["job", "build", "host", "snapshot", "reset", "alive"];

#[derive(Deserialize)]
struct HostChange {
    host: HostId,
    health: HostHealth,
}

#[derive(Deserialize)]
struct SnapshotTaken {
    host: HostId,
    taken_at: DateTime<Utc>,
}

/// The event of a message, whose name says which it is: the body need not be read twice to find out.
fn read(name: &str, text: &str) -> Result<Option<Event>, serde_json::Error> {
    Ok(Some(match name {
        "job" => Event::Job(json::read(text)?),
        "build" => Event::Build(json::read(text)?),
        "host" => {
            let HostChange { host, health } = json::read(text)?;
            Event::Host { host, health }
        }
        "snapshot" => {
            let SnapshotTaken { host, taken_at } = json::read(text)?;
            Event::Snapshot { host, taken_at }
        }
        "reset" => Event::Reset,
        _ => return Ok(None),
    }))
}

impl EventStream {
    /// Opens the stream. Nothing is returned when the browser has no event streams.
    pub(crate) fn open(
        on_event: impl Fn(Event) + 'static,
        on_change: impl Fn(StreamChange) + Clone + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(&format!("{BASE}/events")).ok()?;
        let heard = on_change.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            heard(StreamChange::Heard);
            // An event of a newer server that this page does not know is skipped; the next read will show it.
            let text = message.data().as_string().unwrap_or_default();
            if let Ok(Some(event)) = read(&message.type_(), &text) {
                on_event(event);
            }
        });
        for name in NAMES {
            source.add_event_listener_with_callback(name, on_message.as_ref().unchecked_ref()).ok()?;
        }
        let opened = on_change.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || opened(StreamChange::Opened));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        let watched = source.clone();
        let on_error = Closure::<dyn FnMut()>::new(move || {
            let is_closed = watched.ready_state() == EventSource::CLOSED;
            on_change(if is_closed { StreamChange::Closed } else { StreamChange::Interrupted });
        });
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, _on_message: on_message, _on_open: on_open, _on_error: on_error })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::host::HostStatus;

    use super::*;

    #[test]
    fn what_the_server_writes_is_read_by_its_name() {
        let host: HostId = "00000000-0000-0000-0000-000000000007".parse().unwrap();
        let health = HostHealth {
            status: HostStatus::Up,
            detail: None,
            checked_at: None,
            snapshot_at: None,
            listings_last_minute: 1,
            max_listings_per_minute: 6,
            calls_last_minute: 3,
            latency_ms: Some(20),
        };
        let events = [
            Event::Host { host, health },
            Event::Snapshot { host, taken_at: DateTime::UNIX_EPOCH },
            Event::Reset,
        ];
        for event in events {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(read(event.name(), &text).unwrap(), Some(event));
        }
        assert_eq!(read("alive", "{}").unwrap(), None);
        assert_eq!(read("news", "{}").unwrap(), None);
        assert!(read("job", "{}").is_err());
    }
}
