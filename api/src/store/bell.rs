//! The bell between servers on one database: short notes by `NOTIFY`, heard by all by `LISTEN`.
//!
//! A note only says where to look; the tables are the truth. So a note that is lost costs some time and nothing else, and
//! after a lost connection [`Note::Missed`] says to look everywhere.
//!
//! A thread with a connection of its own rings and listens. libpq gives no descriptor to wait on without `unsafe`, so it looks
//! for notes in short turns; that takes one `recv` each.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use pbsweb_shared::ids::{BuildId, HostId};
use tokio::sync::mpsc;

/// The longest time that a note lies unread.
const TURN: Duration = Duration::from_millis(25);

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(500);

/// A connection that silently leads nowhere is noticed by using it.
const PROOF: Duration = Duration::from_secs(10);

/// Notes that may wait; what does not fit is what a lost note is.
const BACKLOG: usize = 1024;

/// What one server tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Events were committed.
    Events,
    /// The next listing of this host will show something new: its holder should ask soon.
    Poke(HostId),
    /// A build has more output.
    Grew(BuildId),
    /// A server gave up what it held.
    Released,
    /// Nobody knows what was told in the last moments.
    Missed,
}

impl Note {
    fn to_text(self) -> String {
        match self {
            Self::Events => "events".to_owned(),
            Self::Poke(host) => format!("poke {host}"),
            Self::Grew(build) => format!("grew {build}"),
            Self::Released => "released".to_owned(),
            Self::Missed => "missed".to_owned(),
        }
    }

    /// What cannot be read comes from another release, and is none of ours.
    fn read(text: &str) -> Option<Self> {
        let (word, subject) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "events" => Some(Self::Events),
            "poke" => subject.parse().ok().map(Self::Poke),
            "grew" => subject.parse().ok().map(Self::Grew),
            "released" => Some(Self::Released),
            "missed" => Some(Self::Missed),
            _ => None,
        }
    }
}

/// Rings the bell. Cheap to clone; the listener ends with the last one.
#[derive(Clone)]
pub struct Bell(SyncSender<Note>);

impl Bell {
    /// Tells all servers, this one too.
    pub fn ring(&self, note: Note) {
        // A full backlog means that there is no connection, which ends in `Missed` for everybody.
        let _ = self.0.try_send(note);
    }
}

/// Tells all servers when the transaction commits.
///
/// # Errors
/// The database's.
pub fn tell(connection: &mut PgConnection, note: Note) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_notify('pbsweb', $1)")
        .bind::<Text, _>(note.to_text())
        .execute(connection)
        .map(drop)
}

/// Starts the thread: gives what rings, and what is heard.
pub(super) fn start(url: String) -> (Bell, mpsc::Receiver<Note>) {
    let (ring, rung) = sync_channel(BACKLOG);
    let (tell, heard) = mpsc::channel(BACKLOG);
    let thread = std::thread::Builder::new().name("pbsweb-bell".to_owned());
    if let Err(error) = thread.spawn(move || keep_listening(&url, &rung, &tell)) {
        tracing::error!(%error, "no thread for notes between servers; changes elsewhere show with a delay");
    }
    (Bell(ring), heard)
}

/// The connection failed; why.
struct Lost(String);

impl From<diesel::result::Error> for Lost {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}

fn keep_listening(url: &str, rung: &Receiver<Note>, heard: &mpsc::Sender<Note>) {
    let mut is_lost = false;
    while let Err(Lost(words)) = listen(url, rung, heard, &mut is_lost) {
        if !std::mem::replace(&mut is_lost, true) {
            tracing::warn!(cause = words.as_str(), "the connection for notes between servers is lost");
        }
        let until = Instant::now() + PAUSE;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if matches!(rung.recv_timeout(left), Err(RecvTimeoutError::Disconnected)) || heard.is_closed() {
                return;
            }
        }
    }
}

/// Ends well when nobody wants to ring or to hear any more.
fn listen(
    url: &str,
    rung: &Receiver<Note>,
    heard: &mpsc::Sender<Note>,
    is_lost: &mut bool,
) -> Result<(), Lost> {
    let mut connection = PgConnection::establish(url).map_err(|error| Lost(error.to_string()))?;
    connection.batch_execute("SET statement_timeout = '10s'; LISTEN pbsweb")?;
    if std::mem::take(is_lost) {
        tracing::info!("notes between servers are heard again");
    }
    let mut next = Some(Note::Missed);
    let mut proven_at = Instant::now();
    loop {
        if let Some(note) = next.take()
            && heard.blocking_send(note).is_err()
        {
            return Ok(());
        }
        match rung.recv_timeout(TURN) {
            Ok(note) => tell(&mut connection, note)?,
            Err(RecvTimeoutError::Timeout) if heard.is_closed() => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if proven_at.elapsed() > PROOF {
            connection.batch_execute("SELECT 1")?;
            proven_at = Instant::now();
        }
        for notification in connection.notifications_iter() {
            if let Some(note) = Note::read(&notification?.payload)
                && heard.blocking_send(note).is_err()
            {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_are_written() {
        let id = uuid::Uuid::from_u128(7);
        for note in [
            Note::Events,
            Note::Poke(HostId::from_uuid(id)),
            Note::Grew(BuildId::from_uuid(id)),
            Note::Released,
            Note::Missed,
        ] {
            assert_eq!(Note::read(&note.to_text()), Some(note));
        }
        for text in ["", "poke", "poke x", "from tomorrow"] {
            assert_eq!(Note::read(text), None, "{text:?}");
        }
    }
}
