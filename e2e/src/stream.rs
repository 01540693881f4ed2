//! Reading `/events` as a page does.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use pbsweb_shared::event::Event;
use reqwest::Method;

use crate::client::Client;
use crate::wait::PATIENCE;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Its number.
    pub id: i64,
    /// The `event:` field.
    pub name: String,
    /// What it tells.
    pub event: Event,
}

/// An open stream.
pub struct EventStream {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    unread: String,
}

/// What comes when nothing happens.
const ALIVE: &str = "event: alive\ndata: {}";

impl EventStream {
    /// Opens a stream, from now on or after an event, and waits until it is open.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn open(client: &Client, after: Option<i64>) -> Self {
        let mut request = client.request(Method::GET, "/events");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let response = client.open(request).await;
        let mut stream = Self {
            bytes: response.bytes_stream().map(|chunk| chunk.map(Vec::from)).boxed(),
            unread: String::new(),
        };
        let first = stream.block().await.unwrap();
        assert!(first.starts_with("retry: "), "{first}");
        stream
    }

    /// Waits until the server says that it is alive; events that come before are passed over.
    ///
    /// # Panics
    /// When nothing comes for long, or the stream ends.
    pub async fn wait_alive(&mut self) {
        while self.block().await.expect("the stream goes on") != ALIVE {}
    }

    /// The next event; none at the end of the stream.
    ///
    /// # Panics
    /// When nothing comes, or what comes is no event.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        // Heartbeats go on when nothing happens.
        let next = tokio::time::timeout(PATIENCE, self.next_event());
        next.await.unwrap_or_else(|_| panic!("no event within {PATIENCE:?}"))
    }

    async fn next_event(&mut self) -> Option<StreamEvent> {
        loop {
            let block = self.block().await?;
            if block == ALIVE {
                continue;
            }
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                line.unwrap_or_else(|| panic!("no {name} in {block:?}"))
            };
            let event: Event = serde_json::from_str(field("data")).unwrap();
            assert_eq!(field("event"), event.name());
            return Some(StreamEvent {
                id: field("id").parse().unwrap(),
                name: field("event").to_owned(),
                event,
            });
        }
    }

    /// Reads until an event that is wanted; gives all that came, this one last.
    ///
    /// # Panics
    /// When the stream ends before.
    pub async fn read_until(&mut self, is_wanted: impl Fn(&Event) -> bool) -> Vec<StreamEvent> {
        let mut seen = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended after {seen:?}"));
            let is_last = is_wanted(&event.event);
            seen.push(event);
            if is_last {
                return seen;
            }
        }
    }

    /// What stands before the next empty line.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let block = block.to_owned();
                self.unread = rest.to_owned();
                return Some(block);
            }
            let next = tokio::time::timeout(PATIENCE, self.bytes.next());
            let chunk = next.await.unwrap_or_else(|_| panic!("nothing came within {PATIENCE:?}"))?.ok()?;
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
